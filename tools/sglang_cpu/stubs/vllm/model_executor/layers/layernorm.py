"""As activation.py: sglang's own classes, under the names that it imports from vllm."""

import sys

_own = sys.modules["sglang.srt.layers.layernorm"]
RMSNorm, GemmaRMSNorm = _own.RMSNorm, _own.GemmaRMSNorm
