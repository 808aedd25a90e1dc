import copy

import pytest
import torch
from mmpretrain.models import ImageClassifier
from mmpretrain.registry import MODELS
from torch import nn

from ktg_mm.errors import UserError
from ktg_mm.models.backbones import ABNCIFARResNet, ABNResNet, CIFARResNet


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


def branch_outputs(network, x):
    """Returns the backbone's output and what a hook on the branch sees."""
    seen = []
    hook = network.attention_branch.register_forward_hook(lambda module, inputs, outputs: seen.append(outputs))
    features = network(x)
    hook.remove()
    assert len(seen) == 1
    return features, *seen[0]


def test_shapes_at_32_pixels():
    torch.manual_seed(0)
    (features,), attention, logits = branch_outputs(ABNCIFARResNet(20, num_classes=100), torch.rand(2, 3, 32, 32))
    assert features.shape == (2, 64, 8, 8)
    assert attention.shape == (2, 16, 16)
    assert logits.shape == (2, 100)
    assert 0 < attention.min() and attention.max() < 1 and attention.std() > 0.01


@pytest.mark.parametrize(('depth', 'channels'), [(18, 512), (50, 2048)])
def test_shapes_at_224_pixels(depth, channels):
    torch.manual_seed(0)
    network = ABNResNet(depth, num_classes=7).eval()
    with torch.no_grad():
        (features,), attention, logits = branch_outputs(network, torch.rand(1, 3, 224, 224))
    assert features.shape == (1, channels, 7, 7)
    assert attention.shape == (1, 14, 14)
    assert logits.shape == (1, 7)
    assert 0 < attention.min() and attention.max() < 1


# Of torchvision's ResNets with 1,000 classes, as it publishes them.
PUBLISHED = {18: 11_689_512, 34: 21_797_672, 50: 25_557_032, 101: 44_549_160, 152: 60_192_808}


@pytest.mark.parametrize('depth', PUBLISHED)
def test_parameters_of_every_depth(depth):
    """The ResNet's, its last stage once more, and a branch of 1,000 classes."""
    network, classes = ABNResNet(depth, num_classes=1000), 1000
    channels, middle = network.feat_dim, network.feat_dim // 4
    if depth < 50:
        unit = 18 * channels**2 + 4 * channels
        first = 9 * channels // 2 * channels + 9 * channels**2 + 4 * channels
    else:
        unit = 2 * channels * middle + 9 * middle**2 + 4 * middle + 2 * channels
        first = channels // 2 * middle + 9 * middle**2 + middle * channels + 4 * middle + 2 * channels
    shortcut = channels // 2 * channels + 2 * channels
    stage = first + shortcut + (2 if depth > 18 else 1) * unit
    branch = stage + 2 * channels + channels * classes + 2 * classes + 9 * classes + 2 + classes**2
    assert count(network) + channels * classes + classes == PUBLISHED[depth] + branch


def test_the_stem_for_large_images():
    torch.manual_seed(0)
    (features,), attention, _ = branch_outputs(ABNCIFARResNet(8, 5, stem='7x7').eval(), torch.rand(1, 3, 64, 64))
    assert features.shape == (1, 64, 4, 4) and attention.shape == (1, 8, 8)


def test_parameters_are_the_backbones_and_the_branchs():
    network = ABNCIFARResNet(20, num_classes=100)
    stage = count(CIFARResNet(20).layer3)
    norms = 2 * 64 + 2 * 100 + 2 * 1
    convolutions = 64 * 100 + 100 * 1 * 9 + 100 * 100
    assert count(network.attention_branch) == stage + norms + convolutions
    assert count(network) == count(CIFARResNet(20)) + count(network.attention_branch)


def test_branch_computes_the_papers_formula():
    torch.manual_seed(0)
    branch = ABNCIFARResNet(8, num_classes=5).eval().attention_branch
    x = torch.rand(2, 32, 16, 16)
    attention, logits = branch(x)
    norm, to_classes, class_norm, _ = branch.class_maps
    maps = class_norm(to_classes(norm(branch.stage(x)))).relu()
    to_one, one_norm, _ = branch.attention
    torch.testing.assert_close(attention, one_norm(to_one(maps))[:, 0].sigmoid())
    torch.testing.assert_close(logits, branch.classifier(maps).flatten(2).mean(-1))


