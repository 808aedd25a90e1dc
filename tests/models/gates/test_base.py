"""What every registered gate must do; a gate that is added and needs no arguments is tested without a change here."""

from collections import Counter

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

import ktg_mm.models  # noqa: F401  registers
from ktg_mm.models.edges import TransferEdge
from ktg_mm.models.gates import Gate
from ktg_mm.models.losses import KLDivergence
from ktg_mm.registry import GATES
from ktg_mm.structures import LabelOutput, NodeOutput, TransferContext

ARGUMENTS = dict(  # of gates that need some, or would pass none of the random outputs
    DashGate=dict(minimum=1.0),
    FlexMatchGate=dict(num_samples=20, threshold=0.5),
    SineGate=dict(frequency=0.7, phase=1.0),
    StabilityGate=dict(threshold=0.3, other_view='other'),
    ThresholdGate=dict(threshold=0.4),
)
every_gate = pytest.mark.parametrize('name', sorted(GATES.module_dict))
every_gate_of_single_samples = pytest.mark.parametrize(
    'name', sorted(name for name, gate in GATES.module_dict.items() if not gate.adaptive)
)


def make(name):
    gate = GATES.build(dict(type=name, **ARGUMENTS.get(name, {})))
    gate.set_num_classes(4)
    return gate


