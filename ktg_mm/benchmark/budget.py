"""The budget: how many images go forward through the target while it learns.

A budget of ``n`` epochs is n times as many passes as there are training images. What counts is the forward pass of an
image, in a view, through the target's network in training; of a moving average, through the network that it averages.
Earlier stages that train a network like the target's, generations and offline teachers of its kind, are paid for out of
the same budget. What other networks cost (peers, larger teachers) is shown beside it.
"""

from __future__ import annotations

import itertools
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

import torch
from mmengine.config import Config
from torch import nn

from ktg_mm.apis.close_runner import close_runner, forget_runner
from ktg_mm.apis.runner import build_runner
from ktg_mm.apis.undisturbed import undisturbed
from ktg_mm.config import GraphConfig
from ktg_mm.config.stages import STAGES, is_staged, resolve_stages
from ktg_mm.engine.unwrapped import unwrapped
from ktg_mm.errors import ConfigError
from ktg_mm.models.nodes import NetworkNode

from .rows import scaled


@dataclass(frozen=True)
class Cost:
    """What a training step costs.

    Args:
        images: In the training data.
        steps: In an epoch, or, of a loop that counts iterations, 1.
        batches: Likewise, but the last batch of an epoch counts for what it holds.
        passes: Images that go forward through the target in a step, each view counted.
        others: Likewise, through all other networks together.
        seconds: A step takes, on this machine.
    """

    images: int
    steps: int
    batches: float
    passes: float
    others: float
    seconds: float


