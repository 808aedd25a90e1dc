"""The mixed view on its own: shares, partners, images and labels, by formulas in numpy."""

import numpy as np
import pytest
import torch

import ktg_mm.models  # noqa: F401  registers
from ktg_mm.errors import ConfigError
from ktg_mm.models import step_random
from ktg_mm.models.step_random import step_beta, step_uniform
from ktg_mm.models.views import MixedView, ViewContext
from ktg_mm.structures import NodeOutput, SampleRows

BATCH = SampleRows.of(torch.tensor([3, 0, -1, -1, -1]))  # two labelled, three unlabelled samples
VIEWS = ['weak', 'strong', 'strong2']


def context(view, k=1, seed=0, name='mixed'):
    return ViewContext(name, seed, torch.tensor(k / 64, dtype=torch.float64), view.rows(BATCH))


def said(seed, number=3):
    generator = torch.Generator().manual_seed(seed)
    return NodeOutput(3 * torch.randn(number, 4, generator=generator, dtype=torch.float64))


def softmax(logits):
    exponentials = np.exp(np.asarray(logits))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


KNOWN = torch.eye(4)[[3, 0]]


def mixed(values, alpha, k, seed=0):
    drawn = float(step_beta(seed, torch.tensor(k / 64, dtype=torch.float64), alpha, (), 'mixed share'))
    share = max(drawn, 1 - drawn)
    numbers = step_uniform(seed, torch.tensor(k / 64, dtype=torch.float64), (len(values),), 'mixed partners')
    partners = sorted(range(len(values)), key=lambda i: float(numbers[i]))
    return np.stack([share * values[i] + (1 - share) * values[partners[i]] for i in range(len(values))])


def sharpened(p, temperature):
    powers = p ** (1 / temperature)
    return powers / powers.sum(axis=1, keepdims=True)


@pytest.mark.parametrize('k', [1, 7, 30])
def test_formula(k):
    view = MixedView('net1', VIEWS, alpha=0.6, temperature=0.7)
    images = torch.rand(2 + 9, 3, 4, 4, generator=torch.Generator().manual_seed(k), dtype=torch.float64)
    np.testing.assert_allclose(view(None, images, context(view, k)), mixed(images.numpy(), 0.6, k), rtol=1e-12)
    outputs = [said(seed) for seed in range(3)]
    guess = sharpened(np.mean([softmax(output.logits) for output in outputs], axis=0), 0.7)
    labels = view.labels(KNOWN, outputs, context(view, k))
    np.testing.assert_allclose(labels, mixed(np.concatenate([KNOWN, guess, guess, guess]), 0.6, k), rtol=1e-12)
    np.testing.assert_allclose(labels.sum(dim=1), 1, rtol=1e-6)
    assert not labels.requires_grad


def test_guesses_that_are_aligned_with_the_uniform_distribution():
    view = MixedView('net1', VIEWS, alpha=1e-12, guess=['weak'], align=dict(momentum=0.6))
    assert view.guesses == ('weak',)
    view.set_num_classes(4)
    view.double()
    mean = None
    for seed in range(3):
        p = softmax(said(seed).logits)
        mean = p.mean(axis=0) if mean is None else 0.6 * mean + 0.4 * p.mean(axis=0)
        aligned = p / 4 / mean
        expected = sharpened(aligned / aligned.sum(axis=1, keepdims=True), 0.5)
        found = view.labels(KNOWN, [said(seed)], context(view, seed + 1))
        for part in found[2:].split(3):
            np.testing.assert_allclose(part, expected, rtol=1e-7)
    assert set(view.state_dict()) == {'align.mean', 'align.started'}
    state = {key: value.clone() for key, value in view.state_dict().items()}
    view.eval().labels(KNOWN, [said(9)], context(view))
    assert all(torch.equal(value, view.state_dict()[key]) for key, value in state.items())


