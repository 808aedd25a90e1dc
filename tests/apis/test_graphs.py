import copy

import pytest
import torch
from mmengine.config import Config

from ktg_mm.apis import build_graph, get_config, graph_config
from ktg_mm.apis.graphs import read_config
from ktg_mm.errors import ConfigError, UserError

LABEL = dict(loss=dict(type='CrossEntropy'))
KL = dict(loss=dict(type='KLDivergence'))
NETWORK = dict(type='NetworkNode', network=dict(type='ImageClassifier', backbone=dict(type='ResNot')))
WITHOUT_BACKBONE = dict(nodes=dict(a=NETWORK), edges={'label->a': LABEL}, target='a')


@pytest.fixture(scope='module')
def base():
    return get_config('ktg/ens_3node_digits')


@pytest.fixture
def parts(base):
    """Two networks that teach each other, as arguments of graph_config."""
    network = dict(type='NetworkNode', network=base.resnet8.to_dict())
    edges = {'label->a': LABEL, 'label->b': LABEL, 'a->b': KL, 'b->a': KL}
    return dict(nodes=dict(a=network, b=copy.deepcopy(network)), edges=edges, target='b')


def test_a_graph_over_a_base(base, parts):
    before, given = copy.deepcopy(parts), base.to_dict()
    cfg = graph_config(**parts, base=base)
    assert cfg.model.to_dict() == dict(type='KnowledgeTransferGraph', **parts)
    assert cfg.default_hooks.checkpoint.save_best == 'b/accuracy/top1'
    kept = ('train_dataloader', 'optim_wrapper', 'param_scheduler', 'train_cfg', 'custom_hooks', 'data_preprocessor')
    assert all(cfg[key] == base[key] for key in kept)
    cfg.model.nodes.a.network.backbone.depth = 14
    assert parts == before and base.to_dict() == given


def test_the_base_by_name_and_more_of_the_graph(parts):
    cfg = graph_config(**parts, base='search/ktg_3node_digits', update=dict(type='SimultaneousUpdate'))
    assert cfg.model['update'] == dict(type='SimultaneousUpdate')
    assert cfg.search.trials == 50 and 'retrain' not in cfg.search  # which was relative to a file


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (dict(target='c'), r"^model\.target: no node is named 'c'; known: a, b"),
        (
            dict(edges={'label->a': LABEL, 'label->b': LABEL, 'a->c': KL}),
            r"^model\.edges\['a->c'\]: no node is na",
        ),
        (dict(edges={'label->b': dict(loss=dict(type='CrosEntropy'))}), r"CrosEntropy.*did you mean 'CrossEntropy'"),
        (dict(nodes=[]), r'^model\.nodes: '),
        (dict(edges=3), r'^model\.edges: '),
        (dict(nodes=dict(b=dict(type='NetworkNod'))), r"^model\.nodes\.b.*did you mean 'NetworkNode'"),
        (dict(updat=dict(type='SimultaneousUpdate')), r"updat.*did you mean 'update'"),
        (dict(base='born_again/ban_digits'), r'^base: has stages'),
    ],
)
def test_mistakes(parts, changes, message):
    with pytest.raises(ConfigError, match=message):
        graph_config(**(parts | changes))


def test_a_base_that_is_none(parts):
    with pytest.raises(UserError, match=r"'ktg/ens_3node_digit'; did you mean 'ktg/ens_3node_digits'\?"):
        graph_config(**parts, base='ktg/ens_3node_digit')


def test_a_graph_is_built_of_dicts(parts):
    before = copy.deepcopy(parts)
    graph = build_graph(parts)  # the type may be left out
    assert parts == before and list(graph.nodes) == ['a', 'b'] and graph.target == 'b'
    assert graph(torch.rand(2, 1, 8, 8)).shape == (2, 10)


def test_a_whole_config_has_the_preprocessing_too(base):
    given = base.to_dict()
    graph = build_graph(base)
    assert float(graph.data_preprocessor.mean) == pytest.approx(77.758) and base.to_dict() == given


def test_weights_are_drawn_as_a_run_does(parts, capsys):
    parts['edges'] = {'label->a': LABEL, 'a->b': dict(type='EMAEdge', decay=0.9)}
    parts['nodes']['a']['network']['head']['init_cfg'] = dict(type='Constant', layer='Linear', val=0.5)
    graph = build_graph(parts)
    assert (graph.nodes['a'].network.head.fc.weight == 0.5).all()
    assert (graph.nodes['b'].network.head.fc.weight == 0.5).all()  # the average begins as its source
    assert ''.join(capsys.readouterr()) == ''


@pytest.mark.parametrize(
    ('config', 'message'),
    [
        (3, r'^config: must be a Config or the dict of its model, got 3$'),
        (Config(dict(train_cfg={})), r'^model: is missing; '),
        (dict(type='ImageClassifier'), r'^model\.type: must be KnowledgeTransferGraph, got ImageClassifier'),
        (dict(nodes={}, edges={}, target='a'), r'^model\.nodes: '),
        (WITHOUT_BACKBONE, r'^model\.nodes\.a\.network.*ResNot'),
    ],
)
def test_what_is_no_graph(config, message):
    with pytest.raises(ConfigError, match=message):
        build_graph(config)


def test_a_config_that_is_read_is_ones_own(base):
    mine = read_config(base)
    mine.train_cfg.max_epochs = 1
    assert base.train_cfg.max_epochs == 30
    assert read_config(base.filename).train_cfg == base.train_cfg
