#!/usr/bin/env bash
# Searches on a Slurm cluster by an array of jobs, each of one worker on a GPU, which begin as places are free:
#   WORKERS=100 LIMIT=30 CPUS_PER_TASK=4 tools/slurm_array_search.sh PARTITION JOB_NAME CONFIG [arguments of tools/search.py]
# At most LIMIT run at once (default: all). A job that is preempted, or whose time is up, leaves its trial to the others and goes back
# into the queue, until the search has ended. More workers join by the same command. SBATCH_ARGS holds further arguments of sbatch.
set -euo pipefail
if [ $# -lt 3 ]; then
  echo "usage: [WORKERS=8] ${KTG_COMMAND:-tools/slurm_array_search.sh} PARTITION JOB_NAME CONFIG [arguments of search]" >&2
  exit 2
fi
partition=$1 job_name=$2 config=$3
shift 3
workers=${WORKERS:-8}
for setting in "WORKERS $workers" "LIMIT ${LIMIT:-$workers}" "CPUS_PER_TASK ${CPUS_PER_TASK:-4}"; do
  if ! [[ ${setting#* } =~ ^[1-9][0-9]{0,5}$ ]]; then
    echo "error: ${setting%% *}: must be a whole number above 0, got '${setting#* }'" >&2
    exit 2
  fi
done
elsewhere=tools/dist_search.sh
if [ -n "${KTG_COMMAND:-}" ]; then elsewhere='ktg dist_search'; fi
if ! command -v sbatch > /dev/null; then
  echo "error: sbatch: not found; this is for a Slurm cluster, elsewhere use $elsewhere" >&2
  exit 2
fi
for argument in "$@"; do
  if [ "${argument%%=*}" = --take-over ]; then
    echo "error: --take-over: not here, where other workers may be running; give it to a single worker, once" >&2
    exit 2
  fi
done
tools=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
command=$(printf '%q ' "${PYTHON:-python}" -u "$tools/search.py" "$config" "$@")
# Slurm sends USR1 to the job's shell alone, two minutes before the time is up, and it is for the job to go back into the queue. TERM
# comes with a preemption, after which Slurm requeues it, or with scancel, after which nobody does. SLURM_JOB_ID is not for a requeue:
# that of the last job of an array names all of them.
# shellcheck disable=SC2086  # SBATCH_ARGS is a list of words
exec sbatch -p "$partition" --job-name="$job_name" --array="0-$((workers - 1))%${LIMIT:-$workers}" --requeue --open-mode=append \
  --signal=B:USR1@120 --ntasks=1 --gpus=1 --cpus-per-task="${CPUS_PER_TASK:-4}" ${SBATCH_ARGS:-} << JOB
#!/usr/bin/env bash
worker= time_is_up=
trap 'kill -TERM \$worker' TERM INT
trap 'time_is_up=1; kill -TERM \$worker' USR1
$command &
worker=\$!
# A signal ends the wait, not the worker.
while wait "\$worker"; status=\$?; kill -0 "\$worker" 2> /dev/null; do :; done
case \$time_is_up\$status in
  1130 | 1143) exec scontrol requeue "\${SLURM_ARRAY_JOB_ID}_\$SLURM_ARRAY_TASK_ID" ;; # 143: it had only just begun
esac
exit "\$status"
JOB
