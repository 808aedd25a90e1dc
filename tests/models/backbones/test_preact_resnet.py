import pytest
import torch
from mmpretrain.registry import MODELS
from torch import nn

from ktg_mm.errors import ConfigError
from ktg_mm.models.backbones import CIFARPreActResNet


def parameters(depth, of=(nn.Conv2d, nn.BatchNorm2d)):
    with torch.device('meta'):
        network = CIFARPreActResNet(depth)
    modules = [module for module in network.modules() if isinstance(module, of)]
    return sum(p.numel() for module in modules for p in module.parameters()) + network.out_channels * 10 + 10


@pytest.mark.parametrize(('depth', 'published'), [(164, 1.7), (1001, 10.2)])
def test_parameters_but_for_the_norms_are_the_papers(depth, published):
    assert round(parameters(depth, nn.Conv2d) / 1e6, 1) == published


def test_all_parameters():
    n, total = 111, 16 * 27 + 256 * 10 + 10 + 2 * 256
    for before, width in ((16, 64), (64, 128), (128, 256)):
        middle = width // 4
        unit = width * middle + 9 * middle**2 + middle * width + 2 * width + 4 * middle
        first = before * middle + 9 * middle**2 + middle * width + before * width + 2 * before + 4 * middle
        total += first + (n - 1) * unit
    assert parameters(1001) == total == 10_327_706


def test_depth_counts_the_layers_with_weights():
    network = CIFARPreActResNet(20)
    convolutions = [name for name, module in network.named_modules() if isinstance(module, nn.Conv2d)]
    assert len([name for name in convolutions if 'shortcut' not in name]) + 1 == 20


@pytest.mark.parametrize('size', [32, 9])
def test_output_shapes(size):
    maps = CIFARPreActResNet(11, out_indices=(0, 1, 2))(torch.rand(2, 3, size, size))
    half = -(-size // 2)
    quarter = -(-half // 2)
    assert [tuple(features.shape) for features in maps] == [
        (2, 64, size, size), (2, 128, half, half), (2, 256, quarter, quarter)
    ]  # fmt: skip


@torch.no_grad()
def test_it_computes_the_papers_formula():
    torch.manual_seed(0)
    network = CIFARPreActResNet(20, in_channels=1).eval().double()
    images = torch.rand(2, 1, 8, 8, dtype=torch.float64)
    x = nn.functional.conv2d(images, network.conv1.weight, padding=1)
    for stage, stride in ((1, 1), (2, 2), (3, 2)):
        for index, unit in enumerate(getattr(network, f'layer{stage}')):
            out = unit.norm1(x).relu()
            step = stride if index == 0 else 1
            identity = nn.functional.conv2d(out, unit.shortcut.weight, stride=step) if index == 0 else x
            out = nn.functional.conv2d(out, unit.conv1.weight, stride=step)  # the authors' code has the stride here
            out = nn.functional.conv2d(unit.norm2(out).relu(), unit.conv2.weight, padding=1)
            x = nn.functional.conv2d(unit.norm3(out).relu(), unit.conv3.weight) + identity
    torch.testing.assert_close(network(images)[0], network.norm(x).relu(), rtol=0, atol=1e-9)


def test_weights_begin_as_in_the_authors_code():
    torch.manual_seed(0)
    network = CIFARPreActResNet(11)
    network.init_weights()
    unit = network.layer3[0]
    assert unit.conv2.weight.std().item() == pytest.approx((2 / (9 * 64)) ** 0.5, rel=0.02)  # of what goes out
    assert unit.conv3.weight.std().item() == pytest.approx((2 / 256) ** 0.5, rel=0.02)
    assert (network.norm.weight == 1).all() and not network.norm.bias.any()


def test_a_step_in_both_layouts_reaches_every_parameter():
    for layout in (torch.contiguous_format, torch.channels_last):
        torch.manual_seed(0)
        network = CIFARPreActResNet(11).to(memory_format=layout)
        images = torch.rand(2, 3, 8, 8).to(memory_format=layout)
        network(images)[0].square().sum().backward()
        assert all(parameter.grad is not None and parameter.grad.any() for parameter in network.parameters())


def test_built_from_a_config_with_group_norm_and_grey_images():
    network = MODELS.build(
        dict(type='CIFARPreActResNet', depth=11, in_channels=1, norm_cfg=dict(type='GN', num_groups=8))
    )
    assert not any(isinstance(module, nn.BatchNorm2d) for module in network.modules())
    assert network(torch.rand(2, 1, 16, 16))[0].shape == (2, 256, 4, 4)


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(depth=100), 'depth: 100 is not 9n+2 (11, 20, 29, ..., 164, 1001)'),
        (dict(depth=2), 'depth: 2 is not 9n+2 (11, 20, 29, ..., 164, 1001)'),
        (dict(out_indices=(3,)), 'out_indices: (3,) names a stage beyond 0, 1 and 2'),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ConfigError) as caught:
        CIFARPreActResNet(**arguments)
    assert str(caught.value) == message
