import numpy as np
import pytest
import torch
from sklearn.calibration import calibration_curve

from ktg_mm.errors import ConfigError
from ktg_mm.evaluation import CalibrationError, NodeMetric
from ktg_mm.evaluation.calibration_error import reliability


def random_samples(count=20):
    generator = torch.Generator().manual_seed(0)
    scores = torch.rand(count, 3, generator=generator).softmax(dim=1)
    labels = torch.randint(3, (count,), generator=generator)
    return scores, labels


def expected_calibration_error(probabilities, labels, bins):
    correct = probabilities.argmax(axis=1) == labels
    return reliability(probabilities.max(axis=1), correct, bins).error


@pytest.mark.parametrize('bins', [1, 15])
def test_metric_is_the_function_in_percent(bins):
    scores, labels = random_samples()
    metric = CalibrationError(bins=bins)
    for part in (slice(0, 13), slice(13, 20)):
        samples = zip(scores[part], labels[part], strict=True)
        metric.process({}, [dict(pred_score=score, gt_label=label[None]) for score, label in samples])
    expected = 100 * expected_calibration_error(scores.numpy(), labels.numpy(), bins)
    assert metric.evaluate(20) == {'calibration/ece': pytest.approx(expected)}


def test_repeated_samples_at_the_end_do_not_count():
    metric = CalibrationError()
    sure = dict(pred_score=torch.tensor([1.0, 0.0]), gt_label=torch.tensor([0]))
    metric.process({}, [sure, dict(sure, gt_label=torch.tensor([1]))])
    assert metric.evaluate(1) == {'calibration/ece': 0.0}


def test_of_each_node(mmpretrain_scope):
    scores, labels = random_samples()
    metric = NodeMetric(metric=dict(type='CalibrationError', bins=5))
    pairs = torch.stack([scores, scores.flip(1)], dim=1)
    samples = zip(pairs, labels, strict=True)
    metric.process({}, [dict(node_names=('a', 'b'), node_scores=pair, gt_label=label[None]) for pair, label in samples])
    assert metric.evaluate(20) == {
        'a/calibration/ece': pytest.approx(100 * expected_calibration_error(scores.numpy(), labels.numpy(), 5)),
        'b/calibration/ece': pytest.approx(
            100 * expected_calibration_error(np.flip(scores.numpy(), 1), labels.numpy(), 5)
        ),
    }


@pytest.mark.parametrize('bins', [0, 1.5])
def test_wrong_bins(bins):
    with pytest.raises(ConfigError, match=rf'^CalibrationError.bins: must be a whole number above 0, got {bins}$'):
        CalibrationError(bins=bins)


def test_no_samples():
    with pytest.raises(ConfigError, match=r'^val_dataloader: holds no samples to evaluate on$'):
        CalibrationError().evaluate(0)


def random_predictions(samples=500):
    generator = np.random.default_rng(0)
    confidence = generator.uniform(0.2, 1, samples)
    return confidence, generator.random(samples) < confidence**2


@pytest.mark.parametrize('bins', [1, 2, 10, 15])
def test_error_as_the_paper_says(bins):
    confidence, correct = random_predictions()
    expected = 0.0
    for m in range(1, bins + 1):
        inside = [i for i, value in enumerate(confidence) if (m - 1) / bins < value <= m / bins]
        if inside:
            accuracy = sum(bool(correct[i]) for i in inside) / len(inside)
            mean = sum(confidence[i] for i in inside) / len(inside)
            expected += len(inside) / len(confidence) * abs(accuracy - mean)
    assert reliability(confidence, correct, bins).error == pytest.approx(expected, rel=1e-12)


def test_bins_are_those_of_scikit_learn():
    confidence, correct = random_predictions()
    found = reliability(confidence, correct, bins=10)
    accuracy, mean = calibration_curve(correct, confidence, n_bins=10)
    held = found.counts > 0
    assert found.accuracy[held] == pytest.approx(accuracy)
    assert found.confidence[held] == pytest.approx(mean)


def test_edges_belong_to_the_bin_below():
    edges = np.array([0.0, 0.2, 0.4, 0.6, 0.8, 1.0])
    assert reliability(edges, edges > 0, bins=5).counts.tolist() == [2, 1, 1, 1, 1]


def test_empty_bins_have_no_accuracy_and_count_for_nothing():
    found = reliability(np.array([0.9, 0.9]), np.array([True, False]), bins=3)
    assert found.counts.tolist() == [0, 0, 2]
    assert np.isnan(found.accuracy[:2]).all() and np.isnan(found.confidence[:2]).all()
    assert found.error == pytest.approx(0.4)


def test_of_probabilities():
    probabilities = np.array([[0.7, 0.2, 0.1], [0.3, 0.3, 0.4], [0.0, 1.0, 0.0]])
    # Right, wrong, right, each in a bin of its own.
    correct = probabilities.argmax(axis=1) == np.array([0, 1, 1])
    error = reliability(probabilities.max(axis=1), correct).error
    assert error == pytest.approx((0.3 + 0.4 + 0) / 3)


def test_no_bins():
    with pytest.raises(ValueError, match='bins must be at least 1, got 0'):
        reliability(np.array([0.5]), np.array([True]), bins=0)
