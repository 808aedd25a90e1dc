#!/usr/bin/env bash
# Trains on several GPUs of this machine (or processes, if it has none):
#   tools/dist_train.sh CONFIG PROCESSES [arguments of tools/train.py]
# Several machines: set NNODES, NODE_RANK and MASTER_ADDR on each; PORT if 29500 is taken.
set -euo pipefail
if [ $# -lt 2 ]; then
  echo "usage: ${KTG_COMMAND:-tools/dist_train.sh} CONFIG PROCESSES [arguments of train]" >&2
  exit 2
fi
config=$1 processes=$2
shift 2
tools=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
exec "${PYTHON:-python}" "$tools/launch.py" "$processes" "$tools/train.py" "$config" "$@"
