"""What is noted of a server and its deploy logs."""

from __future__ import annotations

MESSAGES = {
    "gpus.all": "{gpus} GPU ({source})",
    "gpus.of_role": "{gpus} {role} GPU ({source})",
    "gpus.sides": "{sides:; }",
    "gpus.servers": "{servers} servers: {source}",
    "gpus.layout": "{layout} of server_info",
    "gpus.dp_attention": "{layout} of server_info (dp {dp}, inside tp: dp-attention)",
    "gpus.by_loads": "{each} a data-parallel rank x {ranks} ranks of /v1/loads",
    "gpus.cpu": "device cpu: the machine counts as one device",
    "gpus.no_tp": "server_info has no tp_size",
    "gpus.none_decodes": "a prefill server answered, and none that decodes",
    "gpus.unknown": "number of GPUs unknown, so no metric per GPU: give {option}",
    "gpus.unknown_prefill": "number of prefill GPUs unknown{known}, so no input tok/s per GPU: give {option}",
    "gpus.unknown_decode": "number of decode GPUs unknown{known}, so no output tok/s per GPU: give {option}",
    "gpus.silent": " ({silent} of {servers} {role} servers do not report theirs)",
    "gpus.one_of_role": " (one {role} server of {layouts} answered and reports no others)",
    "server.no_answer": "{url}: {why}",
    "server.refused": (
        "connection refused, no server listens at {where}. Check that the server runs, and the port "
        "of this address."
    ),
    "server.timeout": (
        "the server did not answer within {limit_s:g} s. Check that it runs and responds, and that no "
        "firewall is in between."
    ),
    "server.closed": (
        "the server closed the connection without an answer. Check that it is running, and http:// against "
        "https://."
    ),
    "server.no_http": (
        "the answer from {where} is not HTTP. Check host, port and path: it has to be the address of the "
        "SGLang server itself."
    ),
    "log_window.gone": "The deploy log {path} is gone ({reason}); nothing of this run can be read from it.",
    "log_window.replaced": "The deploy log {path} was replaced during the run; its earlier part is lost.",
    "log_window.rotated": (
        "The deploy log {path} was rotated during the run; its earlier part was read from {older}."
    ),
    "log_window.cut": (
        "The deploy log {path} was cut from {before} to {after} bytes during the run; a part of it is lost."
    ),
    "gpu.not_read": "The GPUs were not read: {why}. Energy and clocks are missing.",
    "gpu.readings_failed": "GPU readings that failed during the load: {failed}; the last because {why}.",
    "gpu.not_there": (
        "--gpu-index or --baseline-gpu-index names a GPU that is not there; no energy or clocks are reported."
    ),
    "gpu.two_servers": (
        "Which GPUs belong to which of the two servers is not known, so no energy or clocks are reported. "
        "Name them with --gpu-index and --baseline-gpu-index."
    ),
    "gpu.other_count": (
        "GPUs in use: {in_use}; the server reports {count} of its own, so no energy or clocks are reported. "
        "Name its GPUs with --gpu-index (the old server's with --baseline-gpu-index)."
    ),
    "server.short_body": "the answer ended after {size} bytes. Check that the server is running.",
    "server.no_host": "the host name {host!r} cannot be resolved ({why}). Check the host of the address.",
    "server.certificate": (
        "the certificate is not trusted ({why}). Give the right CA file, or check the host name."
    ),
    "server.tls": "TLS failed ({why}). If the server at {where} serves plain http, use http://.",
    "server.no_handshake": (
        "{where} accepted the connection and did not answer the TLS handshake within {limit_s:g} s. A "
        "server that serves plain http does that: use http:// if it does, else check that it responds."
    ),
    "server.failed": "the request failed ({error}: {why}). {check}",
    "server.busy": (
        "{url} answers {status}: the prefix cache can be flushed only while no request runs, and "
        "{running}. The flush is repeated for up to {limit_s:g} s; stop other clients."
    ),
    "server.not_busy": (
        "{url} answers {status}: the prefix cache can be flushed only while no request runs, and the "
        "server reports none. The flush is repeated for {limit_s:g} s."
    ),
}
