import pytest
import torch

from ktg_mm.models.losses import CoMatch, SimMatch
from ktg_mm.structures import NodeOutput


def make():
    torch.manual_seed(0)
    loss = SimMatch(4, threshold=0.6, embed_dims=3)
    loss.set_num_classes(2)
    loss.set_shapes([torch.Size([5])], [torch.Size([5])])
    return loss.double()


def test_a_projection_is_two_layers_and_a_division_by_the_length():
    loss = make()
    vectors = torch.randn(6, 5, dtype=torch.float64)
    first, second = loss.projection[0], loss.projection[2]
    for vector, projected in zip(
        vectors, loss.project(NodeOutput(None, features=dict(embedding=vectors))), strict=True
    ):
        hidden = (first.weight @ vector + first.bias).clamp(min=0)
        expected = second.weight @ hidden + second.bias
        torch.testing.assert_close(projected, expected / expected.square().sum().sqrt(), rtol=1e-9, atol=0)


def test_a_feature_map_is_averaged():
    loss = make()
    loss.layers = dict(target=('map',), source=('map',))
    maps = torch.randn(2, 5, 3, 3, dtype=torch.float64)
    expected = loss.projection(maps.mean(dim=(2, 3)))
    projected = loss.project(NodeOutput(None, features=dict(map=maps)))
    torch.testing.assert_close(projected, expected / expected.norm(dim=1, keepdim=True))


def test_only_sure_pseudo_labels_are_learnt_and_the_threshold_is_among_them():
    labels = torch.tensor([[0.75, 0.25], [0.4, 0.6], [0.5, 0.5]], dtype=torch.float64)
    logits = torch.tensor([[0.0, 1.0]] * 3, dtype=torch.float64)
    found = make().cross_entropy(NodeOutput(logits), labels)
    log_p = logits[0].log_softmax(0)
    expected = [-(0.75 * log_p[0] + 0.25 * log_p[1]), -(0.4 * log_p[0] + 0.6 * log_p[1]), torch.zeros(())]
    torch.testing.assert_close(found, torch.stack([value.double() for value in expected]))


@pytest.mark.parametrize('layers', [['map', 'embedding'], dict(target='map', source='embedding'), []])
def test_one_layer(layers):
    with pytest.raises(ValueError, match=r'^layers'):
        CoMatch(4, 'strong2', layers)
