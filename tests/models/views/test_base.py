"""What every view that a graph makes must do; one that is added is tested without a change here."""

import pytest
import torch
from scipy import stats
from torch import nn

from ktg_mm.models.views import View, ViewContext, base
from ktg_mm.registry import VIEWS
from ktg_mm.structures import NodeOutput, SampleRows

ARGUMENTS = dict(AdversarialView=dict(node='net1', eps=0.5), MixedView=dict(node='net1'), RotatedView=dict(node='net1'))
MIXED, HIDDEN = (SampleRows.of(torch.tensor(labels)) for labels in ([3, 0, -1, -1, -1, -1], [-1] * 6))
APART = SampleRows.of(torch.tensor([-1, 3, -1, -1, 0, -1]))
every_view = pytest.mark.parametrize('name', sorted(VIEWS.module_dict))


def context(k=1, name='moved', rows=MIXED, samples='all', seed=0, said=None):
    return ViewContext(name, seed, torch.tensor(k / 64, dtype=torch.float64), rows, samples, said)


def images(number=6, dtype=torch.float64):
    return torch.rand(number, 2, 4, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64).to(dtype)


@pytest.fixture
def network():
    torch.manual_seed(0)
    layers = nn.Sequential(nn.Conv2d(2, 4, 2), nn.Tanh(), nn.Flatten(), nn.Linear(36, 5))
    return lambda x: NodeOutput(layers.to(x.dtype)(x))


@every_view
@pytest.mark.parametrize('dtype', [torch.float64, torch.float32, torch.bfloat16])
def test_images_of_the_same_kind_without_a_gradient(name, dtype, network):
    view, given = VIEWS.build(dict(type=name, **ARGUMENTS[name])), images(dtype=dtype)
    before = given.clone()
    made = view(network, given.requires_grad_(), context())
    assert made.shape == given.shape and made.dtype == dtype and not made.requires_grad and made.isfinite().all()
    assert torch.equal(given, before) and given.grad is None and not torch.equal(made, given)
    assert not view.state_dict()


@every_view
def test_it_depends_on_seed_and_progress_alone(name, network):
    view = VIEWS.build(dict(type=name, **ARGUMENTS[name]))
    made = view(network, images(), context())
    torch.manual_seed(5)
    state = torch.get_rng_state()
    assert torch.equal(view(network, images(), context()), made)
    assert torch.equal(torch.get_rng_state(), state)
    for other in (context(k=2), context(seed=1), context(name='other')):
        assert not torch.equal(view(network, images(), other), made)


def test_noise_is_normal_and_another_one_in_each_step():
    noise = torch.stack([context(k).noise(torch.zeros(6, 1, 5, 5, dtype=torch.float64)) for k in range(1, 65)])
    assert stats.kstest(noise.flatten().numpy(), 'norm').pvalue > 1e-3
    assert stats.pearsonr(noise[1:].flatten(), noise[:-1].flatten()).pvalue > 1e-3
    assert len(noise.unique()) == noise.numel()
    assert context().noise(torch.zeros(6, 1, dtype=torch.bfloat16)).dtype == torch.bfloat16


@pytest.mark.parametrize('rows', [MIXED, APART], ids=['labelled first', 'mixed'])
@pytest.mark.parametrize('what', ['noise', 'turns'])
def test_two_processes_draw_what_one_does(monkeypatch, rows, what):
    """A process has half of the labelled and half of the unlabelled samples of the batch that one would have."""

    def draw(context, number):
        return context.noise(images(number)) if what == 'noise' else context.turns(1000)

    whole = draw(context(rows=rows), 6)
    small = SampleRows.of(torch.tensor([1, -1, -1]))
    for rank in (0, 1):
        monkeypatch.setattr(base, 'get_rank', lambda rank=rank: rank)
        part = draw(context(rows=small), 3)
        assert torch.equal(part[:1], whole[rows.labeled][rank : rank + 1])
        assert torch.equal(part[1:], whole[rows.unlabeled][2 * rank : 2 * rank + 2])
        some = draw(context(rows=small, samples='unlabeled'), 2)
        assert torch.equal(some, part[1:])


def test_noise_of_some_samples_is_that_of_all():
    whole = context().noise(images())
    for samples in ('labeled', 'unlabeled'):
        rows = MIXED.rows(samples)
        assert torch.equal(context(samples=samples).noise(images()[rows]), whole[rows])
    alone = context(rows=HIDDEN).noise(images())
    assert torch.equal(alone[:4], whole[2:])


def test_turns_are_evenly_spread_and_others_in_each_step():
    turns = torch.stack([context(k).turns(4) for k in range(1, 257)])
    assert turns.shape == (256, 6) and stats.chisquare(turns.flatten().bincount(minlength=4)).pvalue > 1e-3
    assert stats.pearsonr(turns[1:].flatten(), turns[:-1].flatten()).pvalue > 1e-3
    whole = context().turns(4)
    for samples in ('labeled', 'unlabeled'):
        assert torch.equal(context(samples=samples).turns(4), whole[MIXED.rows(samples)])


@pytest.mark.parametrize('arguments', [dict(node=None), dict(node=''), dict(node='a', of=''), dict(node='a', of=3)])
def test_names(arguments):
    with pytest.raises(ValueError, match=r'^(node|of) must'):
        View(**arguments)


def test_the_base_asks_for_a_formula():
    with pytest.raises(NotImplementedError):
        View('net1')(None, images(), context())
