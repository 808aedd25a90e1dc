import numpy as np
import pytest
import torch

from ktg_mm.errors import ConfigError
from ktg_mm.evaluation import CalibrationError, NodeMetric
from ktg_mm.evaluation.calibration import reliability


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
