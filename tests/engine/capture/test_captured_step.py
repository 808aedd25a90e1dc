"""Whole steps of all families are in tests/models/test_capture.py."""

import copy

import pytest
import torch
from mmengine.logging import MessageHub
from mmengine.optim import OptimWrapper
from mmpretrain.structures import DataSample

from ktg_mm.engine.capture import CapturedStep
from ktg_mm.engine.optimizers import AutocastOptimWrapper, NodeOptimWrapperConstructor
from ktg_mm.errors import UserError
from ktg_mm.models.gates import Gate

SGD = dict(type='SGD', lr=0.1, momentum=0.9, weight_decay=1e-2, nesterov=True)
FUSED = dict(SGD, fused=True)


def images(seed, size=6, side=16):
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.randint(256, (size, 1, side, side), generator=generator, dtype=torch.uint8)
    labels = torch.randint(5, (size,), generator=generator)
    return dict(inputs=inputs, data_samples=[DataSample().set_gt_label(int(label)) for label in labels])


def graph_of(toys):
    nodes = {name: toys.node() for name in ('net1', 'net2', 'mean')}
    edges = {
        'label->net1': toys.label(),
        'label->net2': toys.label(dict(type='LinearGate')),
        'net2->net1': toys.kl(dict(type='CorrectGate')),
        'mean->net2': toys.kl(),
        'net1->mean': dict(type='EMAEdge', decay=0.9),
    }
    preprocessor = dict(type='GraphDataPreprocessor', mean=[100.0], std=[50.0])
    return toys.build(nodes, edges, double=False, data_preprocessor=preprocessor)


def wrapper_of(graph, optimizer=SGD, **options):
    return NodeOptimWrapperConstructor(dict(options, optimizer=optimizer))(graph)


def train(graph, wrapper, batches, rate=0.1):
    logs = []
    for step, batch in enumerate(batches):
        graph.progress = (step + 1) / len(batches)
        torch.manual_seed(step)
        for group in wrapper.optimizer.param_groups:
            group['lr'] = rate / (step + 1)
        logs.append({name: float(value) for name, value in graph.train_step(copy.deepcopy(batch), wrapper).items()})
    return logs


def assert_same(first, second):
    torch.testing.assert_close(first.state_dict(), second.state_dict(), rtol=0, atol=0)


def test_batches_of_another_size_in_between(toys, capture):
    batches = [images(seed, 4 if seed in (3, 6) else 6) for seed in range(8)]
    direct, captured = graph_of(toys), graph_of(toys)
    recorder, said = capture(captured)
    expected = train(direct, wrapper_of(direct, FUSED), batches)
    assert train(captured, wrapper_of(captured), batches) == expected
    assert_same(captured, direct)
    assert recorder.steps == ['watch', 'record', 'replay', *['replay'] * 3]
    assert said == ['batches of another size, or with other labelled rows, such as the last of an epoch']


@pytest.mark.parametrize(
    ('optimizer', 'options'),
    [
        (dict(type='Adam', lr=0.1, weight_decay=0.01), {}),
        (dict(type='AdamW', lr=0.1), {}),
        (SGD, dict(clip_grad=dict(max_norm=0.1))),
        (SGD, dict(clip_grad=dict(type='value', clip_value=0.01))),
        (SGD, dict(type='AutocastOptimWrapper')),
    ],
)
def test_other_optimisers(toys, capture, optimizer, options):
    direct, captured = graph_of(toys), graph_of(toys)
    recorder, _ = capture(captured)
    batches = [images(seed) for seed in range(5)]
    wrapper = wrapper_of(captured, dict(optimizer), **copy.deepcopy(options))
    assert type(wrapper) is (AutocastOptimWrapper if 'type' in options else OptimWrapper)
    plain = wrapper_of(direct, dict(optimizer, fused=True), **copy.deepcopy(options))
    assert train(captured, wrapper, batches, 0.01) == train(direct, plain, batches, 0.01)
    assert_same(captured, direct)
    assert recorder.steps == ['watch', 'record', 'replay', 'replay', 'replay']


