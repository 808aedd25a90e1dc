import itertools
import math
import zlib

import numpy as np
import pytest
import torch
from scipy import stats

from ktg_mm.models import step_random
from ktg_mm.models.step_random import step_beta, step_normal, step_permutation, step_uniform, step_uniform_rows

STEPS = 4000
LEVEL = 1e-4  # of each test; with fixed numbers a test that passes does so for good


def progress_of(k, k_end=STEPS):
    return torch.tensor(k / k_end, dtype=torch.float64)


def draws(number, seed=0, salt=0, k_end=STEPS, steps=STEPS):
    """The numbers of many steps, a row a step."""
    return torch.stack(
        [step_uniform(seed, progress_of(k, k_end), (number,), salt) for k in range(1, steps + 1)]
    ).numpy()


def splitmix(state, number):
    """Vigna's splitmix64.c, in whole numbers without a limit."""
    for _ in range(number):
        state = (state + 0x9E3779B97F4A7C15) % 2**64
        z = state
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
        yield z ^ (z >> 31)


def test_the_generator_gives_its_published_numbers():
    """The first outputs for the state 1234567, as Rosetta Code and other implementations list them."""
    listed = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821]
    assert list(splitmix(1234567, 5)) == listed


@pytest.mark.parametrize(('seed', 'k', 'salt'), [(0, 1, 0), (7, 1234, 3), (2**32 - 1, STEPS, 'net1->net2')])
def test_formula(seed, k, salt):
    number = zlib.crc32(salt.encode()) if isinstance(salt, str) else salt
    (key,) = splitmix(next(splitmix(seed, 1)) + number, 1)
    bits = int(np.float64(k / STEPS).view(np.uint64))
    (start,) = splitmix((bits + key - 0x9E3779B97F4A7C15) % 2**64, 1)
    expected = [z // 2**11 / 2**53 for z in splitmix(start, 12)]
    found = step_uniform(seed, progress_of(k), (3, 4), salt)
    assert found.dtype == torch.float64 and found.flatten().tolist() == expected


def test_shapes():
    for shape in ((), (3,), (2, 0), (0, 0), (2, 3, 4)):
        assert step_uniform(0, progress_of(1), shape).shape == shape
    assert torch.equal(step_uniform(0, progress_of(1), (6,)), step_uniform(0, progress_of(1), (2, 3)).flatten())


def test_rows_of_a_process(monkeypatch):
    whole = step_uniform(0, progress_of(1), (6, 4), 'name')
    assert torch.equal(step_uniform_rows(0, progress_of(1), (6, 4), 'name'), whole)
    parts = []
    for rank in range(3):
        monkeypatch.setattr(step_random, 'get_rank', lambda rank=rank: rank)
        parts.append(step_uniform_rows(0, progress_of(1), (2, 4), 'name'))
        alone = step_uniform_rows(0, progress_of(1), (2, 4), 'name', training=False)
        assert torch.equal(alone, whole[:2])
    assert torch.equal(torch.cat(parts), whole)


def test_it_has_no_state_and_changes_nothing():
    progress, state = progress_of(7), torch.get_rng_state()
    first = step_uniform(1, progress, (5,))
    assert torch.equal(first, step_uniform(1, progress, (5,))) and progress == 7 / STEPS
    assert torch.equal(state, torch.get_rng_state())


def test_every_argument_matters():
    found = [
        tuple(step_uniform(seed, progress_of(k), (4,), salt).tolist())
        for seed, k, salt in itertools.product((0, 1, 2**32 - 1), (1, 2, STEPS), (0, 1, 'a', 'b'))
    ]
    assert len(set(found)) == len(found)


@pytest.mark.parametrize('k_end', [STEPS, 2**16, 99_991])
@pytest.mark.parametrize(('seed', 'salt'), [(0, 0), (1, 'name')])
def test_uniform_over_steps_and_places(k_end, seed, salt):
    values = draws(16, seed, salt, k_end)
    assert values.min() >= 0 and values.max() < 1
    for column in values.T[:4]:
        assert stats.chisquare(np.histogram(column, 50, (0, 1))[0]).pvalue > LEVEL
        assert stats.kstest(column, 'uniform').pvalue > LEVEL
    assert stats.chisquare(np.histogram(values, 1000, (0, 1))[0]).pvalue > LEVEL
    last_bits = (values.ravel() * 2**53).astype(np.int64) % 64
    assert stats.chisquare(np.bincount(last_bits, minlength=64)).pvalue > LEVEL


def assert_independent(first, second):
    first, second = first.ravel(), second.ravel()
    assert stats.pearsonr(first, second).pvalue > LEVEL
    table = np.histogram2d(first, second, 16, [[0, 1], [0, 1]])[0]
    assert stats.chisquare(table.ravel()).pvalue > LEVEL


def test_neighbours_are_independent():
    values = draws(16)
    assert_independent(values[1:], values[:-1])  # steps
    assert_independent(values[:, 1:], values[:, :-1])  # places
    assert_independent(values[1:, 1:], values[:-1, :-1])
    assert_independent(values[1:, :-1], values[:-1, 1:])
    assert_independent(values[1::2], values[: STEPS // 2])  # twice as far, where the bits of the progress differ little
    assert_independent(values, draws(16, seed=1))
    assert_independent(values, draws(16, salt=1))
    assert_independent(draws(16, seed=1), draws(16, salt=1))


def test_the_tests_see_dependence():
    values = draws(4)
    for wrong in (values, 1 - values, (values + 0.5) % 1):
        with pytest.raises(AssertionError):
            assert_independent(values, wrong)


def test_each_permutation_is_as_likely():
    """Of one row, of pairs of a step's rows, and of pairs of neighbouring steps."""
    orders = torch.stack([step_permutation(0, progress_of(k), (2, 4)) for k in range(1, STEPS + 1)])
    assert torch.equal(orders.sort(dim=-1).values, torch.arange(4).expand(STEPS, 2, 4))
    kinds = {order: i for i, order in enumerate(itertools.permutations(range(4)))}
    numbers = np.array([[kinds[tuple(row)] for row in rows] for rows in orders.tolist()])
    assert stats.chisquare(np.bincount(numbers.ravel(), minlength=math.factorial(4))).pvalue > LEVEL
    for first, second in ((numbers[:, 0], numbers[:, 1]), (numbers[1:, 0], numbers[:-1, 0])):
        table = np.histogram2d(first % 6, second % 6, [6, 6])[0]
        assert stats.chisquare(table.ravel()).pvalue > LEVEL


@pytest.mark.parametrize('alpha', [0.2, 0.5, 0.75, 1.0, 2.0, 40.0])
def test_beta_is_of_its_distribution(alpha):
    """Of one step and of many; near 1 float64 has no more digits, so it is looked at from both sides."""
    found = step_beta(3, progress_of(1), alpha, (STEPS,)).numpy()
    many = np.array([float(step_beta(3, progress_of(k), alpha, salt='share')) for k in range(1, 801)])
    for numbers in (found, many):
        folded = np.minimum(numbers, 1 - numbers)
        assert stats.kstest(folded, lambda x: 2 * stats.beta(alpha, alpha).cdf(np.minimum(x, 0.5))).pvalue > LEVEL
        assert stats.binomtest(int((numbers > 0.5).sum()), len(numbers)).pvalue > LEVEL
    assert stats.pearsonr(many[1:], many[:-1]).pvalue > LEVEL


@pytest.mark.parametrize('alpha', [0.3, 0.75, 3.0])
def test_beta_as_marsaglia_and_tsang_write_it(alpha):
    progress, number = progress_of(5), 50
    normal = step_normal(1, progress, (2, 12, number), 'a normal').tolist()
    refused = step_uniform(1, progress, (2, 12, number), 'a refused').tolist()
    power = step_uniform(1, progress, (2, number), 'a power').tolist()

    def gamma(end, i):
        d = alpha + 1 - 1 / 3
        c = 1 / math.sqrt(9 * d)
        for attempt in range(12):
            x, u = normal[end][attempt][i], refused[end][attempt][i]
            v = (1 + c * x) ** 3
            if v > 0 and math.log(u) < x * x / 2 + d - d * v + d * math.log(v):
                return d * v * (1 - power[end][i]) ** (1 / alpha)
        raise AssertionError('all refused')

    expected = [gamma(0, i) / (gamma(0, i) + gamma(1, i)) for i in range(number)]
    np.testing.assert_allclose(step_beta(1, progress, alpha, (number,), 'a').numpy(), expected, rtol=1e-9)


def test_beta_of_tiny_parameters_is_0_or_1():
    found = step_beta(0, progress_of(1), 1e-12, (100,))
    assert ((found == 0) | (found == 1)).all() and 20 < found.sum() < 80
    assert step_beta(0, progress_of(1), 1e12, (3,)).sub(0.5).abs().max() < 1e-5
