import itertools
import math

import numpy as np
import pytest
import torch
from scipy import stats

from ktg_mm.models.losses import DKPP, dkpp
from ktg_mm.structures import NodeOutput, TransferContext

CLASSES, STEPS = 5, 2000


def context(progress, **arguments):
    return TransferContext(None, torch.tensor(progress, dtype=torch.float64), **arguments)


def told_to(source, progress=0.5, training=True, **arguments):
    """What the target learns, shape (B, C): of a target with logits z the loss is -sum q log softmax(z)."""
    source, rows = NodeOutput(torch.tensor(source)), []
    loss = DKPP().train(training)
    for k in range(source.logits.shape[1]):
        z = torch.zeros_like(source.logits)
        z[:, k] = -1.0
        # log softmax(z) is -1 - n at k and -n elsewhere, so the loss is n + q_k.
        n = math.log(math.exp(-1) + z.shape[1] - 1)
        rows.append(loss(NodeOutput(z), source, context(progress, **arguments)) - n)
    return torch.stack(rows, dim=1).numpy()


def test_formula(random, formulas, monkeypatch):
    """Equation 11 with the permutation that the drawn numbers give, written for one sample after another."""
    target, source = random.normal(size=(2, 8, CLASSES)) * 2
    uniform = random.random((8, CLASSES))
    monkeypatch.setattr(dkpp, 'step_uniform_rows', lambda *_: torch.tensor(uniform))
    expected = []
    for z, t, drawn in zip(target, source, uniform, strict=True):
        p = formulas.softmax(t)
        best = p.index(max(p))
        others = [k for k in range(CLASSES) if k != best]
        mixed = [p[k] for k in sorted(others, key=lambda k: drawn[k])]
        q = formulas.softmax(z)
        pairs = [(p[best], q[best]), *((m, q[k]) for m, k in zip(mixed, others, strict=True))]
        expected.append(sum(-m * math.log(value) for m, value in pairs))
    values = DKPP()(NodeOutput(torch.tensor(target)), NodeOutput(torch.tensor(source)), context(0.5))
    assert values.tolist() == pytest.approx(expected, rel=1e-12)


def test_the_highest_stays_and_the_others_are_the_same_numbers(random):
    source = random.normal(size=(40, CLASSES))
    told, plain = told_to(source), torch.tensor(source).softmax(1).numpy()
    np.testing.assert_allclose(np.sort(told, axis=1), np.sort(plain, axis=1), rtol=1e-9)
    best = source.argmax(axis=1)
    np.testing.assert_allclose(told[range(40), best], plain[range(40), best], rtol=1e-9)
    assert (np.abs(told - plain) > 1e-6).any(axis=1).sum() > 30


def test_of_equally_high_ones_the_first_stays():
    told = told_to([[1.0, 3.0, 3.0, 0.0]] * 50)
    high = told > 0.4
    assert high[:, 1].all() and (high.sum(axis=1) == 2).all() and high.any(axis=0).all()


def test_each_order_is_as_likely():
    source = [[0.0, 1.0, 9.0, 2.0, 3.0]] * 2
    found = np.array([told_to(source, (k + 1) / STEPS) for k in range(STEPS)])
    kinds = {order: i for i, order in enumerate(itertools.permutations(range(4)))}
    ranks = found[:, :, [0, 1, 3, 4]].argsort(axis=2)
    numbers = np.array([[kinds[tuple(row)] for row in rows] for rows in ranks.tolist()])
    for column in numbers.T:
        assert stats.chisquare(np.bincount(column, minlength=24)).pvalue > 1e-4
    for first, second in ((numbers[:, 0], numbers[:, 1]), (numbers[1:, 0], numbers[:-1, 0])):  # rows, steps
        table = np.histogram2d(first % 6, second % 6, [6, 6])[0]
        assert stats.chisquare(table.ravel()).pvalue > 1e-4


def test_draws_are_of_the_seed_the_progress_and_the_edge(random):
    source = random.normal(size=(8, CLASSES))
    first = told_to(source, 0.5)
    assert (told_to(source, 0.5) == first).all() and (told_to(source, 0.5, training=False) == first).all()
    for other in (dict(progress=0.75), dict(seed=1), dict(source_name='a'), dict(target_name='a')):
        assert (told_to(source, **other) != first).any()


def test_two_classes_leave_nothing_to_mix(random):
    source = random.normal(size=(6, 2))
    np.testing.assert_allclose(told_to(source), torch.tensor(source).softmax(1).numpy(), rtol=1e-9)


def test_what_a_sample_is_told_does_not_depend_on_the_others(random):
    source = random.normal(size=(6, CLASSES))
    other = source.copy()
    other[3:] = random.normal(size=(3, CLASSES))
    assert (told_to(source)[:3] == told_to(other)[:3]).all()