def test_what_torchs_generator_draws(toys, capture):
    """Each step is seeded, as SeedHook does."""
    network = dict(type='LanguageModel', vocab_size=7, length=4, dims=6, dropout=0.5)
    node = dict(type='NetworkNode', network=network)
    edges = {'label->net1': toys.label(), 'net2->net1': toys.kl(), 'label->net2': toys.label()}

    def make():
        preprocessor = dict(type='TokenPreprocessor')
        return toys.build(dict(net1=node, net2=node), edges, data_preprocessor=preprocessor)

    text = torch.randint(7, (3, 10), generator=torch.Generator().manual_seed(0))
    batch = dict(inputs=text[:, :-1], data_samples=[DataSample().set_gt_label(row[-4:].clone()) for row in text])
    direct, captured = make(), make()
    recorder, _ = capture(captured)
    logs = train(captured, wrapper_of(captured), [batch] * 5, 1e-9)
    assert logs == train(direct, wrapper_of(direct, FUSED), [batch] * 5, 1e-9)
    assert len({log['loss'] for log in logs}) == 5 and 'replay' in recorder.steps  # by the dropout alone


def test_the_log_stays(toys, capture):
    """GraphRuntimeInfoHook reads it many steps later."""
    captured = graph_of(toys)
    capture(captured)
    wrapper = wrapper_of(captured)
    logs = [captured.train_step(images(seed), wrapper) for seed in range(4)]
    assert len({float(log['loss']) for log in logs}) == 4
    assert list(logs[3]) == list(logs[0]) and logs[3]['gate/label->net1'] == 1.0


def test_resuming(toys, capture):
    batches = [images(seed) for seed in range(8)]
    whole = graph_of(toys)
    capture(whole)
    wrapper = wrapper_of(whole)
    train(whole, wrapper, batches[:4])
    saved = copy.deepcopy((whole.state_dict(), wrapper.state_dict()))
    assert all(isinstance(group['lr'], float) for group in saved[1]['param_groups'])
    expected = train(whole, wrapper, batches[4:])
    resumed = graph_of(toys)
    recorder, _ = capture(resumed)
    other = wrapper_of(resumed)
    resumed.load_state_dict(saved[0])
    other.load_state_dict(saved[1])
    assert train(resumed, other, batches[4:]) == expected
    assert_same(resumed, whole)
    assert recorder.steps == ['watch', 'record', 'replay', 'replay']


def test_a_schedule_of_the_momentum_is_seen(toys, capture):
    direct, captured = graph_of(toys), graph_of(toys)
    _, said = capture(captured)
    logs = []
    for graph, wrapper in ((direct, wrapper_of(direct, FUSED)), (captured, wrapper_of(captured))):
        logs.append([])
        for step in range(6):
            for group in wrapper.optimizer.param_groups:
                group['momentum'] = 0.9 if step < 3 else 0.1 * step
            logs[-1] += train(graph, wrapper, [images(step)])
    assert logs[1] == logs[0]
    assert_same(captured, direct)
    assert said == ['a schedule moves another number of the optimiser than the learning rate']


def test_a_part_that_looks_is_not_recorded(toys, capture, replay):
    class Looks(replay.TraceRecorder):
        def watch(self, step):
            return step(), ['a part waits for the device in the step, at my_gate.py:7', 'and more']

        def record(self, step):
            raise AssertionError('a failed capture would break the process')

    captured = graph_of(toys)
    _, said = capture(captured, Looks(list))
    direct = graph_of(toys)
    batches = [images(seed) for seed in range(4)]
    assert train(captured, wrapper_of(captured), batches) == train(direct, wrapper_of(direct, FUSED), batches)
    assert said == ['a part waits for the device in the step, at my_gate.py:7']


