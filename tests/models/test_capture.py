"""Every gate, loss, alignment and update can be captured on a GPU: replayed on other inputs, it does as if run anew."""

import copy
import importlib.util
from pathlib import Path

import pytest
import torch
from mmpretrain.structures import DataSample

from ktg_mm.engine.capture import CapturedStep
from ktg_mm.engine.capture.step_rates import wrappers_of
from ktg_mm.engine.optimizers import NodeOptimWrapperConstructor, PhaseOptimWrapper
from ktg_mm.models.gates import Gate, StabilityGate
from ktg_mm.models.losses import EdgeLoss
from ktg_mm.registry import ALIGNMENTS, GATES, UPDATES
from ktg_mm.structures import LabelOutput, NodeOutput, TransferContext


def load(name):
    spec = importlib.util.spec_from_file_location(f'capture_{Path(name).stem}', Path(__file__).parent / name)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


replay, gates, losses = load('replay.py'), load('gates/test_base.py'), load('losses/test_base.py')
methods = load('test_semi_supervised_methods.py')
PROGRESS = (0.001, 0.3, 0.0015, 0.9, 0.31, 1.0)  # of a step that warms up, of the recorded one, of those that replay it


def assert_replays(part, run, values):
    """Records ``run(part, inputs)`` and replays it on other ``values(step)``; a twin runs anew on each.

    Returns:
        The results and the states after each step.
    """
    values = [dict(values(step), progress=torch.tensor(p, dtype=torch.float64)) for step, p in enumerate(PROGRESS)]
    static = copy.deepcopy(values[0])
    run(part, static)
    twin, found = copy.deepcopy(part), []
    replay.overwrite(static, values[1])
    with replay.Recording([*part.parameters(), *part.buffers(), *static.values(), losses.LABELS]) as recording:
        results = run(part, static)
    for step, inputs in enumerate(values[1:]):
        if step:
            replay.overwrite(static, inputs)
            recording.replay()
        torch.testing.assert_close(results, run(twin, inputs), rtol=0, atol=0)
        torch.testing.assert_close(part.state_dict(), twin.state_dict(), rtol=0, atol=0)
        found.append([value.clone() for value in replay.tensors_in([*results, *part.buffers()])])
    return found


def changes(found):
    """Whether the results of the steps are not all alike."""
    return any(
        not torch.equal(first, other) for other in found[1:] for first, other in zip(found[0], other, strict=True)
    )


def gate_values(step):
    generator = torch.Generator().manual_seed(step)
    names = 'target', 'source', 'other_target', 'other_source', 'labeled'
    values = dict(zip(names, torch.randn(5, 8, 4, generator=generator, dtype=torch.float64), strict=True))
    values['loss'] = torch.rand(8, generator=generator, dtype=torch.float64)
    values['labels'], values['labeled_labels'] = torch.randint(4, (2, 8), generator=generator)
    values['sample_ids'] = torch.randperm(20, generator=generator)[:8]
    # A source that is right and sure on some, a node that says the same in both views.
    values['source'][:4] = 3 * torch.eye(4, dtype=torch.float64)[values['labels'][:4]]
    values['other_source'][:6] = values['source'][:6] * 0.9
    return values


def context_of(values):
    said = {
        name: NodeOutput(values[key])
        for name, key in (
            ('labeled_source', 'labeled'), ('other_target', 'other_target'), ('other_source', 'other_source')
        )
    }  # fmt: skip
    return TransferContext(
        values['labels'],
        values['progress'],
        source_name='a',
        target_name='b',
        seed=3,
        sample_ids=values['sample_ids'],
        labeled_labels=values['labeled_labels'],
        **said,
    )


def weigh(gate, values):
    source = NodeOutput(values['source'])
    return gate(values['loss'], NodeOutput(values['target']), source, context_of(values))


def weigh_the_label(gate, values):
    source = LabelOutput(values['labels'], 4)
    return gate(values['loss'], NodeOutput(values['target']), source, context_of(values))