def test_a_share_of_one_changes_no_bit():
    view = MixedView('net1', VIEWS, alpha=1e-12)
    images, output = torch.rand(11, 2, 3, 3), said(0)
    guess = (2 * output.log_probabilities()).softmax(dim=1)
    for k in range(1, 9):
        assert torch.equal(view(None, images, context(view, k)), images)
        labels = view.labels(KNOWN, [output], context(view, k))
        assert torch.equal(labels[:2], KNOWN.double())
        torch.testing.assert_close(labels[2:], torch.cat([guess] * 3), rtol=1e-12, atol=0)


def test_one_share_of_at_least_a_half_and_another_one_in_each_step():
    view, ones = MixedView('net1', VIEWS), torch.eye(11, dtype=torch.float64)
    shares, partners = [], []
    for k in range(1, 65):
        rows = view(None, ones, context(view, k))
        kept = rows.diagonal()[rows.diagonal() < 1]  # not its own partner
        assert len(kept) and (kept - kept[0]).abs().max() < 1e-12 and kept[0] > 0.5
        shares.append(float(kept[0]))
        partners.append(tuple((rows - rows.diagonal().diag()).argmax(dim=1).tolist()))
        assert torch.allclose(rows.sum(dim=0), torch.ones(11).double())  # each is somebody's partner
    assert len(set(shares)) == len(set(partners)) == 64


def test_seed_and_name_tell_views_from_one_another():
    view, images = MixedView('net1', VIEWS), torch.rand(11, 2)
    found = [view(None, images, context(view, seed=seed, name=name)) for seed in (0, 1) for name in ('mixed', 'other')]
    assert all(not torch.equal(one, other) for i, one in enumerate(found) for other in found[:i])


def test_processes_have_one_share_and_other_partners(monkeypatch):
    view, ones, found = MixedView('net1', VIEWS), torch.eye(11, dtype=torch.float64), []
    for rank in (0, 1):
        monkeypatch.setattr(step_random, 'get_rank', lambda rank=rank: rank)
        found.append(view(None, ones, context(view)))
    shares = [float(rows.diagonal()[rows.diagonal() < 1][0]) for rows in found]
    assert shares[0] == shares[1] and not torch.equal(*found)


def test_rows():
    for labels in ([3, 0, -1, -1, -1], [-1, 3, -1, 0, -1]):
        rows = MixedView('net1', VIEWS).rows(SampleRows.of(torch.tensor(labels)))
        assert rows == SampleRows(11, slice(0, 2), slice(2, 11), 2)
    assert MixedView('net1', 'weak').rows(BATCH).size == MixedView('net1').rows(BATCH).size == 5


def test_tokens_are_no_images():
    view = MixedView('net1')
    with pytest.raises(ConfigError, match=r'^model\.views\.mixed: mixes images, and tokens are none'):
        view(None, torch.zeros(5, 7, dtype=torch.int64), context(view))


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(of=[]), r"^of must be a view's name, or a list of several, got \[\]"),
        (dict(of=['weak', 'weak']), r'^of must be'),
        (dict(of=['weak', None]), r'^of must be'),
        (dict(of=['weak', 3]), r"^of must be a view's name"),
        (dict(of=['weak'], guess=['strong']), r"^guess must be a list of views of which the view is made, \['weak'\]"),
        (dict(of=['weak'], guess='weak'), r'^guess must be'),
        (dict(of=['weak'], guess=[]), r'^guess must be'),
        (dict(align=True), r'^align must be a dict such as dict\(target='),
        (dict(align=dict(target='labeled')), r"^align\.target: must be 'uniform', got 'labeled'"),
        (dict(align=dict(target='label')), r"^align\.target: must be 'uniform' or 'labeled'"),
        (dict(align=dict(momentum=2)), r'^align\.momentum: must be in \[0, 1\)'),
        (dict(align=dict(momentun=0.9)), r"^align: DistributionAlignment has no argument 'momentun'"),
        (dict(align=dict(type='Alignment')), r"^align\.type: unknown"),
    ],
)  # fmt: skip
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        MixedView('net1', **arguments)
