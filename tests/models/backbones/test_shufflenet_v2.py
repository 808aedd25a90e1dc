import pytest
import torch
import torchvision.models
from mmpretrain.registry import MODELS
from torch import nn

from ktg_mm.errors import ConfigError
from ktg_mm.models.backbones import CIFARShuffleNetV2


@pytest.mark.parametrize(('width', 'name', 'published'), [(1.0, 'x1_0', 2.3), (2.0, 'x2_0', 7.4)])
def test_parameters_are_the_papers(width, name, published):
    with torch.device('meta'):
        network, large = CIFARShuffleNetV2(width), torchvision.models.get_model(f'shufflenet_v2_{name}')
    count = sum(parameter.numel() for parameter in network.parameters()) + network.out_channels * 1000 + 1000
    assert count == sum(parameter.numel() for parameter in large.parameters())
    assert count / 1e6 == pytest.approx(published, abs=0.051)


@torch.no_grad()
def test_it_computes_torchvisions_network_with_another_stem():
    torch.manual_seed(0)
    ours, theirs = CIFARShuffleNetV2(0.5), torchvision.models.shufflenet_v2_x0_5()
    theirs.conv1[0].stride, theirs.maxpool, theirs.fc = (1, 1), nn.Identity(), nn.Identity()
    own, values = ours.state_dict(), {}
    layers = [f'stage{stage}.{block}' for stage, blocks in ((2, 4), (3, 8), (4, 4)) for block in range(blocks)]
    for key in theirs.state_dict():
        name, kind = key.rsplit('.', 1)
        for layer in layers:
            if name.startswith(f'{layer}.'):
                branch, place = name.removeprefix(f'{layer}.').split('.')
                # Convolutions and norms in a row, and ReLUs after the 1x1 convolutions.
                second = ['0.conv', '0.bn', '', '1.conv', '1.bn', '2.conv', '2.bn']
                order = ['0.conv', '0.bn', '1.conv', '1.bn'] if branch == 'branch1' else second
                stage, block = layer.removeprefix('stage').split('.')
                name = f'layer{int(stage) - 1}.{block}.{branch}.{order[int(place)]}'
                break
        if name.startswith(('conv1.', 'conv5.')):
            name = name.replace('.0', '.conv').replace('.1', '.bn')
        values[key] = own.pop(f'{name}.{kind}')
    assert not own
    theirs.load_state_dict(values)
    images = torch.rand(2, 3, 32, 32)
    torch.testing.assert_close(ours(images)[0].mean(dim=(2, 3)), theirs(images))


@pytest.mark.parametrize('size', [32, 9])
def test_output_shapes(size):
    maps = CIFARShuffleNetV2(out_indices=(0, 1, 2))(torch.rand(2, 3, size, size))
    sides = [-(-size // 2), -(-size // 4), -(-size // 8)]
    assert [tuple(features.shape) for features in maps] == [
        (2, channels, side, side) for channels, side in zip((116, 232, 1024), sides, strict=True)
    ]


def test_registered_in_the_order_in_which_it_runs():
    network, order = CIFARShuffleNetV2(0.5), []
    for name, module in network.named_children():
        module.register_forward_hook(lambda *_, name=name: order.append(name))
    network(torch.rand(2, 3, 16, 16))
    assert order == [name for name, _ in network.named_children()] == ['conv1', 'layer1', 'layer2', 'layer3', 'conv5']


def test_weights_begin_as_in_the_authors_code():
    torch.manual_seed(0)
    network = CIFARShuffleNetV2()
    network.init_weights()
    assert network.conv1.conv.weight.std().item() == pytest.approx(0.01, rel=0.1)
    assert network.conv5.conv.weight.std().item() == pytest.approx(1 / 464, rel=0.02)
    assert network.layer3[1].branch2[1].conv.weight.std().item() == pytest.approx(1, rel=0.05)  # a channel on its own
    assert (network.conv5.bn.weight == 1).all()


@pytest.mark.parametrize('layout', [torch.contiguous_format, torch.channels_last])
def test_a_step_reaches_every_parameter(layout):
    torch.manual_seed(0)
    network = CIFARShuffleNetV2(0.5).to(memory_format=layout).double()
    network(torch.rand(2, 3, 16, 16, dtype=torch.float64).to(memory_format=layout))[0].square().sum().backward()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in network.parameters())


def test_built_from_a_config_with_group_norm_and_grey_images():
    norm_cfg = dict(type='GN', num_groups=2)
    network = MODELS.build(dict(type='CIFARShuffleNetV2', widen_factor=0.5, in_channels=1, norm_cfg=norm_cfg))
    assert not any(isinstance(module, nn.BatchNorm2d) for module in network.modules())
    network.init_weights()
    assert network(torch.rand(2, 1, 16, 16))[0].shape == (2, 1024, 2, 2)
    assert network.eval() is network and network.train() is network


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(widen_factor=3), 'widen_factor: 3 is not one of 0.5, 1.0, 1.5, 2.0'),
        (dict(out_indices=(3,)), 'out_indices: (3,) names a stage beyond 0, 1 and 2'),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ConfigError) as caught:
        CIFARShuffleNetV2(**arguments)
    assert str(caught.value) == message