@pytest.mark.parametrize('training', [True, False])
@pytest.mark.parametrize('name', sorted(GATES.module_dict))
def test_every_gate(name, training):
    gate = gates.make(name).double().train(training)
    found = assert_replays(gate, weigh, gate_values)
    # What is compared is no constant: the weights or the state, behind the gated loss.
    assert not training or gate.cut or gate.open or changes([result[1:] for result in found])


@pytest.mark.parametrize(
    'name', [name for name, gate in sorted(GATES.module_dict.items()) if not any(n.between_nodes for n in gate.needs)]
)
def test_every_gate_of_the_label(name):
    assert_replays(gates.make(name).double(), weigh_the_label, gate_values)


def test_students_that_are_paired_anew():
    gate = StabilityGate(0.3, 'other', ['a', 'b', 'c', 'd'])
    found = assert_replays(gate, weigh, lambda step: gate_values(0))
    assert changes(found)  # by the progress alone


@pytest.mark.parametrize('length', [None, 3])
@pytest.mark.parametrize('target', ['uniform', 'labeled'])
@pytest.mark.parametrize('name', sorted(ALIGNMENTS.module_dict))
def test_every_alignment(name, target, length):
    align = ALIGNMENTS.build(dict(type=name, target=target, momentum=0.7, length=length))
    align.set_num_classes(4)

    def run(align, values):
        return [align(NodeOutput(values['source']), context_of(values)).probabilities()]

    assert changes(assert_replays(align.double(), run, gate_values))


def loss_values(step):
    generator = torch.Generator().manual_seed(step)
    ends = dict(target=losses.tensors(10 + step), source=losses.tensors(30 + step, end='source'))
    values = {f'{end} {i}': value for end, parts in ends.items() for i, value in enumerate(parts)}
    labels, ids = torch.randint(5, (6,), generator=generator), torch.randperm(12, generator=generator)[:6]
    labeled_ids = torch.randperm(12, generator=generator)[:6]
    return values | dict(labels=labels, sample_ids=ids, labeled_ids=labeled_ids)


def compare(source):
    """A loss with its gradients, those of its own weights included."""

    def run(loss, values):
        target = [values[key].requires_grad_() for key in values if key.startswith('target')]
        teacher = [values[key] for key in values if key.startswith('source')]
        known = {key: values[key] for key in ('labels', 'progress', 'sample_ids', 'labeled_ids')}
        context = losses.make_context(target, teacher, seed=3, **known)
        teacher = losses.make_source(source, values['labels'], teacher, loss)
        value = loss(losses.Output(*target), teacher, context)
        leaves = [*target, *(parameter for parameter in loss.parameters() if parameter.requires_grad)]
        gradients = torch.autograd.grad(value.mean(), leaves, allow_unused=True)
        return [value, *(gradient for gradient in gradients if gradient is not None)]

    return run


@pytest.mark.parametrize('training', [True, False])
@pytest.mark.parametrize(('name', 'source'), losses.cases)
def test_every_loss(name, source, training):
    assert changes(assert_replays(losses.make(name).train(training), compare(source), loss_values))


# Parts that a GPU could not capture, and what is found.


class Reads(Gate):
    def weight(self, loss, target, source, context):
        return float(context.progress)


class ReadsForABranch(Gate):
    def weight(self, loss, target, source, context):
        return loss * 2 if context.progress > 0.5 else loss


class Counts(Gate):
    """Its number is part of what is recorded."""

    count = 0

    def weight(self, loss, target, source, context):
        self.count += 1
        return 1.0 / self.count


class FromOutside(Gate):
    def weight(self, loss, target, source, context):
        return torch.tensor([0.5] * len(loss))


class LooksAtAValue(EdgeLoss):
    def forward(self, target, source, context):
        loss = target.logits.square().sum(dim=1)
        return loss if loss.max() > 1 else 2 * loss


class Selects(EdgeLoss):
    def forward(self, target, source, context):
        return target.logits[target.logits > 0].mean().expand(len(target.logits))


class Repeats(EdgeLoss):
    def forward(self, target, source, context):
        return target.logits.sum(dim=1) * context.labels.nonzero().sum()


