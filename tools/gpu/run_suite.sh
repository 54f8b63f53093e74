#!/bin/bash
# run_suite.sh LOG [pytest options]: both methods against the server at 127.0.0.1:30000, whose output goes to LOG.
set -euo pipefail
log=${1:?usage: run_suite.sh LOG [pytest options]}
shift
exec python3 -m pytest tests/tencent tests/ali --base-url=http://127.0.0.1:30000 --deploy-log="$log" --warmup-requests=16 "$@"
