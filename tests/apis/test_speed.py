import copy
import shutil
import sys

import pytest
import torch

from ktg_mm.apis.speed import batch_edges, check_speed, compile_networks, set_layout, set_threads
from ktg_mm.errors import ConfigError, UserError
from ktg_mm.models import KnowledgeTransferGraph
from ktg_mm.models.compiled import compiled_run


@pytest.fixture(autouse=True)
def some_compiler(monkeypatch):
    """Nothing is compiled here, so any program will do, also where there is no g++."""
    monkeypatch.setenv('CXX', sys.executable)


def network(channels=1):
    return dict(
        type='ImageClassifier',
        backbone=dict(type='CIFARResNet', depth=8, base_channels=4, in_channels=channels),
        neck=dict(type='GlobalAveragePooling'),
        head=dict(type='LinearClsHead', num_classes=5, in_channels=16),
    )


def build(*shares, update=None, **nodes):
    nodes = {name: dict(type='NetworkNode', network=network()) for name in ('net1', 'net2')} | nodes
    for name in shares:
        nodes[name]['share'] = dict(node='net1', until='backbone.conv1')
    edges = {f'label->{name}': dict(loss=dict(type='CrossEntropy')) for name in ('net1', 'net2')}
    return KnowledgeTransferGraph(nodes, edges, 'net1', update)


@pytest.mark.parametrize('env_cfg', [{}, dict(channels_last=False, compile=True), dict(compile=['net1'])])
def test_what_is_right(env_cfg):
    check_speed(env_cfg)


@pytest.mark.parametrize(
    ('env_cfg', 'message'),
    [
        (dict(batch_edges='yes'), "env_cfg.batch_edges: must be True or False, got 'yes'"),
        (dict(channels_last=1), 'env_cfg.channels_last: must be True or False, got 1'),
        (dict(compile='net1'), "env_cfg.compile: must be True, False or a list of nodes, got 'net1'"),
        (dict(compile=[]), 'env_cfg.compile: must be True, False or a list of nodes, got []'),
        (dict(compile=[1]), 'env_cfg.compile: must be True, False or a list of nodes, got [1]'),
    ],
)
def test_mistakes(env_cfg, message):
    with pytest.raises(ConfigError) as caught:
        check_speed(env_cfg)
    assert str(caught.value) == message


def test_threads():
    before = torch.get_num_threads()
    try:
        set_threads(dict(threads=3))
        assert torch.get_num_threads() == 3
        set_threads({})
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


def test_first_weights_do_not_depend_on_the_layout():
    graphs = [build(), build()]
    set_layout(graphs[0], dict(channels_last=False))
    set_layout(graphs[1], dict(channels_last=True))
    for graph in graphs:
        torch.manual_seed(0)
        graph.init_weights()
    torch.testing.assert_close(graphs[0].state_dict(), graphs[1].state_dict(), rtol=0, atol=0)
    weights = [graph.nodes['net1'].network.backbone.layer1[0].conv1.weight for graph in graphs]
    assert [weight.is_contiguous(memory_format=torch.channels_last) for weight in weights] == [False, True]
    # Whatever is loaded, and copied, has the layout, too.
    graphs[1].load_state_dict(copy.deepcopy(graphs[0].state_dict()))
    for graph in (graphs[1], copy.deepcopy(graphs[1])):
        weight = graph.nodes['net1'].network.backbone.layer1[0].conv1.weight
        assert weight.is_contiguous(memory_format=torch.channels_last)


def test_edges_as_one():
    batch_edges(graph := build(), {})
    assert graph.edge_batches is None
    batch_edges(graph, dict(batch_edges=True))
    assert graph.edge_batches is not None
    apart = build(update=dict(type='PCGradUpdate'))
    batch_edges(apart, dict(batch_edges=False))
    with pytest.raises(ConfigError) as caught:
        batch_edges(apart, dict(batch_edges=True))
    assert str(caught.value) == (
        'env_cfg.batch_edges: must be False: PCGradUpdate takes the gradient of each edge by itself'
    )
    with pytest.raises(ConfigError, match=r'^env_cfg\.batch_edges: must be False: Linear is no graph$'):
        batch_edges(torch.nn.Linear(1, 1), dict(batch_edges=True))


