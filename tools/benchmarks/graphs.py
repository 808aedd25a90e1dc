"""The graphs whose steps are measured, and the steps that they are measured against."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mmengine.config import Config
from torch import Tensor, nn
from written_steps import AFD, FEATURES_OPTIMIZER, OPTIMIZER, FitNetsAndCRD, Networks, OKDDip, One, WrittenStep

from ktg_mm.apis import load_config
from ktg_mm.config.stages import read_stages, stage_named
from ktg_mm.config.taken_node import is_taken

CONFIGS = Path(__file__).parents[2] / 'configs'
SIZE = 50_000  # of the data set, which a memory has a place for each image of


def mixed_graph() -> dict:
    """Three networks with the four gates of Minami et al. on their nine edges."""
    networks = _networks()
    nodes = dict(net1=networks.resnet32, net2=networks.resnet110, net3=networks.wrn28_2)
    gates = {
        'label->net1': 'LinearGate',
        'label->net2': 'ThroughGate',
        'label->net3': 'ThroughGate',
        'net2->net1': 'CorrectGate',
        'net3->net1': 'ThroughGate',
        'net1->net2': 'CorrectGate',
        'net3->net2': 'LinearGate',
        'net1->net3': 'CutoffGate',
        'net2->net3': 'CorrectGate',
    }
    edges = {
        key: dict(loss=dict(type='CrossEntropy' if key.startswith('label') else 'KLDivergence'), gate=dict(type=gate))
        for key, gate in gates.items()
    }
    return _model(nodes, edges)


def attention_graph() -> dict:
    """Five attention branch networks with a probability and an attention loss on each of their 20 edges."""
    networks = _networks()
    nodes = {f'net{i}': networks.abn_resnet20 for i in range(1, 6)}
    edges = {f'label->{name}': dict(loss=[dict(type='CrossEntropy')]) for name in nodes}
    for i, source in enumerate(nodes):
        for j, target in enumerate(nodes):
            attract = [dict(type='KLDivergence'), dict(type='AttentionMSE')]
            repel = [dict(type='ProbabilityCosine'), dict(type='AttentionCosine')]
            if i != j:
                edges[f'{source}->{target}'] = dict(loss=attract if (i + j) % 2 else repel)
    return _model(nodes, edges)


def _model(nodes: dict[str, dict], edges: dict[str, dict]) -> dict:
    return dict(
        type='KnowledgeTransferGraph',
        target='net1',
        nodes={name: dict(type='NetworkNode', network=network) for name, network in nodes.items()},
        edges=edges,
    )


def dogs_graph() -> dict:
    """Stanford Dogs' five attention branch networks, ResNet-18, and their ensemble."""
    return load_config(CONFIGS / 'ktg/ens_5node_dogs.py').model.to_dict()


def small_graph() -> dict:
    """Fashion-MNIST's deep mutual learning: three ResNet-8 that see grey images."""
    network = copy.deepcopy(load_config(CONFIGS / '_base_/models/networks_small.py').resnet8)
    model = load_config(CONFIGS / '_base_/graphs/dml_3node.py').model.to_dict()
    for node in model['nodes'].values():
        node['network'] = network
    return model


def semi_supervised_graph(name: str) -> dict:
    """A WRN-28-2 and its moving average, taught as one of the semi-supervised graphs."""
    model = load_config(CONFIGS / f'_base_/graphs/{name}.py').model.to_dict()
    network = _networks().wrn28_2
    return model | dict(nodes={node: dict(type='NetworkNode', network=network) for node in model['nodes']})


def branches_graph(name: str) -> dict:
    """Four ResNet-32 on one trunk, taught as one of the multi-branch graphs."""
    model = load_config(CONFIGS / f'_base_/graphs/{name}.py').model.to_dict()
    network = _networks().resnet32
    for node in model['nodes'].values():
        if node['type'] == 'NetworkNode':
            node['network'] = network
    return model


def stage_graph(path: str, stage: str | None = None) -> dict:
    """A stage's graph of ResNet-32; those that an earlier stage would have trained are random.

    Args:
        path: Of a config of stages, below ``configs/``.
        stage: The stage's name. Defaults to None: the last one.
    """
    model = copy.deepcopy(stage_named(read_stages(load_config(CONFIGS / path)), stage).config['model'])
    network = _networks().resnet32
    for name, node in model['nodes'].items():
        if node['type'] == 'NetworkNode':
            model['nodes'][name] = dict(type='NetworkNode', network=network, allow_random=is_taken(node))
    return model