@pytest.mark.parametrize('part', [Reads, ReadsForABranch, LooksAtAValue, Selects, Repeats, FromOutside])
def test_what_cannot_be_captured_is_found(part):
    run, values = (weigh, gate_values) if issubclass(part, Gate) else (compare('node'), loss_values)
    with pytest.raises(replay.CaptureError):
        assert_replays(part(), run, values)


def test_a_number_of_the_host_is_found():
    with pytest.raises(AssertionError, match='not equal'):
        assert_replays(Counts(), weigh, gate_values)


# Whole steps.


def train(graph, wrapper, batches, capture):
    """The logs of training steps, with the first one run anew and the others as replays of the second, if captured."""
    logs, static = [], None
    if capture:  # what is before the step has been done
        graph.data_preprocessor.forward = lambda data, training: data
        graph.samples_of = lambda samples, rows: samples
    for step, batch in enumerate(batches):
        graph.progress = (step + 1) / len(batches)
        if not capture:
            log = graph.train_step(batch, wrapper)
        else:
            static = batch if step == 0 else static
            replay.overwrite(static, batch)
            if step == 0:
                graph.train_step(static, wrapper)
                continue
            if step == 1:
                known = [*graph.parameters(), *graph.buffers(), *replay.tensors_in([states_of(wrapper), static])]
                with replay.Recording(known) as recording:
                    log = graph.train_step(static, wrapper)
            else:
                recording.replay()
        logs.append({name: value if isinstance(value, float) else value.clone() for name, value in log.items()})
    return logs if capture else logs[1:]


def states_of(wrapper):
    """What the optimiser, or that of each phase, keeps for the next step."""
    wrappers = wrapper.values() if isinstance(wrapper, PhaseOptimWrapper) else [wrapper]
    return [value for each in wrappers for state in each.optimizer.state.values() for value in state.values()]


def optimiser_of(graph, toys, kind='SGD', **options):
    """SGD; with phases for each one of its own, with a momentum of its own."""
    phases = getattr(graph.update, 'edges', None)
    options = dict(type=kind, lr=0.1, weight_decay=1e-2) | options
    if phases is None:
        options |= dict(momentum=0.9) if kind == 'SGD' else {}
        return NodeOptimWrapperConstructor(dict(optimizer=options))(graph)
    by_phase = {phase: dict(optimizer=dict(options, momentum=0.9 - 0.2 * i)) for i, phase in enumerate(phases)}
    return NodeOptimWrapperConstructor(by_phase)(graph)


def update_of(name, **phases):
    """The config of an update, with phases if it has some."""
    listed = [dict(name=phase, edges=edges) for phase, edges in phases.items()]
    return dict(type=name, **(dict(phases=listed) if name == 'SuccessiveUpdate' else {}))


def prepared(graph, batch):
    """What the step is given: images and what is known of them, on the device, each in memory of its own."""
    batch = graph.data_preprocessor(copy.deepcopy(batch), training=True)
    return copy.deepcopy(
        dict(inputs=batch['inputs'], data_samples=graph.samples_of(batch['data_samples'], batch.get('rows')))
    )


def assert_steps_replay(make, toys, batches):
    graphs = make(), make()
    wrappers = [optimiser_of(graph, toys) for graph in graphs]
    expected = train(graphs[0], wrappers[0], batches, capture=False)
    inputs = [prepared(graphs[1], batch) for batch in batches]
    found = train(graphs[1], wrappers[1], inputs, capture=True)
    torch.testing.assert_close(found, expected, rtol=0, atol=0)
    torch.testing.assert_close(graphs[1].state_dict(), graphs[0].state_dict(), rtol=0, atol=0)
    states = [states_of(wrapper) for wrapper in wrappers]
    assert states[0]
    torch.testing.assert_close(states[1], states[0], rtol=0, atol=0)
    assert len({float(log['loss']) for log in found}) == len(batches) - 1
    assert_captured_steps(make, toys, batches)
    return found


def train_at_rates(graph, wrapper, batches):
    """The logs of steps of which each has another learning rate."""
    logs = []
    for step, batch in enumerate(batches):
        graph.progress = (step + 1) / len(batches)
        torch.manual_seed(step)
        for each in wrappers_of(wrapper):
            for i, group in enumerate(each.optimizer.param_groups):
                group['lr'] = 0.1 / (1 + step + i)
        log = graph.train_step(copy.deepcopy(batch), wrapper)
        logs.append({name: float(value) for name, value in log.items()})
    return logs


