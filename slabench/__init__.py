"""slabench measures SGLang deployments the way Ant Group and Tencent did, and turns the result into a
verdict."""

__version__ = "0.1.0"
