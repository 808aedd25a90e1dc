"""What every registered loss must do; a loss that is added and needs no arguments is tested without a change here."""

import pytest
import torch

import ktg_mm.models  # noqa: F401  registers
from ktg_mm.models.edges import TransferEdge
from ktg_mm.models.gates import ThroughGate
from ktg_mm.models.losses import EdgeLoss
from ktg_mm.models.needs import Attention
from ktg_mm.registry import LOSSES
from ktg_mm.structures import LabelOutput, NodeOutput, TransferContext

ARGUMENTS = {}  # of losses that need some, by name
cases = [(name, source) for name in sorted(LOSSES.module_dict) for source in LOSSES.get(name).sources]
every_loss = pytest.mark.parametrize(('name', 'source'), cases)
every_loss_of_single_samples = pytest.mark.parametrize(
    ('name', 'source'), [case for case in cases if not LOSSES.get(case[0]).adaptive]
)
FIELDS = ('logits', 'attention', 'attention_logits')


def make(name):
    loss = LOSSES.build(dict(type=name, **ARGUMENTS.get(name, {})))
    loss.set_num_classes(5)
    return loss


def tensors(seed, dtype=torch.float64, size=6):
    """Logits, attention maps and the attention branch's logits of one node."""
    generator = torch.Generator().manual_seed(seed)
    shapes = (size, 5), (size, 7, 7), (size, 5)
    logits, attention, attention_logits = (torch.randn(s, generator=generator, dtype=torch.float64) for s in shapes)
    return [t.to(dtype) for t in (logits, attention.sigmoid(), attention_logits)]


def make_source(kind, labels, values):
    return LabelOutput(labels, 5) if kind == 'label' else NodeOutput(*values).detach()


LABELS = torch.tensor([4, 0, 1, 1, 2, 3])


def compute(name, source, dtype=torch.float64, index=slice(None), target=None):
    labels = LABELS[index]
    target = target or [t[index] for t in tensors(1, dtype)]
    values = [t[index] for t in tensors(2, dtype)]
    return make(name)(NodeOutput(*target), make_source(source, labels, values), TransferContext(labels, 0.5))


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
    whole = compute(name, source)
    order = torch.tensor([3, 1, 0, 2, 5, 4])
    torch.testing.assert_close(compute(name, source, index=order), whole[order], rtol=1e-12, atol=1e-12)
    for i in range(6):
        torch.testing.assert_close(compute(name, source, index=[i]), whole[i : i + 1], rtol=1e-12, atol=1e-12)


@every_loss
def test_gradient_flows_into_the_target_alone(name, source):
    target = [t.requires_grad_() for t in tensors(1)]
    values = [t.requires_grad_() for t in tensors(2)]
    teacher = LabelOutput(LABELS, 5) if source == 'label' else NodeOutput(*values)
    edge = TransferEdge('a->b', [make(name)], ThroughGate())
    edge(NodeOutput(*target), teacher, TransferContext(LABELS, 0.5)).loss.backward()
    assert all(t.grad is None for t in values)
    reached = [t.grad for t in target if t.grad is not None]
    assert reached and all(gradient.isfinite().all() and gradient.any() for gradient in reached)
    assert (target[1].grad is not None) == any(isinstance(need, Attention) for need in make(name).needs)


@every_loss
def test_gradcheck(name, source):
    def loss(*target):
        return compute(name, source, target=list(target))

    assert torch.autograd.gradcheck(loss, [t.requires_grad_() for t in tensors(1)])


@every_loss_of_single_samples
def test_one_gradient_a_sample(name, source):
    target = [t.requires_grad_() for t in tensors(1)]
    compute(name, source, target=target)[2].backward()
    for t in target:
        if t.grad is not None:
            assert t.grad[2].any() and not t.grad[[0, 1, 3, 4, 5]].any()


@every_loss
def test_extreme_outputs_stay_finite(name, source):
    target, values = tensors(1, torch.float32), tensors(2, torch.float32)
    target[0], values[0] = target[0] * 1e4, values[0] * 1e4
    target[1], values[1] = torch.zeros_like(target[1]), torch.zeros_like(values[1])
    leaves = [t.detach().requires_grad_() for t in target]
    loss = make(name)(NodeOutput(*leaves), make_source(source, LABELS, values), TransferContext(LABELS))
    loss.sum().backward()
    assert loss.isfinite().all()
    assert all(t.grad.isfinite().all() for t in leaves if t.grad is not None)


@every_loss
def test_a_second_batch_before_the_first_ones_backward_pass(name, source):
    target = [t.requires_grad_() for t in tensors(1)]
    loss = make(name)
    values = [[scale * t for t in tensors(2)] for scale in (1.0, 2.0)]
    both = [loss(NodeOutput(*target), make_source(source, LABELS, v), TransferContext(LABELS)) for v in values]
    sum(both).sum().backward()
    assert all(t.grad.isfinite().all() for t in target if t.grad is not None)


@every_loss
def test_the_state_moves_in_training_mode_alone_and_is_saved(name, source):
    target = NodeOutput(*tensors(1))

    def run(loss, seed):
        return loss(target, make_source(source, LABELS, tensors(seed)), TransferContext(LABELS))

    loss, fresh = make(name), make(name)
    for seed in (2, 3):
        run(loss, seed)
    state = {key: value.clone() for key, value in loss.state_dict().items()}
    assert loss.adaptive or not state
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
