"""What every registered loss must do; a loss that is added and needs no arguments is tested without a change here."""

import pytest
import torch

import ktg_mm.models  # noqa: F401  registers
from ktg_mm.models.edges import TransferEdge
from ktg_mm.models.gates import ThroughGate
from ktg_mm.models.losses import EdgeLoss, FeatureCosine, FeatureLoss, ProjectionLoss
from ktg_mm.models.needs import Attention, Classifiers
from ktg_mm.registry import LOSSES
from ktg_mm.structures import LabelOutput, NodeOutput, TransferContext

# Of losses that need some, by name; with batch norm samples would mix, as they do in the networks.
GROUP_NORM = dict(norm_cfg=dict(type='GN', num_groups=2))
ARGUMENTS = {
    'CRD': dict(num_samples=12, num_negatives=3),
    'FitNets': GROUP_NORM,
    'FeatureL1': GROUP_NORM,
    'ICKD': GROUP_NORM,
    'FEED': GROUP_NORM,
    'FT': GROUP_NORM,
    'ReviewKD': GROUP_NORM,
    'FSP': dict(layers=['alike.0', 'alike.1']),
    'SVD': dict(layers=['map', 'backbone.layer3']),  # each more takes seconds
    'Negated': dict(loss=dict(type='KLDivergence')),
    'Reciprocal': dict(loss=dict(type='KLDivergence'), eps=0.1),
    'AFD': dict(size=5, **GROUP_NORM),
    'FeatureCosine': dict(size=5),
    'SimMatch': dict(num_labels=12, threshold=0.0),
    'CoMatch': dict(queue_size=5, other_view='other', threshold=0.0),
}
ONE_LAYER = (FeatureCosine, ProjectionLoss)  # for both ends, which are one network
SEEDS = {'FeatureCosine': 5}  # with which the samples that the tests look at are not at its 0
# Their values have parts that are not the target's to learn; their own tests have their gradients.
NOT_THE_TARGETS = {'AFD'}
cases = [(name, source) for name in sorted(LOSSES.module_dict) for source in LOSSES.get(name).sources]
every_loss = pytest.mark.parametrize(('name', 'source'), cases)
every_loss_of_single_samples = pytest.mark.parametrize(
    ('name', 'source'),
    [case for case in cases if not LOSSES.get(case[0]).adaptive and not LOSSES.get(case[0]).relational],
)
# Shapes of a layer's features; a loss that joins unlike channels has something to join.
SHAPES = {
    'target': {'map': (4, 5, 5), 'embedding': (8,)},
    'source': {'map': (3, 5, 5), 'embedding': (5,)},
}
KINDS = ('logits', 'attention', 'attention_logits', 'map', 'embedding', 'classifier')


def kind_of(layer):
    return 'embedding' if layer == 'embedding' else 'map'


def shape_of(end, layer):
    """For losses that need as many channels at both ends there are layers that have them."""
    return SHAPES['source' if layer.startswith('alike') else end][kind_of(layer)]


def make(name, dtype=torch.float64, **arguments):
    torch.manual_seed(SEEDS.get(name, 0))  # what it learns of its own begins alike
    loss = LOSSES.build(dict(type=name, **ARGUMENTS.get(name, {}), **arguments))
    loss.set_num_classes(5)
    if isinstance(loss, FeatureLoss):
        loss.set_shapes(**{end: [torch.Size(shape_of(end, layer)) for layer in loss.layers[end]] for end in SHAPES})
    if name == 'SimMatch':  # a labelled sample has come before, else there would be nothing to compare with
        loss.classes[::2], loss.memory[:, 0] = torch.arange(6) % 5, 1.0
    return loss.double() if dtype == torch.float64 else loss


def tensors(seed, dtype=torch.float64, end='target', index=slice(None)):
    """What one node gives for six images, see KINDS; of some of them, if told so."""
    generator = torch.Generator().manual_seed(seed)
    shapes = [(6, 5), (6, 7, 7), (6, 5), *((6, *SHAPES[end][kind]) for kind in ('map', 'embedding')), (5, 4)]
    values = dict(zip(KINDS, (torch.randn(s, generator=generator, dtype=torch.float64) for s in shapes), strict=True))
    values['attention'] = values['attention'].sigmoid()
    return [(value if kind == 'classifier' else value[index]).to(dtype) for kind, value in values.items()]


