import json

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

EDGES = ['label->net1', 'label->net2', 'net1->net2', 'net2->net1']


@pytest.fixture
def run(tiny_runner, tmp_path):
    """The folder of a run's log."""
    runner = tiny_runner({'train_cfg.max_epochs': 1})
    runner.train()
    (folder,) = (tmp_path / 'run').glob('20*')
    return folder


def test_edges_are_in_the_curves_and_not_in_the_line(run):
    (log,) = run.glob('*.log')
    lines = [line for line in log.read_text().splitlines() if 'Epoch(train)' in line]
    assert len(lines) == 2
    assert all(' loss: ' in line and ' lr: ' in line for line in lines)
    assert not any('edge' in line or 'gate' in line for line in lines)
    validations = [line for line in log.read_text().splitlines() if 'Epoch(val)' in line]
    assert 'val/net1/accuracy/top1: ' in validations[0]
    assert 'val/net2/accuracy/top1: ' in validations[0]

    scalars = [json.loads(line) for line in (run / 'vis_data/scalars.json').read_text().splitlines()]
    expected = {f'train/{kind}/{edge}' for kind in ('edge', 'gate') for edge in EDGES}
    assert expected <= scalars[0].keys()
    assert scalars[0]['train/gate/label->net1'] == 1.0
    assert scalars[0]['train/loss'] == pytest.approx(sum(scalars[0][f'train/edge/{edge}'] for edge in EDGES), rel=1e-5)

    board = EventAccumulator(str(run / 'vis_data'))
    board.Reload()
    curves = {f'{kind}/{edge}' for kind in ('loss', 'gate') for edge in EDGES}
    assert curves | {'accuracy/top1/net1', 'train/lr'} <= set(board.Tags()['scalars'])
