import copy

import pytest
from torch import nn

import ktg_mm.models  # noqa: F401  registers
from ktg_mm.errors import ConfigError
from ktg_mm.models.nodes.build_network import build_network

NETWORK = dict(
    type='ImageClassifier',
    backbone=dict(type='CIFARResNet', depth=8, in_channels=1),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(type='LinearClsHead', num_classes=5, in_channels=64),
)
KAIMING = dict(type='Kaiming', layer='Conv2d')


def changed(part=None, **entries):
    network = copy.deepcopy(NETWORK)
    (network if part is None else network[part]).update(entries)
    return network


@pytest.mark.parametrize(
    ('network', 'message'),
    [
        (None, "network: must be a dict with a 'type', got None"),
        (
            dict(backbone=dict(type='LeNet5')),
            "network must be a dict with a 'type', got {'backbone': {'type': 'LeNet5'}}",
        ),
        (changed('backbone', depth=9), 'network.backbone.depth: 9 is not 6n+2'),
        (changed('backbone', norm_cfg='BN'), "network.backbone.norm_cfg: must be a dict with a 'type', got 'BN'"),
        (changed('backbone', depht=8), 'network.backbone.depht: ResNet.__init__() got an unexpected keyword argument'),
        (
            changed('head', num_clases=8),
            'network.head.num_clases: ClsHead.__init__() got an unexpected keyword argument',
        ),
        (changed('head', num_classes='5'), 'network.head: '),
        (changed('head', in_channels=-64), 'network.head: '),
        (changed('neck', dim=7), 'network.neck.dim: GlobalAveragePooling dim only support'),
        (
            changed(colour='red'),
            "network.colour: ImageClassifier.__init__() got an unexpected keyword argument 'colour'",
        ),
        (
            changed('backbone', norm_cfg=dict(type='BN', momentum=2)),
            'network: the norm layer backbone.bn1: momentum must be in [0, 1], got 2; norm_cfg gives it',
        ),
        (
            changed('backbone', norm_cfg=dict(type='BN', momentum='0.1')),
            "network: the norm layer backbone.bn1: momentum must be in [0, 1], got '0.1'; norm_cfg gives it",
        ),
        (
            changed('backbone', norm_cfg=dict(type='GN', num_groups=4, eps=0)),
            'network: the norm layer backbone.gn1: eps must be above 0, got 0; norm_cfg gives it',
        ),
        (
            changed('backbone', init_cfg=[dict(type='Kaimming')]),
            "network.backbone.init_cfg.type: unknown beginning 'Kaimming'; did you mean 'Kaiming'?",
        ),
        (changed('head', init_cfg=3), "network.head.init_cfg: must be the dict of one beginning with a 'type', got 3"),
        (
            changed('head', type='ArcFaceClsHead'),
            "network.head: ArcFaceClsHead's margin needs the label, which a node is not told; take LinearClsHead",
        ),
    ],
)
def test_mistakes(network, message):
    with pytest.raises(ValueError) as caught:
        build_network(network)
    assert str(caught.value).startswith(message) and '\n' not in str(caught.value)
    assert isinstance(caught.value, ConfigError) or network == dict(backbone=dict(type='LeNet5'))


@pytest.mark.parametrize(
    'network',
    [
        NETWORK,
        changed('backbone', norm_cfg=dict(type='BN', momentum=None)),
        changed('backbone', norm_cfg=dict(type='BN', momentum=0.0, eps=1e-3)),
        changed('backbone', init_cfg=[KAIMING, dict(type='mmengine.Constant', layer='_BatchNorm', val=1)]),
        changed(init_cfg=dict(type='Pretrained', checkpoint='missing.pth')),
    ],
)
def test_networks_that_are_right(network):
    before = copy.deepcopy(network)
    assert isinstance(build_network(copy.deepcopy(network)), nn.Module) and network == before


@pytest.mark.parametrize(('entry', 'value'), [('norm_cfg', dict(type='BNN')), ('frozen_stages', 9)])
def test_the_entry_without_which_a_part_can_be_built(entry, value):
    backbone = {'type': 'ResNet', 'depth': 18, entry: value}
    with pytest.raises(ConfigError, match=rf'^network.backbone.{entry}'):
        build_network(dict(type='ImageClassifier', backbone=backbone))


def test_beginnings_may_have_exceptions():
    exception = dict(type='Xavier', name='layer1')
    backbone = dict(type='ResNet', depth=18, init_cfg=dict(type='Kaiming', layer='Conv2d', override=exception))
    build_network(dict(type='ImageClassifier', backbone=backbone))
