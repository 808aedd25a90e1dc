import json
from collections import Counter

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from ktg_mm.checkpoints import load_checkpoint_safely
from ktg_mm.engine.hooks import NonFiniteLossError, graph_runtime_info_hook
from ktg_mm.engine.hooks.graph_runtime_info_hook import _table
from ktg_mm.structures import EdgeValue

EDGES = ['label->net1', 'label->net2', 'net2->net1', 'net1->net2']


def record(runner):
    """Returns a list that will hold what the graph returns at each iteration."""
    logs = []
    train_step = runner.model.train_step

    def recording_step(*args, **kwargs):
        logs.append(train_step(*args, **kwargs))
        return logs[-1]

    runner.model.train_step = recording_step
    return logs


def inject(runner, key, iteration, value=float('nan')):
    """Makes an edge's loss a value at one iteration, counted from 1."""
    edge = runner.model.edges[key]
    forward = edge.forward

    def spoilt(*args, **kwargs):
        result = forward(*args, **kwargs)
        return EdgeValue(result.loss * value, result.gate_weight) if runner.iter + 1 == iteration else result

    edge.forward = spoilt


def scalars(folder):
    (path,) = folder.glob('20*/vis_data/scalars.json')
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_logged_is_the_mean_since_the_last_line(tiny_runner, tmp_path):
    runner = tiny_runner({'train_dataloader.dataset.indices': 96, 'default_hooks.logger.interval': 3})
    logs = record(runner)
    runner.train()
    lines = [line for line in scalars(tmp_path / 'run') if 'train/loss' in line]
    assert [line['step'] for line in lines] == [3, 6, 9, 12]
    assert len(logs) == 12
    for line in lines:
        since = logs[line['step'] - 3 : line['step']]
        for name in ('loss', *(f'edge/{key}' for key in EDGES), *(f'gate/{key}' for key in EDGES)):
            expected = sum(float(log[name]) for log in since) / 3
            assert line[f'train/{name}'] == pytest.approx(expected, rel=1e-9), name


def test_the_rest_of_an_epoch_is_read_at_its_end(tiny_runner):
    """5 iterations, a line every 2: the fifth is in none of the means of the next epoch."""
    runner = tiny_runner({'train_dataloader.dataset.indices': 80})
    logs = record(runner)
    runner.train()
    losses = [float(log['loss']) for log in logs]
    means = [sum(losses[i:j]) / (j - i) for i, j in ((0, 2), (2, 4), (4, 5), (5, 7), (7, 9), (9, 10))]
    assert runner.message_hub.get_scalar('train/loss').data[0].tolist() == pytest.approx(means, rel=1e-9)


def test_a_checkpoint_between_two_lines_does_not_shorten_the_mean(tiny_runner, iteration_config):
    runner = tiny_runner({**iteration_config, 'default_hooks.logger.interval': 6})
    logs = record(runner)
    runner.train()
    losses = [float(log['loss']) for log in logs]
    assert runner.message_hub.get_scalar('train/loss').data[0].tolist() == pytest.approx([sum(losses) / 6])


@pytest.mark.parametrize('key', ['net1->net2', 'label->net1'])
@pytest.mark.parametrize('iteration', [1, 7, 8, 11, 12])
def test_the_edge_and_the_iteration_are_named(tiny_runner, tmp_path, key, iteration):
    """6 iterations an epoch, a line every 4: iterations on a line, between two, and after an epoch's last line."""
    runner = tiny_runner({'train_dataloader.dataset.indices': 96, 'default_hooks.logger.interval': 4})
    inject(runner, key, iteration)
    with pytest.raises(NonFiniteLossError) as caught:
        runner.train()
    last_good = tmp_path / 'run/epoch_1.pth' if iteration > 6 else None
    assert str(caught.value).startswith(
        f"edge '{key}': the loss is nan at iteration {iteration}; "
        f'training stops, the last good checkpoint is {last_good or "none"}.'
    )
    assert len(str(caught.value).splitlines()) == 1
    assert sorted((tmp_path / 'run').glob('*.pth')) == ([last_good] if last_good else [])
    if last_good:
        assert load_checkpoint_safely(last_good)['meta']['iter'] == 6


def test_infinity_is_named(tiny_runner):
    runner = tiny_runner()
    inject(runner, 'net2->net1', 2, float('-inf'))
    with pytest.raises(NonFiniteLossError, match=r"^edge 'net2->net1': the loss is -inf at iteration 2;"):
        runner.train()


def test_the_first_of_several_is_named_after_a_resume(tiny_runner, tmp_path):
    tiny_runner({'train_cfg.max_epochs': 1}).train()
    runner = tiny_runner(resume=True, resume_changed=True)
    inject(runner, 'net2->net1', 8)
    inject(runner, 'net1->net2', 7)
    with pytest.raises(NonFiniteLossError, match=r"^edge 'net1->net2': the loss is nan at iteration 7;"):
        runner.train()


