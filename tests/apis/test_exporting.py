import functools
import json
import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
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
small = dict(
    network,
    backbone=dict(type='TIMMBackbone', model_name='test_resnet', in_channels=1, pretrained=False),
    head=dict(network['head'], in_channels=96),
)
label = dict(loss=dict(type='CrossEntropy'))
model = dict(
    type='KnowledgeTransferGraph',
    target='net1',
    nodes=dict(
        net1=dict(type='NetworkNode', network=network),
        branch=dict(type='NetworkNode', network=network, share=dict(node='net1', until='backbone.layer2')),
        average=dict(type='NetworkNode', network=network),
        ours=dict(type='NetworkNode', network=ours),
        small=dict(type='NetworkNode', network=small),
        ensemble=dict(type='EnsembleNode', members=['net1', 'branch']),
        gated=dict(type='GatedEnsembleNode', members=['net1', 'branch'], layer='backbone.layer2'),
        attention=dict(type='AttentionEnsembleNode', members=['branch', 'average']),
        fusion=dict(type='FusionEnsembleNode', members=['net1', 'average']),
        classifier=dict(type='FusionClassifierNode', members=['net1', 'branch']),
        nested=dict(type='EnsembleNode', members=['gated', 'ours']),
    ),
    edges={{
        'label->net1': label,
        'label->branch': label,
        'label->ours': label,
        'label->small': label,
        'label->gated': label,
        'label->attention': label,
        'label->fusion': label,
        'label->classifier': label,
        'branch->net1': dict(loss=dict(type='FitNets', layers='map')),
        'net1->average': dict(type='EMAEdge', decay=0.9),
    }},
)
"""
NETWORKS = ('net1', 'branch', 'average')
PLAIN = (*NETWORKS, 'small')  # of mmpretrain and timm
ENSEMBLES = ('ensemble', 'gated', 'attention', 'fusion', 'classifier', 'nested')

# A process that has mmpretrain alone: each node's logits, what the inferencer says of a file, mmpretrain's test of a
# folder, and how much is computed.
ALONE = """
import json, sys

class NoKTG:
    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0] == 'ktg_mm':
            raise ImportError('ktg_mm is not installed')

sys.meta_path.insert(0, NoKTG())
import torch
from mmengine.analysis import get_model_complexity_info
from mmengine.config import Config
from mmengine.runner import Runner
from mmpretrain import ImageClassificationInferencer
from mmpretrain.apis import get_model

folder, names = sys.argv[1], sys.argv[2:]
images, found = torch.load(f'{folder}/images.pth'), {}
for name in names:
    config = f'{folder}/{name}/graph_{name}.py'
    network = get_model(config, config.replace('.py', '.pth'))
    with torch.no_grad():
        logits = network(network.data_preprocessor(dict(inputs=images))['inputs'], mode='tensor')
    found[name] = dict(logits=logits)
    network.forward = network.extract_feat  # as mmpretrain's tools/analysis_tools/get_flops.py does
    found[name]['flops'] = get_model_complexity_info(network, (1, 8, 8), show_table=False, show_arch=False)['flops']
    if name not in ('small', 'ours', 'nested'):
        continue
    (said,) = ImageClassificationInferencer(config, config.replace('.py', '.pth'))(f'{folder}/5.png')
    found[name] |= dict(score=said['pred_score'], name=said['pred_class'])
    cfg = Config.fromfile(config)
    cfg.work_dir, cfg.load_from, cfg.experiment_name = f'{folder}/work', config.replace('.py', '.pth'), name
    found[name]['top1'] = Runner.from_cfg(cfg).test()['accuracy/top1']
