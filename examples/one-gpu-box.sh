#!/bin/bash
# One machine with GPUs: slabench starts the server, measures it by both methods, ends it, and keeps a result that is PASSED as a baseline.
# Further options follow the script's name. The exit status is the gate: 0 PASSED, 1 FAILED, 6 INVALID.
set -euo pipefail
MODEL=${MODEL:-/models/DeepSeek-R1}
DATASET=${DATASET:-/data/ShareGPT_V3_unfiltered_cleaned_split.json}
SERVER=${SERVER:-"python3 -m sglang.launch_server --model-path $MODEL --tp 8 --port {port}"}

slabench run tencent ali --launch="$SERVER" --model="$MODEL" --dataset-path="$DATASET" "$@" --report-dir=reports
slabench baseline save reports/latest -o accepted.json
