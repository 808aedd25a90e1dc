import pytest
import torch
from torch import nn

from ktg_mm.models.norm_layer import check_norm, conv_norm_relu, norm_layer


def test_kinds():
    assert isinstance(norm_layer(dict(type='BN'), 6), nn.BatchNorm2d)
    assert norm_layer(dict(type='GN', num_groups=4), 6).num_groups == 2
    config = dict(type='BN', requires_grad=False, eps=1e-3)
    norm = norm_layer(config, 6)
    assert not norm.weight.requires_grad and norm.eps == 1e-3
    assert config == dict(type='BN', requires_grad=False, eps=1e-3)


@pytest.mark.parametrize(
    'wrong',
    [
        dict(type='NoSuchNorm'),
        dict(type='GN'),
        dict(type='GN', num_groups=2.5),
        dict(type='GN', num_groups=0),
        dict(type='GN', num_groups=-2),
        dict(type='BN', momentun=1),
    ],
)
def test_what_mmcv_does_not_take(wrong):
    with pytest.raises(ValueError, match=r'^norm_cfg: [^\n]+$'):
        norm_layer(wrong, 4)


def test_groups_without_a_number():
    with pytest.raises(ValueError, match=r'^norm_cfg: GN needs num_groups, such as 8$'):
        norm_layer(dict(type='GN'), 4)


def test_an_unknown_kind_is_named():
    with pytest.raises(ValueError, match=r"^norm_cfg: unknown norm layer 'Batch'; take 'BN', 'GN' or the like$"):
        norm_layer(dict(type='Batch'), 4)


def test_a_convolution_with_its_norm():
    images = torch.rand(2, 6, 5, 4) - 0.5
    module = conv_norm_relu(6, 10, 3, dict(type='GN', num_groups=4), groups=2)
    assert module.norm.num_groups == 2 and module.conv.bias is None and module.conv.groups == 2
    expected = module.norm(nn.functional.conv2d(images, module.conv.weight, padding=1, groups=2)).relu()
    assert torch.equal(module(images), expected) and expected.shape == (2, 10, 5, 4)
    assert conv_norm_relu(6, 10, 1, dict(type='BN'))(images).shape == (2, 10, 5, 4)
    with pytest.raises(ValueError, match=r'^norm_cfg: unknown norm layer'):
        conv_norm_relu(6, 10, 3, dict(type='Batch'))


def test_a_norm_of_other_axes():
    norm = nn.BatchNorm2d(3)
    before = norm.state_dict()['running_mean'].clone()
    check_norm(norm, 3, 2, 2)
    assert norm.training and torch.equal(norm.running_mean, before)
    with pytest.raises(ValueError, match=r'^norm_cfg: expected 4D input \(got 2D input\)$'):
        check_norm(norm, 3)
    assert norm.training