@pytest.mark.parametrize('residual', [False, True])
def test_last_stage_sees_the_attended_features(residual):
    torch.manual_seed(0)
    network = ABNCIFARResNet(8, num_classes=5, residual=residual, out_indices=(1, 2)).eval()
    (before, after), attention, _ = branch_outputs(network, torch.rand(2, 3, 32, 32))
    factor = attention[:, None] + (1 if residual else 0)
    torch.testing.assert_close(after, network.layer3(before * factor))


def test_residual_is_off_unless_asked():
    assert not ABNCIFARResNet(8).residual
    assert not ABNResNet(18).residual


@pytest.mark.parametrize('source', ['attention', 'logits', 'features'])
def test_gradient_reaches_the_branch_through_each_output(source):
    torch.manual_seed(0)
    network = ABNCIFARResNet(8, num_classes=5)
    (features,), attention, logits = branch_outputs(network, torch.rand(4, 3, 16, 16))
    outputs = dict(attention=attention, logits=logits, features=features)
    outputs[source].square().sum().backward()
    branch = network.attention_branch
    assert all(parameter.grad.any() for parameter in branch.stage.parameters())
    assert network.conv1.weight.grad.any()
    # The map's own layers learn from whatever uses the map, the classifier from the branch's logits alone.
    assert (branch.attention[0].weight.grad is not None) == (source != 'logits')
    assert (branch.classifier.weight.grad is not None) == (source == 'logits')


def test_group_norm_in_any_number_of_classes():
    torch.manual_seed(0)
    network = ABNCIFARResNet(8, num_classes=10, in_channels=1, norm_cfg=dict(type='GN', num_groups=8))
    assert not any(isinstance(module, nn.BatchNorm2d) for module in network.modules())
    groups = [module.num_groups for module in network.attention_branch.modules() if isinstance(module, nn.GroupNorm)]
    assert groups[-3:] == [8, 2, 1]
    (features,), attention, logits = branch_outputs(network, torch.rand(2, 1, 16, 16))
    assert features.isfinite().all() and attention.shape == (2, 8, 8) and logits.shape == (2, 10)


def test_shortcut_b_and_group_norm_reach_the_branchs_stage():
    network = ABNCIFARResNet(8, shortcut='B', norm_cfg=dict(type='GN', num_groups=8))
    first = network.attention_branch.stage[0]
    assert isinstance(first.downsample[0], nn.Conv2d) and first.downsample[0].stride == (1, 1)
    assert isinstance(first.downsample[1], nn.GroupNorm)


@pytest.mark.parametrize('network', [dict(type='ABNResNet', depth=18), dict(type='ABNCIFARResNet', depth=8)])
def test_necks_and_heads_of_mmpretrain_work_unchanged(network):
    torch.manual_seed(0)
    classifier = ImageClassifier(
        backbone=dict(network, num_classes=5),
        neck=dict(type='GlobalAveragePooling'),
        head=dict(type='LinearClsHead', num_classes=5, in_channels=512 if network['depth'] == 18 else 64),
    )
    classifier.init_weights()
    assert classifier.backbone.layer1[0].bn2.weight.unique().tolist() == [1.0]
    assert classifier.head(classifier.extract_feat(torch.rand(2, 3, 32, 32))).shape == (2, 5)


def test_a_copy_has_a_branch_of_its_own():
    torch.manual_seed(0)
    network = ABNCIFARResNet(8, num_classes=5).eval()
    copied = copy.deepcopy(network)
    x = torch.rand(2, 3, 16, 16)
    assert torch.equal(copied(x)[0], network(x)[0])
    nn.init.zeros_(copied.attention_branch.attention[0].weight)
    assert not torch.equal(copied(x)[0], network(x)[0])


@pytest.mark.parametrize('network', [ABNResNet(18, num_classes=5), ABNCIFARResNet(8, num_classes=5)])
def test_train_and_eval_return_the_network(network):
    assert network.eval() is network and not network.attention_branch.training
    assert network.train() is network and network.attention_branch.training


@pytest.mark.parametrize(
    ('arguments', 'start'),
    [
        (dict(type='ABNResNet', depth=20), 'depth: 20'),
        (dict(type='ABNCIFARResNet', depth=18), 'depth: 18'),
        (dict(type='ABNCIFARResNet', num_classes=0), 'num_classes: 0'),
    ],
)
def test_wrong_arguments(arguments, start):
    with pytest.raises(UserError) as error:
        MODELS.build(arguments)
    assert str(error.value).startswith(start) and '\n' not in str(error.value)
    assert isinstance(error.value, ValueError)
