#!/usr/bin/env bash
# Tests on several GPUs of this machine (or processes, if it has none):
#   tools/dist_test.sh CONFIG CHECKPOINT PROCESSES [arguments of tools/test.py]
# Several machines: set NNODES, NODE_RANK and MASTER_ADDR on each; PORT if 29500 is taken.
set -euo pipefail
if [ $# -lt 3 ]; then
  echo "usage: ${KTG_COMMAND:-tools/dist_test.sh} CONFIG CHECKPOINT PROCESSES [arguments of test]" >&2
  exit 2
fi
config=$1 checkpoint=$2 processes=$3
shift 3
tools=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
exec "${PYTHON:-python}" "$tools/launch.py" "$processes" "$tools/test.py" "$config" "$checkpoint" "$@"
