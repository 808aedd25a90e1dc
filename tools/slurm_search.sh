#!/usr/bin/env bash
# Searches on a Slurm cluster, one worker a GPU; a worker that the cluster ends leaves its trial to the others:
#   WORKERS=30 CPUS_PER_TASK=4 tools/slurm_search.sh PARTITION JOB_NAME CONFIG [arguments of tools/search.py]
# For more than a few workers give --storage postgresql+psycopg2://... SRUN_ARGS holds further arguments of srun.
set -euo pipefail
if [ $# -lt 3 ]; then
  echo "usage: [WORKERS=8] ${KTG_COMMAND:-tools/slurm_search.sh} PARTITION JOB_NAME CONFIG [arguments of search]" >&2
  exit 2
fi
partition=$1 job_name=$2 config=$3
shift 3
for setting in "WORKERS ${WORKERS:-8}" "CPUS_PER_TASK ${CPUS_PER_TASK:-4}"; do
  if ! [[ ${setting#* } =~ ^[1-9][0-9]*$ ]]; then
    echo "error: ${setting%% *}: must be a whole number above 0, got '${setting#* }'" >&2
    exit 2
  fi
done
elsewhere=tools/dist_search.sh
if [ -n "${KTG_COMMAND:-}" ]; then elsewhere='ktg dist_search'; fi
if ! command -v srun > /dev/null; then
  echo "error: srun: not found; this is for a Slurm cluster, elsewhere use $elsewhere" >&2
  exit 2
fi
tools=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck disable=SC2086  # SRUN_ARGS is a list of words
exec srun -p "$partition" --job-name="$job_name" --ntasks="${WORKERS:-8}" --gpus-per-task=1 \
  --cpus-per-task="${CPUS_PER_TASK:-4}" --kill-on-bad-exit=0 ${SRUN_ARGS:-} \
  "${PYTHON:-python}" -u "$tools/search.py" "$config" "$@"
