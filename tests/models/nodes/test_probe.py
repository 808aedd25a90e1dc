import pytest
import torch
from torch import nn

from ktg_mm.models.nodes import NetworkNode
from ktg_mm.models.nodes.probe import evaluated, made_up_images, probe


def test_modes_are_put_back_one_by_one_whatever_happens():
    network = nn.Sequential(nn.BatchNorm2d(2), nn.Sequential(nn.Dropout(), nn.BatchNorm2d(2).eval()))
    network[1].training = False
    before = [module.training for module in network.modules()]
    with evaluated(network):
        assert not any(module.training for module in network.modules()) and not torch.is_grad_enabled()
    assert [module.training for module in network.modules()] == before
    with pytest.raises(KeyError), evaluated(network):
        raise KeyError
    assert [module.training for module in network.modules()] == before and torch.is_grad_enabled()


def sizes(network):
    return [tuple(images.shape) for images in made_up_images(network)]


def test_images_from_small_to_large():
    found = sizes(nn.Sequential(nn.Conv2d(3, 4, 3)))
    assert found[0] == (2, 3, 32, 32) and found[-1] == (2, 3, 384, 384) and found == sorted(found)
    assert sizes(nn.Sequential(nn.Conv2d(1, 4, 3), nn.Conv2d(4, 8, 3)))[0] == (2, 1, 32, 32)
    assert sizes(nn.Linear(3, 2))[0] == (2, 3, 32, 32)


@pytest.mark.parametrize(('said', 'first'), [(48, (48, 48)), ((40, 24), (40, 24)), ([40, 24], (40, 24))])
def test_first_the_size_that_the_backbone_says(said, first):
    network = nn.Module()
    network.backbone = nn.Conv2d(3, 4, 3)
    network.backbone.img_size = said
    assert sizes(network)[:2] == [(2, 3, *first), (2, 3, 32, 32)]


def test_the_same_images_at_each_call_of_the_networks_type():
    network = nn.Conv2d(1, 2, 3).double()
    state = torch.get_rng_state()
    first, second = (next(made_up_images(network)) for _ in range(2))
    assert first.dtype == torch.float64 and torch.equal(first, second)
    assert torch.equal(torch.get_rng_state(), state)


class Picky(nn.Module):
    """Takes images of one size alone."""

    def __init__(self, size, error=RuntimeError):
        super().__init__()
        self.size, self.seen, self.error = size, [], error
        self.body = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout())

    def forward(self, images):
        self.seen.append(images.shape[-1])
        if images.shape[-1] != self.size:
            raise self.error(f'not of size {self.size}\nbut another')
        return dict(out=self.body(images))


@pytest.mark.parametrize('error', [RuntimeError, AssertionError, ValueError])
def test_the_first_images_that_the_network_takes(error):
    network = Picky(96, error)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    state = torch.get_rng_state()
    assert probe(network, network) == dict(out=torch.Size([4, 94, 94]))
    assert network.seen == [32, 64, 96]
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())
    assert torch.equal(torch.get_rng_state(), state) and network.body[1].training


def test_a_network_that_takes_none():
    network = Picky(100)
    with pytest.raises(ValueError, match=r'^the network took no made-up image .*: not of size 100$'):
        probe(network, network)
    assert network.training


NETWORKS = {
    'LeNet5': (
        dict(type='ImageClassifier', backbone=dict(type='LeNet5', num_classes=5), head=dict(type='ClsHead')),
        {'backbone.features': (120, 1, 1), 'embedding': (84,)},
    ),
    'MlpMixer': (
        dict(
            type='ImageClassifier',
            backbone=dict(
                type='MlpMixer',
                arch=dict(embed_dims=16, num_layers=2, tokens_mlp_dims=8, channels_mlp_dims=16),
                img_size=48,  # and of no other
                patch_size=8,
            ),
            neck=dict(type='GlobalAveragePooling', dim=1),
            head=dict(type='LinearClsHead', num_classes=5, in_channels=16),
        ),
        {'backbone.layers.0': (36, 16), 'embedding': (16,)},
    ),
    'VisionTransformer': (
        dict(
            type='ImageClassifier',
            backbone=dict(
                type='VisionTransformer',
                arch=dict(embed_dims=16, num_layers=2, num_heads=2, feedforward_channels=32),
                img_size=(24, 40),
                patch_size=8,
                out_type='featmap',
            ),
            neck=dict(type='GlobalAveragePooling'),
            head=dict(type='LinearClsHead', num_classes=5, in_channels=16),
        ),
        {'map': (16, 3, 5), 'embedding': (16,)},
    ),
    'SwinTransformer': (
        dict(
            type='ImageClassifier',
            backbone=dict(
                type='SwinTransformer',
                arch=dict(embed_dims=8, depths=[1, 1, 1, 1], num_heads=[1, 1, 1, 1]),
                img_size=64,
                window_size=2,
            ),
            neck=dict(type='GlobalAveragePooling'),
            head=dict(type='LinearClsHead', num_classes=5, in_channels=64),
        ),
        {'map': (64, 2, 2), 'embedding': (64,)},
    ),
    'InceptionV3': (
        dict(
            type='ImageClassifier',
            backbone=dict(type='InceptionV3', num_classes=5, aux_logits=False),
            head=dict(type='ClsHead'),
        ),
        {'embedding': (2048,)},  # of images of 96 x 96 and more
    ),
}


@pytest.mark.parametrize('name', NETWORKS)
def test_networks_of_mmpretrain(name):
    network, expected = NETWORKS[name]
    node = NetworkNode(network=network).train()
    before = {key: value.clone() for key, value in node.state_dict().items()}
    found = node.ask_for_features(list(expected))
    assert {layer: tuple(shape) for layer, shape in found.items()} == expected
    assert all(torch.equal(value, before[key]) for key, value in node.state_dict().items())
    assert all(module.training for module in node.modules())


def test_asking_twice_taps_once(toys):
    node = NetworkNode(network=toys.network())
    first = node.ask_for_features(['backbone.layer1', 'map'])
    second = node.ask_for_features(['map', 'embedding'])
    assert first['map'] == second['map'] == (16, 8, 8) and first['backbone.layer1'] == (4, 32, 32)
    assert len(node.network.backbone._forward_hooks) == 1
    assert set(node(torch.rand(2, 1, 16, 16)).features) == {'backbone.layer1', 'map', 'embedding'}
