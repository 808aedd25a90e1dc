"""What every registered gate must do; a gate that is added and needs no arguments is tested without a change here."""

import pytest
import torch

import ktg_mm.models  # noqa: F401  registers
from ktg_mm.models.edges import TransferEdge
from ktg_mm.models.gates import Gate
from ktg_mm.models.losses import KLDivergence
from ktg_mm.registry import GATES
from ktg_mm.structures import NodeOutput, TransferContext

ARGUMENTS = dict(SineGate=dict(frequency=0.7, phase=1.0))
every_gate = pytest.mark.parametrize('name', sorted(GATES.module_dict))


def make(name):
    return GATES.build(dict(type=name, **ARGUMENTS.get(name, {})))


def outputs(dtype=torch.float64, size=8):
    generator = torch.Generator().manual_seed(3)
    target, source = torch.randn(2, size, 4, generator=generator, dtype=torch.float64).to(dtype)
    labels = torch.randint(4, (size,), generator=generator)
    labels[: size // 2] = source[: size // 2].argmax(dim=1)  # a source that is right on some
    loss = torch.rand(size, generator=generator, dtype=torch.float64).to(dtype) + 0.1
    return loss, target, source, labels


def test_the_papers_gates_are_registered():
    assert set(GATES.module_dict) >= {
        'ThroughGate', 'CutoffGate', 'LinearGate', 'NegativeLinearGate', 'CorrectGate', 'SineGate'
    }  # fmt: skip
    assert all(issubclass(gate, Gate) for gate in GATES.module_dict.values())


@every_gate
@pytest.mark.parametrize('dtype', [torch.float64, torch.float32, torch.bfloat16])
@pytest.mark.parametrize('progress', [0.01, 0.4, 1.0])
def test_shape_dtype_and_product(name, dtype, progress):
    loss, target, source, labels = outputs(dtype)
    gated, weight = make(name)(loss, NodeOutput(target), NodeOutput(source), TransferContext(labels, progress))
    assert gated.shape == (8,) and gated.dtype == dtype and gated.isfinite().all()
    torch.testing.assert_close(gated, loss * weight)
    assert not isinstance(weight, torch.Tensor) or weight.shape == (8,)


@every_gate
def test_samples_do_not_mix(name):
    loss, target, source, labels = outputs()

    def gated(index):
        ends = NodeOutput(target[index]), NodeOutput(source[index])
        return make(name)(loss[index], *ends, TransferContext(labels[index], 0.3))[0]

    whole = gated(torch.arange(8))
    order = torch.tensor([3, 1, 7, 0, 2, 6, 5, 4])
    torch.testing.assert_close(gated(order), whole[order], rtol=0, atol=0)
    for i in range(8):
        torch.testing.assert_close(gated(torch.tensor([i])), whole[i : i + 1], rtol=0, atol=0)


@every_gate
def test_gradient_of_the_loss_is_the_weight(name):
    loss, target, source, labels = outputs()
    gate, context = make(name), TransferContext(labels, 0.3)

    def gated(values):
        return gate(values, NodeOutput(target), NodeOutput(source), context)[0]

    assert torch.autograd.gradcheck(gated, loss.requires_grad_())
    (gradient,) = torch.autograd.grad(gated(loss).sum(), loss)
    weight = gate.weight(loss, NodeOutput(target), NodeOutput(source), context)
    torch.testing.assert_close(gradient, torch.ones_like(loss) * weight)


@every_gate
def test_gradient_flows_into_the_target_alone(name):
    _, target, source, labels = outputs()
    target, source = target.requires_grad_(), source.requires_grad_()
    edge = TransferEdge('a->b', [KLDivergence()], make(name))
    edge(NodeOutput(target), NodeOutput(source), TransferContext(labels, 0.3)).loss.backward()
    assert source.grad is None
    assert target.grad.isfinite().all() and target.grad.any() == (not edge.gate.cut)


@every_gate
def test_a_gate_that_is_cut_passes_nothing(name):
    loss, target, source, labels = outputs()
    gate = make(name)
    passed = [
        gate(loss, NodeOutput(target), NodeOutput(source), TransferContext(labels, k / 10))[0].abs().sum()
        for k in range(1, 11)
    ]
    assert gate.cut == (not any(passed))


def test_the_base_asks_for_a_weight():
    with pytest.raises(NotImplementedError):
        Gate()(torch.ones(1), None, None, None)
