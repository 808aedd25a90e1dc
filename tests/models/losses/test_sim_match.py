"""The formula and the memory over several steps: tests/models/test_semi_supervised_methods.py."""

import math

import pytest
import torch

from ktg_mm.models.losses import SimMatch
from ktg_mm.structures import NodeOutput, TransferContext


def make(**arguments):
    torch.manual_seed(0)
    loss = SimMatch(6, embed_dims=4, **dict(warm_up=0.1, threshold=0.0) | arguments)
    loss.set_num_classes(3)
    loss.set_shapes([torch.Size([5])], [torch.Size([5])])
    return loss.double()


def said(seed, size=4):
    generator = torch.Generator().manual_seed(seed)
    logits, features = (torch.randn(size, d, generator=generator, dtype=torch.float64) for d in (3, 5))
    return NodeOutput(logits, features=dict(embedding=features))


def run(loss, seed, ids, labels, progress=0.5, labeled=None):
    labeled = labeled or said(seed + 100, len(ids))
    known = dict(labeled_source=labeled, labeled_labels=torch.tensor(labels), labeled_ids=torch.tensor(ids))
    return loss(said(seed), said(seed + 50), TransferContext(None, progress, **known))


def test_without_a_labelled_sample_so_far_it_is_the_cross_entropy_with_what_the_source_says():
    values = run(make(), 0, [1], [2])
    expected = [-(q * z.log_softmax(0)).sum() for z, q in zip(said(0).logits, said(50).logits.softmax(1), strict=True)]
    torch.testing.assert_close(values, torch.stack(expected), rtol=1e-9, atol=0)


def test_labels_that_have_not_come_are_as_if_they_were_not_there():
    large, small = make(), SimMatch(2, embed_dims=4, warm_up=0.1, threshold=0.0)
    small.set_num_classes(3)
    small.set_shapes([torch.Size([5])], [torch.Size([5])])
    small.double().projection.load_state_dict(large.projection.state_dict())
    for seed in range(3):
        values = [run(loss, seed, [0, 1], [2, 1]) for loss in (large, small)]
        torch.testing.assert_close(*values, rtol=1e-12, atol=0)


def test_of_an_image_that_comes_twice_the_last_one_counts():
    once, twice = make(), make()
    labeled = said(7, 3)
    run(twice, 0, [4, 2, 4], [0, 1, 2], labeled=labeled)
    run(once, 0, [4, 2], [2, 1], labeled=labeled.select(torch.tensor([2, 1])))
    torch.testing.assert_close(twice.memory, once.memory)
    assert twice.classes.tolist() == once.classes.tolist() == [-1, -1, 1, -1, 2, -1]


def test_the_memory_is_of_length_one_over_the_dimensions():
    loss = make()
    for seed in range(3):
        run(loss, seed, [3, 5], [0, 1])
    torch.testing.assert_close(loss.memory[[3, 5]].norm(dim=1), torch.ones(2, dtype=torch.float64))
    assert not loss.memory[[0, 1, 2, 4]].any()


@pytest.mark.parametrize('value', [math.nan, math.inf])
def test_a_batch_that_is_not_finite_leaves_no_mark_in_the_memory(value):
    loss = make()
    run(loss, 0, [3, 5], [0, 1])
    before = loss.memory.clone()
    bad = said(1, 2)
    bad.features['embedding'][:] = value
    run(loss, 1, [3, 5], [0, 1], labeled=bad)
    assert torch.equal(loss.memory, before)


def test_a_number_that_is_too_large():
    with pytest.raises(RuntimeError, match='num_labels'):
        run(make(), 0, [6], [0])
