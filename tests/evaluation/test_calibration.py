import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from ktg_mm.evaluation.calibration import reliability


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
