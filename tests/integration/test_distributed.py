"""Two processes (gloo, CPU) do what one does."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

pytestmark = pytest.mark.slow

BATCH = 16  # of each of the two processes

CONFIG = """
model = dict(
    nodes=dict(average=dict(type='NetworkNode', network=_base_.resnet8)),
    edges={
        'net1->average': dict(type='EMAEdge', decay=0.9),
        'average->net2': dict(loss=dict(type='KLDivergence'), gate=dict(type='CorrectGate')),
    },
)
# The index goes with the sample, for the test to see which ones a batch is made of.
pipeline = [dict(type='SeedRandom'), dict(type='PackInputs', meta_keys=['sample_idx'])]
train_dataloader = dict(dataset=dict(pipeline=pipeline))
train_cfg = dict(max_epochs=1)
param_scheduler = dict(end=1)
custom_hooks = _base_.custom_hooks + [dict(type='StateDump')]
"""

GROUP_NORM = """
norm = dict(backbone=dict(norm_cfg=dict(type='GN', num_groups=4)))
model['nodes'].update(net1=dict(network=norm), net2=dict(network=norm), net3=dict(network=norm))
model['nodes']['average']['network'] = dict(_base_.resnet8, backbone=dict(_base_.resnet8.backbone, **norm['backbone']))
"""


@pytest.fixture
def run_both(tools, tmp_path: Path) -> Callable[..., list[dict]]:
    """Trains in two processes and in one; returns the dumps of rank 0, of rank 1, and of the single process."""

    def run(config: Path, iterations: int, *options: str, script: bool = False) -> list[dict]:
        def arguments(name: str, batch: int) -> list[str]:
            data = 'train_dataloader'
            sizes = [f'{data}.dataset.indices={2 * BATCH * iterations}', f'{data}.batch_size={batch}']
            return ['--work-dir', str(tmp_path / name), '--cfg-options', *sizes, *options]

        single = tools.start('train.py', config, *arguments('one', 2 * BATCH))
        if script:
            tools.run_cold('dist_train.sh', config, '2', *arguments('two', BATCH))
        else:
            tools.run_two('train.py', config, *arguments('two', BATCH))
        assert tools.wait(single).returncode == 0
        dumps = [tmp_path / 'two' / 'rank_0.dump', tmp_path / 'two' / 'rank_1.dump', tmp_path / 'one' / 'rank_0.dump']
        first, second, alone = (torch.load(path, weights_only=True) for path in dumps)
        assert first['world_size'] == second['world_size'] == 2 and alone['world_size'] == 1
        assert first['wrapped'] and second['wrapped'] and not alone['wrapped']
        assert len(first['indices']) == len(second['indices']) == len(alone['indices']) == iterations
        for halves in zip(first['indices'], second['indices'], alone['indices'], strict=True):
            assert sorted(halves[0] + halves[1]) == sorted(halves[2])
        return [first, second, alone]

    return run


@pytest.fixture
def config(write_config: Callable[..., Path], tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        return write_config(
            tmp_path / 'config.py', 'ktg/ens_3node_digits.py', CONFIG + text, ('state_dump', 'double_precision')
        )

    return write


@pytest.mark.parametrize(
    ('dtype', 'iterations', 'update'),
    [
        (torch.float32, 1, 'SimultaneousUpdate'),
        (torch.float64, 10, 'SimultaneousUpdate'),
        (torch.float64, 10, 'SequentialUpdate'),
        pytest.param(torch.float64, 10, 'PCGradUpdate', marks=pytest.mark.long),
    ],
    ids=['float32_one_step', 'float64_ten_steps', 'float64_ten_steps_sequential', 'float64_ten_steps_pcgrad'],
)
def test_half_batches(
    config: Callable[[str], Path],
    run_both: Callable[..., list[dict]],
    max_difference: Callable[[dict, dict], float],
    record_property: Callable[[str, object], None],
    dtype: torch.dtype,
    iterations: int,
    update: str,
) -> None:
    graph = 'DoubleGraph' if dtype == torch.float64 else 'KnowledgeTransferGraph'
    first, second, alone = run_both(
        config(GROUP_NORM), iterations, f'model.type={graph}', f'model.update.type={update}', script=iterations == 1
    )
    assert {weight.dtype for weight in alone['state_dict'].values()} == {dtype}
    assert max_difference(first['initial'], alone['initial']) == 0
    assert max_difference(first['state_dict'], second['state_dict']) == 0
    difference = max_difference(first['state_dict'], alone['state_dict'])
    record_property('max_difference', difference)
    assert difference <= 1e-6
    # Every network has moved, by far more than that.
    for node in ('net1', 'net2', 'net3', 'average'):
        name = f'nodes.{node}.network.head.fc.weight'
        assert (alone['state_dict'][name] - alone['initial'][name]).abs().max() > 1e-4


def test_batch_norm(
    config: Callable[[str], Path],
    run_both: Callable[..., list[dict]],
    max_difference: Callable[[dict, dict], float],
) -> None:
    first, second, alone = run_both(config(''), 5)
    statistics = [name for name in first['state_dict'] if 'running_' in name]
    assert any('average' in name for name in statistics)
    assert max_difference(first['state_dict'], second['state_dict']) == 0
    # The averaged statistics are the two processes', not one's of the full batch; but near them.
    means = [name for name in statistics if name.startswith('nodes.net1') and name.endswith('running_mean')]
    for name in means:
        assert (first['state_dict'][name] - first['initial'][name]).abs().max() > 1e-3
    assert 0 < max_difference(
        {name: first['state_dict'][name] for name in means}, {name: alone['state_dict'][name] for name in means}
    )


def test_test_tool(tools, accuracies: Callable[[str], dict[str, float]], tmp_path: Path) -> None:
    from ktg_mm.apis import load_config

    # 359 images: one process gets one more than the other, which must not be counted twice.
    path = tools.repository / 'configs/ktg/ens_3node_digits.py'
    options = ['--cfg-options', 'test_dataloader.dataset.indices=359', 'test_dataloader.batch_size=50']
    tools.run(
        'train.py', path, '--work-dir', tmp_path, '--cfg-options', 'train_cfg.max_epochs=1', 'param_scheduler.end=1'
    )
    checkpoint = tmp_path / 'epoch_1.pth'
    alone = tools.run('test.py', path, checkpoint, '--work-dir', tmp_path / 'one', *options)
    both = tools.run_cold('dist_test.sh', path, checkpoint, '2', '--work-dir', tmp_path / 'two', *options, **tools.warm)
    expected = accuracies(alone.stdout + alone.stderr)
    assert list(expected) == list(load_config(path).model.nodes)
    assert min(expected.values()) > 30
    # All digits, which tell 359 images from 360.
    (file,) = tmp_path.glob('one/*/*.json')
    measured = json.loads(file.read_text())
    for name, printed in expected.items():
        accuracy = measured[f'test/{name}/accuracy/top1']
        assert round(accuracy * 359 / 100) / 359 * 100 == pytest.approx(accuracy, abs=1e-4)
        assert printed == round(accuracy, 2)
    assert accuracies(both.stdout + both.stderr) == expected
