"""Two processes (gloo, CPU) train on labelled and unlabelled samples as one does, and resume as they went on."""

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

pytestmark = pytest.mark.slow

ITERATIONS = 10
LABELED, UNLABELED = 6, 10  # in a batch of each of the two processes
NUM_LABELS = 10  # fewer than a batch of both asks for
PASS = 9  # batches of both in a pass over the 190 unlabelled samples

CONFIG = f"""
norm = dict(norm_cfg=dict(type='GN', num_groups=4))
resnet = dict(_base_.resnet8, backbone=dict(_base_.resnet8.backbone, **norm))
wide = dict(_base_.wrn10_1, backbone=dict(_base_.wrn10_1.backbone, **norm))
self_edge = _base_.weak_to_strong
model = dict(
    type='DoubleGraph',
    target='ema',
    views=dict(adversarial=dict(type='AdversarialView', node='net1', of='weak', eps=0.5)),
    nodes=dict(
        net1=dict(network=resnet),
        net2=dict(type='NetworkNode', network=wide),
        ema=dict(type='NetworkNode', network=resnet),
    ),
    edges={{
        'label->net2': _base_.label,
        'net1->ema': dict(type='EMAEdge', decay=0.9),
        'net1->net1:vat': dict(
            loss=dict(type='KLDivergence'), views=dict(source='weak', target='adversarial'), samples='unlabeled'
        ),
        'net1->net1:free': dict(gate=dict(type='FreeMatchGate', momentum=0.9), **self_edge),
        'net1->net1:flex': dict(gate=dict(type='FlexMatchGate', num_samples=190, threshold=0.2), **self_edge),
        'net2->net2:soft': dict(gate=dict(type='SoftMatchGate', momentum=0.9), **self_edge),
        'net2->net2:relative': dict(
            gate=dict(type='RelativeThresholdGate', threshold=0.95),
            align=dict(target='labeled', momentum=0.9),
            **self_edge,
        ),
        'net2->net2:fairness': dict(
            loss=dict(type='SelfAdaptiveFairness', momentum=0.9),
            weight=0.1,
            views=dict(source='weak', target='strong'),
            samples='unlabeled',
        ),
    }},
)
train_cfg = dict(max_iters={ITERATIONS}, val_interval={ITERATIONS})
param_scheduler = dict(end={ITERATIONS})
default_hooks = dict(logger=dict(interval=1))
custom_hooks = _base_.custom_hooks + [dict(type='StateDump')]
"""

BATCH_NORM = """
train_dataloader = dict(batch_size=16, sampler=dict(labeled=6, unlabeled=10))
model = dict(
    target='ema',
    nodes=dict(ema=dict(type='NetworkNode', network=_base_.resnet8)),
    edges={
        'net1->ema': dict(type='EMAEdge', decay=0.9),
        'net1->net1': dict(gate=dict(_delete_=True, type='FlexMatchGate', num_samples=190, threshold=0.2)),
        'net1->net1:soft': dict(gate=dict(type='SoftMatchGate', momentum=0.9), **_base_.weak_to_strong),
    },
)
train_cfg = dict(max_iters=12, val_interval=12)
param_scheduler = dict(end=12)
default_hooks = dict(checkpoint=dict(interval=6, max_keep_ckpts=2), logger=dict(interval=3))
custom_hooks = _base_.custom_hooks + [dict(type='StateDump')]
"""


def load(folder: Path, rank: int = 0) -> dict:
    return torch.load(folder / f'rank_{rank}.dump', weights_only=True)


@pytest.fixture(scope='module')
def dumps(
    tools, write_config: Callable[..., Path], semi_supervised: str, tmp_path_factory: pytest.TempPathFactory
) -> list[dict]:
    """What rank 0, rank 1 and a single process with the double batch have come to."""
    folder = tmp_path_factory.mktemp('semi_supervised_distributed')
    config = write_config(folder / 'config.py', semi_supervised, CONFIG, ('state_dump', 'double_precision'))

    def arguments(name: str, processes: int) -> list[str]:
        labeled, unlabeled = LABELED * 2 // processes, UNLABELED * 2 // processes
        sizes = [f'sampler.labeled={labeled}', f'sampler.unlabeled={unlabeled}', f'batch_size={labeled + unlabeled}']
        return ['--work-dir', str(folder / name), '--cfg-options', *(f'train_dataloader.{size}' for size in sizes)]

    single = tools.start('train.py', config, *arguments('one', 1))
    tools.run_two('train.py', config, *arguments('two', 2))
    assert tools.wait(single).returncode == 0
    first, second, alone = load(folder / 'two'), load(folder / 'two', rank=1), load(folder / 'one')
    assert (first['world_size'], second['world_size'], alone['world_size']) == (2, 2, 1)
    assert len(first['indices']) == len(second['indices']) == len(alone['indices']) == ITERATIONS
    return [first, second, alone]


