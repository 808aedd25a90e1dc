"""The largest published graph on a data set in the official layout."""

import json
import math
from pathlib import Path
from types import ModuleType

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from ktg_mm.apis import load_config
from ktg_mm.engine.graph_tensorboard_vis_backend import grouped_tag

pytestmark = pytest.mark.slow


def test_five_nodes(tools, miniatures: ModuleType, tmp_path: Path) -> None:
    root = miniatures.write_stanford_dogs(tmp_path / 'dogs', train_per_class=1, test_per_class=1)
    assert len(list((root / 'Images').iterdir())) == 120
    path = tools.repository / 'configs' / 'ktg' / 'ens_5node_dogs.py'
    roots = [f'{part}_dataloader.dataset.data_root={root}' for part in ('train', 'val', 'test')]
    # Pixels cost most; test_tools.py has the shapes at 224.
    sizes = ['train_dataloader.dataset.pipeline.2.scale=64']
    sizes += [f'{part}_dataloader.dataset.pipeline.2.crop_size=64' for part in ('val', 'test')]
    options = ['--cfg-options', *roots, *sizes, 'train_cfg.max_epochs=1']
    process = tools.run('train.py', path, '--work-dir', tmp_path / 'run', *options, PRELOAD='few_dogs')
    assert 'epoch 1/1  loss ' in process.stdout + process.stderr
    assert (tmp_path / 'run' / 'epoch_1.pth').exists()

    (vis_data,) = (tmp_path / 'run').glob('*/vis_data')
    events = EventAccumulator(str(vis_data)).Reload()
    curves = {tag: [(event.step, event.value) for event in events.Scalars(tag)] for tag in events.Tags()['scalars']}
    model = load_config(path).model
    nodes = [f'net{i}' for i in range(1, 6)] + ['ensemble']
    assert set(model.nodes) == set(nodes) and len(model.edges) == 25

    expected = {f'accuracy/top1/{node}' for node in nodes} | {'loss/sum'}
    expected |= {f'{kind}/{edge}' for kind in ('loss', 'gate') for edge in model.edges}
    assert {tag for tag in curves if tag.startswith(('loss/', 'gate/', 'accuracy/'))} == expected
    for node in nodes:
        ((step, accuracy),) = curves[f'accuracy/top1/{node}']
        # A number of the 30 images, in percent.
        assert step == 2 and accuracy * 30 / 100 == pytest.approx(round(accuracy * 30 / 100), abs=1e-4)
    for key, edge in model.edges.items():
        ((step, loss),), ((_, gate),) = curves[f'loss/{key}'], curves[f'gate/{key}']
        assert step == 2 and math.isfinite(loss)
        if key.startswith('label'):
            # The head's and the attention branch's cross-entropy, of 120 classes each.
            assert gate == 1 and math.log(120) < loss < 4 * math.log(120)
        elif edge.gate.type == 'LinearGate':
            assert gate == pytest.approx((1 / 2 + 2 / 2) / 2) and loss != 0
        else:
            assert edge.gate.type == 'CorrectGate' and 0 <= gate <= 1 and (loss > 0) == (gate > 0)

    lines = [json.loads(line) for line in (vis_data / 'scalars.json').read_text().splitlines()]
    for line in lines:
        for name in line:
            if (tag := grouped_tag(name)) in expected:
                assert curves[tag][0][1] == pytest.approx(line[name], rel=1e-6)
