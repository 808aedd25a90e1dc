import pytest
import torch
from mmpretrain.registry import MODELS

from ktg_mm.models import EnsembleBackbone
from ktg_mm.structures import NodeOutput

NETWORK = dict(
    type='ImageClassifier',
    backbone=dict(type='CIFARResNet', depth=8, base_channels=4),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(type='LinearClsHead', num_classes=5, in_channels=16),
)
EMBEDDING = dict(type='AttentionEnsembleNode', members=['a', 'b'])


def backbone(*ensembles, **more):
    torch.manual_seed(0)
    named = {f'ensemble{i}': ensemble for i, ensemble in enumerate(ensembles)}
    return EnsembleBackbone(dict(a=NETWORK, b=NETWORK), named, **more).eval()


def images():
    return torch.rand(3, 3, 16, 16, generator=torch.Generator().manual_seed(0))


def test_networks_then_ensembles_then_the_last_one():
    both = backbone(
        dict(type='EnsembleNode', members=['a', 'b']), dict(type='EnsembleNode', members=['ensemble0', 'b'])
    )
    first, second = (both.networks[name](images(), mode='tensor') for name in 'ab')
    (logits,) = both(images())
    torch.testing.assert_close(logits, (first + 3 * second) / 4)


def test_features_are_those_of_the_layer():
    shapes = {name: dict(embedding=[16]) for name in 'ab'}
    both = backbone(EMBEDDING, shapes=shapes)
    outputs = []
    for name in 'ab':
        network = both.networks[name]
        embedding = network.neck(network.backbone(images()))[-1]
        outputs.append(NodeOutput(network.head.fc(embedding), features=dict(embedding=embedding)))
    torch.testing.assert_close(both(images())[0], both.ensembles['ensemble0'](outputs).logits)
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in both.modules())


@pytest.mark.parametrize('layer, channels', [('map', 16), ('backbone.layer1', 4)])
def test_maps(layer, channels):
    gated = dict(type='GatedEnsembleNode', members=['a', 'b'], layer=layer)
    both = backbone(gated, shapes=dict(a={layer: (channels, 8, 8)}))
    both.ensembles['ensemble0'].gate[0].weight.data.mul_(50)
    seen = both.networks['a'].backbone
    feature = seen(images())[-1] if layer == 'map' else seen.layer1(seen.relu(seen.bn1(seen.conv1(images()))))
    outputs = [NodeOutput(both.networks[name](images(), mode='tensor'), features={layer: feature}) for name in 'ab']
    torch.testing.assert_close(both(images())[0], both.ensembles['ensemble0'](outputs).logits)


def test_shared_modules_are_there_once():
    both = backbone(
        dict(type='EnsembleNode', members=['a', 'b']), shared=dict(b=dict(a=['backbone.conv1', 'backbone.layer1']))
    )
    first, second = (both.networks[name].backbone for name in 'ab')
    assert first.layer1 is second.layer1 and first.conv1 is second.conv1 and first.layer2 is not second.layer2


def test_a_classifier_of_its_own():
    fusion = dict(type='FusionClassifierNode', members=['a', 'b'])
    both = backbone(fusion, shapes={name: dict(map=(16, 4, 4)) for name in 'ab'}, num_classes=7)
    assert both(images())[0].shape == (3, 7)


def test_it_is_a_classifier_of_mmpretrain(mmpretrain_scope):
    config = dict(networks=dict(a=NETWORK, b=NETWORK), ensembles=dict(e=dict(type='EnsembleNode', members=['a', 'b'])))
    network = MODELS.build(
        dict(type='ImageClassifier', backbone=dict(config, type='EnsembleBackbone'), head=dict(type='ClsHead'))
    ).eval()
    samples = network(images(), mode='predict')
    expected = network(images(), mode='tensor').softmax(dim=1)
    torch.testing.assert_close(torch.stack([sample.pred_score for sample in samples]), expected)
