"""The formula and the queue over several steps: tests/models/test_semi_supervised_methods.py."""

import math

import pytest
import torch

from ktg_mm.models.losses import CoMatch
from ktg_mm.structures import NodeOutput, TransferContext


def make(**arguments):
    torch.manual_seed(0)
    loss = CoMatch(**dict(queue_size=6, other_view='b', embed_dims=4, warm_up=0.1, threshold=0.0) | arguments)
    loss.set_num_classes(3)
    loss.set_shapes([torch.Size([5])], [torch.Size([5])])
    return loss.double()


def said(seed, size=4):
    generator = torch.Generator().manual_seed(seed)
    logits, features = (torch.randn(size, d, generator=generator, dtype=torch.float64) for d in (3, 5))
    return NodeOutput(logits, features=dict(embedding=features.requires_grad_()))


def run(loss, seed, labels=(1, 2), target=None, other=None, source=None):
    known = dict(labeled_source=said(seed + 100, len(labels)), labeled_labels=torch.tensor(labels))
    context = TransferContext(None, 0.5, other_target=other or said(seed + 70), **known)
    return loss(target or said(seed), source or said(seed + 50), context)


def test_the_queue_keeps_the_last_samples_unlabelled_ones_first():
    loss = make(queue_size=8)
    for seed in range(3):
        run(loss, seed)
    # Eighteen samples have come: the ninth and later ones stand at their numbers modulo eight.
    with torch.no_grad():
        last = [part for seed in (1, 2) for part in (said(seed + 50), said(seed + 100, 2))]
        projected = torch.cat([loss.project(part) for part in last])[-8:]
    order = [(10 + i) % 8 for i in range(8)]
    torch.testing.assert_close(loss.queue[order], projected)
    torch.testing.assert_close(loss.queue_probabilities[[(16) % 8, (17) % 8]], torch.eye(3).double()[[1, 2]])
    assert int(loss.count) == 18


def test_a_batch_that_is_larger_than_the_queue_leaves_its_last_samples():
    loss = make(queue_size=3)
    run(loss, 0)
    with torch.no_grad():
        projected = torch.cat([loss.project(said(50))[-1:], loss.project(said(100, 2))])
    torch.testing.assert_close(loss.queue, projected)


def test_the_queue_smooths_once_it_is_full():
    loss, other = make(), make(smoothing=1.0)
    differ = []
    for seed in range(3):
        differ.append(not torch.allclose(run(loss, seed), run(other, seed)))
    assert differ == [False, True, True]


def test_both_strong_views_learn_and_the_source_does_not():
    target, other, source = said(0), said(1), said(2)
    run(make(), 0, target=target, other=other, source=source).mean().backward()
    assert target.features['embedding'].grad.any() and other.features['embedding'].grad.any()
    assert source.features['embedding'].grad is None


@pytest.mark.parametrize('value', [math.nan, math.inf])
def test_a_batch_that_is_not_finite_leaves_no_mark(value):
    loss = make()
    run(loss, 0)
    before = {name: buffer.clone() for name, buffer in loss.named_buffers()}
    bad = NodeOutput(said(1).logits, features=dict(embedding=torch.full((4, 5), value, dtype=torch.float64)))
    run(loss, 1, source=bad)
    assert all(torch.equal(buffer, before[name]) for name, buffer in loss.named_buffers())
