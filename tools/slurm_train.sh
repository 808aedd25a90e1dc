#!/usr/bin/env bash
# Trains on a Slurm cluster, one process a GPU:
#   GPUS=8 GPUS_PER_NODE=8 CPUS_PER_TASK=4 tools/slurm_train.sh PARTITION JOB_NAME CONFIG [arguments of tools/train.py]
# SRUN_ARGS holds further arguments of srun.
set -euo pipefail
if [ $# -lt 3 ]; then
  echo "usage: [GPUS=8] ${KTG_COMMAND:-tools/slurm_train.sh} PARTITION JOB_NAME CONFIG [arguments of train]" >&2
  exit 2
fi
partition=$1 job_name=$2 config=$3
shift 3
for setting in "GPUS ${GPUS:-8}" "GPUS_PER_NODE ${GPUS_PER_NODE:-8}" "CPUS_PER_TASK ${CPUS_PER_TASK:-4}"; do
  if ! [[ ${setting#* } =~ ^[1-9][0-9]*$ ]]; then
    echo "error: ${setting%% *}: must be a whole number above 0, got '${setting#* }'" >&2
    exit 2
  fi
done
elsewhere=tools/dist_train.sh
if [ -n "${KTG_COMMAND:-}" ]; then elsewhere='ktg dist_train'; fi
if ! command -v srun > /dev/null; then
  echo "error: srun: not found; this is for a Slurm cluster, elsewhere use $elsewhere" >&2
  exit 2
fi
gpus=${GPUS:-8} gpus_per_node=${GPUS_PER_NODE:-$(( ${GPUS:-8} < 8 ? ${GPUS:-8} : 8 ))}
tools=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck disable=SC2086  # SRUN_ARGS is a list of words
exec srun -p "$partition" --job-name="$job_name" --gres=gpu:"$gpus_per_node" --ntasks="$gpus" \
  --ntasks-per-node="$gpus_per_node" --cpus-per-task="${CPUS_PER_TASK:-4}" --kill-on-bad-exit=1 ${SRUN_ARGS:-} \
  "${PYTHON:-python}" -u "$tools/train.py" "$config" --launcher slurm "$@"
