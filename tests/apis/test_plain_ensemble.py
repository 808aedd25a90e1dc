import re

import pytest
import torch
from mmpretrain.registry import MODELS
from torch import nn

from ktg_mm.apis.plain_ensemble import plain_classifier
from ktg_mm.errors import UserError
from ktg_mm.models import KnowledgeTransferGraph
from ktg_mm.models.nodes import EnsembleNode

NETWORK = dict(
    type='ImageClassifier',
    backbone=dict(type='CIFARResNet', depth=8, base_channels=4, init_cfg=dict(type='Kaiming', layer='Conv2d')),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(type='LinearClsHead', num_classes=5, in_channels=16),
)
LABEL = dict(loss=dict(type='CrossEntropy'))
SHARE = dict(node='net1', until='backbone.layer1')
NODES = dict(
    net1=dict(type='NetworkNode', network=NETWORK),
    net2=dict(type='NetworkNode', network=NETWORK, share=SHARE),
    net3=dict(type='NetworkNode', network=NETWORK, share=SHARE, attention_layer='backbone.layer2'),
    last=dict(type='EnsembleNode', members=['both', 'net3']),
    both=dict(type='AttentionEnsembleNode', members=['net2', 'net3'], detach=True),
)


@pytest.fixture(scope='module')
def graph():
    torch.manual_seed(0)
    edges = {f'label->{name}': LABEL for name in ('net1', 'net2', 'net3', 'both')}
    return KnowledgeTransferGraph(NODES, edges, 'net1').eval()


def test_an_ensemble_has_what_it_reads(graph):
    config, weights = plain_classifier(graph, NODES, 'last')
    backbone = config['backbone']
    assert list(backbone['networks']) == ['net2', 'net3'] and list(backbone['ensembles']) == ['both', 'last']
    assert 'init_cfg' not in backbone['networks']['net2']['backbone']
    # The owner of the trunk is no member; the next one has it then.
    trunk = ['backbone.conv1', 'backbone.bn1', 'backbone.relu', 'backbone.layer1']
    assert backbone['shared'] == dict(net3=dict(net2=trunk))
    assert backbone['shapes'] == {name: dict(embedding=(16,)) for name in ('net2', 'net3')}
    network = MODELS.build(config).eval()
    network.load_state_dict(weights)
    images = torch.rand(3, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        found = network(images, mode='tensor')
    assert float((found - graph.node_outputs(images)['last'].logits).abs().max()) <= 1e-6


def test_a_network_is_its_own_config(graph):
    config, weights = plain_classifier(graph, NODES, 'net2')
    assert config == dict(NETWORK, backbone=dict(type='CIFARResNet', depth=8, base_channels=4))
    assert weights.keys() == MODELS.build(config).state_dict().keys()


def test_no_such_node(graph):
    with pytest.raises(UserError, match=r"^--node nett: the graph has no such node; did you mean 'net3'\?"):
        plain_classifier(graph, NODES, 'nett')


@pytest.mark.parametrize('kind', [EnsembleNode, nn.Linear])
def test_parts_of_other_packages(graph, monkeypatch, kind):
    monkeypatch.setattr(kind, '__module__', 'mine.parts')
    says = f'--node last: its network has a {kind.__name__}, which needs the module mine.parts; only'
    with pytest.raises(UserError, match=f'^{re.escape(says)}'):
        plain_classifier(graph, NODES, 'last')
