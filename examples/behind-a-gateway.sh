#!/bin/bash
# A server behind a gateway that asks for a key. The key comes from the environment, never from the command line, and appears in no
# output; a further header's value does not either. A gateway of your own certificate authority: --ca-file=FILE.
set -euo pipefail
: "${SLABENCH_API_KEY:?put the key into SLABENCH_API_KEY}"
GATEWAY=${GATEWAY:-https://gateway.example.com/deepseek-r1}
MODEL=${MODEL:-/models/DeepSeek-R1} # the tokenizer's folder

# The server's log is not here, so the decode curve, which is made of it, is left out.
slabench run tencent ali --base-url="$GATEWAY" --header="X-Tenant: ${TENANT:-benchmarks}" --model="$MODEL" \
    --deselect=tests/ali/test_decode_curve.py "$@"
