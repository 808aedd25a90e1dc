import math

import pytest
import torch

from ktg_mm.structures import DetachedOutput, LabelOutput, NodeOutput, SampleRows, mean_over_batch


def make():
    torch.manual_seed(0)
    return NodeOutput(
        torch.randn(3, 4, dtype=torch.float64).requires_grad_(),
        torch.rand(3, 2, 2, dtype=torch.float64).requires_grad_(),
        torch.randn(3, 4, dtype=torch.float64).requires_grad_(),
    )


@pytest.mark.parametrize('temperature', [1.0, 4, 0.5])
def test_probabilities(temperature):
    output = make()
    for row, p, log_p in zip(
        output.logits.tolist(),
        output.probabilities(temperature).tolist(),
        output.log_probabilities(temperature).tolist(),
        strict=True,
    ):
        exponentials = [math.exp(value / temperature) for value in row]
        assert p == pytest.approx([value / sum(exponentials) for value in exponentials])
        assert log_p == pytest.approx([math.log(value / sum(exponentials)) for value in exponentials])
    assert output.predicted.tolist() == [row.index(max(row)) for row in output.logits.tolist()]


def test_computed_once_for_each_key():
    output, calls = make(), []

    def compute():
        calls.append(1)
        return torch.zeros(1)

    assert output.cached('a', compute) is output.cached('a', compute)
    output.cached('b', compute)
    assert len(calls) == 2
    assert output.probabilities(2) is output.probabilities(2.0)
    assert output.probabilities(2) is not output.probabilities(1)


def test_detached_output_shares_values_but_no_gradient():
    output = make()
    detached = output.detach()
    assert detached is output.detach() and isinstance(detached, DetachedOutput)
    for name in ('logits', 'attention', 'attention_logits'):
        assert torch.equal(getattr(detached, name), getattr(output, name))
        assert not getattr(detached, name).requires_grad
    assert output.log_probabilities(3).requires_grad
    assert detached.log_probabilities(3).data_ptr() == output.log_probabilities(3).data_ptr()
    for tensor in (detached.log_probabilities(3), detached.probabilities(3), detached.detach().probabilities()):
        assert not tensor.requires_grad
    torch.testing.assert_close(detached.probabilities(3), output.probabilities(3).detach())
    assert torch.equal(detached.predicted, output.predicted)


def test_detached_before_or_after_makes_no_difference_to_the_gradient():
    gradients = []
    for first in (False, True):
        output = make()
        if first:
            output.detach().log_probabilities()
        output.log_probabilities()[:, 0].sum().backward()
        gradients.append(output.logits.grad)
    assert torch.equal(*gradients) and gradients[0].any()


def test_detached_output_without_attention():
    detached = NodeOutput(torch.zeros(1, 2)).detach()
    assert detached.attention is None and detached.attention_logits is None


def test_label():
    label = LabelOutput(torch.tensor([2, 0]), num_classes=3)
    for temperature in (1, 4.0):
        assert label.probabilities(temperature).tolist() == [[0, 0, 1], [1, 0, 0]]
        assert label.log_probabilities(temperature).exp().tolist() == [[0, 0, 1], [1, 0, 0]]
    assert label.predicted.tolist() == [2, 0] and label.detach() is label


def test_mean_over_batch():
    assert mean_over_batch(0.25) == 0.25
    assert float(mean_over_batch(torch.tensor([1.0, 0.0, 0.0, 1.0]))) == 0.5


def test_confidence():
    output = NodeOutput(torch.tensor([[0.0, 0.0], [math.log(9.0), 0.0]]))
    torch.testing.assert_close(output.confidence, torch.tensor([0.5, 0.9]))


@pytest.mark.parametrize('rows', [slice(1, 3), torch.tensor([2, 0])])
def test_some_samples(rows):
    output = make()
    part = output.select(rows)
    for name in ('logits', 'attention', 'attention_logits'):
        assert torch.equal(getattr(part, name), getattr(output, name)[rows])
    torch.testing.assert_close(part.probabilities(2.0), output.probabilities(2.0)[rows])
    without = NodeOutput(torch.zeros(3, 2)).select(rows)
    assert without.attention is None and without.attention_logits is None


@pytest.mark.parametrize(
    ('labels', 'labeled', 'unlabeled'),
    [
        ([1, 0, -1], [0, 1], [2]),
        ([-1, 0, 1, -1], [1, 2], [0, 3]),
        ([2, 2], [0, 1], []),
        ([-1, -1], [], [0, 1]),
    ],
)
def test_rows(labels, labeled, unlabeled):
    rows, numbers = SampleRows.of(torch.tensor(labels)), torch.arange(len(labels))
    assert [rows.count(samples) for samples in ('labeled', 'unlabeled', 'all')] == [
        len(labeled), len(unlabeled), len(labels)
    ]  # fmt: skip
    assert numbers[rows.labeled].tolist() == labeled and numbers[rows.unlabeled].tolist() == unlabeled
    assert numbers[rows.rows('all')].tolist() == numbers.tolist()
    for samples, expected in (('labeled', labeled), ('unlabeled', unlabeled)):
        if expected:
            assert numbers[rows.rows(samples)].tolist() == expected


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
@pytest.mark.parametrize('temperature', [1.0, 0.4, 3.0, 5.0])
def test_half_precision_is_cast_before_the_temperature_divides(dtype, temperature):
    logits = (15 * torch.randn(500, 20, generator=torch.Generator().manual_seed(0))).to(dtype)
    expected = torch.log_softmax(logits.double() / temperature, dim=1)
    found = NodeOutput(logits).log_probabilities(temperature)
    assert found.dtype == torch.float32
    # Divided in half precision, the error is 0.006 (float16, T = 5) to 0.75 (bfloat16, T = 0.4).
    torch.testing.assert_close(found.double(), expected, rtol=0, atol=3e-5)


def test_float32_and_float64_are_divided_as_they_are():
    for dtype in (torch.float32, torch.float64):
        logits = torch.randn(50, 20, dtype=dtype)
        assert torch.equal(NodeOutput(logits).log_probabilities(3.0), torch.log_softmax(logits / 3.0, dim=1))


def test_soft_label():
    scores = torch.tensor([[0.0, 0.25, 0.75], [1.0, 0.0, 0.0]])
    label = LabelOutput(torch.tensor([1, 0]), num_classes=3, scores=scores)
    for temperature in (1, 4.0):
        assert torch.equal(label.probabilities(temperature), scores)
        assert torch.equal(label.log_probabilities(temperature), scores.log())
    assert label.predicted.tolist() == [2, 0] and label.confidence.tolist() == [0.75, 1] and label.detach() is label