def run_configs(config: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The runs of a row's config: its stages, or itself."""
    return [stage.config for stage in resolve_stages(config, 'stages')] if is_staged(config) else [dict(config)]


def learner(model: Mapping[str, Any]) -> str:
    """The node that learns for the target: itself, or the one whose moving average it is.

    Args:
        model: A graph's config.

    Raises:
        ConfigError: If the target is no network that learns.

    Example:
        >>> learner(dict(type='KnowledgeTransferGraph', target='ema', nodes=dict(
        ...     net1=dict(type='NetworkNode'), ema=dict(type='NetworkNode')), edges={
        ...     'label->net1': dict(loss=dict(type='CrossEntropy')), 'net1->ema': dict(type='EMAEdge')}))
        'net1'
    """
    graph, target = GraphConfig(dict(model)), model['target']
    for key, edge in model['edges'].items():
        source, _, rest = key.partition('->')
        if edge.get('type') == 'EMAEdge' and rest.split(':')[0] == target:
            return str(source)
    if target not in graph.networks or target not in graph.trained:
        raise ConfigError('model.target', f'{target!r} must be a network that learns; the budget counts its passes')
    return str(target)


def is_paid_for(run: Mapping[str, Any], last: Mapping[str, Any]) -> bool:
    """Whether the budget pays for a run: that which it trains for is a network like the last run's."""
    own, target = (part['model']['nodes'][learner(part['model'])] for part in (run, last))
    return bool(own.get('network') == target.get('network'))


def measure(config: Mapping[str, Any], steps: int = 1) -> Cost:
    """Counts the passes of a training step, and times some; nothing is kept.

    Args:
        config: Of one run, plain dicts; weights of teachers need not be there.
        steps: How many to time, after a first one.
    """
    cfg = Config(dict(config), format_python_code=False)
    cfg.log_level = 'ERROR'
    # Its files are closed before the folder goes.
    with tempfile.TemporaryDirectory() as folder:
        runner = None
        try:
            with undisturbed():
                runner = build_runner(cfg, folder, rehearsal=False, trains=False)
                graph = unwrapped(runner.model)
                loader = runner.build_dataloader(cfg.train_dataloader, seed=0)
                counts = {'own': 0, 'others': 0}
                name = learner(config['model'])
                handles = [
                    node.register_forward_pre_hook(_counter(counts, 'own' if key == name else 'others'))
                    for key, node in graph.nodes.items()
                    if isinstance(node, NetworkNode)
                ]
                graph.train()
                times: list[float] = []
                size = 0
                endless = itertools.cycle(loader)
                # On a CPU the process's own time, which others beside it do not make longer.
                on_gpu = torch.cuda.is_available()
                clock = time.perf_counter if on_gpu else time.process_time
                for _ in range(1 + steps):
                    start = clock()
                    batch = next(endless)
                    size = len(batch['data_samples']) if not times else size
                    graph.train_step(batch, runner.optim_wrapper)
                    if on_gpu:
                        torch.cuda.synchronize()
                    times.append(clock() - start)
                    for handle in handles:  # the first step alone is counted
                        handle.remove()
                images = len(loader.dataset)
                whole = getattr(loader, 'drop_last', False)
                batches = len(loader) if whole else images / size  # of the first, which few images may not fill
                by_epoch = 'max_epochs' in config['train_cfg']
                return Cost(
                    images=images,
                    steps=len(loader) if by_epoch else 1,
                    batches=batches if by_epoch else 1,
                    passes=counts['own'],
                    others=counts['others'],
                    seconds=mean(times[1:] or times),
                )
        finally:
            close_runner(runner)
            del runner
            forget_runner(cfg)


def _counter(counts: dict[str, int], kind: str) -> Any:
    def count(node: nn.Module, inputs: tuple) -> None:
        counts[kind] += len(inputs[0])

    return count


def lengths(runs: list[dict[str, Any]], costs: list[Cost], epochs: int, row: str) -> list[int]:
    """How long each run may be, in epochs or iterations, so that all that the budget pays for keep within it.

    Runs that it does not pay for, of larger networks, keep their own length.

    Args:
        runs: The runs of a row.
        costs: What a step of each costs.
        epochs: The budget.
        row: The row's name.

    Raises:
        ConfigError: If it is too small for this row.
    """
    paid = [is_paid_for(run, runs[-1]) for run in runs]
    own = [_length(run) for run in runs]
    whole = sum(length for length, pays in zip(own, paid, strict=True) if pays)
    found = []
    for cost, pays, length in zip(costs, paid, own, strict=True):
        each = cost.passes * cost.batches
        found.append(int(epochs * cost.images * length / whole / each + 1e-9) if pays else length)
    if min(found) < 1:
        raise ConfigError('--epochs', f'{epochs} is not enough for {row}, which has {sum(paid)} stages to pay for')
    return found


def with_lengths(config: Mapping[str, Any], found: list[int]) -> dict[str, Any]:
    """A row's config with the lengths of its runs, schedules and all; it is validated, and saved, at the end.

    Earlier stages see no test data: the test set is looked at once, by the last run.

    Args:
        config: The row's.
        found: From :func:`lengths`.
    """
    runs = run_configs(config)
    parts = []
    for run, length in zip(runs, found, strict=True):
        kind = 'max_epochs' if 'max_epochs' in run['train_cfg'] else 'max_iters'
        part: dict[str, Any] = dict(train_cfg={**run['train_cfg'], kind: length, 'val_interval': length})
        if run.get('param_scheduler'):
            part['param_scheduler'] = scaled(run['param_scheduler'], length / _length(run))
        parts.append(part)
    if not is_staged(config):
        return {**config, **parts[0]}
    no_test = dict.fromkeys(('test_dataloader', 'test_cfg', 'test_evaluator'))
    stages = [
        {**stage, **part, **(no_test if number < len(parts) - 1 else {})}
        for number, (stage, part) in enumerate(zip(config[STAGES], parts, strict=True))
    ]
    return {**config, STAGES: stages}


def _length(run: Mapping[str, Any]) -> int:
    loop = run['train_cfg']
    return int(loop.get('max_epochs') or loop['max_iters'])


def last_checkpoint(config: Mapping[str, Any], folder: Path) -> Path:
    """Where a run of one stage leaves its last weights."""
    loop = config['train_cfg']
    kind = 'epoch' if 'max_epochs' in loop else 'iter'
    return folder / f'{kind}_{_length(config)}.pth'
