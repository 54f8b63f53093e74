"""On a CPU without AMX sglang replaces its own activation classes by vllm's of the same names: hand its own
back.
"""

import sys

_own = sys.modules["sglang.srt.layers.activation"]
SiluAndMul, GeluAndMul = _own.SiluAndMul, _own.GeluAndMul
