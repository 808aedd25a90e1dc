"""A step recorded as a CUDA graph does what it does step by step; on the CPU a trace stands in for the CUDA graph."""

import copy
import importlib.util
from pathlib import Path

import pytest
import torch
from mmpretrain.structures import DataSample

from ktg_mm.engine.capture import CapturedStep, CudaRecorder, switch
from ktg_mm.engine.optimizers import NodeOptimWrapperConstructor
from ktg_mm.models.edge_batches import EdgeBatches
from ktg_mm.models.gates import Gate

HIDDEN = pytest.mark.skipif(not torch.cuda.is_available(), reason='hidden here; test_gpu.py runs it')
TESTS = Path(__file__).parents[1]
SGD = dict(type='SGD', lr=0.125, momentum=0.875, weight_decay=2**-7, nesterov=True)
METHODS = ['fixmatch', 'flexmatch', 'freematch', 'softmatch', 'mean_teacher', 'vat', 'dual_student']


def load(name):
    spec = importlib.util.spec_from_file_location(f'gpu_{Path(name).stem}', TESTS / name)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


replay, methods = load('models/replay.py'), load('models/test_semi_supervised_methods.py')
everything = load('gpu/test_cuda.py').everything


class CountingRecorder(CudaRecorder):
    """Counts what is done."""

    def __init__(self, side_by_side=False):
        super().__init__(side_by_side)
        self.steps = []

    def watch(self, step):
        self.steps.append('watch')
        return super().watch(step)

    def record(self, step):
        self.steps.append('record')
        return super().record(step)

    def replay(self):
        self.steps.append('replay')
        super().replay()


def capture(graph, side_by_side=False):
    """Makes the graph's steps recorded ones; gives the recorder and what is said."""
    said = []
    if next(graph.parameters()).is_cuda:
        recorder = CountingRecorder(side_by_side)
    else:
        recorder = replay.TraceRecorder(
            lambda: [*graph.parameters(), *graph.buffers(), *captured.batch.tensors(), *captured.rates.tensors()]
        )
    captured = graph.captured = CapturedStep(recorder, said.append)
    return recorder, said


def train(graph, batches, optimizer=SGD, **options):
    """Steps with another progress, seed and learning rate each, of which a float32 has all bits."""
    phases = getattr(graph.update, 'edges', None)
    if phases is None:
        wrapper = NodeOptimWrapperConstructor(dict(copy.deepcopy(options), optimizer=optimizer))(graph)
    else:
        wrapper = NodeOptimWrapperConstructor({phase: dict(optimizer=optimizer) for phase in phases})(graph)
    groups = [group for each in (wrapper.values() if phases else [wrapper]) for group in each.optimizer.param_groups]
    logs = []
    for step, batch in enumerate(batches):
        graph.progress = (step + 1) / len(batches)
        torch.manual_seed(step)
        for group in groups:
            group['lr'] = optimizer['lr'] * 2.0 ** -(step % 3)
        logs.append(graph.train_step(copy.deepcopy(batch), wrapper))
    return [{name: float(value) for name, value in log.items()} for log in logs]


def assert_captured(make, batches, device, optimizer=SGD, rtol=1e-7, side_by_side=False, **options):
    direct, captured = make().to(device), make().to(device)
    recorder, said = capture(captured, side_by_side)
    expected = train(direct, batches, dict(optimizer, fused=True), **options)
    found = train(captured, batches, optimizer, **options)
    assert found == [pytest.approx(log, rel=rtol, abs=rtol) for log in expected]
    states = [{k: v for k, v in graph.state_dict().items()} for graph in (captured, direct)]
    torch.testing.assert_close(states[0], states[1], rtol=rtol, atol=rtol)
    assert recorder.steps[:2] == ['watch', 'record'] and set(recorder.steps[2:]) == {'replay'}
    return recorder, said


@pytest.mark.parametrize('update', ['SimultaneousUpdate', 'SequentialUpdate', 'PCGradUpdate'])
def test_everything(toys, device, update):
    """Moving average, attention, gates, an ensemble."""
    batches = [toys.batch(seed=seed) for seed in range(8)]
    recorder, said = assert_captured(lambda: everything(toys, update=dict(type=update)), batches, device)
    assert len(recorder.steps) == 6 and not said  # the first two steps and then watched, recorded, replayed ones


def test_edges_as_one(toys, device):
    """With networks of attention, which all teach one another."""

    def make():
        nodes = {f'net{i}': toys.node('abn') for i in (1, 2, 3)}
        edges = {f'label->{name}': toys.label() for name in nodes}
        both = dict(loss=[dict(type='KLDivergence'), dict(type='AttentionMSE')], gate=dict(type='LinearGate'))
        graph = toys.build(nodes, edges | {f'{i}->{j}': both for i in nodes for j in nodes if i != j})
        graph.edge_batches = EdgeBatches()
        return graph

    recorder, said = assert_captured(make, [toys.batch(seed=seed) for seed in range(6)], device)
    assert len(recorder.steps) == 4 and not said


