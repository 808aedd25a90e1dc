import re
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.hooks import Hook
from torch.serialization import get_unsafe_globals_in_checkpoint

from ktg_mm.checkpoints import load_checkpoint_safely
from ktg_mm.engine import AtomicLocalBackend
from ktg_mm.engine.hooks import SafeCheckpointHook
from ktg_mm.errors import ConfigError, UserError
from ktg_mm.evaluation import NodeMetric

BEST = {'default_hooks.checkpoint.save_best': 'net1/accuracy/top1'}


def checkpoints(folder):
    return sorted(path.name for path in folder.glob('*.pth'))


@pytest.fixture
def scores(monkeypatch):
    """A list of the validations' scores to come."""
    coming = []

    def evaluate(self, size):
        score = coming.pop(0)
        return {'net1/accuracy/top1': score, 'net2/accuracy/top1': 100 - score}

    monkeypatch.setattr(NodeMetric, 'evaluate', evaluate)
    monkeypatch.setattr('ktg_mm.apis.runner.rehearse', lambda runner: None)  # it would take one
    return coming


@pytest.fixture
def full_disk(monkeypatch):
    """Makes every write fail whose file's name contains what is added to the returned list."""
    failing = []
    put = AtomicLocalBackend.put

    def put_or_fail(self, obj, filepath):
        if any(part in str(filepath) for part in failing):
            raise OSError(28, 'No space left on device')
        put(self, obj, filepath)

    monkeypatch.setattr(AtomicLocalBackend, 'put', put_or_fail)
    return failing


def test_safe_loading_reads_what_is_saved(tiny_runner, tmp_path):
    tiny_runner(BEST).train()
    assert len(checkpoints(tmp_path / 'run')) == 2
    for path in (tmp_path / 'run').glob('*.pth'):
        assert get_unsafe_globals_in_checkpoint(path) == []
        checkpoint = torch.load(path, weights_only=True)
        assert checkpoint['meta']['epoch'] in (1, 2)
        assert checkpoint['meta']['dataset_meta']['classes'] == tuple('0123456789')
        assert checkpoint['state_dict']
    last = torch.load(tmp_path / 'run/epoch_2.pth', weights_only=True)
    assert last.keys() >= {'optimizer', 'param_schedulers', 'message_hub'}


def test_histories_survive_exactly(tiny_runner, tmp_path):
    first = tiny_runner()
    first.train()
    first.message_hub.log_scalars['train/loss'].max_length = 123
    first.save_checkpoint(str(tmp_path), 'epoch_2.pth', meta=dict(epoch=2, iter=8))
    second = tiny_runner(work_dir='other', resume=str(tmp_path / 'epoch_2.pth'))
    second.load_or_resume()
    histories = first.message_hub.log_scalars
    resumed = second.message_hub.log_scalars
    assert resumed.keys() == histories.keys()
    assert len(histories['train/lr'].data[0]) == 8
    for name, history in histories.items():
        for expected, found in zip(history.data, resumed[name].data, strict=True):
            assert found.dtype == expected.dtype
            assert np.array_equal(found, expected), name
        assert resumed[name].max_length == history.max_length
        assert resumed[name].mean(2) == history.mean(2)
    assert resumed['train/loss'].max_length == 123
    resumed['train/loss'].update(1.0)
    assert resumed['train/loss'].current() == 1.0


def test_the_runner_keeps_its_own_histories(tiny_runner):
    """What is saved is turned into tensors, what lives on is not."""
    runner = tiny_runner()
    runner.train()
    assert {type(history).__name__ for history in runner.message_hub.log_scalars.values()} == {'HistoryBuffer'}


def test_outdated_checkpoints_are_removed(tiny_runner, tmp_path, scores):
    scores += [50.0, 60.0]
    tiny_runner(BEST).train()
    assert checkpoints(tmp_path / 'run') == ['best_net1_accuracy_top1_epoch_2.pth', 'epoch_2.pth']


def test_the_old_checkpoint_is_there_until_the_new_one_is(tiny_runner, tmp_path, full_disk):
    full_disk.append('epoch_2')
    with pytest.raises(OSError, match='No space left'):
        tiny_runner().train()
    assert checkpoints(tmp_path / 'run') == ['epoch_1.pth']
    assert load_checkpoint_safely(tmp_path / 'run/epoch_1.pth')['meta']['iter'] == 4


def test_the_old_best_is_there_until_the_new_one_is(tiny_runner, tmp_path, full_disk, scores):
    scores += [50.0, 60.0]
    full_disk.append('best_net1_accuracy_top1_epoch_2')
    with pytest.raises(OSError, match='No space left'):
        tiny_runner(BEST).train()
    assert checkpoints(tmp_path / 'run') == ['best_net1_accuracy_top1_epoch_1.pth', 'epoch_2.pth']
    assert load_checkpoint_safely(tmp_path / 'run/best_net1_accuracy_top1_epoch_1.pth')['state_dict']


