import json

from ktg_mm.apis.run_metrics import read_metrics
from ktg_mm.apis.training import train_runner


def test_a_run_leaves_its_metrics(tiny_runner, tmp_path):
    """The digits that test and those that validate differ."""
    runner = tiny_runner({'train_cfg.max_epochs': 1})
    tested = train_runner(runner)
    run = tmp_path / 'run'
    assert list(json.loads((run / 'metrics.json').read_text())) == ['last validation', 'test']
    assert read_metrics(run, 'test') == tested and list(tested) == ['net1/accuracy/top1', 'net2/accuracy/top1']
    last = read_metrics(run, 'last validation')
    assert last['net1/accuracy/top1'] == runner.message_hub.get_scalar('val/net1/accuracy/top1').current()
    train_runner(tiny_runner({'train_cfg.max_epochs': 1}))  # anew in the same folder
    (kept,) = (run / 'earlier').glob('*/metrics.json')
    assert read_metrics(kept.parent, 'test') == tested


def test_the_last_validation_stands_for_a_test_on_the_same_data(tiny_runner, tmp_path):
    nothing = dict.fromkeys(('test_dataloader', 'test_evaluator', 'test_cfg'))
    assert train_runner(tiny_runner({**nothing, 'train_cfg.max_epochs': 1})) == {}
    run = tmp_path / 'run'
    assert read_metrics(run, 'test') == read_metrics(run, 'last validation') != {}
