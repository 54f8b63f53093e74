#!/bin/bash
# Prefill/decode disaggregation: two prefill servers of 8 GPUs, two decode servers of 16 GPUs, and a router in front of them. The
# decode curve is made of the decode servers' logs; the prefill servers' logs are read for their flush lines and retractions.
set -euo pipefail
ROUTER=${ROUTER:-http://router:8000}
LOGS=${LOGS:-/logs}
MODEL=${MODEL:-/models/DeepSeek-R1}

slabench run tencent ali --base-url="$ROUTER" --model="$MODEL" \
    --deploy-log="$LOGS/prefill-0.log,$LOGS/prefill-1.log,$LOGS/decode-0.log,$LOGS/decode-1.log" \
    --prefill-gpu-num=16 --decode-gpu-num=32 "$@"
