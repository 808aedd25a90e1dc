import pytest
import torch
from mmpretrain.registry import MODELS
from torch import nn

from ktg_mm.errors import UserError
from ktg_mm.models.backbones.resnet_cifar import CIFARResNet, ZeroPadShortcut

CLASSIFIER_10 = 64 * 10 + 10


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize(
    ('depth', 'parameters'),
    [(20, 269_722), (32, 464_154), (44, 658_586), (56, 853_018), (110, 1_727_962)],
)
def test_parameter_counts_are_the_papers(depth, parameters):
    assert count(CIFARResNet(depth)) + CLASSIFIER_10 == parameters


def test_depth_counts_the_layers_with_weights():
    convolutions = [module for module in CIFARResNet(44).modules() if isinstance(module, nn.Conv2d)]
    assert len(convolutions) + 1 == 44


def test_shortcut_b_adds_two_convolutions_and_norms():
    added = (16 * 32 + 2 * 32) + (32 * 64 + 2 * 64)
    assert count(CIFARResNet(20, shortcut='B')) == count(CIFARResNet(20)) + added


@pytest.mark.parametrize('stride', [1, 2])
def test_zero_pad_shortcut(stride):
    torch.manual_seed(0)
    x = torch.rand(2, 3, 5, 5)
    out = ZeroPadShortcut(3, 8, stride)(x)
    assert torch.equal(out[:, :3], x[:, :, ::stride, ::stride])
    assert out.shape[1] == 8 and not out[:, 3:].any()


@pytest.mark.parametrize('shortcut', ['A', 'B'])
@pytest.mark.parametrize('size', [32, 28, 9])
def test_output_shapes(shortcut, size):
    maps = CIFARResNet(8, shortcut=shortcut, out_indices=(0, 1, 2))(torch.rand(2, 3, size, size))
    half = -(-size // 2)
    quarter = -(-half // 2)
    assert [tuple(features.shape) for features in maps] == [
        (2, 16, size, size),
        (2, 32, half, half),
        (2, 64, quarter, quarter),
    ]


def test_the_stem_for_large_images():
    """Thesis, section 3.3.1: 7 x 7 of stride 2, max-pooling of 3 x 3 and stride 2."""
    torch.manual_seed(0)
    network = CIFARResNet(32, stem='7x7', out_indices=(0, 1, 2)).eval()
    assert count(network) + CLASSIFIER_10 == 464_154 + (49 - 9) * 3 * 16
    images = torch.rand(1, 3, 224, 224)
    with torch.no_grad():
        maps = network(images)
        x = nn.functional.conv2d(images, network.conv1.weight, stride=2, padding=3)
        low = network.layer1(nn.functional.max_pool2d(network.bn1(x).relu(), 3, stride=2, padding=1))
    assert [tuple(features.shape[1:]) for features in maps] == [(16, 56, 56), (32, 28, 28), (64, 14, 14)]
    torch.testing.assert_close(maps[0], low)


def test_tiny_imagenet_keeps_the_stem_of_stride_1():
    maps = CIFARResNet(8, out_indices=(0, 1, 2))(torch.rand(1, 3, 64, 64))
    assert [features.shape[2] for features in maps] == [64, 32, 16]


def test_built_from_a_config_with_group_norm_and_grey_images():
    network = MODELS.build(dict(type='CIFARResNet', depth=14, in_channels=1, norm_cfg=dict(type='GN', num_groups=8)))
    assert not any(isinstance(module, nn.BatchNorm2d) for module in network.modules())
    (features,) = network(torch.rand(2, 1, 16, 16))
    assert features.shape == (2, 64, 4, 4)


def test_last_norms_start_at_one_unless_asked():
    for zero in (False, True):
        network = CIFARResNet(8, zero_init_residual=zero)
        network.init_weights()
        assert network.layer1[0].bn2.weight.unique().tolist() == [0.0 if zero else 1.0]


def test_convolutions_start_with_kaiming_fan_out():
    torch.manual_seed(0)
    network = CIFARResNet(8)
    network.init_weights()
    assert network.layer3[0].conv2.weight.std().item() == pytest.approx((2 / (9 * 64)) ** 0.5, rel=0.02)


def test_train_and_eval_return_the_network():
    network = CIFARResNet(8)
    assert network.eval() is network and not network.training
    assert network.train() is network and network.layer3[0].bn1.training


def test_gradient_reaches_every_parameter():
    torch.manual_seed(0)
    network = CIFARResNet(8)
    network(torch.rand(2, 3, 8, 8))[0].square().sum().backward()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in network.parameters())


@pytest.mark.parametrize(
    ('arguments', 'start'),
    [
        (dict(depth=18), 'depth: 18'),
        (dict(depth=2), 'depth: 2'),
        (dict(depth=20, shortcut='C'), "shortcut: 'C'"),
        (dict(stem='5x5'), "stem: '5x5' is unknown; '3x3' keeps the size, '7x7' has stride 2, and max-pooling"),
    ],
)
def test_wrong_arguments(arguments, start):
    with pytest.raises(UserError) as error:
        MODELS.build(dict(type='CIFARResNet', **arguments))
    assert str(error.value).startswith(start) and '\n' not in str(error.value)
    assert isinstance(error.value, ValueError)