@pytest.mark.gpu
@HIDDEN
@pytest.mark.parametrize('update', ['SimultaneousUpdate', 'SequentialUpdate', 'PCGradUpdate'])
def test_nodes_side_by_side(toys, update):
    """Often, as two streams that did not wait for one another would differ now and then."""
    batches = [toys.batch(seed=seed, size=32, side=32) for seed in range(40)]
    assert_captured(lambda: everything(toys, update=dict(type=update)), batches, 'cuda', side_by_side=True)


@pytest.mark.gpu
@HIDDEN
@pytest.mark.parametrize('name', ['fixmatch', 'vat'])
def test_views_side_by_side(toys, name):
    batches = [methods.batch(seed, methods.METHODS[name].views)[0] for seed in range(30)]
    # What VAT divides by a small difference's length has that difference's rounding: 7e-7 after 15 steps on an H200.
    rtol = 1e-5 if name == 'vat' else 1e-7
    assert_captured(lambda: methods.make_graph(toys, name), batches, 'cuda', rtol=rtol, side_by_side=True)


@pytest.mark.parametrize('name', METHODS)
def test_adaptive_gates_and_views(toys, device, name):
    batches = [methods.batch(seed, methods.METHODS[name].views)[0] for seed in range(7)]
    assert_captured(lambda: methods.make_graph(toys, name), batches, device)


@pytest.mark.parametrize(
    'loss', [dict(type='FitNets'), dict(type='VID'), dict(type='CRD', num_samples=6, embed_dims=4, num_negatives=3)]
)
def test_what_edges_learn(toys, device, loss):
    batches = [toys.batch(seed=seed) for seed in range(7)]
    for batch in batches:
        for i, sample in enumerate(batch['data_samples']):
            sample.set_metainfo(dict(sample_idx=i))
    edges = {'label->net1': toys.label(), 'net2->net1': toys.kl(), 'net2->net1:feature': dict(loss=loss)}
    nodes = dict(net1=toys.node(), net2=toys.node(allow_random=True))
    assert_captured(lambda: toys.build(nodes, edges), batches, device)


def test_adversarial_feature_distillation(toys, device):
    """With a step for each of two phases."""
    edges = {f'label->net{i}': toys.label() for i in (1, 2)}
    for end in ('net2->net1', 'net1->net2'):
        edges |= {end: toys.kl(temperature=3.0), f'{end}:afd': dict(loss=dict(type='AFD', size=4))}
    phases = [dict(name='logits', edges='*'), dict(name='features', edges='*:afd')]
    update = dict(type='SuccessiveUpdate', phases=phases)
    nodes = dict(net1=toys.node(), net2=toys.node())
    batches = [toys.batch(seed=seed) for seed in range(7)]
    assert_captured(lambda: toys.build(nodes, edges, update=update), batches, device)


def images(seed, size=6):
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.randint(256, (size, 1, 16, 16), generator=generator, dtype=torch.uint8)
    labels = torch.randint(5, (size,), generator=generator)
    return dict(inputs=inputs, data_samples=[DataSample().set_gt_label(int(label)) for label in labels])


def float_graph(toys, **arguments):
    preprocessor = dict(type='GraphDataPreprocessor', mean=[100.0], std=[50.0])
    return everything(toys, double=False, data_preprocessor=preprocessor, **arguments)


@pytest.mark.parametrize(
    ('options', 'rtol'),
    [
        (dict(), 1e-3),
        (dict(type='AutocastOptimWrapper'), 5e-2),
        (dict(clip_grad=dict(max_norm=0.5)), 1e-3),
        (dict(optimizer=dict(type='Adam', lr=2.0**-10)), 1e-2),
        (dict(optimizer=dict(type='AdamW', lr=2.0**-10)), 1e-2),
    ],
)
def test_images_are_prepared_in_the_step(toys, device, options, rtol):
    """In float32, in mixed precision, and with other optimisers."""
    optimizer = options.pop('optimizer', dict(SGD, lr=2.0**-7))
    assert_captured(lambda: float_graph(toys), [images(seed) for seed in range(7)], device, optimizer, rtol, **options)


def test_batches_of_another_size(toys, device):
    batches = [images(seed, 4 if seed in (5, 8) else 6) for seed in range(10)]
    optimizer = dict(SGD, lr=2.0**-7)
    recorder, said = assert_captured(lambda: float_graph(toys), batches, device, optimizer, 1e-3)
    assert recorder.steps.count('replay') == 4
    assert said == ['batches of another size, or with other labelled rows, such as the last of an epoch']


