import math

import numpy as np
import pytest
import torch

from ktg_mm.models.losses import CRD, crd
from ktg_mm.structures import NodeOutput, TransferContext

LABELS = [0, 1, 1, 0, 2, 1, 2, 0]  # of eight training images


def make(num_samples=8, num_negatives=3, layers='embedding', target=(4,), source=(6,), **arguments):
    torch.manual_seed(0)
    loss = CRD(num_samples, layers, num_negatives, embed_dims=arguments.pop('embed_dims', 5), **arguments)
    loss.set_num_classes(3)
    loss.set_shapes([torch.Size(target)], [torch.Size(source)])
    return loss.double()


def ends(seed, size, dims=(4, 6)):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(size, d, generator=generator, dtype=torch.float64) for d in dims]


def context(ids, progress=0.5, **arguments):
    return TransferContext(torch.tensor([LABELS[i] for i in ids]), progress, sample_ids=torch.tensor(ids), **arguments)


def run(loss, features, ids, **arguments):
    outputs = [NodeOutput(torch.zeros(len(ids), 3), features=dict(embedding=feature)) for feature in features]
    return loss(*outputs, context(ids, **arguments))


def unit(vector):
    return vector / math.sqrt((vector**2).sum())


class Reference:
    """The loss, sample by sample and negative by negative, of the same first memories and linear layers."""

    def __init__(self, loss):
        self.layers = [
            [p.detach().numpy() for p in layer.parameters()] for layer in (loss.embed_target, loss.embed_source)
        ]
        self.memories = [memory.numpy().copy() for memory in (loss.target_memory, loss.source_memory)]
        self.z, self.loss = None, loss

    def __call__(self, features, ids, negatives):
        tau, size, number = self.loss.temperature, self.loss.num_samples, len(negatives[0])
        embedded = [
            [unit(weight @ vector + bias) for vector in feature.numpy()]
            for feature, (weight, bias) in zip(features, self.layers, strict=True)
        ]
        exponentials = [
            [
                [math.exp(e @ self.memories[1 - end][j] / tau) for j in (place, *others)]
                for e, place, others in zip(side, ids, negatives, strict=True)
            ]
            for end, side in enumerate(embedded)
        ]
        if self.z is None:
            self.z = [np.mean(side) * size for side in exponentials]
        share = number / size
        values = []
        for i in range(len(ids)):
            total = 0.0
            for end in range(2):
                p = [value / self.z[end] for value in exponentials[end][i]]
                total -= math.log(p[0] / (p[0] + share + 1e-7))
                for k in range(1, number + 1):
                    total -= math.log(share / (p[k] + share + 1e-7))
            values.append(total)
        for end in range(2):
            for i, place in enumerate(ids):
                momentum = self.loss.momentum
                moved = momentum * self.memories[end][place] + (1 - momentum) * embedded[end][i]
                self.memories[end][place] = unit(moved)
        return values


@pytest.mark.parametrize('arguments', [{}, dict(temperature=0.5, momentum=0.9)])
def test_three_batches_with_given_negatives(arguments, monkeypatch):
    loss = make(**arguments)
    reference = Reference(loss)
    for seed, ids in enumerate([[3, 0, 5], [6, 1, 2], [0, 7, 4]]):
        negatives = torch.randint(8, (3, 3), generator=torch.Generator().manual_seed(seed))
        monkeypatch.setattr(crd, 'draw_negatives', lambda *_, drawn=negatives: drawn)
        features = ends(seed, 3)
        values = run(loss, features, ids)
        expected = reference(features, ids, negatives.tolist())
        np.testing.assert_allclose(values.detach().numpy(), expected, rtol=1e-9)
        for memory, moved in zip((loss.target_memory, loss.source_memory), reference.memories, strict=True):
            np.testing.assert_allclose(memory.numpy(), moved, rtol=1e-9)
    np.testing.assert_allclose(loss.log_z.exp().numpy(), reference.z, rtol=1e-9)  # of the first batch
    assert loss.classes.tolist() == LABELS


def test_the_drawn_negatives_are_those_of_other_classes(monkeypatch):
    seen = {}

    def draw(classes, labels, num_classes, uniform):
        seen['drawn'] = classes.clone(), draw_negatives(classes, labels, num_classes, uniform)
        return seen['drawn'][1]

    draw_negatives = crd.draw_negatives
    monkeypatch.setattr(crd, 'draw_negatives', draw)
    loss, drawn = make(), []
    for step, ids in enumerate([[3, 0, 5], [6, 1, 2], [0, 7, 4], [0, 7, 4]]):
        run(loss, ends(step, 3), ids, progress=(step + 1) / 4)
        classes, places = seen['drawn']
        assert all(classes[i] == LABELS[i] for i in ids)  # the batch's own are known before the draw
        assert not (classes[places] == torch.tensor([LABELS[i] for i in ids]).unsqueeze(1)).any()
        drawn.append(places)
    assert not torch.equal(drawn[2], drawn[3])
    run(loss, ends(9, 3), [0, 7, 4], progress=1.0)
    assert torch.equal(seen['drawn'][1], drawn[3])  # a function of the progress
    for other in (dict(seed=1), dict(source_name='a'), dict(target_name='a')):
        run(loss, ends(9, 3), [0, 7, 4], progress=1.0, **other)
        assert not torch.equal(seen['drawn'][1], drawn[3])