def test_several_bests(tiny_runner, tmp_path, full_disk, scores):
    scores += [50.0, 60.0, 40.0]
    both = ['net1/accuracy/top1', 'net2/accuracy/top1']
    tiny_runner({'default_hooks.checkpoint.save_best': both, 'train_cfg.max_epochs': 3}).train()
    assert checkpoints(tmp_path / 'run') == [
        'best_net1_accuracy_top1_epoch_2.pth',
        'best_net2_accuracy_top1_epoch_3.pth',
        'epoch_3.pth',
    ]


@pytest.mark.parametrize('value', [float('nan'), float('inf')])
def test_weights_that_are_not_finite_are_not_saved(tiny_runner, tmp_path, value):
    runner = tiny_runner()
    graph, train_step = runner.model, runner.model.train_step

    def spoil(*args, **kwargs):
        log = train_step(*args, **kwargs)
        if runner.iter == 7:  # the last of the second epoch; its loss was finite
            with torch.no_grad():
                graph.nodes['net2'].network.head.fc.bias[3] = value
        return log

    graph.train_step = spoil
    with pytest.raises(UserError) as caught:
        runner.train()
    assert str(caught.value) == (
        "the weight 'nodes.net2.network.head.fc.bias' is not finite; "
        'the checkpoint is not saved, the last good one is kept'
    )
    assert checkpoints(tmp_path / 'run') == ['epoch_1.pth']
    weights = load_checkpoint_safely(tmp_path / 'run/epoch_1.pth')['state_dict']
    assert all(weight.isfinite().all() for weight in weights.values())


def test_unknown_best_metric(tiny_runner):
    with pytest.raises(ConfigError) as caught:
        tiny_runner({'default_hooks.checkpoint.save_best': 'net3/accuracy/top1'}).train()
    assert str(caught.value) == (
        "default_hooks.checkpoint.save_best: no metric is named 'net3/accuracy/top1'; "
        'known: net1/accuracy/top1, net2/accuracy/top1'
    )


def test_best_metric_of_unknown_direction(tiny_runner):
    with pytest.raises(ConfigError, match=r'^default_hooks.checkpoint: Cannot infer the rule for key net1/quality'):
        tiny_runner({'default_hooks.checkpoint.save_best': 'net1/quality'})


def test_best_of_whatever_comes_first(tiny_runner, tmp_path, scores):
    scores += [50.0, 40.0]
    tiny_runner({'default_hooks.checkpoint.save_best': 'auto'}).train()
    assert checkpoints(tmp_path / 'run') == ['best_net1_accuracy_top1_epoch_1.pth', 'epoch_2.pth']


@pytest.mark.parametrize(
    ('later', 'best', 'epoch'),
    [(60.0, 90.0, 2), (95.0, 95.0, 3)],
    ids=['worse', 'better'],
)
def test_the_best_score_outlives_a_resume(tiny_runner, tmp_path, scores, later, best, epoch):
    scores += [50.0, 90.0]
    tiny_runner(BEST).train()
    scores += [90.0, later]  # the last epoch is validated again: the run might have been killed before that
    resumed = tiny_runner({**BEST, 'train_cfg.max_epochs': 3}, resume=True, resume_changed=True)
    resumed.train()
    assert resumed.message_hub.get_info('best_score') == best
    assert checkpoints(tmp_path / 'run') == [f'best_net1_accuracy_top1_epoch_{epoch}.pth', 'epoch_3.pth']


def test_checkpoints_by_iteration(tiny_runner, tmp_path, iteration_config, scores):
    scores += [50.0, 60.0]
    tiny_runner({**iteration_config, **BEST}).train()
    assert checkpoints(tmp_path / 'run') == ['best_net1_accuracy_top1_iter_6.pth', 'iter_6.pth']


def test_a_validation_without_training_saves_nothing(tiny_runner, tmp_path):
    assert 'net1/accuracy/top1' in tiny_runner(BEST).val()
    assert checkpoints(tmp_path / 'run') == []


@pytest.fixture
def foreign(tiny_runner, tmp_path):
    """Changes a run's checkpoint and saves it under another name."""
    tiny_runner({'train_cfg.max_epochs': 1}).train()

    def save(change):
        checkpoint = torch.load(tmp_path / 'run/epoch_1.pth', weights_only=True)
        change(checkpoint)
        torch.save(checkpoint, tmp_path / 'foreign.pth')
        return str(tmp_path / 'foreign.pth')

    return save