def test_which_networks_are_compiled():
    graph = build(all=dict(type='EnsembleNode', members=['net1', 'net2']))
    compile_networks(graph, {})
    assert not graph.compiled.nodes
    compile_networks(graph, dict(compile=True))
    assert graph.compiled.nodes == [graph.nodes['net1'], graph.nodes['net2']]
    compile_networks(graph, dict(compile=['net2']))
    assert graph.compiled.nodes == [graph.nodes['net2']]


@pytest.mark.parametrize(
    ('compile_', 'message'),
    [
        (['net3'], "env_cfg.compile: there is no node 'net3'; did you mean 'net2'?"),
        (['all'], "env_cfg.compile: 'all' is of type EnsembleNode, no network; name others, of ['net1', 'net2']"),
    ],
)
def test_nodes_that_are_no_networks(compile_, message):
    graph = build(all=dict(type='EnsembleNode', members=['net1', 'net2']))
    with pytest.raises(ConfigError) as caught:
        compile_networks(graph, dict(compile=compile_))
    assert str(caught.value) == message


def test_networks_that_share():
    graph = build('net2', net3=dict(type='NetworkNode', network=network(), allow_random=True))
    compile_networks(graph, dict(compile=True))
    assert graph.compiled.nodes == [graph.nodes['net3']]
    with pytest.raises(ConfigError, match=r"^env_cfg\.compile: 'net1' shares modules, .*; name others, of \['net3'\]$"):
        compile_networks(graph, dict(compile=['net1']))
    with pytest.raises(ConfigError, match=r"^env_cfg\.compile: must be False: 'net1' shares modules, "):
        compile_networks(build('net2'), dict(compile=True))


def test_no_compiler(monkeypatch):
    monkeypatch.setenv('CXX', 'no-such-compiler')
    with pytest.raises(UserError, match=r'^env_cfg\.compile: there is no no-such-compiler, the compiler of C\+\+ that'):
        compile_networks(build(), dict(compile=True))
    compile_networks(build(), dict(compile=False))


SWITCHES = {
    'env_cfg': dict(batch_edges=True, channels_last=True, compile=['net1'], threads=1),
    'default_hooks.checkpoint.max_keep_ckpts': 2,
}


def test_a_run_with_switches_is_the_run_without_and_resumes(tiny_runner, tmp_path, monkeypatch):
    calls = []

    def compile_(function, **options):
        return lambda network, inputs: calls.append(network) or function(network, inputs)

    monkeypatch.setattr(torch, 'compile', compile_)
    compiled_run.cache_clear()
    try:
        for name, changes in (('plain', None), ('run', SWITCHES)):
            tiny_runner(changes, work_dir=name).train()
        networks = len(calls)
        plain, whole = (
            torch.load(tmp_path / name / 'epoch_2.pth', weights_only=True)['state_dict'] for name in ('plain', 'run')
        )
        assert networks and plain.keys() == whole.keys()
        torch.testing.assert_close(whole, plain, rtol=1e-4, atol=1e-5)
        (tmp_path / 'resumed').mkdir()
        shutil.copy(tmp_path / 'run/epoch_1.pth', tmp_path / 'resumed')
        tiny_runner(SWITCHES, work_dir='resumed', resume=str(tmp_path / 'resumed/epoch_1.pth')).train()
        resumed = torch.load(tmp_path / 'resumed/epoch_2.pth', weights_only=True)['state_dict']
        torch.testing.assert_close(resumed, whole, rtol=0, atol=0)
        assert len(calls) == networks * 3 // 2
    finally:
        compiled_run.cache_clear()
