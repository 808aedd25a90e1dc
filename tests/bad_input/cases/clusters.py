"""Mistakes with a search on a Ray cluster; those of the shell scripts are in tests/integration/test_slurm_array.py."""

BASE = 'configs/search/ktg_3node_digits.py'


def ray(*arguments, says, **more):
    """Arguments of the search."""
    where = ['--work-dir', '{folder}/work']
    return dict(dict(tool='ray_search', base=BASE, args=['{config}', *where, *arguments], says=says), **more)


CASES = [
    ray('--workers', '0', says='argument --workers: must be a whole number, from 1 to 10000'),
    ray('--workers', 'many', says='argument --workers'),
    ray('--workers', '2.5', says='argument --workers'),
    ray('--gpus-per-worker', '2', says='argument --gpus-per-worker: must be a number from 0 to 1'),
    ray('--gpus-per-worker', '-0.5', says='argument --gpus-per-worker'),
    ray('--gpus-per-worker', 'nan', says='argument --gpus-per-worker'),
    ray('--cpus-per-worker', '2.5', says='argument --cpus-per-worker'),
    ray('--cpus-per-worker', 'inf', says='argument --cpus-per-worker'),
    ray('--restarts', '-1', says='argument --restarts'),
    ray('--address', 'somewhere', says='argument --address: must be auto, local or HOST:PORT'),
    ray('--address', 'ray://head:10001', says='argument --address'),
    ray('--address', 'head:99999', says='argument --address'),
    ray('--take-over', says='--take-over'),
    ray('--address', '127.0.0.1:1', says='--address 127.0.0.1:1'),
    ray('--address', 'no.host.invalid:6379', says='--address no.host.invalid:6379'),
    ray(says='--address auto', environ=dict(RAY_ADDRESS='127.0.0.1:1')),
    ray(config="__import__('sys').modules['ray'] = None", says='--address auto: Ray is not installed'),
]
