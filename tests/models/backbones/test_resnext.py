import pytest
import torch
import torchvision.models
from mmpretrain.registry import MODELS
from torch import nn

from ktg_mm.errors import ConfigError
from ktg_mm.models.backbones import CIFARResNeXt

SMALL = dict(groups=2, base_channels=8, stem_channels=8)


def test_parameters_are_the_papers():
    network = CIFARResNeXt()
    count = sum(parameter.numel() for parameter in network.parameters()) + 2048 * 1000 + 1000
    with torch.device('meta'):
        large = torchvision.models.resnext50_32x4d()
    # The stem has 3 x 3 in the place of 7 x 7 pixels.
    assert count == sum(parameter.numel() for parameter in large.parameters()) - 40 * 3 * 64 == 25_021_224
    assert round(count / 1e6, 1) == 25.0


@torch.no_grad()
def test_it_computes_torchvisions_network_with_another_stem():
    torch.manual_seed(0)
    ours, theirs = CIFARResNeXt().eval(), torchvision.models.resnext50_32x4d().eval()
    theirs.conv1, theirs.maxpool, theirs.fc = nn.Conv2d(3, 64, 3, padding=1, bias=False), nn.Identity(), nn.Identity()
    theirs.load_state_dict(ours.state_dict())
    images = torch.rand(1, 3, 16, 16)
    torch.testing.assert_close(ours(images)[0].mean(dim=(2, 3)), theirs(images))


@pytest.mark.parametrize('size', [32, 9])
def test_output_shapes(size):
    maps = CIFARResNeXt(**SMALL, out_indices=(0, 1, 2, 3))(torch.rand(2, 3, size, size))
    sides = [size, -(-size // 2), -(-size // 4), -(-size // 8)]
    assert [tuple(features.shape) for features in maps] == [
        (2, 32 * 2**stage, side, side) for stage, side in enumerate(sides)
    ]


def test_convolutions_start_with_kaiming_fan_out():
    torch.manual_seed(0)
    network = CIFARResNeXt(**SMALL)
    network.init_weights()
    weight = network.layer4[1].conv3.weight
    assert weight.std().item() == pytest.approx((2 / weight.shape[0]) ** 0.5, rel=0.03)
    assert network.layer4[1].bn3.weight.unique().tolist() == [1.0]


@pytest.mark.parametrize('layout', [torch.contiguous_format, torch.channels_last])
def test_a_step_reaches_every_parameter(layout):
    torch.manual_seed(0)
    network = CIFARResNeXt(**SMALL).to(memory_format=layout).double()
    network(torch.rand(2, 3, 16, 16, dtype=torch.float64).to(memory_format=layout))[0].square().sum().backward()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in network.parameters())


def test_built_from_a_config_with_group_norm_and_grey_images():
    norm_cfg = dict(type='GN', num_groups=4)
    network = MODELS.build(dict(type='CIFARResNeXt', in_channels=1, norm_cfg=norm_cfg, **SMALL))
    assert not any(isinstance(module, nn.BatchNorm2d) for module in network.modules())
    assert network(torch.rand(2, 1, 16, 16))[0].shape == (2, 256, 2, 2)
    assert network.eval() is network and network.train() is network


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(depth=29), 'depth: 29 is not one of 50, 101, 152'),
        (dict(out_indices=(4,)), 'out_indices: (4,) names a stage beyond 0, 1, 2 and 3'),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ConfigError) as caught:
        CIFARResNeXt(**arguments)
    assert str(caught.value) == message