def test_no_checkpoint_follows_a_loss_that_is_not_finite(tiny_runner, tmp_path, iteration_config):
    """No line is logged between the wrong loss at iteration 5 and the checkpoint at iteration 6."""
    runner = tiny_runner({**iteration_config, 'default_hooks.logger.interval': 100})
    inject(runner, 'net2->net1', 5)
    with pytest.raises(NonFiniteLossError, match=r"'net2->net1': the loss is nan at iteration 5; .*/iter_3.pth\. "):
        runner.train()
    assert [path.name for path in (tmp_path / 'run').glob('*.pth')] == ['iter_3.pth']


def test_the_main_process_waits_for_no_other_before_a_checkpoint(tiny_runner, monkeypatch, iteration_config):
    """mmengine saves on the main process alone, so a reduction there would wait for ever."""
    runner = tiny_runner({**iteration_config, 'default_hooks.logger.interval': 6})
    reduced = []
    monkeypatch.setattr(graph_runtime_info_hook, 'get_world_size', lambda: 2)
    monkeypatch.setattr(graph_runtime_info_hook, 'all_reduce', lambda table, op: reduced.append((runner.iter + 1, op)))
    runner.train()
    assert reduced == [(6, 'mean')]


class Syncs(TorchDispatchMode):
    """Counts what would make the host wait for a device."""

    names = ('aten::_local_scalar_dense', 'aten::nonzero', 'aten::is_nonzero', 'aten::equal', 'aten::masked_select')

    def __init__(self):
        super().__init__()
        self.count = Counter()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func._schema.name
        if name in self.names:
            self.count[name] += 1
        return func(*args, **(kwargs or {}))


READS = ('item', 'tolist', 'cpu', 'numpy', '__bool__', '__float__', '__int__', '__index__', '__array__')


def test_the_host_does_not_wait_between_two_lines(tiny_runner, tiny_config, monkeypatch):
    network = tiny_config().network
    attention = dict(
        network, backbone=dict(type='ABNCIFARResNet', depth=8, base_channels=4, in_channels=1, num_classes=10)
    )
    node = dict(type='NetworkNode', network=attention)
    ce, kl = dict(type='CrossEntropy'), dict(type='KLDivergence')
    runner = tiny_runner(
        {
            'model.nodes': dict(
                net1=node,
                net2=node,
                average=node,
                plain=dict(type='NetworkNode', network=network),
                ensemble=dict(type='EnsembleNode', members=['net1', 'net2']),
            ),
            'model.edges': {
                'label->net1': dict(loss=ce),
                'label->net2': dict(loss=ce, gate=dict(type='CorrectGate')),
                'label->plain': dict(loss=ce, gate=dict(type='SineGate', frequency=0.5, phase=0.0)),
                'net2->net1': dict(loss=[kl, dict(type='AttentionMSE')], gate=dict(type='CorrectGate')),
                'net1->net2': dict(loss=dict(type='AttentionCosine'), gate=dict(type='CorrectGate')),
                'plain->net2': dict(loss=dict(type='ProbabilityCosine'), gate=dict(type='LinearGate')),
                'net1->average': dict(type='EMAEdge', decay=0.9),
                'average->net2:attention': dict(loss=dict(type='AttentionMSE'), gate=dict(type='CorrectGate')),
                'ensemble->plain': dict(loss=kl, gate=dict(type='CorrectGate')),
            },
            'train_dataloader.dataset.indices': 128,
            'default_hooks.logger.interval': 4,
            'train_cfg.max_epochs': 1,
        }
    )
    counts = {}
    run_iter = runner.train_loop.run_iter

    def watched(index, batch):
        with Syncs() as syncs, monkeypatch.context() as patch:
            for name in READS:
                original = getattr(Tensor, name)

                def read(self, *args, _name=name, _original=original, **kwargs):
                    syncs.count[_name] += 1
                    return _original(self, *args, **kwargs)

                patch.setattr(Tensor, name, read)
            run_iter(index, batch)
        counts[index + 1] = syncs.count

    runner.train_loop.run_iter = watched
    runner.train()
    assert runner.optim_wrapper.param_groups[0]['momentum'] == 0.9
    assert runner.optim_wrapper.param_groups[0]['weight_decay'] == 5e-4
    assert counts.keys() == set(range(1, 9))
    logged = [counts.pop(4), counts.pop(8)]
    assert all(count['tolist'] and count['cpu'] for count in logged)  # the counters do see a reading
    # The preprocessor reads the labels while they are still the loader's, on the CPU.
    assert counts == {iteration: Counter(cpu=1, numpy=1) for iteration in (1, 2, 3, 5, 6, 7)}


def test_the_counter_of_waits_sees_them():
    with Syncs() as syncs:
        torch.ones(1).item()
        bool(torch.ones(1) > 0)
        torch.ones(2).nonzero()
    assert syncs.count == {'aten::_local_scalar_dense': 2, 'aten::nonzero': 1}


@pytest.mark.parametrize('number_first', [True, False])
def test_a_gate_that_is_a_number_in_some_steps_alone(number_first):
    """As when a run leaves a stack halfway."""
    gates = [1.0, torch.tensor(0.5)] if number_first else [torch.tensor(0.5), 1.0]
    names, table = _table([{'loss': torch.tensor(2.0), 'gate/a->b': gate} for gate in gates])
    assert names == ['loss', 'gate/a->b']
    assert table.tolist() == [[2.0, 2.0], [float(gate) for gate in gates]]
