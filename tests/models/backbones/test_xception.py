import pytest
import torch
from mmpretrain.registry import MODELS
from torch import nn
from torch.nn.functional import conv2d, max_pool2d

from ktg_mm.errors import ConfigError
from ktg_mm.models.backbones import CIFARXception


def test_parameters_are_the_papers():
    with torch.device('meta'):
        network = CIFARXception()
    count = sum(parameter.numel() for parameter in network.parameters()) + 2048 * 1000 + 1000
    # The paper's table 3 has 22,855,952 with 1,000 classes.
    assert count == 22_855_952


def test_output_shapes_of_the_papers_channels():
    with torch.device('meta'):
        maps = CIFARXception(out_indices=(0, 1, 2))(torch.rand(2, 3, 32, 32))
    assert [tuple(features.shape) for features in maps] == [(2, 728, 8, 8), (2, 728, 8, 8), (2, 2048, 4, 4)]


def test_output_shapes_of_odd_images():
    maps = CIFARXception(0.05, out_indices=(0, 1, 2))(torch.rand(2, 3, 9, 9))
    assert [tuple(features.shape) for features in maps] == [(2, 36, 3, 3), (2, 36, 3, 3), (2, 102, 2, 2)]


@torch.no_grad()
def test_it_computes_the_papers_figure():
    torch.manual_seed(0)
    network = CIFARXception(0.05, in_channels=1).double()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.bias, 0.1)
            nn.init.normal_(module.weight, 1, 0.2)
    network.eval()
    images = torch.rand(2, 1, 16, 16, dtype=torch.float64)

    def separable(x, layer):
        return conv2d(conv2d(x, layer.depthwise.weight, padding=1, groups=x.shape[1]), layer.pointwise.weight)

    def block(x, module, stride, convolutions, rectify=True):
        out, layers = x, [layer for layer in module.layers if not isinstance(layer, (nn.ReLU, nn.MaxPool2d))]
        for index in range(convolutions):
            out = out.relu() if index or rectify else out
            out = layers[2 * index + 1](separable(out, layers[2 * index]))
        if stride is None:
            return out + x
        return max_pool2d(out, 3, stride, padding=1) + module.shortcut[1](
            conv2d(x, module.shortcut[0].weight, stride=stride)
        )

    x = network.norm1(conv2d(images, network.conv1.weight, padding=1)).relu()
    x = network.norm2(conv2d(x, network.conv2.weight, padding=1)).relu()
    for index, stride in enumerate((2, 2, 1)):
        x = block(x, network.layer1[index], stride, 2, rectify=index > 0)
    for index in range(8):
        x = block(x, network.layer2[index], None, 3)
    x = block(x, network.layer3[0], 2, 2)
    x = network.layer3[2](separable(x, network.layer3[1])).relu()
    x = network.layer3[5](separable(x, network.layer3[4])).relu()
    torch.testing.assert_close(network(images)[0], x, rtol=0, atol=1e-9)


def test_registered_in_the_order_in_which_it_runs():
    network, order = CIFARXception(0.05), []
    for name, module in network.named_children():
        module.register_forward_hook(lambda *_, name=name: order.append(name))
    network(torch.rand(2, 3, 16, 16))
    assert [name for name in order if name != 'relu'] == [n for n, _ in network.named_children() if n != 'relu']


def test_weights_begin_as_in_the_authors_code():
    """Keras's default: uniform up to the square root of 6 over what comes in and what goes out."""
    torch.manual_seed(0)
    network = CIFARXception(0.25)
    network.init_weights()
    layer = network.layer2[0].layers[1]
    for weight, limit in ((layer.depthwise.weight, 6 / (9 * 182 + 9)), (layer.pointwise.weight, 6 / (2 * 182))):
        assert weight.abs().max().item() == pytest.approx(limit**0.5, rel=0.01) and weight.abs().max() <= limit**0.5
        assert weight.std().item() == pytest.approx((limit / 3) ** 0.5, rel=0.05)
    assert (network.norm1.weight == 1).all()


@pytest.mark.parametrize('layout', [torch.contiguous_format, torch.channels_last])
def test_a_step_reaches_every_parameter(layout):
    torch.manual_seed(0)
    network = CIFARXception(0.05).to(memory_format=layout).double()
    network(torch.rand(2, 3, 32, 32, dtype=torch.float64).to(memory_format=layout))[0].square().sum().backward()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in network.parameters())


def test_built_from_a_config_with_group_norm_and_grey_images():
    norm_cfg = dict(type='GN', num_groups=2)
    network = MODELS.build(dict(type='CIFARXception', widen_factor=0.0625, in_channels=1, norm_cfg=norm_cfg))
    assert not any(isinstance(module, nn.BatchNorm2d) for module in network.modules())
    assert network(torch.rand(2, 1, 16, 16))[0].shape == (2, 128, 2, 2)
    assert network.out_channels == 128


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(widen_factor=0.01), 'widen_factor: 0.01 of 32 channels is none; must be at least 1 / 32'),
        (dict(out_indices=(3,)), 'out_indices: (3,) names a stage beyond 0, 1 and 2'),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ConfigError) as caught:
        CIFARXception(**arguments)
    assert str(caught.value) == message