def test_both_ends_layers_learn_and_the_memories_do_not():
    loss = make()
    features = [feature.requires_grad_() for feature in ends(0, 3)]
    run(loss, features, [0, 4, 5]).mean().backward()
    assert {name for name, _ in loss.named_parameters()} == {
        f'embed_{end}.{kind}' for end in ('target', 'source') for kind in ('weight', 'bias')
    }
    assert all(parameter.grad.any() for parameter in loss.parameters())
    assert all(feature.grad.any() for feature in features)  # an edge detaches the source's
    assert not loss.target_memory.requires_grad and not loss.source_memory.requires_grad


def test_the_memories_begin_at_random():
    loss = make(num_samples=2000, embed_dims=128).float()
    bound = 1 / math.sqrt(128 / 3)
    for memory in (loss.target_memory, loss.source_memory):
        assert memory.shape == (2000, 128) and bound * 0.99 < float(memory.abs().max()) <= bound
        assert abs(float(memory.mean())) < 1e-3
    assert not torch.equal(loss.target_memory, loss.source_memory)


@pytest.mark.parametrize('value', [math.nan, math.inf])
def test_a_batch_that_is_not_finite_leaves_no_mark(value):
    loss = make()
    bad = ends(0, 3)
    bad[0][1] = value
    run(loss, bad, [0, 4, 5])
    assert not loss.started and all(buffer.isfinite().all() for buffer in loss.buffers())
    run(loss, ends(1, 3), [0, 4, 5])
    assert loss.started
    before = {name: buffer.clone() for name, buffer in loss.named_buffers()}
    run(loss, bad, [1, 2, 3])
    assert torch.equal(loss.log_z, before['log_z'])
    for name in ('target_memory', 'source_memory'):
        memory = getattr(loss, name)
        assert memory.isfinite().all() and torch.equal(memory[2], before[name][2])
        assert not torch.equal(memory[1], before[name][1])


def test_of_an_image_that_is_in_the_batch_twice_the_last_one_counts():
    both, last = make(), make()
    features = ends(0, 3)
    run(both, features, [4, 6, 4])
    run(last, [feature[1:] for feature in features], [6, 4])
    torch.testing.assert_close(both.target_memory, last.target_memory)
    torch.testing.assert_close(both.source_memory, last.source_memory)


def test_eval_mode_moves_nothing_and_needs_no_first_batch():
    loss = make().eval()
    before = {name: buffer.clone() for name, buffer in loss.named_buffers()}
    assert run(loss, ends(0, 3), [0, 4, 5]).isfinite().all()
    assert all(torch.equal(buffer, before[name]) for name, buffer in loss.named_buffers())


def test_a_low_temperature_does_not_overflow():
    loss = make(temperature=1e-3).float()
    features = [feature.float().requires_grad_() for feature in ends(0, 3)]
    values = run(loss, features, [0, 4, 5])
    values.sum().backward()
    assert values.isfinite().all() and all(feature.grad.isfinite().all() for feature in features)


def test_no_more_negatives_than_other_classes_have():
    assert make(num_samples=90, num_negatives=16384).num_negatives == 60
    assert make(num_samples=90, num_negatives=20).num_negatives == 20
    assert make(num_samples=2, num_negatives=20).num_negatives == 1


def test_a_map_at_one_end():
    loss = make(layers=dict(target='map', source='embedding'), target=(4, 2, 2))
    map_, embedding = torch.rand(3, 4, 2, 2, dtype=torch.float64), torch.rand(3, 6, dtype=torch.float64)
    target, source = (
        NodeOutput(torch.zeros(3, 3), features=features) for features in (dict(map=map_), dict(embedding=embedding))
    )
    values = loss(target, source, context([0, 4, 5]))
    torch.testing.assert_close(values, run(make(), [map_.mean((2, 3)), embedding], [0, 4, 5]))


def test_several_layers_are_refused():
    with pytest.raises(ValueError, match=r'^layers must be one at each end'):
        CRD(8, ['map', 'embedding'])


@pytest.mark.parametrize('place', [8, -1])
def test_an_id_that_is_out_of_range(place):
    outputs = [NodeOutput(torch.zeros(1, 3), features=dict(embedding=feature)) for feature in ends(0, 1)]
    with pytest.raises(RuntimeError, match='CRD: num_samples is too small'):
        make()(*outputs, TransferContext(torch.tensor([0]), 0.5, sample_ids=torch.tensor([place])))