def captured_graph(make, toys, **options):
    """A graph whose steps are recorded, with its optimiser and the stand-in for the recorder of CUDA graphs."""
    graph = make()
    wrapper = optimiser_of(graph, toys, **options)
    recorder = replay.TraceRecorder(
        lambda: [*graph.parameters(), *graph.buffers(), *captured.batch.tensors(), *captured.rates.tensors()]
    )
    captured = graph.captured = CapturedStep(recorder, pytest.fail)
    return graph, wrapper, recorder


def assert_captured_steps(make, toys, batches, **options):
    """The second step is recorded; it and its replays do what steps in the optimiser's same kernels do."""
    graph, wrapper = (direct := make()), optimiser_of(direct, toys, fused=True, **options)
    expected = train_at_rates(graph, wrapper, batches)
    captured, other, recorder = captured_graph(make, toys, **options)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr('ktg_mm.engine.capture.captured_step.WARM_UP', 1)
        assert train_at_rates(captured, other, batches) == expected
    assert recorder.steps == ['watch', 'record', *['replay'] * (len(batches) - 2)]
    torch.testing.assert_close(captured.state_dict(), graph.state_dict(), rtol=0, atol=0)
    momenta = [[value for value in states_of(each) if value.any()] for each in (wrapper, other)]
    assert momenta[0]
    torch.testing.assert_close(momenta[1], momenta[0], rtol=0, atol=0)
    for first, second in zip(wrappers_of(wrapper), wrappers_of(other), strict=True):
        for group, its in zip(first.optimizer.param_groups, second.optimizer.param_groups, strict=True):
            assert isinstance(its['lr'], float) and its['lr'] == group['lr']


def everything_learns(toys, update):
    """Distillation, mutual learning, gates that follow the progress, attention, an ensemble and a moving average."""
    nodes = {name: toys.node('abn', allow_random=True) for name in ('net1', 'net2', 'teacher1', 'teacher2', 'mean')}
    nodes['vote'] = dict(type='EnsembleNode', members=['net1', 'net2'])
    attention = dict(loss=[dict(type='KLDivergence'), dict(type='AttentionMSE')], gate=dict(type='CorrectGate'))
    edges = {
        'label->net1': toys.label(),
        'label->net2': toys.label(dict(type='LinearGate')),
        'teacher1->net1': toys.kl(temperature=4.0, gate=dict(type='RampUpGate', length=0.7)),
        'teacher2->net1': toys.kl(dict(type='SineGate', frequency=0.5, phase=1.0)),
        'net2->net1': attention,
        'net1->net2': dict(loss=dict(type='ProbabilityCosine'), gate=dict(type='NegativeLinearGate')),
        'vote->net2': toys.kl(),
        'mean->net1': toys.kl(),
        'net1->mean': dict(type='EMAEdge', decay=0.9),
    }
    return toys.build(nodes, edges, update=update_of(update, label='*', taught='net?->*', teachers=['t*', 'mean->*']))


@pytest.mark.parametrize('update', sorted(UPDATES.module_dict))
def test_every_update(update, toys):
    batches = [toys.batch(seed=seed) for seed in range(5)]
    logs = assert_steps_replay(lambda: everything_learns(toys, update), toys, batches)
    assert all(log['gate/label->net2'] == pytest.approx((step + 2) / 5) for step, log in enumerate(logs))
    if update == 'PCGradUpdate':  # net1 has several teachers, whose order matters
        assert any(sum(value for name, value in log.items() if name.startswith('conflict/net1')) > 1 for log in logs)


@pytest.mark.parametrize('name', methods.METHODS)
def test_every_semi_supervised_method(name, toys):
    batches = [methods.batch(seed, methods.METHODS[name].views)[0] for seed in range(4)]
    assert_steps_replay(lambda: methods.make_graph(toys, name), toys, batches)