torch.save(found, f'{folder}/found.pth')
assert 'ktg_mm' not in sys.modules
"""


@functools.cache
def images() -> torch.Tensor:
    digits = Digits(split='test', indices=16)
    return torch.from_numpy(np.stack([digits[i]['img'] for i in range(16)]))[:, None]


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    """The folder of a config and a checkpoint of it with weights and statistics drawn at random, and the graph."""
    folder = tmp_path_factory.mktemp('trained')
    (folder / 'graph.py').write_text(CONFIG.format(base=BASE))
    cfg = load_config(folder / 'graph.py')
    torch.manual_seed(0)  # biases keep what they begin with
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
    names = (*PLAIN, 'ours', *ENSEMBLES)
    configs = {name: export_node(cfg, folder / 'run.pth', folder / name, name) for name in names}
    assert cfg.to_dict() == before
    return configs


def network_of(config: Path) -> torch.nn.Module:
    """The network of an exported config; what is registered for it is gone afterwards."""
    registered = dict(MODELS.module_dict)
    network = MODELS.build(Config.fromfile(config).model).eval()
    MODELS.module_dict.update(registered)
    return network


def alone(config: Path) -> torch.Tensor:
    """The logits of what an exported config and its checkpoint make."""
    network = network_of(config)
    weights = torch.load(config.with_suffix('.pth'), weights_only=True)['state_dict']
    assert weights.keys() == network.state_dict().keys()
    network.load_state_dict(weights)
    with torch.no_grad():
        return network(network.data_preprocessor(dict(inputs=images()))['inputs'], mode='tensor')


@pytest.mark.parametrize('name', PLAIN)
def test_the_files_hold_the_node_alone(trained, exported, name):
    folder, graph = trained
    config = exported[name]
    assert config == folder / name / f'graph_{name}.py'
    assert sorted(path.name for path in config.parent.iterdir()) == [f'graph_{name}.pth', config.name]
    assert 'ktg_mm' not in config.read_text()
    assert float((alone(config) - logits_of(graph, name)).abs().max()) <= 1e-6
    checkpoint = torch.load(config.with_suffix('.pth'), weights_only=True)
    assert checkpoint['meta']['dataset_meta']['classes'] == tuple('abcdefghij')


@pytest.mark.parametrize('name', ENSEMBLES)
def test_an_ensemble_has_its_members_in_it(trained, exported, name):
    _, graph = trained
    config, parts = exported[name], f'graph_{name}_parts.py'
    assert sorted(path.name for path in config.parent.iterdir()) == [f'graph_{name}.pth', config.name, parts]
    assert 'ktg_mm' not in config.read_text() and 'import ktg_mm' not in (config.parent / parts).read_text()
    expected = logits_of(graph, name)
    assert float((alone(config) - expected).abs().max()) <= 1e-6
    with torch.no_grad():
        others = graph.node_outputs(graph.data_preprocessor(dict(inputs=images()))['inputs'])
    for other in others.keys() - {name}:
        assert float((expected - others[other].logits).abs().max()) > 1e-3


def test_a_shared_trunk_is_there_once(exported):
    network = network_of(exported['ensemble']).backbone.networks
    assert network['net1'].backbone.layer2 is network['branch'].backbone.layer2
    assert network['net1'].backbone.layer3 is not network['branch'].backbone.layer3
    sizes = {name: exported[name].with_suffix('.pth').stat().st_size for name in ('net1', 'ensemble')}
    assert sizes['ensemble'] < 1.9 * sizes['net1']


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
    digits = Digits(split='test', indices=16)
    labels = [int(digits[i]['gt_label']) for i in range(16)]
    for i, label in enumerate(labels):
        path = folder / 'data/test' / 'abcdefghij'[label] / f'{i}.png'
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), images()[i, 0].numpy())
    names = (*PLAIN, 'ours', *ENSEMBLES)
    command = [sys.executable, '-c', ALONE, str(folder), *names]
    process = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert process.returncode == 0, process.stderr
    found = torch.load(folder / 'found.pth', weights_only=True)
    for name in names:
        expected = logits_of(graph, name)
        assert float((found[name]['logits'] - expected).abs().max()) <= 1e-6
        if name not in ('small', 'ours', 'nested'):
            continue
        scores = expected[5].softmax(dim=0)
        assert found[name]['score'] == pytest.approx(float(scores.max()), abs=1e-5)
        assert found[name]['name'] == 'abcdefghij'[int(scores.argmax())]
        right = (expected.argmax(dim=1) == torch.tensor(labels)).float().mean()
        assert found[name]['top1'] == pytest.approx(100 * float(right), abs=1e-3)
    two = found['net1']['flops'] + found['branch']['flops']  # mmpretrain counts no classifiers, but those of members
    assert found['ensemble']['flops'] == two + 2 * 32 * 10


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
    for name in ('ours', 'nested'):
        says = f'--node {name}: its network has a CIFARResNet, which needs the module mine'
        with pytest.raises(UserError, match=f'^{says}'):
            export_node(load_config(folder / 'graph.py'), folder / 'run.pth', tmp_path / 'out', name)


MINE = """
from mmpretrain.registry import MODELS
from torch import nn


