import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmpretrain.registry import MODELS

from ktg_mm.apis import load_config
from ktg_mm.apis.exporting import export_node
from ktg_mm.datasets import Digits
from ktg_mm.errors import ConfigError, UserError
from ktg_mm.models.backbones import CIFARResNet

BASE = Path(__file__).parents[2] / 'configs/_base_'
CONFIG = """
_base_ = ['{base}/default_runtime.py', '{base}/datasets/digits.py', '{base}/schedules/sgd_30e_digits.py']
network = dict(
    type='ImageClassifier',
    backbone=dict(type='ResNet_CIFAR', depth=18, in_channels=1, stem_channels=4, base_channels=4),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(type='LinearClsHead', num_classes=10, in_channels=32, loss=dict(type='CrossEntropyLoss')),
)
ours = dict(network, backbone=dict(type='CIFARResNet', depth=8, base_channels=8, in_channels=1))
label = dict(loss=dict(type='CrossEntropy'))
model = dict(
    type='KnowledgeTransferGraph',
    target='net1',
    nodes=dict(
        net1=dict(type='NetworkNode', network=network),
        branch=dict(type='NetworkNode', network=network, share=dict(node='net1', until='backbone.layer2')),
        average=dict(type='NetworkNode', network=network),
        ours=dict(type='NetworkNode', network=ours),
        ensemble=dict(type='EnsembleNode', members=['net1', 'branch']),
    ),
    edges={{
        'label->net1': label,
        'label->branch': label,
        'label->ours': label,
        'branch->net1': dict(loss=dict(type='FitNets', layers='map')),
        'net1->average': dict(type='EMAEdge', decay=0.9),
    }},
)
"""
NETWORKS = ('net1', 'branch', 'average')

# A process that has mmpretrain alone: each node's logits, and what the inferencer says of a file.
ALONE = """
import json, sys

class NoKTG:
    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0] == 'ktg_mm':
            raise ImportError('ktg_mm is not installed')

sys.meta_path.insert(0, NoKTG())
import torch
from mmpretrain import ImageClassificationInferencer
from mmpretrain.apis import get_model

folder, names = sys.argv[1], sys.argv[2:]
images, found = torch.load(f'{folder}/images.pth'), {}
for name in names:
    config = f'{folder}/{name}/graph_{name}.py'
    network = get_model(config, config.replace('.py', '.pth'))
    with torch.no_grad():
        logits = network(network.data_preprocessor(dict(inputs=images))['inputs'], mode='tensor')
    (said,) = ImageClassificationInferencer(config, config.replace('.py', '.pth'))(f'{folder}/5.png')
    found[name] = dict(logits=logits, score=said['pred_score'], name=said['pred_class'])
torch.save(found, f'{folder}/found.pth')
assert 'ktg_mm' not in sys.modules
"""


def images() -> torch.Tensor:
    digits = Digits(split='test', indices=16)
    return torch.from_numpy(np.stack([digits[i]['img'] for i in range(16)]))[:, None]


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    """The folder of a config and a checkpoint of it with weights and statistics drawn at random, and the graph."""
    folder = tmp_path_factory.mktemp('trained')
    (folder / 'graph.py').write_text(CONFIG.format(base=BASE))
    cfg = load_config(folder / 'graph.py')
    graph = MODELS.build(dict(cfg.model, data_preprocessor=cfg.data_preprocessor)).eval()
    generator = torch.Generator().manual_seed(0)
    for name, value in graph.state_dict().items():
        if value.is_floating_point():
            noise = torch.rand(value.shape, generator=generator)
            value.copy_(value + 0.3 * noise if 'running' in name or value.dim() < 2 else (noise - 0.5) / 3)
    meta = dict(dataset_meta=dict(classes=list('abcdefghij')))
    torch.save(dict(state_dict=graph.state_dict(), meta=meta), folder / 'run.pth')
    return folder, graph


def logits_of(graph, name: str) -> torch.Tensor:
    with torch.no_grad():
        return graph.node_outputs(graph.data_preprocessor(dict(inputs=images()))['inputs'])[name].logits


@pytest.fixture(scope='module')
def exported(trained):
    """The exported configs by node."""
    folder, _ = trained
    cfg = load_config(folder / 'graph.py')
    before = cfg.to_dict()
    names = (*NETWORKS, 'ours')
    configs = {name: export_node(cfg, folder / 'run.pth', folder / name, name) for name in names}
    assert cfg.to_dict() == before
    return configs


@pytest.mark.parametrize('name', NETWORKS)
def test_the_files_hold_the_node_alone(trained, exported, name):
    folder, graph = trained
    config = exported[name]
    assert config == folder / name / f'graph_{name}.py'
    assert sorted(path.name for path in config.parent.iterdir()) == [f'graph_{name}.pth', config.name]
    assert 'ktg_mm' not in config.read_text()
    checkpoint = torch.load(config.with_suffix('.pth'), weights_only=True)
    network = MODELS.build(Config.fromfile(config).model).eval()
    assert checkpoint['state_dict'].keys() == network.state_dict().keys()
    network.load_state_dict(checkpoint['state_dict'])
    with torch.no_grad():
        logits = network(network.data_preprocessor(dict(inputs=images()))['inputs'], mode='tensor')
    assert float((logits - logits_of(graph, name)).abs().max()) <= 1e-6
    assert checkpoint['meta']['dataset_meta']['classes'] == tuple('abcdefghij')