class Output(NodeOutput):
    """A node's output, whose layers all give the map or, where they are alike, its first channels; or the embedding."""

    def __init__(self, logits, attention, attention_logits, map_, embedding, classifier, alike=False):
        if alike:  # for a loss that has one layer for both ends
            map_ = torch.cat([map_, map_], dim=1)[:, : SHAPES['target']['map'][0]]
            embedding = torch.cat([embedding, embedding], dim=1)[:, : SHAPES['target']['embedding'][0]]
        features = {layer: map_[:, :3] if layer.startswith('alike') else map_ for layer in LAYERS} | {
            'embedding': embedding
        }
        super().__init__(logits, attention, attention_logits, features)


LAYERS = {
    layer
    for name, _ in cases
    if issubclass(LOSSES.get(name), FeatureLoss)
    for layers in make(name).layers.values()
    for layer in layers
}


def make_source(kind, labels, values, loss=None):
    alike = isinstance(loss, ONE_LAYER)
    return LabelOutput(labels, 5) if kind == 'label' else Output(*values, alike=alike).detach()


LABELS = torch.tensor([4, 0, 1, 1, 2, 3])


def make_context(target, source, index=slice(None), **known):
    """All that a loss can ask for; ``known`` instead of what the tests go by."""
    classifiers = dict(target_classifier=target[-1], source_classifier=source[-1].detach())
    labels, ids = known.get('labels', LABELS[index]), torch.arange(6)[index]
    # The samples with labels are others, which the source teaches nobody with.
    labeled = Output(*(value.detach().flip(0) for value in source), alike=True)
    known = dict(labels=labels, progress=0.5, sample_ids=ids, labeled_ids=ids + 3) | known
    known |= dict(
        turns=ids % 4,
        labeled_source=labeled,
        labeled_labels=labels,
        other_target=Output(*(2 * value for value in target)),
    )
    return TransferContext(**known, **classifiers)


def compare(loss, source, target, values, index=slice(None)):
    """The loss of two nodes' tensors, or of one's and the label."""
    context = make_context(target, values, index)
    return loss(Output(*target), make_source(source, LABELS[index], values, loss), context)


def compute(name, source, dtype=torch.float64, index=slice(None), target=None):
    target = target or tensors(1, dtype, index=index)
    return compare(make(name, dtype), source, target, tensors(2, dtype, 'source', index), index)


def test_the_papers_losses_are_registered():
    assert set(LOSSES.module_dict) >= {
        'CrossEntropy', 'KLDivergence', 'ProbabilityCosine', 'AttentionMSE', 'AttentionCosine', 'ProbabilityMSE',
        'PseudoLabel'
    }  # fmt: skip
    assert all(issubclass(loss, EdgeLoss) for loss in LOSSES.module_dict.values())
    assert all(set(loss.sources) <= {'label', 'node'} and loss.sources for loss in LOSSES.module_dict.values())


@every_loss
@pytest.mark.parametrize('dtype', [torch.float64, torch.float32, torch.bfloat16])
def test_one_finite_number_a_sample(name, source, dtype):
    loss = compute(name, source, dtype)
    assert loss.shape == (6,) and loss.isfinite().all()
    torch.testing.assert_close(loss.double(), compute(name, source), rtol=0.05, atol=0.05)


@every_loss_of_single_samples
def test_samples_do_not_mix(name, source):
    if LOSSES.get(name).draws:
        pytest.skip('what it draws depends on the row: its own test compares samples of one row')
    whole = compute(name, source)
    order = torch.tensor([3, 1, 0, 2, 5, 4])
    torch.testing.assert_close(compute(name, source, index=order), whole[order], rtol=1e-12, atol=1e-12)
    for i in range(6):
        torch.testing.assert_close(compute(name, source, index=[i]), whole[i : i + 1], rtol=1e-12, atol=1e-12)


@every_loss
def test_gradient_flows_into_the_target_alone(name, source):
    target = [t.requires_grad_() for t in tensors(1)]
    values = [t.requires_grad_() for t in tensors(2, end='source')]
    loss = make(name)
    alike = isinstance(loss, ONE_LAYER)
    teacher = LabelOutput(LABELS, 5) if source == 'label' else Output(*values, alike=alike)
    edge = TransferEdge('a->b', [loss], ThroughGate())
    edge(Output(*target), teacher, make_context(target, values)).loss.backward()
    assert all(t.grad is None for t in values)
    reached = [t.grad for t in target if t.grad is not None]
    assert reached and all(gradient.isfinite().all() and gradient.any() for gradient in reached)
    assert (target[1].grad is not None) == any(isinstance(need, Attention) for need in loss.needs)
    assert (target[5].grad is not None) == any(isinstance(need, Classifiers) for need in loss.needs)
    assert (target[0].grad is not None) == loss.trains_head
    assert (target[2].grad is not None) == loss.trains_attention_branch
    kinds = {kind_of(layer) for layer in getattr(loss, 'layers', {'target': ()})['target']}
    assert {kind for kind in ('map', 'embedding') if target[KINDS.index(kind)].grad is not None} == kinds
    assert all(p.grad.isfinite().all() and p.grad.any() for p in loss.parameters())