def test_a_recording_that_fails_says_how_to_go_on(toys, capture, replay):
    class Fails(replay.TraceRecorder):
        def record(self, step):
            raise RuntimeError('operation not permitted when stream is capturing\nCompile with ...')

    captured = graph_of(toys)
    capture(captured, Fails(list))
    with pytest.raises(UserError) as error:
        train(captured, wrapper_of(captured), [images(0), images(1)])
    assert str(error.value) == (
        'env_cfg.capture: the step cannot be recorded (operation not permitted when stream is capturing); go on from '
        'the last checkpoint with --resume and --cfg-options env_cfg.capture=False'
    )


def test_batches_of_which_no_two_are_alike(toys, capture, monkeypatch):
    monkeypatch.setattr('ktg_mm.engine.capture.captured_step._UNLIKE', 3)
    captured = graph_of(toys)
    recorder, said = capture(captured)
    monkeypatch.setattr('ktg_mm.engine.capture.captured_step.WARM_UP', 2)
    train(captured, wrapper_of(captured), [images(0, size) for size in (6, 5, 4, 3)])
    assert said == ['of 3 batches no 3 were alike in size and labelled rows']
    assert recorder.steps == []


def test_a_copy_of_the_graph_records_nothing(toys, capture):
    graph = graph_of(toys)
    capture(graph)
    assert isinstance(graph.captured, CapturedStep)
    assert copy.deepcopy(graph).captured is None


def test_validation_in_between(toys, capture):
    """What the graph says of new images is that of its present weights."""
    captured = graph_of(toys)
    capture(captured)
    wrapper = wrapper_of(captured)
    said = []
    for seed in range(4):
        train(captured, wrapper, [images(seed)])
        captured.eval()
        with torch.no_grad():
            said.append(captured(torch.ones(1, 1, 16, 16)))
        captured.train()
    assert all(not torch.equal(said[i], said[i + 1]) for i in range(3))


class Counts(Gate):
    """With a number of Python's."""

    count = 0

    def weight(self, loss, target, source, context):
        self.count += 1
        return 1.0 / self.count


def test_numbers_of_the_host_are_not_recorded(toys, capture, monkeypatch):
    graph, direct = graph_of(toys), graph_of(toys)
    for each in (graph, direct):
        each.edges['net2->net1'].gate = Counts()
    recorder, said = capture(graph)
    monkeypatch.setattr('ktg_mm.engine.capture.captured_step.WARM_UP', 2)
    batches = [images(seed) for seed in range(5)]
    assert train(graph, wrapper_of(graph), batches) == train(direct, wrapper_of(direct, FUSED), batches)
    assert said == ['gate/net2->net1 is a number of the host, which may change in each step']
    assert recorder.steps == ['watch']


def test_tensors_of_another_device_are_not_recorded(toys, capture):
    graph = graph_of(toys)
    step = graph.step
    graph.step = lambda *arguments: step(*arguments) | {'gate/own': torch.empty((), device='meta')}
    recorder, said = capture(graph)
    wrapper = wrapper_of(graph)
    for seed in range(3):
        graph.train_step(images(seed), wrapper)
    assert said == ['gate/own is a number of the host, which may change in each step']
    assert recorder.steps == ['watch']


def test_the_lengths_of_clipped_gradients_are_those_of_their_steps(toys, capture):
    batches = [images(seed, 4 if seed == 3 else 6) for seed in range(6)]
    logged = []
    for captures in (False, True):
        graph = graph_of(toys)
        if captures:
            capture(graph)
        wrapper = wrapper_of(graph, SGD if captures else FUSED, clip_grad=dict(max_norm=0.1))
        wrapper.message_hub = MessageHub(f'clipped {captures}')
        train(graph, wrapper, batches)
        logged.append(wrapper.message_hub.get_scalar('train/grad_norm').data[0].tolist())
    assert logged[1] == logged[0] and len(set(logged[0])) == 6
