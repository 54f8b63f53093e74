#!/bin/bash
# bench.sh VENV MODEL [pytest options]: the whole suite against the real sglang 0.5.7 on this machine's CPU, started and ended by it.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
venv=$1 model=$2
shift 2
.venv/bin/python "$here/make_model.py" "$model"
exec .venv/bin/pytest tests/ali tests/tencent tests/serving "$@" \
  --launch="bash $here/start.sh $venv $model {port} --port {port}" --launch-timeout=300 --dataset-path=fixtures/data/sharegpt_small.json
