import pytest
import torch
from mmpretrain.registry import MODELS

from ktg_mm.errors import ConfigError
from ktg_mm.models.backbones import BornAgainResNet, CIFARDenseNet
from ktg_mm.models.backbones.born_again_resnet import PreActBottleneck

SMALL = dict(hidden_channels=(8, 12, 16), stem_channels=8)


def millions(*arguments):
    with torch.device('meta'):
        network = BornAgainResNet(*arguments)
    return (sum(p.numel() for p in network.parameters()) + (network.out_channels + 1) * 100) / 1e6


@pytest.mark.parametrize(('units', 'ratio', 'published'), [(1, 1, 20.9), (2, 1, 43.1), (4, 0.5, 24.3), (4, 1, 87.3)])
def test_parameter_counts_of_the_wide_networks_of_table_5(units, ratio, published):
    assert millions(units, ratio) == pytest.approx(published, rel=0.01)


@pytest.mark.parametrize(('ratio', 'counted'), [(1, 20.41), (0.5, 5.73)])  # printed 17.7 and 7.3
def test_parameter_counts_of_the_bottlenecks(ratio, counted):
    assert millions(14, ratio, 'bottleneck') == pytest.approx(counted, abs=0.005)


def test_it_has_the_stem_and_the_hidden_states_of_a_densenet_90_60():
    with torch.device('meta'):
        student, teacher = BornAgainResNet(), CIFARDenseNet(90, 60)
    assert student.conv1.weight.shape == teacher.conv1.weight.shape
    for stage in (1, 2, 3):
        convolutions = [getattr(network, f'transition{stage}').conv for network in (student, teacher)]
        assert len({convolution.out_channels for convolution in convolutions}) == 1
    assert student.out_channels == teacher.out_channels == 750


@pytest.mark.parametrize('block', ['wide', 'bottleneck'])
@pytest.mark.parametrize('size', [32, 14, 9])
def test_output_shapes(block, size):
    network = BornAgainResNet(2, 0.5, block, **SMALL, out_indices=(0, 1, 2))
    maps = network(torch.rand(2, 3, size, size))
    half, quarter = size // 2, size // 4
    assert [tuple(features.shape) for features in maps] == [
        (2, 8, half, half), (2, 12, quarter, quarter), (2, 16, quarter, quarter)
    ]  # fmt: skip


@torch.no_grad()
def test_the_bottleneck_computes_the_papers_formula():
    torch.manual_seed(0)
    x = torch.randn(4, 8, 6, 6)
    same, wider = PreActBottleneck(8, 8).eval(), PreActBottleneck(8, 12).eval()

    def branch(block, out):
        out = block.conv2(block.norm2(block.conv1(out)).relu())
        return block.conv3(block.norm3(out).relu())

    torch.testing.assert_close(same(x), x + branch(same, same.norm1(x).relu()))
    activated = wider.norm1(x).relu()
    torch.testing.assert_close(wider(x), wider.shortcut(activated) + branch(wider, activated))


def test_a_bottleneck_with_a_stride_has_a_shortcut():
    unit = PreActBottleneck(8, 8, stride=2)
    assert unit(torch.rand(2, 8, 5, 5)).shape == (2, 8, 3, 3)
    assert (unit.conv1.stride, unit.conv2.stride, unit.shortcut.stride) == ((2, 2), (1, 1), (2, 2))


def test_units_and_their_channels():
    network = BornAgainResNet(3, 0.5, **SMALL)
    assert [len(getattr(network, f'layer{stage}')) for stage in (1, 2, 3)] == [3, 3, 3]
    assert [getattr(network, f'layer{stage}')[2].conv2.out_channels for stage in (1, 2, 3)] == [4, 6, 8]


def test_built_from_a_config_with_group_norm_and_grey_images():
    network = MODELS.build(dict(type='BornAgainResNet', in_channels=1, norm_cfg=dict(type='GN', num_groups=2), **SMALL))
    network.init_weights()
    (features,) = network(torch.rand(2, 1, 8, 8))
    assert features.shape == (2, 16, 2, 2) and features.min() == 0


@pytest.mark.parametrize(
    ('arguments', 'key', 'says'),
    [
        (dict(block='narrow'), 'block', "'narrow' is unknown; must be 'wide' or 'bottleneck'"),
        (dict(block=['wide']), 'block', 'is unknown'),
        (dict(ratio=0.01, **SMALL), 'ratio', "0.01 of 8 channels is less than 1, which 'wide' needs"),
        (dict(ratio=0.3, block='bottleneck', **SMALL), 'ratio', "less than 4, which 'bottleneck' needs"),
        (dict(hidden_channels=8), 'hidden_channels', 'not the channels after each of three stages'),
        (dict(out_indices=(-1,)), 'out_indices', 'names a stage beyond'),
    ],
)
def test_wrong_arguments(arguments, key, says):
    with pytest.raises(ConfigError, match=says) as caught:
        BornAgainResNet(**arguments)
    assert caught.value.key == key
