#!/bin/bash
# start.sh VENV MODEL PORT [launch_server options]: the real sglang 0.5.7 on 127.0.0.1, in the foreground; its log goes to stderr.
# --sleep-on-idle: an idle scheduler would spin on a core that the client needs. TORCHDYNAMO_DISABLE: no compiler is needed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
venv=$1 model=$2 port=$3
shift 3
export PYTHONPATH=$here/stubs SGLANG_USE_CPU_ENGINE=1 CUDA_VISIBLE_DEVICES= OMP_NUM_THREADS=1
export HF_HUB_OFFLINE=1 TOKENIZERS_PARALLELISM=false TORCHDYNAMO_DISABLE=1
exec "$venv/bin/python" -m sglang.launch_server --model-path "$model" --load-format dummy --served-model-name tiny \
  --device cpu --attention-backend torch_native --grammar-backend none --disable-overlap-schedule --sleep-on-idle \
  --mem-fraction-static 0.05 --max-total-tokens 65536 --max-running-requests 16 --decode-log-interval 5 \
  --host 127.0.0.1 --port "$port" "$@"
