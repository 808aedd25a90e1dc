import pytest
import torch

from ktg_mm.models.losses import FeatureLoss
from ktg_mm.models.losses.feature_loss import pool_to_match
from ktg_mm.structures import NodeOutput


class VectorLoss(FeatureLoss):
    of_vectors = True


@pytest.mark.parametrize(
    ('layers', 'expected'),
    [
        ('map', (('map',), ('map',))),
        (['a', 'b'], (('a', 'b'), ('a', 'b'))),
        (dict(target='a', source=('b',)), (('a',), ('b',))),
        (dict(source=['c', 'd'], target=['a', 'b']), (('a', 'b'), ('c', 'd'))),
    ],
)
def test_layers(layers, expected):
    loss = FeatureLoss(layers)
    assert (loss.layers['target'], loss.layers['source']) == expected


@pytest.mark.parametrize(
    ('layers', 'says'),
    [
        ([], "must be names such as 'backbone.layer2', 'map' or 'embedding', got []"),
        ('', 'must be names'),
        (['a', 3], 'must be names'),
        (dict(target='a'), 'must be names, or dict(target=..., source=...)'),
        (dict(target='a', source='b', other='c'), 'must be names, or dict(target=..., source=...)'),
        (dict(target='a', source=['b', 'c']), 'must be as many of the target as of the source'),
        (None, 'must be names'),
    ],
)
def test_what_are_no_layers(layers, says):
    with pytest.raises(ValueError) as caught:
        FeatureLoss(layers)
    assert str(caught.value).startswith(f'layers {says}')


def test_pairs_are_in_order_and_of_full_precision():
    target = NodeOutput(
        torch.zeros(2, 2), features={k: torch.full((2, 3), v).bfloat16() for k, v in (('a', 1), ('b', 2))}
    )
    source = NodeOutput(torch.zeros(2, 2), features={k: torch.full((2, 4), v) for k, v in (('c', 3.0), ('a', 4.0))})
    pairs = FeatureLoss(dict(target=['b', 'a'], source=['a', 'c'])).pairs(target, source)
    assert [(float(own[0, 0]), float(others[0, 0])) for own, others in pairs] == [(2, 4), (1, 3)]
    assert all(feature.dtype == torch.float32 for pair in pairs for feature in pair)


def test_a_map_as_a_vector():
    map_ = torch.rand(2, 3, 4, 5)
    target = NodeOutput(torch.zeros(2, 2), features=dict(map=map_))
    source = NodeOutput(torch.zeros(2, 2), features=dict(embedding=torch.ones(2, 7)))
    layers = dict(target='map', source='embedding')
    ((own, others),) = VectorLoss(layers).pairs(target, source)
    torch.testing.assert_close(own, map_.sum(dim=(2, 3)) / 20)
    assert torch.equal(others, torch.ones(2, 7))
    ((own, _),) = FeatureLoss(layers).pairs(target, source)
    assert torch.equal(own, map_)


@pytest.mark.parametrize(
    ('cls', 'layer', 'shape', 'says'),
    [
        (
            FeatureLoss,
            'embedding',
            (8,),
            "'embedding' of the target gives features of shape (8,), but FeatureLoss compares feature maps; name a "
            "layer that gives them, such as 'map'",
        ),
        (FeatureLoss, 'map', (8,), "such as 'backbone.layer2'"),
        (FeatureLoss, 'backbone.layers.0', (17, 8), "such as 'map'"),
        (VectorLoss, 'backbone.layers.0', (17, 8), "vectors; name a layer that gives them, such as 'embedding'"),
        (VectorLoss, 'embedding', (17, 8), "such as 'backbone.layer2'"),
    ],
)
def test_a_shape_that_is_refused(cls, layer, shape, says):
    loss = cls(dict(target=layer, source='other'))
    right = torch.Size([4, 7, 7])
    loss.set_shapes([right], [right])
    with pytest.raises(ValueError) as caught:
        loss.set_shapes([torch.Size(shape)], [right])
    assert says in str(caught.value) and '\n' not in str(caught.value)
    with pytest.raises(ValueError, match=r"^'other' of the source"):
        loss.set_shapes([right], [torch.Size(shape)])


def test_vectors_are_taken_by_a_loss_of_vectors():
    VectorLoss('embedding').set_shapes([torch.Size([8])], [torch.Size([5])])


def test_pooling():
    first, second = torch.rand(2, 3, 8, 2), torch.rand(2, 5, 4, 6)
    own, others = pool_to_match(first, second)
    torch.testing.assert_close(own, first.reshape(2, 3, 4, 2, 2).mean(3))
    torch.testing.assert_close(others, second.reshape(2, 5, 4, 2, 3).mean(4))
    assert pool_to_match(first, first)[0] is first


def test_pooling_to_a_size_that_does_not_divide():
    own, _ = pool_to_match(map_ := torch.rand(2, 3, 5, 5), torch.rand(2, 5, 3, 5))
    blocks = (0, 2), (1, 4), (3, 5)  # adaptive pooling's overlap
    torch.testing.assert_close(own, torch.stack([map_[:, :, a:b].mean(2) for a, b in blocks], dim=2))