@pytest.mark.parametrize('update', sorted(UPDATES.module_dict))
def test_labelled_samples_that_do_not_come_first(update, toys):
    edges = {'label->net1': toys.label(samples='labeled'), 'net2->net1': toys.kl(samples='unlabeled')}
    nodes = dict(net1=toys.node(), net2=toys.node(allow_random=True))
    batches = [toys.batch(seed=seed) for seed in range(4)]
    for batch in batches:
        for i in (0, 2, 3):
            batch['data_samples'][i].set_gt_label(-1)
    update = update_of(update, label='label->*', taught='net2->*')
    assert_steps_replay(lambda: toys.build(nodes, edges, update=update), toys, batches)


@pytest.mark.parametrize('norm', ['BN', 'GN'])
def test_adversarial_feature_distillation(toys, norm):
    """With a transfer layer at one end, and both optimisers."""
    norm_cfg = dict(type='GN', num_groups=2) if norm == 'GN' else None
    nodes = dict(net1=toys.node(), net2=toys.node())
    nodes['net2']['network'] = toys.network(base_channels=6)
    nodes['net2']['network']['head']['in_channels'] = 24
    edges = {f'label->net{i}': toys.label() for i in (1, 2)}
    for end in ('net2->net1', 'net1->net2'):
        edges |= {end: toys.kl(temperature=3.0), f'{end}:afd': dict(loss=dict(type='AFD', size=4, norm_cfg=norm_cfg))}
    update = update_of('SuccessiveUpdate', logits='*', features='*:afd')
    batches = [toys.batch(seed=seed) for seed in range(5)]
    assert_steps_replay(lambda: toys.build(nodes, edges, update=update), toys, batches)


def dense(kind, **backbone):
    """Config of a small dense network, or of one that stands in its place."""
    head = dict(type='LinearClsHead', num_classes=5, in_channels=12)
    backbone = dict(type=kind, in_channels=1, hidden_channels=(8, 8, 12), stem_channels=8) | backbone
    return dict(type='ImageClassifier', backbone=backbone, neck=dict(type='GlobalAveragePooling'), head=head)


@pytest.mark.parametrize('loss', ['KLDivergence', 'CWTM', 'DKPP'])
def test_born_again_networks_that_share_layers_of_their_teacher(loss, toys, tmp_path):
    teacher = dict(type='NetworkNode', network=dense('CIFARDenseNet', depth=16, growth_rate=4))
    trained = toys.build(dict(net=teacher), {'label->net': toys.label()}, 'net')
    torch.save(dict(state_dict=trained.state_dict()), tmp_path / 'gen0.pth')
    nodes = dict(
        teacher=dict(teacher, checkpoint=str(tmp_path / 'gen0.pth'), prefix='nodes.net.network.'),
        net1=dict(
            type='NetworkNode',
            network=dense('BornAgainResNet'),
            share=dict(node='teacher', modules=['backbone.conv1', 'head.fc']),
        ),
    )
    edges = {'teacher->net1': dict(loss=dict(type=loss))}
    batches = [toys.batch(seed=seed) for seed in range(4)]
    assert_steps_replay(lambda: toys.build(nodes, edges, 'net1'), toys, batches)


def test_language_models(toys):
    """Chunks of a text with what comes before them, teachers, gates, and weights that are tied."""
    generator = torch.Generator().manual_seed(0)

    def chunks():
        text = torch.randint(7, (3, 10), generator=generator)
        return dict(inputs=text[:, :-1], data_samples=[DataSample().set_gt_label(row[-4:].clone()) for row in text])

    def make():
        network = dict(type='LanguageModel', vocab_size=7, length=4, dims=6, dropout=0.0)
        node = dict(type='NetworkNode', network=network)
        nodes = dict(net1=node, net2=dict(node, network=dict(network, tied=True)), old=dict(node, allow_random=True))
        edges = {
            'label->net1': toys.label(),
            'label->net2': toys.label(dict(type='LinearGate')),
            'old->net1': toys.kl(temperature=2.0),
            'net2->net1': toys.kl(dict(type='CorrectGate')),
        }
        return toys.build(nodes, edges, data_preprocessor=dict(type='TokenPreprocessor'))

    batches = [chunks() for _ in range(4)]
    assert_steps_replay(make, toys, batches)
