"""Trains a found graph with several seeds, and beside it what it must beat."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import mean
from typing import Any

from filelock import FileLock, Timeout
from mmengine.config import Config

from ktg_mm.apis.resume import last_checkpoint_if_finished
from ktg_mm.apis.stages import stage_config
from ktg_mm.apis.training import has_test_of_its_own, train_runner
from ktg_mm.config import GraphConfig
from ktg_mm.config.fingerprint import fingerprint
from ktg_mm.config.stages import STAGES, as_last_stage, is_staged, resolve_stages
from ktg_mm.datasets.shared_data import sharing_data
from ktg_mm.errors import ConfigError, NonFiniteError, UserError, did_you_mean
from ktg_mm.files import whole_file
from ktg_mm.mmengine_private import set_aside
from ktg_mm.search.space.check_space import reported
from ktg_mm.search.study.study import recipe
from ktg_mm.search.worker.run_trial import quiet_runner, remove_checkpoints

from .comparison import Row, compare
from .method_names import METHODS
from .methods import check_runs, method_configs, say_it

MEAN = 'mean'
RESULTS = 'results.json'
_RUN = 'run.json'


@sharing_data()
def retrain(
    cfg: Config,
    work_dir: str | Path,
    seeds: Sequence[int],
    methods: Sequence[str] = METHODS,
    against: Mapping[str, Config] | None = None,
    metric: str = 'accuracy/top1',
    say: Callable[[str], None] = say_it,
    seed_keys: Sequence[str] = (),
) -> list[Row]:
    """Trains a graph and the methods beside it, each with every seed, and compares the targets.

    A run that is finished is not repeated, one that was cut short goes on from its checkpoint. Processes that are given
    the same folder share the runs: each takes the next that no other is at.

    Args:
        cfg: The found graph's config, which is also the recipe of deep mutual learning and independent training.
        work_dir: The runs are in ``<work_dir>/<method>/seed_<n>``, the table in ``<work_dir>/results.json``.
        seeds: The seeds.
        methods: Which of :data:`METHODS` to train.
        against: Other configs by name, trained as they are with the same seeds. Defaults to None.
        metric: The target's metric, ``accuracy/top1``; another node's, ``net1/accuracy/top1``; or the mean of the
            networks that learn, ``mean/accuracy/top1``. Methods that do not report it are left out of the table.
        say: Shows a line for each run.
        seed_keys: Entries of the configs that get the run's seed, too, such as ``train_dataloader.dataset.seed``.
            Defaults to none: they are the same in all runs.

    Returns:
        The table, of all runs that are finished in the folder.

    Raises:
        UserError: If a config is wrong, the folder holds runs of other configs, or runs failed; one line.
    """
    folder = Path(work_dir)
    configs = method_configs(cfg, against or {}, say)
    wanted = [name for name in configs if name in methods or name not in METHODS]
    if not wanted:
        raise UserError('--methods: there is nothing to train; name one of them, or another config with --against')
    for name in wanted if seed_keys else ():
        check_runs(with_seed(configs[name], seeds[0], seed_keys))
    _check_metric([configs[name] for name in wanted], metric)
    _check_folder(configs, folder, seed_keys)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f'--work-dir {folder}: cannot be made: {error.strerror}') from error
    runs = [(name, seed) for seed in seeds for name in wanted]
    failed = []
    for i, (name, seed) in enumerate(runs, start=1):
        run_dir = folder / name / f'seed_{seed}'
        try:
            line = train_seed(with_seed(configs[name], seed, seed_keys), name, seed, run_dir, metric)
        except NonFiniteError as error:
            line = f'failed: {error}'
            failed.append(f'{name}, seed {seed}')
        except Timeout:
            line = 'left to another process, which is at it'
        say(f'[{i}/{len(runs)}] {name}, seed {seed}: {line}')
        save_results(folder, metric)
    if failed:
        raise UserError(f'{len(failed)} of {len(runs)} runs diverged: {"; ".join(failed)}')
    return save_results(folder, metric)


def with_seed(cfg: Config, seed: int, seed_keys: Sequence[str] = ()) -> Config:
    """A config of a run with a seed.

    Args:
        cfg: The config.
        seed: The seed.
        seed_keys: Entries that get it, too.

    Raises:
        ConfigError: If there is no such entry.

    Example:
        >>> with_seed(Config(dict(randomness=dict(deterministic=True))), 3).randomness
        {'deterministic': True, 'seed': 3}
    """
    config = cfg.to_dict()
    config['randomness'] = {**(config.get('randomness') or {}), 'seed': seed}
    for key in seed_keys:
        *path, last = key.split('.')
        entry: Any = config
        for part in path:
            entry = entry.get(part) if isinstance(entry, Mapping) else None
        if not path or not isinstance(entry, dict):
            raise ConfigError(f'--seed-keys {key}', 'is no entry of the config')
        entry[last] = seed
    # mmengine would lay the text out prettily three times a run, which takes longer than a small epoch.
    return Config(config, format_python_code=False)


def run_recipe(cfg: Config) -> str:
    """What tells a run from those of other configs.

    Args:
        cfg: The run's config.
    """
    config = as_last_stage(cfg)
    test = {key: config.get(key) for key in ('test_dataloader', 'test_evaluator', 'load_from')}
    dataset = (test.get('test_dataloader') or {}).get('dataset') or {}
    test['test_dataloader'] = {key: value for key, value in dataset.items() if key != 'data_root'}
    return fingerprint([recipe(config), test])


def _check_metric(configs: Sequence[Config], metric: str) -> None:
    """Refuses a metric that no run will report, before anything is trained; a made-up sample shows the names."""
    known: set[str] = set()
    for cfg in configs:
        config = as_last_stage(cfg)
        names = reported(config, 'test_evaluator' if has_test_of_its_own(config) else 'val_evaluator')
        graph = GraphConfig(config['model'])
        if (
            names is None
            or score_of(dict(target=graph.target, networks=graph.trained, metrics=names), metric) is not None
        ):
            return
        known |= {name.removeprefix(f'{graph.target}/') for name in names}
    raise UserError(f'--metric {metric}: no run reports it; {did_you_mean(metric, known)}')


def _check_folder(configs: Mapping[str, Config], folder: Path, seed_keys: Sequence[str]) -> None:
    """Refuses a folder whose runs are of other configs, before anything is trained."""
    for name, cfg in configs.items():
        for path in sorted((folder / name).glob(f'seed_*/{_RUN}')):
            known = read_run(path)
            if known and known['recipe'] != run_recipe(with_seed(cfg, known['seed'], seed_keys)):
                raise UserError(
                    f'--work-dir {folder}: {name}/{path.parent.name} is a run of another config; give another folder'
                )


def train_seed(cfg: Config, name: str, seed: int, run_dir: Path, metric: str, recipe: str | None = None) -> str:
    """Trains one run, unless it is finished; returns what to say of it.

    Args:
        cfg: The run's config, with its seed.
        name: The method's name.
        seed: The seed.
        run_dir: The run's folder, in which ``run.json`` keeps what it came to.
        metric: What to say of it.
        recipe: What tells the run from those of other configs. Defaults to :func:`run_recipe`.

    Raises:
        Timeout: If another process is at it.
    """
    run_dir.mkdir(parents=True, exist_ok=True)
    with FileLock(run_dir / '.lock', timeout=0):
        note = run_dir / _RUN
        run = read_run(note)
        if run is None:
            for path in (run_dir, *(run_dir / stage['name'] for stage in cfg.get(STAGES, ()))):
                remove_checkpoints(path)  # of nobody knows what config
        elif 'metrics' in run:
            return f'{_shown(run, metric)}, finished before'
        whole = not run  # else what it took before it was cut short is not known
        graph = GraphConfig(as_last_stage(cfg)['model'])
        networks = [name for name in graph.trained if name in graph.networks]
        run = dict(method=name, seed=seed, target=graph.target, networks=networks, recipe=recipe or run_recipe(cfg))
        write_json(note, run)
        cfg.work_dir = str(run_dir)
        # The run's name; as an entry of the config it would stand in the copy in the folder, which could not be read.
        set_aside(cfg, filename=f'{name}.py')
        start = time.monotonic()
        *earlier, last = _runs(cfg, run_dir)
        for stage in earlier:
            with quiet_runner(stage) as runner:
                if not last_checkpoint_if_finished(runner):
                    train_runner(runner)
        with quiet_runner(last) as runner:
            # Without test data of its own, the published protocol, the last validation is the result.
            run['metrics'] = train_runner(runner) or runner.val()
        seconds = time.monotonic() - start
        write_json(note, dict(run, seconds=seconds) if whole else run)
        return f'{_shown(run, metric)} ({seconds:.0f} s)'


def _runs(cfg: Config, folder: Path) -> list[Config]:
    """The runs of a config: its stages, or itself."""
    if not is_staged(cfg):
        return [cfg]
    return [stage_config(cfg, stage) for stage in resolve_stages(cfg, folder.absolute())]


def read_run(path: Path) -> dict[str, Any] | None:
    """What is known of a run, empty if it has not begun; None if its file is damaged: then it is to begin anew.

    Args:
        path: Its ``run.json``.
    """
    types = dict(method=str, seed=int, target=str, recipe=str, networks=list, metrics=dict)
    try:
        run = json.loads(path.read_text(encoding='utf-8'))
        known = {'networks': [], 'metrics': {}, **run}
        return run if all(isinstance(known[name], kind) for name, kind in types.items()) else None
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UserError(f'{path}: cannot be read: {error.strerror}') from error
    except (ValueError, KeyError, TypeError):
        return None


def _shown(run: Mapping[str, Any], metric: str) -> str:
    score = score_of(run, metric)
    return 'not reported' if score is None else f'{score:.2f}'


def score_of(run: Mapping[str, Any], metric: str) -> float | None:
    """What a finished run is compared by; None if it did not report it, as another method's graph may lack the node.

    Args:
        run: From :func:`read_run`.
        metric: As for :func:`retrain`.
    """
    metrics = run['metrics']
    node, _, kind = metric.partition('/')
    keys = [f'{name}/{kind}' for name in run.get('networks', [])] if node == MEAN else [metric]
    keys = keys if node == MEAN or metric in metrics else [f'{run["target"]}/{metric}']
    values = [metrics[key] for key in keys if isinstance(metrics.get(key), (int, float))]
    return float(mean(values)) if values and len(values) == len(keys) else None


def save_results(folder: Path, metric: str) -> list[Row]:
    """Collects the finished runs of a folder, whoever made them, and writes the table beside them."""
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / '.lock'):  # else a process could put back a table that another has completed
        scores: dict[str, dict[int, float]] = {}
        known: set[str] = set()
        for path in folder.glob(f'*/seed_*/{_RUN}'):
            run = read_run(path) or {}
            score = score_of(run, metric) if 'metrics' in run else None
            known |= {name.removeprefix(f'{run["target"]}/') for name in run.get('metrics') or ()}
            if score is not None:
                scores.setdefault(run['method'], {})[run['seed']] = score
        if known and not scores:
            raise UserError(f'--metric {metric}: no run reported it; {did_you_mean(metric, known)}')
        ordered = [*METHODS, *sorted(set(scores) - set(METHODS))]
        rows = compare({name: dict(sorted(scores[name].items())) for name in ordered if name in scores})
        write_json(folder / RESULTS, dict(metric=metric, methods=[asdict(row) for row in rows]))
    return rows


def write_json(path: Path, value: Any) -> None:
    """Writes a file of JSON, whole or not at all.

    Args:
        path: The file.
        value: What is to be in it.

    Raises:
        UserError: If it cannot be written.
    """
    with whole_file(path) as part:
        part.write_text(json.dumps(value, indent=2) + '\n', encoding='utf-8')