def test_nodes_differ(trained):
    _, graph = trained
    first, second, third = (logits_of(graph, name) for name in NETWORKS)
    assert min(float((a - b).abs().max()) for a, b in [(first, second), (first, third), (second, third)]) > 0.1
    assert any(key.startswith('edges.') for key in graph.state_dict())


@pytest.mark.slow
def test_mmpretrain_alone_takes_it(trained, exported):
    folder, graph = trained
    torch.save(images(), folder / 'images.pth')
    cv2.imwrite(str(folder / '5.png'), images()[5, 0].numpy())
    command = [sys.executable, '-c', ALONE, str(folder), *NETWORKS, 'ours']
    process = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert process.returncode == 0, process.stderr
    found = torch.load(folder / 'found.pth', weights_only=True)
    for name in (*NETWORKS, 'ours'):
        expected = logits_of(graph, name)
        assert float((found[name]['logits'] - expected).abs().max()) <= 1e-6
        scores = expected[5].softmax(dim=0)
        assert found[name]['score'] == pytest.approx(float(scores.max()), abs=1e-5)
        assert found[name]['name'] == 'abcdefghij'[int(scores.argmax())]


def test_the_target_is_the_default(trained, tmp_path):
    folder, _ = trained
    cfg = load_config(folder / 'graph.py')
    assert export_node(cfg, folder / 'run.pth', tmp_path / 'out').name == 'graph_net1.py'


def test_a_part_of_ktg_mm_comes_along(exported):
    config = exported['ours']
    assert (config.parent / 'graph_ours_parts.py').is_file()
    assert "imports=['graph_ours_parts']" in config.read_text()
    assert 'import ktg_mm' not in (config.parent / 'graph_ours_parts.py').read_text()


def test_a_part_of_another_package_is_refused(trained, tmp_path, monkeypatch):
    folder, _ = trained
    monkeypatch.setattr(CIFARResNet, '__module__', 'mine.networks')
    with pytest.raises(UserError, match=r'^--node ours: its network has a CIFARResNet, which needs the module mine'):
        export_node(load_config(folder / 'graph.py'), folder / 'run.pth', tmp_path / 'out', 'ours')


@pytest.mark.parametrize(
    'node, says',
    [
        ('net9', "--node net9: the graph has no such node; did you mean 'net1'?"),
        ('ensemble', '--node ensemble: is of type EnsembleNode, which has no network of its own; networks: net1, '),
    ],
)
def test_wrong_nodes(trained, tmp_path, node, says):
    folder, _ = trained
    with pytest.raises(UserError, match=f'^{re.escape(says)}'):
        export_node(load_config(folder / 'graph.py'), folder / 'run.pth', tmp_path / 'out', node)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    'change, says',
    [
        (lambda key, value: 'head' not in key and value, "lacks 8 of the network's weights, such as 'nodes.net1."),
        (
            lambda key, value: value[:1] if value.dim() else value,
            "'nodes.net1.network.backbone.conv1.weight' has shape",
        ),
    ],
)
def test_checkpoints_of_another_graph(trained, tmp_path, change, says):
    folder, graph = trained
    weights = {key: change(key, value) for key, value in graph.state_dict().items()}
    kept = {key: value for key, value in weights.items() if isinstance(value, torch.Tensor)}
    torch.save(dict(state_dict=kept), tmp_path / 'other.pth')
    with pytest.raises(UserError, match=rf'^checkpoint .*other\.pth: {re.escape(says)}'):
        export_node(load_config(folder / 'graph.py'), tmp_path / 'other.pth', tmp_path / 'out')
    assert not (tmp_path / 'out').exists()


def test_what_is_there_stays(trained, tmp_path):
    folder, _ = trained
    (tmp_path / 'kept').write_text('mine')
    for out in (tmp_path, tmp_path / 'kept'):
        with pytest.raises(UserError, match=rf'^--out {re.escape(str(out))}: is there already; give the name of a new'):
            export_node(load_config(folder / 'graph.py'), folder / 'run.pth', out)
    with pytest.raises(UserError, match='cannot be written'):
        export_node(load_config(folder / 'graph.py'), folder / 'run.pth', tmp_path / 'kept' / 'out')
    assert [path.name for path in tmp_path.iterdir()] == ['kept'] and (tmp_path / 'kept').read_text() == 'mine'


def test_wrong_models(trained, tmp_path):
    folder, _ = trained
    cfg = load_config(folder / 'graph.py')
    cfg.model = dict(cfg.network)
    with pytest.raises(ConfigError, match=r'^model\.type: must be KnowledgeTransferGraph, got ImageClassifier|Image'):
        export_node(cfg, folder / 'run.pth', tmp_path / 'out')
