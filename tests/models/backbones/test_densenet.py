import pytest
import torch
from mmpretrain.registry import MODELS
from torch import nn

from ktg_mm.errors import ConfigError
from ktg_mm.models.backbones import CIFARDenseNet
from ktg_mm.models.backbones.three_stages import Transition


def count(network, num_classes):
    return sum(parameter.numel() for parameter in network.parameters()) + (network.out_channels + 1) * num_classes


# In millions, of document 004's table 1; DenseNet-112-33 is not the printed 6.3.
@pytest.mark.parametrize(
    ('depth', 'growth_rate', 'millions'), [(112, 33, 7.4), (90, 60, 16.2), (80, 80, 22.4), (80, 120, 50.4)]
)
def test_parameter_counts_of_table_1(depth, growth_rate, millions):
    with torch.device('meta'):
        parameters = count(CIFARDenseNet(depth, growth_rate), 10)
    assert round(parameters / 1e6, 1) == millions


def test_the_published_counts_are_within_a_percent_but_for_one():
    for depth, growth_rate, published in ((90, 60, 16.1e6), (80, 80, 22.4e6), (80, 120, 50.4e6)):
        with torch.device('meta'):
            assert count(CIFARDenseNet(depth, growth_rate), 10) == pytest.approx(published, rel=0.01)
    with torch.device('meta'):
        assert count(CIFARDenseNet(112, 33), 10) / 6.3e6 == pytest.approx(1.18, abs=0.005)


# Half, two, three and four times as deep, with channels in proportion, so that the sizes stay; table 4.
@pytest.mark.parametrize(
    ('depth', 'growth_rate', 'published'), [(46, 120, 21.2), (172, 30, 13.7), (256, 20, 12.9), (340, 15, 12.6)]
)
def test_parameter_counts_of_deeper_students(depth, growth_rate, published):
    with torch.device('meta'):
        teacher, student = CIFARDenseNet(90, 60), CIFARDenseNet(depth, growth_rate, stem_channels=120)
    assert student.num_layers * growth_rate == teacher.num_layers * 60
    for name in ('conv1', 'transition1', 'transition2', 'transition3', 'norm'):
        shapes = [[p.shape for p in getattr(network, name).parameters()] for network in (teacher, student)]
        assert shapes[0] == shapes[1]
    assert count(student, 100) / 1e6 == pytest.approx(published, rel=0.01)


# 0.5, 0.75 and 1.5 times the compression; of the first our reading has a quarter too many, the last is printed as 80.5.
@pytest.mark.parametrize(('growth_rate', 'millions'), [(30, 6.3), (45, 10.7), (90, 30.9)])
def test_parameter_counts_of_compressed_students(growth_rate, millions):
    with torch.device('meta'):
        student = CIFARDenseNet(90, growth_rate, hidden_channels=(480, 660, 750), stem_channels=120)
    assert round(count(student, 100) / 1e6, 1) == millions


def test_depth_counts_the_layers():
    network = CIFARDenseNet(40, 4)
    convolutions = [module for module in network.modules() if isinstance(module, nn.Conv2d)]
    assert len(convolutions) == 40  # the transition after the last block stands for the classifier


@pytest.mark.parametrize(('depth', 'growth', 'published'), [(100, 12, 0.8), (250, 24, 15.3), (190, 40, 25.6)])
def test_parameters_of_densenet_bc_are_the_papers(depth, growth, published):
    with torch.device('meta'):
        network = CIFARDenseNet(depth, growth, last_transition=False)
    convolutions = [name for name, module in network.named_modules() if isinstance(module, nn.Conv2d)]
    assert len(convolutions) + 1 == depth  # the classifier is the last layer
    total = sum(parameter.numel() for parameter in network.parameters()) + network.out_channels * 10 + 10
    assert round(total / 1e6, 1) == published


@torch.no_grad()
def test_densenet_bc_ends_with_the_norm_of_its_last_block():
    torch.manual_seed(0)
    network = CIFARDenseNet(10, 4, last_transition=False).eval()
    seen = []
    network.layer3.register_forward_hook(lambda module, inputs, output: seen.append(output))
    (features,) = network(torch.rand(2, 3, 8, 8))
    torch.testing.assert_close(features, network.norm(seen[0]).relu())
    # 8 channels, then 4 more of each block, halved by the two transitions.
    assert features.shape == (2, 9, 2, 2) and network.out_channels == 9


