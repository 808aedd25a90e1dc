import pytest
import torch
import torchvision.models
from torch.nn.functional import adaptive_avg_pool2d

from ktg_mm.errors import ConfigError
from ktg_mm.models.backbones import TorchvisionBackbone
from ktg_mm.models.nodes import NetworkNode

IMAGES = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize('training', [False, True])
@pytest.mark.parametrize(('model', 'classifier'), [('resnet18', 'fc'), ('mobilenet_v3_small', 'classifier')])
def test_what_stands_behind_the_map_gives_the_logits_of_torchvision(model, classifier, training):
    backbone = TorchvisionBackbone(model)
    network = torchvision.models.get_model(model)
    missing = network.load_state_dict(backbone.network.state_dict(), strict=False).missing_keys
    assert missing and all(name.startswith(classifier) for name in missing)
    network.train(training), backbone.train(training)
    torch.manual_seed(1)
    (features,) = backbone(IMAGES)
    assert features.shape[1] == backbone.out_channels
    torch.manual_seed(1)
    expected = network(IMAGES)
    torch.manual_seed(1)
    logits = getattr(network, classifier)(adaptive_avg_pool2d(features, 1).flatten(1))
    if not training or model == 'resnet18':  # dropout draws anew
        torch.testing.assert_close(logits, expected)


def test_a_layer_before_the_last():
    backbone = TorchvisionBackbone('resnet18', layer='layer2')
    (features,) = backbone(IMAGES)
    assert features.shape == (2, 128, 8, 8) and backbone.out_channels == 128
    assert not any('layer3' in name for name, _ in backbone.named_parameters())


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(model='resnet19'), "model: torchvision has no network 'resnet19'; did you mean 'resnet18'?"),
        (dict(model='vit_b_16'), "model: torchvision has no network 'vit_b_16'"),
        (dict(model='resnet18', weights='IMAGENET'), "weights: resnet18 has no weights 'IMAGENET'"),
        (dict(model='resnet18', layer='layer9'), "layer: resnet18 has no feature map 'layer9'; did you mean 'layer"),
        (dict(model='resnet18', layer='fc'), "layer: resnet18 has no feature map 'fc'"),
    ],
)
def test_names_that_are_none(arguments, message):
    with pytest.raises(ConfigError) as caught:
        TorchvisionBackbone(**arguments)
    assert str(caught.value).startswith(message)


def test_as_a_node_its_layers_teach():
    node = NetworkNode(
        network=dict(
            type='ImageClassifier',
            backbone=dict(type='TorchvisionBackbone', model='resnet18'),
            neck=dict(type='GlobalAveragePooling'),
            head=dict(type='LinearClsHead', num_classes=3, in_channels=512),
        )
    )
    assert node.network.backbone.network.layer2(torch.rand(1, 64, 8, 8)).shape == (1, 128, 4, 4)