def test_validation_in_between(toys, device):
    graph = float_graph(toys).to(device)
    capture(graph)
    wrapper = NodeOptimWrapperConstructor(dict(optimizer=SGD))(graph)
    said = []
    for seed in range(6):
        graph.train().train_step(images(seed), wrapper)
        with torch.no_grad():
            said.append(graph.eval()(torch.ones(1, 1, 16, 16, device=device)).cpu())
    assert all(not torch.equal(said[i], said[i + 1]) for i in range(5))


class Looks(Gate):
    """Waits for the device."""

    def weight(self, loss, target, source, context):
        return loss * float(context.progress)


@pytest.mark.gpu
@HIDDEN
def test_a_part_that_looks_is_seen_before_anything_is_recorded(toys):
    def make():
        graph = float_graph(toys).to('cuda')
        graph.edges['net2->net1'].gate = Looks()
        return graph

    direct, captured = make(), make()
    recorder, said = capture(captured)
    batches = [images(seed) for seed in range(6)]
    optimizer = dict(SGD, lr=2.0**-7)
    expected = train(direct, batches, dict(optimizer, fused=True))
    assert train(captured, batches, optimizer) == [pytest.approx(log, rel=1e-3, abs=1e-3) for log in expected]
    assert recorder.steps == ['watch'] and len(said) == 1
    assert said[0].startswith('a part waits for the device in the step, at ')
    torch.rand(3, device='cuda')  # a capture that had failed would have broken the generator


def test_dropout_draws_anew(toys, device):
    """A CUDA graph looks up the seed that each step is given."""
    graphs = []
    for _ in range(2):
        graph = toys.build(
            dict(net1=toys.node(), net2=toys.node(allow_random=True)),
            {'label->net1': toys.label(), 'net2->net1': toys.kl()},
        )
        for each in graph.nodes.values():
            each.network.head.fc = torch.nn.Sequential(torch.nn.Dropout(0.5), each.network.head.fc)
        graphs.append(graph.to(device))
    recorder, _ = capture(graphs[1])
    batches = [toys.batch(seed=0)] * 7
    expected, found = (train(graph, batches, dict(SGD, lr=0.0, fused=True)) for graph in graphs)
    assert found == [pytest.approx(log, rel=1e-7) for log in expected]
    assert len({log['loss'] for log in found}) == 7 and recorder.steps.count('replay') == 3


@pytest.mark.slow
@pytest.mark.gpu
@HIDDEN
@pytest.mark.parametrize('amp', [False, True])
def test_a_run_and_a_resumed_one(tiny_runner, tmp_path, amp, monkeypatch):
    """With a loader that pins memory beside it, validation, checkpoints, and a last batch of another size."""
    recorders = []

    class Recorder(CountingRecorder):
        def __init__(self, side_by_side):
            super().__init__(side_by_side)
            recorders.append(self)

    monkeypatch.setattr(switch, 'CudaRecorder', Recorder)
    changes = {
        'train_dataloader.dataset.indices': 106,  # six batches of 16 and one of 10
        'train_dataloader.drop_last': False,
        'train_dataloader.num_workers': 1,
        'train_dataloader.pin_memory': True,
        'default_hooks.checkpoint.max_keep_ckpts': -1,
    }

    def run(capture, work_dir, **options):
        runner = tiny_runner(changes | {'env_cfg.capture': capture}, work_dir, amp=amp, **options)
        runner.train()
        weights = {name: value.cpu() for name, value in runner.model.state_dict().items()}
        assert all(value.isfinite().all() for value in weights.values() if value.is_floating_point())
        return runner, weights

    _, plain = run(False, 'plain')
    assert not recorders
    whole, found = run(True, 'captured')
    assert recorders[0].steps == ['watch', 'record', *['replay'] * 8]
    worst = max(float((plain[name] - found[name]).abs().max()) for name in plain if 'fc.weight' in name)
    assert worst < 0.1
    resumed, weights = run(True, 'resumed', resume=str(tmp_path / 'captured/epoch_1.pth'))
    worst = max(float((weights[name] - found[name]).abs().max()) for name in found if 'fc.weight' in name)
    assert worst < 0.1 and resumed.epoch == whole.epoch == 2
    assert recorders[1].steps == ['watch', 'record', 'replay', 'replay']
    step_by_step, _ = run(False, 'again', resume=str(tmp_path / 'captured/epoch_1.pth'))
    assert step_by_step.epoch == 2


@pytest.mark.gpu
@HIDDEN
def test_it_is_on_where_possible(tiny_runner):
    assert isinstance(tiny_runner({'env_cfg.capture': 'auto'}).model.captured, CapturedStep)
    assert tiny_runner().model.captured is None