@pytest.mark.parametrize('size', [32, 14, 9])
def test_output_shapes(size):
    network = CIFARDenseNet(16, 4, out_indices=(0, 1, 2))
    maps = network(torch.rand(2, 3, size, size))
    half, quarter = size // 2, size // 4
    assert [tuple(features.shape) for features in maps] == [
        (2, 8, half, half), (2, 8, quarter, quarter), (2, 8, quarter, quarter)
    ]  # fmt: skip
    assert network.out_channels == 8


def dense_layer(layer, x):
    x = layer.conv1(layer.norm1(x).relu())
    return layer.conv2(layer.norm2(x).relu())


@torch.no_grad()
def test_it_computes_the_papers_formula():
    torch.manual_seed(0)
    network = CIFARDenseNet(16, 3, in_channels=1, hidden_channels=(5, 7, 4)).eval().double()
    images = torch.rand(2, 1, 8, 8, dtype=torch.float64)
    x = network.conv1(images)
    for stage in (1, 2, 3):
        for layer in getattr(network, f'layer{stage}').block:
            x = torch.cat([x, dense_layer(layer, x)], dim=1)
        transition = getattr(network, f'transition{stage}')
        x = transition.conv(transition.norm(x).relu())
        if stage < 3:
            x = (x[:, :, ::2, ::2] + x[:, :, 1::2, ::2] + x[:, :, ::2, 1::2] + x[:, :, 1::2, 1::2]) / 4
    torch.testing.assert_close(network(images)[0], network.norm(x).relu())
    assert network.norm(x).min() < 0


def test_registered_in_the_order_in_which_it_runs():
    network, order = CIFARDenseNet(10, 2), []
    for name, module in network.named_children():
        module.register_forward_hook(lambda *_, name=name: order.append(name))
    network(torch.rand(1, 3, 8, 8))
    assert order == [name for name, _ in network.named_children()]


def test_built_from_a_config_with_group_norm_dropout_and_grey_images():
    network = MODELS.build(
        dict(
            type='CIFARDenseNet',
            depth=16,
            growth_rate=4,
            in_channels=1,
            drop_rate=0.5,
            norm_cfg=dict(type='GN', num_groups=2),
        )
    )
    network.init_weights()
    norms = [module for module in network.modules() if isinstance(module, (nn.GroupNorm, nn.BatchNorm2d))]
    assert norms and all(isinstance(norm, nn.GroupNorm) for norm in norms)
    images = torch.rand(2, 1, 8, 8)
    assert not torch.equal(network(images)[0], network(images)[0])
    assert torch.equal(network.eval()(images)[0], network(images)[0])


def test_weights_begin_as_kaiming_has_them():
    torch.manual_seed(0)
    network = CIFARDenseNet(10, 64)
    network.init_weights()
    weight = network.layer1.block[0].conv2.weight
    assert weight.std().item() == pytest.approx((2 / (64 * 9)) ** 0.5, rel=0.02)  # of what goes out
    assert (network.norm.weight == 1).all()


@pytest.mark.parametrize(
    ('arguments', 'key', 'says'),
    [
        (dict(depth=9), 'depth', '9 is too low'),
        (dict(depth=40.0), 'depth', 'must be a whole number'),
        (dict(hidden_channels=(4, 4)), 'hidden_channels', 'not the channels after each of three stages'),
        (dict(hidden_channels=(4, 4, 0)), 'hidden_channels', 'not the channels after each of three stages'),
        (dict(hidden_channels=(4, 4, 4), last_transition=False), 'hidden_channels', 'are three; leave them out'),
        (dict(out_indices=(3,)), 'out_indices', 'names a stage beyond'),
    ],
)
def test_wrong_arguments(arguments, key, says):
    with pytest.raises(ConfigError, match=says) as caught:
        CIFARDenseNet(**arguments)
    assert caught.value.key == key


def test_a_transition_without_pooling_keeps_the_size():
    assert Transition(4, 2, pool=False)(torch.rand(1, 4, 5, 5)).shape == (1, 2, 5, 5)