@pytest.mark.parametrize('name', [name for name, source in cases if source == 'node'])
def test_a_source_that_is_not_detached_learns_where_the_loss_says_so(name):
    teaches = LOSSES.get(name).teaches_source
    arguments = {None: teaches} if isinstance(teaches, bool) else {None: False, teaches: True}
    for argument, expected in arguments.items():
        target, values = tensors(1), [t.requires_grad_() for t in tensors(2, end='source')]
        loss = make(name, **({argument: 0.5} if argument else {}))
        context = make_context([t.requires_grad_() for t in target], values)
        context.source_classifier = values[-1]
        loss(Output(*target), Output(*values, alike=isinstance(loss, ONE_LAYER)), context).sum().backward()
        assert any(t.grad is not None and bool(t.grad.any()) for t in values) == expected


@pytest.mark.parametrize(('name', 'source'), [case for case in cases if case[0] not in NOT_THE_TARGETS])
def test_gradcheck(name, source):
    target = [t.requires_grad_() for t in tensors(1)]
    learned = make(name)

    def loss(*target):
        return compare(learned, source, target, tensors(2, end='source'))

    reached = torch.autograd.grad(loss(*target).sum(), target, allow_unused=True)
    learned.eval()  # what a batch leaves behind is no function of the target's output
    places = [i for i, gradient in enumerate(reached) if gradient is not None]

    def loss_of_what_it_looks_at(*leaves):
        return loss(*(leaves[places.index(i)] if i in places else target[i] for i in range(len(KINDS))))

    assert torch.autograd.gradcheck(loss_of_what_it_looks_at, [target[i] for i in places])


@every_loss_of_single_samples
def test_one_gradient_a_sample(name, source):
    target = [t.requires_grad_() for t in tensors(1)]
    compute(name, source, target=target)[2].backward()
    for t in target:
        if t.grad is not None:
            assert t.grad[2].any() and not t.grad[[0, 1, 3, 4, 5]].any()


@every_loss
@pytest.mark.parametrize('scale', [0.0, 1e4])
def test_extreme_outputs_stay_finite(name, source, scale):
    target, values = tensors(1, torch.float32), tensors(2, torch.float32, end='source')
    for t in (target, values):
        t[0], t[1] = t[0] * 1e4, torch.zeros_like(t[1])
        t[3:] = [feature * scale for feature in t[3:]]
    leaves = [t.detach().requires_grad_() for t in target]
    loss = compare(make(name, torch.float32), source, leaves, values)
    loss.sum().backward()
    assert loss.isfinite().all()
    assert all(t.grad.isfinite().all() for t in leaves if t.grad is not None)


@every_loss
def test_a_batch_of_one(name, source):
    target = [t.requires_grad_() for t in tensors(1, index=[0])]
    loss = compute(name, source, target=target, index=[0])
    loss.sum().backward()
    assert loss.shape == (1,) and loss.isfinite().all()
    assert all(t.grad.isfinite().all() for t in target if t.grad is not None)


@every_loss
def test_a_second_batch_before_the_first_ones_backward_pass(name, source):
    target = [t.requires_grad_() for t in tensors(1)]
    loss = make(name)
    values = [[scale * t for t in tensors(2, end='source')] for scale in (1.0, 2.0)]
    both = [compare(loss, source, target, v) for v in values]
    sum(both).sum().backward()
    assert all(t.grad.isfinite().all() for t in target if t.grad is not None)


@every_loss
def test_the_state_moves_in_training_mode_alone_and_is_saved(name, source):
    def run(loss, seed):
        return compare(loss, source, tensors(1), tensors(seed, end='source'))

    loss, fresh = make(name), make(name)
    for seed in (2, 3):
        run(loss, seed)
    state = {key: value.clone() for key, value in loss.state_dict().items()}
    assert loss.adaptive or not state.keys() - dict(loss.named_parameters()).keys()
    loss.eval()
    run(loss, 4)
    assert all(torch.equal(value, loss.state_dict()[key]) for key, value in state.items())
    fresh.load_state_dict(state)
    loss.train()
    for seed in (5, 6):
        torch.testing.assert_close(run(fresh, seed), run(loss, seed), rtol=0, atol=0)


def test_the_base_asks_for_a_formula():
    with pytest.raises(NotImplementedError):
        EdgeLoss()(None, None, None)
