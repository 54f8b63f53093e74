#!/bin/bash
# install.sh VENV: the unmodified sglang 0.5.7 with a CPU build of torch. TORCH_INDEX names an index that has one
# (https://download.pytorch.org/whl/cpu does) where the default index has CUDA builds only. Does nothing if VENV is ready.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
venv=${1:?usage: install.sh VENV}
[ "$venv/.stamp" -nt "$here/requirements.txt" ] && [ "$venv/.stamp" -nt "$here/install.sh" ] && exit 0
"${PYTHON:-python3}" -m venv "$venv"
pip() { "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "$@"; }
pip ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} torch==2.13.0
if ! "$venv/bin/python" -c 'import sys, torch; sys.exit(torch.version.cuda is not None)'; then
  echo "The index gave a CUDA build of torch, which is not needed here; run make TORCH_INDEX=https://download.pytorch.org/whl/cpu ..." >&2
  exit 1
fi
pip -r "$here/requirements.txt"
pip --no-deps sglang==0.5.7 torchao==0.9.0 torchvision==0.15.2  # 0.15.2 imports beside a CPU torch
touch "$venv/.stamp"
