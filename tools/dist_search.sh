#!/usr/bin/env bash
# Searches with several workers on this machine, one a GPU (or one a core, if it has none):
#   tools/dist_search.sh CONFIG WORKERS [arguments of tools/search.py]
# GPUS_PER_WORKER=2 trains each trial on two GPUs, WORKERS_PER_GPU=4 gives each GPU four workers, which share it by NVIDIA's
# MPS where that can be started and take turns where it cannot. FIRST_GPU is the first to use, 0 unless set. Other machines join by the
# same command with the same --storage and --work-dir. The first worker's progress is shown; the others write to
# work_dirs/NAME/worker_N.log.
set -euo pipefail
if [ $# -lt 2 ]; then
  echo "usage: ${KTG_COMMAND:-tools/dist_search.sh} CONFIG WORKERS [arguments of search]" >&2
  exit 2
fi
config=$1 workers=$2
shift 2
tools=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
gpus=${GPUS_PER_WORKER:-1} sharing=${WORKERS_PER_GPU:-1} first=${FIRST_GPU:-0} port=${PORT:-29500}
for setting in "WORKERS 1 $workers" "GPUS_PER_WORKER 1 $gpus" "WORKERS_PER_GPU 1 $sharing" "FIRST_GPU 0 $first" "PORT 1 $port"; do
  IFS=' ' read -r key lowest value <<< "$setting"
  if ! [[ $value =~ ^(0|[1-9][0-9]{0,4})$ ]] || [ "$value" -lt "$lowest" ]; then
    echo "error: $key: must be a whole number, at least $lowest, got '$value'" >&2
    exit 2
  fi
done
if [ "$gpus" -gt 1 ] && [ "$sharing" -gt 1 ]; then
  echo "error: WORKERS_PER_GPU: must be 1 where GPUS_PER_WORKER is $gpus, got '$sharing'" >&2
  exit 2
fi
name=$(sed 's/\.py+/\n/g' <<< "$config" | while read -r file; do basename "$file" .py; done | paste -sd+) # CONFIG+OVERLAY, too
logs= option=
for argument in "$@"; do
  case $argument in
    --*) option=${argument%%=*} value=${argument#"$option"} value=${value#=} ;;
    *) value=$argument ;;
  esac
  if [ "$option" = --work-dir ] && [ -n "$value" ]; then logs=$value; fi
  if [ "$option" = --with ] && [ -n "$value" ]; then name+=+$(basename "$value" .py); fi
done
logs=${logs:-work_dirs/$name}
if ! problem=$(mkdir -p "$logs" 2>&1); then
  echo "error: --work-dir $logs: cannot be made: ${problem##*: }" >&2
  exit 2
fi
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1} # the workers share the cores

# The GPUs of this job, else of this machine; a variable that is set and empty means none.
if [ -n "${CUDA_VISIBLE_DEVICES+set}" ]; then
  devices=$CUDA_VISIBLE_DEVICES
elif command -v nvidia-smi > /dev/null; then
  devices=$(seq -s, 0 $(($(nvidia-smi --list-gpus | wc -l) - 1)))
else
  devices=
fi
IFS=, read -r -a devices <<< "$devices"
if [ ${#devices[@]} -gt 0 ] && [ $((first + (workers * gpus + sharing - 1) / sharing)) -gt ${#devices[@]} ]; then
  each="$gpus GPUs each"
  if [ "$sharing" -gt 1 ]; then each="$sharing on a GPU"; fi
  echo "error: WORKERS $workers: $each, from number $first on, are more than the ${#devices[@]} there are" >&2
  exit 2
fi

mps=
stop_mps() {
  if [ -n "$mps" ]; then
    echo quit | nvidia-cuda-mps-control > /dev/null 2>&1 || true
    rm -rf "$mps"
  fi
}
# A daemon of this search's own, unless the machine has one; it counts only if a process gets to the GPU through it.
if [ "$sharing" -gt 1 ] && [ ${#devices[@]} -gt 0 ] && [ -z "${CUDA_MPS_PIPE_DIRECTORY:-}" ]; then
  mps=$(mktemp -d)
  export CUDA_MPS_PIPE_DIRECTORY=$mps CUDA_MPS_LOG_DIRECTORY=$mps
  trap stop_mps EXIT
  # The daemon sees all GPUs, or the numbers that the workers are given would be counted among those that it sees.
  if ! problem=$(env -u CUDA_VISIBLE_DEVICES nvidia-cuda-mps-control -d 2>&1 &&
    CUDA_VISIBLE_DEVICES=${devices[first]} "${PYTHON:-python}" -c 'import torch; torch.zeros(1, device="cuda")' 2>&1); then
    echo "warning: WORKERS_PER_GPU $sharing: MPS cannot be used, the workers of a GPU take turns: ${problem##*$'\n'}" >&2
    stop_mps
    mps=
    unset CUDA_MPS_PIPE_DIRECTORY CUDA_MPS_LOG_DIRECTORY
  fi
fi

start() {
  local number=$1 visible
  shift
  if [ ${#devices[@]} -gt 0 ]; then
    visible=("${devices[@]:first + number * gpus / sharing:gpus}")
    CUDA_VISIBLE_DEVICES=$(IFS=, && echo "${visible[*]}")
    export CUDA_VISIBLE_DEVICES
  fi
  if [ "$gpus" -gt 1 ]; then
    NNODES=1 NODE_RANK=0 MASTER_ADDR=127.0.0.1 PORT=$((port + number)) exec \
      "${PYTHON:-python}" "$tools/launch.py" "$gpus" "$tools/search.py" "$config" "$@"
  fi
  exec "${PYTHON:-python}" "$tools/search.py" "$config" "$@"
}

pids=()
# Ctrl-C and the end of a job reach all workers; each leaves its trial to be continued.
trap 'kill -TERM "${pids[@]}" 2> /dev/null; wait; exit 130' INT TERM
for ((number = 1; number < workers; number++)); do
  (start "$number" "$@") > "$logs/worker_$number.log" 2>&1 &
  pids+=($!)
done
(start 0 "$@") &
pids+=($!)
status=0 failed=
for ((number = 1; number < workers; number++)); do
  wait "${pids[number - 1]}" || { status=$? failed=$logs/worker_$number.log; }
done
if wait "${pids[workers - 1]}"; then
  if [ -n "$failed" ]; then echo "error: $failed: $(tail -n 1 "$failed")" >&2; fi # the first worker has told of nothing
else
  status=$?
fi
exit "$status"
