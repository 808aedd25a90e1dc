import pytest
import torch
from mmpretrain.registry import MODELS
from torch import nn

from ktg_mm.errors import UserError
from ktg_mm.models.backbones.wide_resnet import CIFARWideResNet, PreActBlock


@pytest.mark.parametrize(
    ('depth', 'widen_factor', 'parameters'),
    [(28, 10, 36_479_194), (28, 2, 1_467_610), (16, 2, 691_674), (40, 2, 2_243_546)],
)
def test_parameter_counts_are_the_papers(depth, widen_factor, parameters):
    with torch.device('meta'):
        network = CIFARWideResNet(depth, widen_factor)
    classifier = network.out_channels * 10 + 10
    assert sum(parameter.numel() for parameter in network.parameters()) + classifier == parameters


@pytest.mark.parametrize('k', [1, 3, 6, 8, 12])
def test_parameters_of_any_width(k):
    total, before, n = 27 * 16 + 2 * 64 * k, 16, (28 - 4) // 6
    for width in (16 * k, 32 * k, 64 * k):
        shortcut = before * width if before != width or width > 16 * k else 0
        total += 9 * before * width + 9 * width**2 + shortcut + 2 * (before + width)
        total += (n - 1) * (18 * width**2 + 4 * width)
        before = width
    with torch.device('meta'):
        network = CIFARWideResNet(28, k)
    assert sum(parameter.numel() for parameter in network.parameters()) == total


def test_the_stem_for_large_images():
    """Thesis, section 3.3.1; the pooling comes right after the convolution, as the first norm is the first block's."""
    torch.manual_seed(0)
    network = CIFARWideResNet(10, 2, stem='7x7', out_indices=(0, 1, 2)).eval()
    images = torch.rand(1, 3, 224, 224)
    with torch.no_grad():
        maps = network(images)
        x = nn.functional.conv2d(images, network.conv1.weight, stride=2, padding=3)
        low = network.layer1(nn.functional.max_pool2d(x, 3, stride=2, padding=1))
    assert network.conv1.weight.shape == (16, 3, 7, 7)
    assert [tuple(features.shape[1:]) for features in maps] == [(32, 56, 56), (64, 28, 28), (128, 14, 14)]
    torch.testing.assert_close(maps[0], low)


def test_depth_counts_the_convolutions():
    # The paper counts the three shortcuts instead of the classifier.
    convolutions = [module for module in CIFARWideResNet(16, 2).modules() if isinstance(module, nn.Conv2d)]
    assert len(convolutions) == 16


@pytest.mark.parametrize('size', [32, 9])
def test_output_shapes(size):
    network = CIFARWideResNet(10, 2, out_indices=(0, 1, 2))
    maps = network(torch.rand(2, 3, size, size))
    half = -(-size // 2)
    quarter = -(-half // 2)
    assert [tuple(features.shape) for features in maps] == [
        (2, 32, size, size),
        (2, 64, half, half),
        (2, 128, quarter, quarter),
    ]
    assert network.out_channels == 128


def test_last_map_is_normed_and_rectified():
    torch.manual_seed(0)
    (features,) = CIFARWideResNet(10, 1)(torch.rand(8, 3, 8, 8))
    assert features.min() == 0
    # Half of a standard normal distribution has the mean 0.4.
    assert features.mean().item() == pytest.approx(0.4, abs=0.05)


def test_block_computes_the_papers_formula():
    torch.manual_seed(0)
    x = torch.randn(4, 3, 6, 6)
    same, wider = PreActBlock(3, 3).eval(), PreActBlock(3, 5, stride=2).eval()

    def branch(block, out):
        return block.conv2(block.norm2(block.conv1(out)).relu())

    torch.testing.assert_close(same(x), x + branch(same, same.norm1(x).relu()))
    activated = wider.norm1(x).relu()
    torch.testing.assert_close(wider(x), wider.shortcut(activated) + branch(wider, activated))


def test_dropout_acts_in_training_only():
    torch.manual_seed(0)
    network = CIFARWideResNet(10, 1, dropout=0.5, norm_cfg=dict(type='GN', num_groups=4))
    x = torch.rand(2, 3, 8, 8)
    assert not torch.equal(network(x)[0], network(x)[0])
    network.eval()
    assert torch.equal(network(x)[0], network(x)[0])


def test_built_from_a_config_with_group_norm_and_grey_images():
    network = MODELS.build(
        dict(
            type='CIFARWideResNet',
            depth=10,
            widen_factor=1,
            in_channels=1,
            norm_cfg=dict(type='GN', num_groups=8),
        )
    )
    assert not any(isinstance(module, nn.BatchNorm2d) for module in network.modules())
    (features,) = network(torch.rand(2, 1, 16, 16))
    assert features.shape == (2, 64, 4, 4)


def test_convolutions_start_with_kaiming_fan_out():
    torch.manual_seed(0)
    network = CIFARWideResNet(10, 1)
    network.init_weights()
    assert network.layer3[0].conv2.weight.std().item() == pytest.approx((2 / (9 * 64)) ** 0.5, rel=0.02)


def test_train_and_eval_return_the_network():
    network = CIFARWideResNet(10, 1)
    assert network.eval() is network
    assert network.train() is network


def test_gradient_reaches_every_parameter():
    torch.manual_seed(0)
    network = CIFARWideResNet(10, 1)
    network(torch.rand(2, 3, 8, 8))[0].square().sum().backward()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in network.parameters())


@pytest.mark.parametrize(
    ('arguments', 'start'),
    [
        (dict(depth=29), 'depth: 29'),
        (dict(depth=4), 'depth: 4'),
        (dict(widen_factor=0), 'widen_factor: 0'),
        (dict(out_indices=(3,)), 'out_indices: (3,)'),
        (dict(stem=7), "stem: 7 is unknown; '3x3' keeps the size"),
    ],
)
def test_wrong_arguments(arguments, start):
    with pytest.raises(UserError) as error:
        MODELS.build(dict(type='CIFARWideResNet', **arguments))
    assert str(error.value).startswith(start) and '\n' not in str(error.value)
    assert isinstance(error.value, ValueError)
