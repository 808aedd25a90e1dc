from ktg_mm.apis.baseline import Baseline
from ktg_mm.apis.result_table import result_table
from ktg_mm.apis.training import train_unless_finished


def cells(text):
    return [[cell.strip() for cell in line.strip('|').split('|')] for line in text.splitlines() if line.startswith('|')]


def test_digits_are_those_of_the_column():
    table = cells(result_table({'a/top1': 9.5, 'b/top1': 90.125, 'a/ece': 0.03125, 'b/ece': 0.5, 'b/matrix': [1]}))
    assert [table[0], *table[2:]] == [['node', 'top1', 'ece'], ['a', '9.50', '0.0312'], ['b', '90.12', '0.5000']]


def test_no_node_has_metrics():
    assert result_table({'time': 0.1}) == ''


def test_differences():
    metrics = {'a/top1': 90.0, 'b/top1': 91.0, 'a/ece': 0.5}
    table = cells(result_table(metrics, Baseline('other', {'a/top1': 92.5, 'a/ece': 0.25, 'c/top1': 1.0})))
    assert table[0] == ['node', 'top1', 'top1 - other', 'ece', 'ece - other']
    assert table[2:] == [['a', '90.00', '-2.50', '0.5000', '+0.2500'], ['b', '91.00', '', '', '']]


def results(text):
    (_, _, end) = text.partition('the graph')
    return end


def test_a_run_ends_with_its_test(tiny_runner, capsys, tmp_path):
    runner = tiny_runner({'train_cfg.max_epochs': 1, 'default_hooks.checkpoint.save_best': 'net1/accuracy/top1'})
    runner.test, test = lambda: tested.update(test()) or tested, runner.test
    tested = {}
    train_unless_finished(runner, summary=lambda runner: 'the graph')
    end = results(capsys.readouterr().out)
    header, _, *rows = cells(end)
    assert header == ['node', 'accuracy/top1']
    assert rows == [[node, f'{tested[f"{node}/accuracy/top1"]:.2f}'] for node in ('net1', 'net2')]
    assert 'test:\n|' in end
    run = tmp_path / 'run'
    best = run / 'best_net1_accuracy_top1_epoch_1.pth'
    last = run / 'epoch_1.pth'
    saved = f'folder: {run}\nlast checkpoint: {last}\nbest by validation: {best}\n'
    assert end.endswith(f'{saved}next: ktg test {run / "tiny.py"} {last}\n')


def test_a_run_without_a_test_ends_with_its_last_validation(tiny_runner, capsys):
    runner = tiny_runner(dict.fromkeys(('test_dataloader', 'test_evaluator', 'test_cfg')))
    train_unless_finished(runner, summary=lambda runner: 'the graph')
    end = results(capsys.readouterr().out)
    last = [runner.message_hub.get_scalar(f'val/{node}/accuracy/top1').current() for node in ('net1', 'net2')]
    assert [row[1] for row in cells(end)[2:]] == [f'{value:.2f}' for value in last]
    assert 'last validation:\n|' in end


def test_a_run_that_measures_nothing(tiny_runner, capsys, tmp_path):
    nothing = {f'{kind}_{part}': None for kind in ('val', 'test') for part in ('dataloader', 'evaluator', 'cfg')}
    runner = tiny_runner({**nothing, 'train_cfg.max_epochs': 1})
    train_unless_finished(runner, summary=lambda runner: 'the graph')
    run = tmp_path / 'run'
    end = results(capsys.readouterr().out)
    assert '|' not in end
    assert end.endswith(f' - folder: {run}\nlast checkpoint: {run / "epoch_1.pth"}\n')


def test_nothing_is_said_of_a_run_without_a_summary(tiny_runner, capsys):
    train_unless_finished(tiny_runner({'train_cfg.max_epochs': 1}))
    printed = capsys.readouterr().out
    assert 'schedule:' not in printed and '|' not in printed