def parts(batch: list[int]) -> tuple[Counter, Counter]:
    """The labelled and the unlabelled samples of a batch."""
    return tuple(Counter(i for i in batch if (i < NUM_LABELS) == labeled) for labeled in (True, False))


def test_samples(dumps: list[dict]) -> None:
    batches = [[parts(batch) for batch in dump['indices']] for dump in dumps]
    for first, second, alone in zip(*batches, strict=True):
        assert first[0].total() == second[0].total() == LABELED and alone[0].total() == 2 * LABELED
        assert first[1].total() == second[1].total() == UNLABELED and alone[1].total() == 2 * UNLABELED
        assert not first[1] & second[1]
        assert first[0] + second[0] == alone[0]
        assert first[1] + second[1] == alone[1]
    # Labels come again, unlabelled samples do not within a pass.
    assert max(batches[2][0][0].values()) == 2
    whole_pass = sum((unlabeled for _, unlabeled in batches[0][:PASS] + batches[1][:PASS]), Counter())
    assert len(whole_pass) == 2 * UNLABELED * PASS and set(whole_pass.values()) == {1}


def test_weights_and_states(
    dumps: list[dict],
    max_difference: Callable[[dict, dict], float],
    record_property: Callable[[str, object], None],
) -> None:
    first, second, alone = (dump['state_dict'] for dump in dumps)
    initial = dumps[2]['initial']
    assert {value.dtype for value in alone.values()} == {torch.float64, torch.int64, torch.bool}
    assert max_difference(dumps[0]['initial'], initial) == 0
    assert max_difference(first, second) == 0
    difference = max_difference(first, alone)
    record_property('max_difference', difference)
    assert difference <= 1e-6
    # Every network and every state has moved, by far more than that.
    states = [name for name in alone if name.startswith('edges.')]
    gates = {name.split('.')[1] for name in states}
    assert {f'net1->net1:{name}' for name in ('free', 'flex')} < gates
    assert {f'net2->net2:{name}' for name in ('soft', 'relative', 'fairness')} < gates
    for name in [*states, *(f'nodes.{node}.network.head.fc.weight' for node in ('net1', 'net2', 'ema'))]:
        assert (alone[name].double() - initial[name].double()).abs().max() > 1e-4, name


def test_resumed_between_validations(
    tools,
    write_config: Callable[..., Path],
    semi_supervised: str,
    max_difference: Callable[[dict, dict], float],
    same: Callable[..., None],
    tmp_path: Path,
) -> None:
    config = write_config(tmp_path / 'config.py', semi_supervised, BATCH_NORM, ('state_dump',))
    whole, resumed = tmp_path / 'whole', tmp_path / 'resumed'
    tools.run_two('train.py', config, '--work-dir', str(whole))
    resumed.mkdir()
    shutil.copy(whole / 'iter_6.pth', resumed)
    tools.run_two('train.py', config, '--work-dir', str(resumed), '--resume')
    for rank in (0, 1):
        expected, found = load(whole, rank), load(resumed, rank)
        assert found['world_size'] == 2 and found['indices'] == expected['indices'][6:]
        same(found['state_dict'], expected['state_dict'])
    same(load(resumed)['state_dict'], load(resumed, rank=1)['state_dict'])
    checkpoints = [torch.load(folder / 'iter_12.pth', weights_only=True) for folder in (resumed, whole)]
    for part in ('state_dict', 'optimizer', 'param_schedulers'):
        same(*(checkpoint[part] for checkpoint in checkpoints))
    means = {name: value for name, value in expected['state_dict'].items() if name.endswith('running_mean')}
    assert max_difference(means, {name: expected['initial'][name] for name in means}) > 1e-3
