import pytest
import torch

from ktg_mm.models.gates.self_adaptive_threshold import SelfAdaptiveThreshold
from ktg_mm.structures import NodeOutput


def make(momentum):
    threshold = SelfAdaptiveThreshold(momentum)
    threshold.set_num_classes(4)
    return threshold.double()


@pytest.mark.parametrize('momentum', [0.0, 0.6, 0.999])
def test_formula_over_several_batches(momentum, random, formulas):
    threshold, passed = make(momentum), []
    overall, of_class, histogram = 0.25, [0.25] * 4, [0.25] * 4
    for _ in range(6):
        logits = random.normal([1, 0, 0, -1], 1, size=(12, 4))
        rows = [formulas.softmax(row) for row in logits]
        predicted = [row.index(max(row)) for row in rows]
        overall = momentum * overall + (1 - momentum) * sum(max(row) for row in rows) / 12
        for c in range(4):
            of_class[c] = momentum * of_class[c] + (1 - momentum) * sum(row[c] for row in rows) / 12
            histogram[c] = momentum * histogram[c] + (1 - momentum) * sum(p == c for p in predicted) / 12
        expected = [max(row) >= of_class[p] / max(of_class) * overall for row, p in zip(rows, predicted, strict=True)]
        assert threshold(NodeOutput(torch.tensor(logits))).tolist() == expected
        assert threshold.time_p.item() == pytest.approx(overall, rel=1e-12)
        assert threshold.class_probability.tolist() == pytest.approx(of_class, rel=1e-12)
        assert threshold.histogram.tolist() == pytest.approx(histogram, rel=1e-12)
        passed += expected
    assert momentum == 0.999 or 0 < sum(passed) < len(passed)


def test_state_moves_in_training_mode_only_and_is_saved(random):
    threshold, batches = make(0.5), torch.tensor(random.normal(size=(3, 8, 4)))
    threshold(NodeOutput(batches[0]))
    state = {key: value.clone() for key, value in threshold.state_dict().items()}
    assert set(state) == {'time_p', 'class_probability', 'histogram'}
    threshold.eval()
    threshold(NodeOutput(batches[1]))
    assert all(torch.equal(value, threshold.state_dict()[key]) for key, value in state.items())
    other = make(0.5)
    other.load_state_dict(state)
    assert torch.equal(other(NodeOutput(batches[2])), threshold.train()(NodeOutput(batches[2])))
    assert all(torch.equal(value, threshold.state_dict()[key]) for key, value in other.state_dict().items())


def test_averages_stay_in_float32_when_the_source_is_in_bfloat16(random):
    threshold, logits = SelfAdaptiveThreshold(), torch.tensor(random.normal(size=(8, 4))).bfloat16()
    threshold.set_num_classes(4)
    for _ in range(5):
        threshold(NodeOutput(logits))
    confidence = NodeOutput(logits).confidence.double().mean().item()
    assert threshold.time_p.dtype == torch.float32
    assert threshold.time_p.item() == pytest.approx(confidence + 0.999**5 * (0.25 - confidence), rel=1e-5)


@pytest.mark.parametrize('momentum', [-0.1, 1, float('nan'), '0.9', False])
def test_momentum_out_of_range(momentum):
    with pytest.raises(ValueError) as caught:
        SelfAdaptiveThreshold(momentum)
    assert str(caught.value) == f'momentum must be in [0, 1), got {momentum!r}'