def outputs(dtype=torch.float64, size=8):
    generator = torch.Generator().manual_seed(3)
    target, source = torch.randn(2, size, 4, generator=generator, dtype=torch.float64).to(dtype)
    labels = torch.randint(4, (size,), generator=generator)
    labels[: size // 2] = source[: size // 2].argmax(dim=1)  # a source that is right on some
    loss = torch.rand(size, generator=generator, dtype=torch.float64).to(dtype) + 0.1
    return loss, target, source, labels


def make_context(labels, progress=1.0, index=slice(None), dtype=torch.float64):
    """All that a gate can ask for."""
    generator = torch.Generator().manual_seed(4)
    target, source, labeled = torch.randn(3, 8, 4, generator=generator, dtype=torch.float64).to(dtype)
    return TransferContext(
        labels,
        progress,
        source_name='a',
        target_name='b',
        sample_ids=torch.arange(3, 11)[index],
        labeled_source=NodeOutput(labeled[:5]),
        labeled_labels=torch.tensor([0, 1, 2, 3, 1]),
        other_target=NodeOutput(target[index]),
        other_source=NodeOutput(source[index]),
    )


def test_the_papers_gates_are_registered():
    assert set(GATES.module_dict) >= {
        'ThroughGate', 'CutoffGate', 'LinearGate', 'NegativeLinearGate', 'CorrectGate', 'SineGate', 'ThresholdGate'
    }  # fmt: skip
    assert all(issubclass(gate, Gate) for gate in GATES.module_dict.values())


@every_gate
@pytest.mark.parametrize('dtype', [torch.float64, torch.float32, torch.bfloat16])
@pytest.mark.parametrize('progress', [0.001, 0.01, 0.4, 1.0])
def test_shape_dtype_and_product(name, dtype, progress):
    loss, target, source, labels = outputs(dtype)
    gate, context = make(name), make_context(labels, progress, dtype=dtype)
    for _ in range(2):
        gated, weight = gate(loss, NodeOutput(target), NodeOutput(source), context)
        assert gated.shape == (8,) and gated.dtype == dtype and gated.isfinite().all()
        torch.testing.assert_close(gated, loss * weight)
        assert isinstance(weight, float) or (weight.shape in ((8,), ()) and not weight.requires_grad)


@every_gate_of_single_samples
def test_samples_do_not_mix(name):
    loss, target, source, labels = outputs()

    def gated(index):
        ends = NodeOutput(target[index]), NodeOutput(source[index])
        return make(name)(loss[index], *ends, make_context(labels[index], 0.3, index))[0]

    whole = gated(torch.arange(8))
    order = torch.tensor([3, 1, 7, 0, 2, 6, 5, 4])
    torch.testing.assert_close(gated(order), whole[order], rtol=0, atol=0)
    for i in range(8):
        torch.testing.assert_close(gated(torch.tensor([i])), whole[i : i + 1], rtol=0, atol=0)


@every_gate
def test_order_of_the_samples_does_not_matter(name):
    loss, target, source, labels = outputs()
    order, gates = torch.tensor([3, 1, 7, 0, 2, 6, 5, 4]), (make(name), make(name))
    for progress in (0.2, 0.3):
        whole, shuffled = (
            gate(loss[i], NodeOutput(target[i]), NodeOutput(source[i]), make_context(labels[i], progress, i))[0]
            for gate, i in zip(gates, (torch.arange(8), order), strict=True)
        )
        torch.testing.assert_close(shuffled, whole[order], rtol=1e-6, atol=0)


@every_gate
def test_gradient_of_the_loss_is_the_weight(name):
    loss, target, source, labels = outputs()
    gate, context = make(name), make_context(labels, 0.3)
    gate(loss, NodeOutput(target), NodeOutput(source), context)
    gate.eval()  # else the state moves between the evaluations

    def gated(values):
        return gate(values, NodeOutput(target), NodeOutput(source), context)[0]

    assert torch.autograd.gradcheck(gated, loss.requires_grad_())
    (gradient,) = torch.autograd.grad(gated(loss).sum(), loss)
    weight = gate.weight(loss, NodeOutput(target), NodeOutput(source), context)
    torch.testing.assert_close(gradient, torch.ones_like(loss) * weight)


@every_gate
@pytest.mark.parametrize('dtype', [torch.float64, torch.bfloat16])
def test_gradient_flows_into_the_target_alone(name, dtype):
    _, target, source, labels = outputs(dtype)
    target, source = target.requires_grad_(), source.requires_grad_()
    edge = TransferEdge('a->b', [KLDivergence()], make(name))
    edge(NodeOutput(target), NodeOutput(source), make_context(labels, 0.3, dtype=dtype)).loss.backward()
    assert source.grad is None
    assert target.grad.isfinite().all() and target.grad.any() == (not edge.gate.cut)


@every_gate
def test_a_second_batch_before_the_first_ones_backward_pass(name):
    _, target, source, labels = outputs()
    edge, leaf = TransferEdge('a->b', [KLDivergence()], make(name)), target.requires_grad_()
    losses = [
        edge(NodeOutput(leaf), NodeOutput(source * scale), make_context(labels, 0.3)).loss for scale in (1.0, 2.0)
    ]
    sum(losses).backward()
    assert leaf.grad.isfinite().all()


@every_gate
def test_a_gate_that_is_cut_passes_nothing(name):
    loss, target, source, labels = outputs()
    gate = make(name)
    passed = [
        gate(loss, NodeOutput(target), NodeOutput(source), make_context(labels, k / 10))[0].abs().sum()
        for k in range(1, 11)
    ]
    assert gate.cut == (not any(passed))


@every_gate
def test_a_gate_that_is_open_passes_everything(name):
    loss, target, source, labels = outputs()
    gate = make(name)
    for teacher, is_open in (
        (NodeOutput(source), gate.open),
        (LabelOutput(labels, 4), gate.open or gate.open_to_label),
    ):
        context = make_context(labels, 0.2)
        context.other_source = teacher if isinstance(teacher, LabelOutput) else context.other_source
        gated, _ = gate(loss, NodeOutput(target), teacher, context)
        assert not is_open or torch.equal(gated, loss)


@every_gate
def test_the_state_moves_in_training_mode_alone_and_is_saved(name):
    loss, target, source, labels = outputs()

    def run(gate, scale):
        return gate(loss, NodeOutput(target), NodeOutput(source * scale), make_context(labels, 0.3))[0]

    gate, fresh = make(name), make(name)
    for scale in (0.5, 1.0, 3.0):
        run(gate, scale)
    state = {key: value.clone() for key, value in gate.state_dict().items()}
    assert gate.adaptive or not state
    if state:
        assert any(not torch.equal(value, fresh.state_dict()[key]) for key, value in state.items())
    gate.eval()
    run(gate, 2.0)
    assert all(torch.equal(value, gate.state_dict()[key]) for key, value in state.items())
    fresh.load_state_dict(state)
    gate.train()
    for scale in (2.0, 0.5):
        torch.testing.assert_close(run(fresh, scale), run(gate, scale), rtol=0, atol=0)


class Syncs(TorchDispatchMode):
    """Counts what would make the host wait for a device."""

    names = (
        'aten::_local_scalar_dense', 'aten::nonzero', 'aten::is_nonzero', 'aten::equal', 'aten::masked_select',
        'aten::bincount', 'aten::_unique2', 'aten::unique_dim', 'aten::repeat_interleave',
    )  # fmt: skip

    def __init__(self):
        super().__init__()
        self.count = Counter()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func._schema.name
        if name in self.names:
            self.count[name] += 1
        if name in ('aten::index', 'aten::index_put', 'aten::index_put_'):  # a mask is looked up on the host
            self.count['mask'] += any(index is not None and index.dtype == torch.bool for index in args[1])
        return func(*args, **(kwargs or {}))


READS = ('item', 'tolist', 'cpu', 'numpy', '__bool__', '__float__', '__int__', '__index__', '__array__')


def count_waits(monkeypatch, run):
    with Syncs() as syncs, monkeypatch.context() as patch:
        for name in READS:
            original = getattr(Tensor, name)

            def read(self, *args, _name=name, _original=original, **kwargs):
                syncs.count[_name] += 1
                return _original(self, *args, **kwargs)

            patch.setattr(Tensor, name, read)
        run()
    return +syncs.count


@every_gate
@pytest.mark.parametrize('training', [True, False])
@pytest.mark.parametrize('progress', [0.001, 0.3])
def test_the_host_does_not_wait(name, training, progress, monkeypatch):
    loss, target, source, labels = outputs(torch.float32)
    gate, context = make(name).train(training), make_context(labels, progress, dtype=torch.float32)
    ends = NodeOutput(target), NodeOutput(source)
    assert count_waits(monkeypatch, lambda: gate(loss, *ends, context)) == Counter()


def test_the_counter_of_waits_sees_them(monkeypatch):
    values = torch.arange(3.0)

    def run():
        float(values[0])
        values[values > 1]
        values.nonzero()
        values.long().bincount()

    waits = count_waits(monkeypatch, run)
    assert {'__float__', 'mask', 'aten::nonzero', 'aten::bincount', 'aten::_local_scalar_dense'} <= set(waits)


def test_the_base_asks_for_a_weight():
    with pytest.raises(NotImplementedError):
        Gate()(torch.ones(1), None, None, None)