def fitnets_crd_graph() -> dict:
    """A WRN-28-2 that teaches a ResNet-32 by FitNets and CRD."""
    networks = _networks()
    model = _model(
        dict(net1=networks.resnet32, net2=networks.wrn28_2),
        {
            'label->net1': dict(loss=dict(type='CrossEntropy')),
            'net2->net1:hint': dict(loss=dict(type='FitNets'), weight=100.0),
            'net2->net1:contrast': dict(loss=dict(type='CRD', num_samples=SIZE), weight=0.8),
        },
    )
    model['nodes']['net2']['allow_random'] = True
    return model


def afd_graph() -> dict:
    """Two ResNet-32 that learn by adversarial feature distillation."""
    model = load_config(CONFIGS / '_base_/graphs/afd_2node.py').model.to_dict()
    for name in ('net1', 'net2'):
        model['nodes'][name]['network'] = _networks().resnet32
    return model


def networks_of(graph: nn.Module, labels: Tensor) -> WrittenStep:
    """The graph's networks in plain torch."""
    nodes: Any = graph.nodes
    roles: Any = graph.roles
    edges: Any = graph.edges
    heard = {edge.source_name for edge in edges.values()}
    return Networks(
        [nodes[name].network for name, role in roles.items() if role == 'trained'],
        [nodes[name].network for name, role in roles.items() if role != 'trained' and name in heard],
    )


def _networks() -> Config:
    return load_config(CONFIGS / '_base_/models/networks_cifar.py')


GRAPHS: dict[str, Callable[[], dict]] = dict(
    mixed=mixed_graph,
    attention=attention_graph,
    fixmatch=lambda: semi_supervised_graph('fixmatch'),
    mean_teacher=lambda: semi_supervised_graph('mean_teacher'),
    fitnets_crd=fitnets_crd_graph,
    one=lambda: branches_graph('one'),
    okddip=lambda: branches_graph('okddip'),
    afd=afd_graph,
    born_again=lambda: stage_graph('born_again/ban_digits.py'),
    small=small_graph,
    dogs=dogs_graph,
)
WRITTEN: dict[str, Callable[[nn.Module, Tensor], WrittenStep]] = {name: networks_of for name in GRAPHS} | dict(
    fitnets_crd=lambda graph, labels: FitNetsAndCRD(_networks().resnet32, _networks().wrn28_2, labels, 16384),
    one=lambda graph, labels: One(_networks().resnet32),
    okddip=lambda graph, labels: OKDDip(_networks().resnet32),
    afd=lambda graph, labels: AFD(_networks().resnet32),
)
SGD = dict(optimizer=dict(type='SGD', **OPTIMIZER))
OPTIMIZERS: dict[str, dict] = {name: SGD for name in GRAPHS} | dict(
    afd=dict(logits=SGD, features=dict(optimizer=dict(type='Adam', **FEATURES_OPTIMIZER)))
)
CLASSES = dict(small=10, dogs=120)  # of the others 100
CHANNELS = dict(small=1)  # of the others 3
PIXELS = dict(small=14, dogs=224)  # of the others 32
_ALL = {'env_cfg.compile': True, 'env_cfg.channels_last': True, 'optim_wrapper.optimizer.fused': True}
# What a step with switches is measured as; 'eager' is the step without them.
MODES: dict[str, dict[str, Any]] = dict(
    eager={},
    batched={'env_cfg.batch_edges': True},
    channels_last={'env_cfg.channels_last': True},
    compiled={'env_cfg.compile': True},
    compiled_channels_last={'env_cfg.compile': True, 'env_cfg.channels_last': True},
    fused={'optim_wrapper.optimizer.fused': True},
    amp={'optim_wrapper.type': 'AutocastOptimWrapper'},
    all=_ALL,
    amp_all=_ALL | {'optim_wrapper.type': 'AutocastOptimWrapper'},
    captured={'env_cfg.capture': True},
    streams={'env_cfg.capture': 'streams'},
    streams_batched={'env_cfg.capture': 'streams', 'env_cfg.batch_edges': True},
    streams_amp={'env_cfg.capture': 'streams', 'optim_wrapper.type': 'AutocastOptimWrapper'},
)
VIEWS = dict(fixmatch=['weak', 'strong'], mean_teacher=['weak', 'weak2'])