def test_a_checkpoint_of_other_networks_is_refused(tiny_runner, foreign):
    def rename(checkpoint):
        checkpoint['state_dict'] = {f'network.{name}': value for name, value in checkpoint['state_dict'].items()}

    path = foreign(rename)
    with pytest.raises(UserError) as caught:
        tiny_runner(load_from=path).test()
    assert re.match(
        rf"checkpoint {re.escape(path)}: lacks (\d+) of the graph's \1 weights, such as 'nodes.net1.network.",
        str(caught.value),
    )


def test_a_checkpoint_of_some_of_the_networks_can_be_begun_with_and_not_resumed(tiny_runner, foreign):
    def drop(checkpoint):
        checkpoint['state_dict'] = {n: value for n, value in checkpoint['state_dict'].items() if 'net2' not in n}
        checkpoint['state_dict']['nodes.net1.network.head.fc.bias'] = torch.ones(11)

    path = foreign(drop)
    runner = tiny_runner(load_from=path)
    runner.load_or_resume()
    expected = torch.load(path, weights_only=True)['state_dict']['nodes.net1.network.head.fc.weight']
    assert torch.equal(runner.model.nodes['net1'].network.head.fc.weight, expected)
    with pytest.raises(
        UserError, match=r"lacks \d+ of the graph's \d+ weights, such as 'nodes.net1.network.head.fc.bias'"
    ):
        tiny_runner(resume=path, resume_changed=True).train()


def test_a_checkpoint_whose_other_nodes_learned_is_not_resumed(tiny_runner, foreign):
    frozen = {'model.edges.label->net2.gate': dict(type='CutoffGate'), 'model.nodes.net2.allow_random': True}
    frozen['model.edges.net1->net2.gate'] = dict(type='CutoffGate', _delete_=True)
    path = foreign(lambda checkpoint: None)
    with pytest.raises(UserError) as caught:
        tiny_runner(frozen, resume=path, resume_changed=True)
    assert str(caught.value).startswith(
        f'checkpoint {path}: trained the nodes net1, net2, but this graph trains net1; '
    )


def test_weights_of_a_distributed_wrapper_fit(tiny_runner, foreign):
    def wrap(checkpoint):
        checkpoint['state_dict'] = {f'module.{name}': value for name, value in checkpoint['state_dict'].items()}

    runner = tiny_runner(resume=foreign(wrap), resume_changed=True)
    runner.load_or_resume()
    assert runner.iter == 4


def test_unknown_argument_is_refused():
    with pytest.raises(ConfigError, match=r"unknown argument 'intervall'; did you mean 'interval'\?"):
        SafeCheckpointHook(intervall=2)


def test_what_a_killed_run_left_half_written_is_removed(tiny_runner, tmp_path):
    runner = tiny_runner()
    unfinished = Path(runner.work_dir) / '.epoch_1.pth.123.tmp'
    unfinished.write_bytes(b'half')
    runner.train()
    assert not unfinished.exists()


def test_an_evaluation_needs_all_weights(tiny_runner, foreign):
    def drop(checkpoint):
        checkpoint['state_dict'] = {n: value for n, value in checkpoint['state_dict'].items() if 'net2' not in n}

    path = foreign(drop)
    for evaluate in ('test', 'val'):
        with pytest.raises(UserError, match=r"lacks \d+ of the graph's \d+ weights, such as 'nodes.net2.network."):
            getattr(tiny_runner(load_from=path), evaluate)()


@pytest.mark.parametrize('in_checkpoint', [False, True])
def test_a_moving_average_that_the_checkpoint_lacks_follows_its_source(tiny_runner, foreign, in_checkpoint):
    def change(checkpoint):
        weights = checkpoint['state_dict']
        averages = {name.replace('net1', 'net2'): value + 1 for name, value in weights.items() if 'net1' in name}
        checkpoint['state_dict'] = {name: value for name, value in weights.items() if 'net2' not in name}
        if in_checkpoint:
            checkpoint['state_dict'] |= averages

    path = foreign(change)
    average = {'model.edges': {'label->net1': dict(loss=dict(type='CrossEntropy')), 'net1->net2': dict(type='EMAEdge')}}
    average['model.edges']['_delete_'] = True
    runner = tiny_runner(average, load_from=path)
    seen = []

    class Stop(Hook):
        def before_train_epoch(self, runner):
            seen.append({name: value.clone() for name, value in runner.model.state_dict().items()})
            runner.train_loop.stop_training = True

    runner.register_hook(Stop())
    runner.train()
    saved = torch.load(path, weights_only=True)['state_dict']
    for name, value in saved.items():
        if 'net1' in name and value.is_floating_point():
            assert torch.equal(seen[0][name], value)
            expected = value + 1 if in_checkpoint else value
            assert torch.equal(seen[0][name.replace('net1', 'net2')], expected)
