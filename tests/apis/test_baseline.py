import json

import pytest
from mmengine.config import Config

from ktg_mm.apis.baseline import Baseline, find_baseline
from ktg_mm.errors import UserError

CONFIG = Config(dict(model=dict(nodes=dict(net1={}, net2={}))))


@pytest.fixture
def run(tmp_path):
    """A folder with the metrics of a run."""

    def write(content):
        (tmp_path / 'alone').mkdir()
        (tmp_path / 'alone' / 'metrics.json').write_text(content)
        return str(tmp_path / 'alone')

    return write


def test_a_run(run):
    folder = run(json.dumps({'test': {'net1/top1': 90.0}, 'last validation': {'net1/top1': 80.0}}))
    for kind, value in (('test', 90.0), ('last validation', 80.0)):
        assert find_baseline(folder, CONFIG, kind) == Baseline('alone', {'net1/top1': value})
    baseline = find_baseline(folder, CONFIG, 'test')
    values = {'net1/top1': 91.0, 'net1/ece': 0.5, 'net2/top1': 92.0}
    assert baseline.difference(values, 'net1', 'top1') == 1.0
    assert baseline.difference(values, 'net1', 'ece') is None
    assert baseline.difference(values, 'net2', 'top1') is None


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        ('{"test": {"net7/top1": 90.0}}', '--baseline .*/alone: has measured none of the nodes net1, net2'),
        ('{"test": [90.0]}', 'alone/metrics\\.json: is not what a run writes'),
        ('{"test": ', 'alone/metrics\\.json: is not what a run writes'),
        ('{}', 'alone/metrics\\.json: is not what a run writes'),
    ],
)
def test_a_run_that_is_none(run, content, message):
    with pytest.raises(UserError, match=message):
        find_baseline(run(content), CONFIG, 'test')


def test_neither_a_node_nor_a_run(tmp_path):
    with pytest.raises(UserError, match="--baseline net3: is no node of the graph and no folder; did you mean 'net"):
        find_baseline('net3', CONFIG, 'test')
    with pytest.raises(UserError, match=r'has no metrics\.json; give the folder of a run that has trained to its end'):
        find_baseline(str(tmp_path), CONFIG, 'test')