@MODELS.register_module()
class MyBackbone(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Conv2d(1, 32, 3)

    def forward(self, images):
        return (self.layer(images),)
"""


def test_a_module_of_the_user_is_imported(trained, tmp_path, monkeypatch):
    folder, _ = trained
    (tmp_path / 'my_backbone.py').write_text(MINE)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / 'mine.py').write_text(
        f"_base_ = '{folder / 'graph.py'}'\n"
        "custom_imports = dict(imports=['ktg_mm.models', 'ktg_mm.datasets', 'ktg_mm.engine', 'ktg_mm.evaluation', "
        "'my_backbone'])\n"
        "mine = dict(_base_.network, backbone=dict(type='MyBackbone'))\n"
        'model = dict(nodes=dict(small=dict(network=dict(_delete_=True, **mine))))\n'
    )
    cfg = load_config(tmp_path / 'mine.py')
    torch.manual_seed(0)  # biases keep what they begin with
    graph = MODELS.build(dict(cfg.model, data_preprocessor=cfg.data_preprocessor)).eval()
    torch.save(dict(state_dict=graph.state_dict()), tmp_path / 'run.pth')
    config = export_node(cfg, tmp_path / 'run.pth', tmp_path / 'out', 'small')
    assert sorted(path.name for path in config.parent.iterdir()) == ['mine_small.pth', 'mine_small.py']
    note = '# Needs my_backbone, beside this file or installed, wherever it is used.'
    assert config.read_text().splitlines()[1] == note and 'ktg_mm' not in config.read_text()
    assert float((alone(config) - logits_of(graph, 'small')).abs().max()) <= 1e-6
    other = export_node(cfg, tmp_path / 'run.pth', tmp_path / 'other', 'net1')
    assert 'my_backbone' not in other.read_text()


@pytest.mark.parametrize(
    'node, says',
    [
        ('net9', "--node net9: the graph has no such node; did you mean 'net1'?"),
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
        (lambda key, value: 'head' not in key and value, "lacks 10 of the network's weights, such as 'nodes.net1."),
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


@pytest.fixture(scope='module')
def deployed(trained):
    """The config of an ensemble of ensembles that is ONNX and torch.export's file, too."""
    folder, _ = trained
    cfg = load_config(folder / 'graph.py')
    return export_node(cfg, folder / 'run.pth', folder / 'deployed', 'nested', onnx=True, torch_export=True)


@pytest.mark.slow
def test_onnx(trained, deployed):
    session = onnxruntime.InferenceSession(str(deployed.with_suffix('.onnx')), providers=['CPUExecutionProvider'])
    expected = logits_of(trained[1], 'nested')
    for number in (1, 5, 16):
        (found,) = session.run(['logits'], dict(images=images()[:number].float().numpy()))
        assert float((torch.from_numpy(found) - expected[:number]).abs().max()) <= 1e-4
    said = session.get_modelmeta().custom_metadata_map
    about = json.loads(deployed.with_suffix('.json').read_text())
    assert {key: json.loads(said[key]) for key in about} == about
    assert about['classes'] == list('abcdefghij') and about['inside']['mean'] == [77.758]
    assert about['images'] == dict(shape=['batch', 1, 8, 8], dtype='float32', range=[0, 255], channels='grey')
    assert [step['type'] for step in about['before']][-2:] == ['Resize', 'PackInputs']


@pytest.mark.slow
def test_torch_export(trained, deployed):
    extra = {'about.json': ''}
    network = torch.export.load(deployed.with_suffix('.pt2'), extra_files=extra).module()
    expected = logits_of(trained[1], 'nested')
    for number in (1, 5, 16):
        found = network(images()[:number].float())
        assert float((found - expected[:number]).abs().max()) <= 1e-6
    assert json.loads(extra['about.json']) == json.loads(deployed.with_suffix('.json').read_text())
