import math

import numpy as np
import pytest

from ktg_mm.evaluation.diversity import (
    attention_difference,
    disagreement,
    ensemble_gain,
    entropy,
    finite_log,
    interrater_agreement,
    mutual_kl,
)


def random_probabilities(networks=4, samples=7, classes=3):
    return np.random.default_rng(0).dirichlet(np.ones(classes), (networks, samples))


def test_interrater_agreement_by_hand():
    # rho = 3, 2, 0 of T = 3; mean accuracy 5/9: 1 - [(0 + 2 + 0) / 3] / [3 * 2 * 5/9 * 4/9].
    correct = np.array([[1, 1, 0], [1, 1, 0], [1, 0, 0]], dtype=bool)
    assert interrater_agreement(correct) == pytest.approx(1 - (2 / 3) / (6 * 20 / 81))


def test_interrater_agreement_as_the_specification_says():
    correct = np.random.default_rng(1).random((5, 40)) < 0.7
    networks, samples = correct.shape
    total, right = 0.0, 0
    for k in range(samples):
        rho = sum(bool(correct[t, k]) for t in range(networks))
        right += rho
        total += rho * (networks - rho)
    mean = right / (networks * samples)
    expected = 1 - (total / networks) / (samples * (networks - 1) * mean * (1 - mean))
    assert interrater_agreement(correct) == pytest.approx(expected, rel=1e-12)


def test_interrater_agreement_of_equals_and_of_opposites():
    one = np.array([True, False, True, False])
    assert interrater_agreement(np.stack([one, one, one])) == 1
    assert interrater_agreement(np.stack([one, ~one])) == -1


@pytest.mark.parametrize('value', [True, False])
def test_interrater_agreement_is_not_defined_where_all_are_always_right_or_wrong(value):
    assert math.isnan(interrater_agreement(np.full((3, 5), value)))


def test_disagreement():
    # Pairs: 1 of 4, 2 of 4, 3 of 4.
    assert disagreement(np.array([[0, 1, 2, 3], [0, 1, 2, 0], [0, 1, 0, 1]])) == pytest.approx((1 + 2 + 2) / 12)


def test_mutual_kl_as_the_specification_says():
    p, q = random_probabilities(networks=2)
    total = 0.0
    for a, b in zip(p, q, strict=True):
        forth = sum(x * math.log(x / y) for x, y in zip(a, b, strict=True))
        back = sum(y * math.log(y / x) for x, y in zip(a, b, strict=True))
        total += (forth + back) / 2
    assert mutual_kl(np.log(p), np.log(q)) == pytest.approx(total / len(p), rel=1e-12)
    assert mutual_kl(np.log(q), np.log(p)) == mutual_kl(np.log(p), np.log(q))
    assert mutual_kl(np.log(p), np.log(p)) == 0


def test_mutual_kl_and_entropy_of_probabilities_below_the_smallest_number():
    sure = np.array([[0.0, -2000.0]])
    assert mutual_kl(sure, sure[:, ::-1]) == 2000
    assert entropy(sure) == 0


def test_entropy():
    assert entropy(np.log(np.full((3, 5), 0.2))) == pytest.approx(math.log(5))
    (p,) = random_probabilities(networks=1)
    assert entropy(np.log(p)) == pytest.approx(-sum(x * math.log(x) for row in p for x in row) / len(p))


def test_finite_log():
    assert finite_log(np.array([0.25, 0.0])) == pytest.approx([math.log(0.25), -149 * math.log(2)])


def test_attention_difference_of_maps_up_to_one():
    a, b = np.zeros((2, 2, 2)), np.zeros((2, 2, 2))
    a[0, 0, 0], b[1] = 0.8, 0.2
    assert attention_difference(a, b) == pytest.approx((0.8 + 4 * 0.2) / 8)


def test_attention_difference_of_sums_of_squares():
    """Each map by its own maximum; one that is zero everywhere stays so."""
    a = np.array([[[8.0, 2.0]], [[0.5, 0.25]], [[0.0, 0.0]]])
    b = np.array([[[1.0, 0.0]], [[0.5, 0.5]], [[0.5, 0.5]]])
    assert attention_difference(a, b) == pytest.approx((0 + 0.25 + 0.5 + 0 + 0.5 + 0.5) / 6)


def test_ensemble_gain():
    labels = np.array([0, 1, 0])
    logits = np.array([[[2.0, 0], [0, 3], [0, 1]], [[0, 1.0], [1, 0], [0, 1]]])
    # The one is right on 2 of 3, the other on none, their mean on the first two.
    assert ensemble_gain(logits, labels) == pytest.approx(2 / 3 - 1 / 3)


@pytest.mark.parametrize('measure', [interrater_agreement, disagreement])
def test_one_network_is_too_few(measure):
    with pytest.raises(ValueError, match='diversity needs at least two networks, got 1'):
        measure(np.zeros((1, 4)))


def test_maps_of_two_sizes():
    with pytest.raises(ValueError, match=r'maps have the shapes \(1, 2, 2\) and \(1, 3, 3\)'):
        attention_difference(np.zeros((1, 2, 2)), np.zeros((1, 3, 3)))
