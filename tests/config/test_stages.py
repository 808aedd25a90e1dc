"""Stages as values: merging, what nodes take, keys of errors, seeds."""

from typing import Any

import pytest
from mmengine.config import Config

import ktg_mm.models  # noqa: F401
from ktg_mm.config import GraphConfig
from ktg_mm.config.kept_checkpoint import kept_checkpoint
from ktg_mm.config.stage import Stage
from ktg_mm.config.stages import (
    STAGES,
    as_last_stage,
    read_stages,
    resolve_stages,
    resolved_last,
    stage_named,
    stage_seed,
)
from ktg_mm.errors import ConfigError, UntaughtError

NETWORK = dict(type='ImageClassifier', backbone=dict(type='LeNet5', num_classes=10))
NET = dict(type='NetworkNode', network=NETWORK)
KL = dict(loss=dict(type='KLDivergence'))


def taken(name: str = 'gen0', node: str = 'net', **more: Any) -> dict:
    return dict(type='NetworkNode', stage=dict(name=name, node=node, **more))


def config(*stages: dict, **common: Any) -> dict:
    """A network that the labels teach, for 30 epochs."""
    model = dict(nodes=dict(net=NET), edges={'label->net': dict(loss=dict(type='CrossEntropy'))}, target='net')
    return dict(model=model, train_cfg=dict(max_epochs=30), randomness=dict(seed=5), **common, stages=list(stages))


def generation(teacher: dict, **more: Any) -> dict:
    edges = {'_delete_': True, 'teacher->net': KL}
    return dict(name='gen1', model=dict(nodes=dict(teacher=teacher), edges=edges), **more)


def resolved(*stages: dict, **common: Any) -> list[dict]:
    return [stage.config for stage in resolve_stages(config(*stages, **common), 'work')]


def refused(*stages: dict, **common: Any) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        list(resolve_stages(config(*stages, **common), 'work'))
    return caught.value


def test_entries_merge_as_those_of_an_inheriting_file() -> None:
    optim = dict(optimizer=dict(type='SGD', lr=0.1))
    whole = dict(
        optim_wrapper=optim,
        hooks=[1, 2],
        stages=[
            dict(name='a'),
            dict(name='b', optim_wrapper=dict(optimizer=dict(lr=0.2)), hooks=[3]),
            dict(
                name='c', optim_wrapper=dict(optimizer=dict(_delete_=True, type='Adam'), new=dict(_delete_=True, x=1))
            ),
        ],
    )
    a, b, c = (stage.config for stage in read_stages(Config(whole)))
    assert a == dict(optim_wrapper=optim, hooks=[1, 2])
    assert b == dict(optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.2)), hooks=[3])
    assert c['optim_wrapper'] == dict(optimizer=dict(type='Adam'), new=dict(x=1))
    assert whole['stages'][2]['optim_wrapper']['optimizer'] == dict(_delete_=True, type='Adam')


def test_weights_to_begin_with_are_for_the_first_stage() -> None:
    whole = dict(load_from='a.pth', stages=[dict(name='a'), dict(name='b'), dict(name='c', load_from='c.pth')])
    assert [stage.config.get('load_from') for stage in read_stages(whole)] == ['a.pth', None, 'c.pth']


def test_what_a_node_takes_is_a_plain_config() -> None:
    pretrained = dict(NETWORK, init_cfg=dict(type='Pretrained', checkpoint='a.pth'))
    first = dict(name='gen0', model=dict(nodes=dict(net=dict(network=pretrained))))
    _, gen1, gen2 = resolved(
        first, generation(taken()), dict(name='gen2', model=dict(nodes=dict(old=taken('gen1', 'teacher'))))
    )
    assert gen1['model']['nodes']['teacher'] == dict(
        type='NetworkNode', network=NETWORK, checkpoint='work/gen0/epoch_30.pth', prefix='nodes.net.network.'
    )
    assert gen1['work_dir'] == 'work/gen1' and STAGES not in gen1
    assert GraphConfig(gen1['model']).check().roles == dict(net='trained', teacher='frozen')
    old = gen2['model']['nodes']['old']  # of a node that came by a stage, too
    assert (old['network'], old['checkpoint'], old['prefix']) == (
        NETWORK, 'work/gen1/epoch_30.pth', 'nodes.teacher.network.',
    )  # fmt: skip


def test_a_node_keeps_what_it_says_besides() -> None:
    _, gen1 = resolved(dict(name='gen0'), generation(taken() | dict(attention_layer='backbone')))
    assert gen1['model']['nodes']['teacher']['attention_layer'] == 'backbone'


def test_a_chosen_epoch() -> None:
    keep = dict(default_hooks=dict(checkpoint=dict(interval=5, max_keep_ckpts=-1)))
    _, gen1 = resolved(dict(name='gen0', **keep), generation(taken(epoch=10)))
    assert gen1['model']['nodes']['teacher']['checkpoint'] == 'work/gen0/epoch_10.pth'
    error = refused(dict(name='gen0', **keep), generation(taken(epoch=11)))
    assert error.key == 'stages[1].model.nodes.teacher.stage.epoch'


def test_a_stage_whose_graph_is_none_has_no_such_node() -> None:
    for model in ([1], dict(nodes=[1])):
        error = refused(dict(name='gen0', model=model), generation(taken()))
        assert error.key == 'stages[1].model.nodes.teacher.stage.node'


def test_a_taught_node_begins_with_the_weights() -> None:
    *_, gen1 = resolved(dict(name='gen0'), dict(name='gen1', model=dict(nodes=dict(net=taken() | dict(_delete_=True)))))
    graph = GraphConfig(gen1['model']).check()
    assert graph.roles == dict(net='trained') and graph.nodes['net']['checkpoint'] == 'work/gen0/epoch_30.pth'


def test_a_graph_can_be_asked_before_it_is_resolved() -> None:
    _, gen1 = read_stages(config(dict(name='gen0'), generation(taken())))
    graph = GraphConfig(gen1.config['model']).check()
    assert graph.roles == dict(net='trained', teacher='frozen') and graph.without_weights == []


def test_an_average_of_a_taken_network_is_looked_at_when_that_is_known() -> None:
    other = dict(type='NetworkNode', network=dict(type='ImageClassifier', backbone=dict(type='ResNet', depth=18)))
    graph = dict(nodes=dict(net=other), edges={'_delete_': True, 'label->teacher': dict(loss=dict(type='CrossEntropy')),
                                               'teacher->net': dict(type='EMAEdge')})  # fmt: skip
    graph['nodes']['teacher'] = taken()
    first = dict(name='gen0', model=dict(nodes=dict(net=NET)))
    stage = dict(
        name='gen1', model=dict(graph, target='teacher', nodes=dict(graph['nodes'], net=dict(other, _delete_=True)))
    )
    GraphConfig(read_stages(config(first, stage))[1].config['model']).check()
    with pytest.raises(UntaughtError, match='needs the same network at both ends'):
        GraphConfig(resolved(first, stage)[1]['model']).check()


@pytest.mark.parametrize(
    ('name', 'says'),
    [('gen1', "'gen1' is not earlier"), ('gen2', "'gen2' is not earlier"), ('gen7', "no stage is named 'gen7'")],
)
def test_a_stage_that_is_not_earlier(name: str, says: str) -> None:
    error = refused(dict(name='gen0'), generation(taken(name)), dict(name='gen2'))
    assert error.key == 'stages[1].model.nodes.teacher.stage.name' and says in error.problem


def test_a_mistake_at_the_top_keeps_its_key_and_names_the_stage() -> None:
    whole = config(dict(name='gen0', model=dict(nodes=dict(old=None))), dict(name='gen1'))
    whole['model']['nodes']['old'] = taken(node='net9')
    with pytest.raises(ConfigError) as caught:
        list(resolve_stages(whole, 'work'))
    assert caught.value.key == 'model.nodes.old.stage.node' and caught.value.problem.endswith("(in stage 'gen1')")


@pytest.mark.parametrize(
    ('key', 'expected'),
    [
        ("model.edges['a->b'].loss", "stages[1].model.edges['a->b'].loss"),
        ("model.edges['b->a'].loss", None),
        ('model.target', 'stages[1].model.target'),  # nobody says it: here it can be said
        ('param_scheduler[0].end', 'stages[1].param_scheduler[0].end'),
        ('train_cfg.max_epochs', None),
    ],
)
def test_where_a_key_is_to_be_found(key: str, expected: str | None) -> None:
    own = {'model': {'edges': {'a->b': KL}}, 'param_scheduler': [dict(end=3)]}
    common = {'model': {'edges': {'b->a': KL}}, 'train_cfg': {}, 'param_scheduler': [dict(end=4)]}
    assert Stage('b', 1, {}, own, common).key(key) == expected


def test_an_error_about_what_was_taken_is_said_of_the_stage() -> None:
    stage = list(resolve_stages(config(dict(name='gen0'), generation(taken())), 'work'))[1]
    with pytest.raises(ConfigError) as caught, stage.named_errors():
        raise ConfigError('model.nodes.teacher.network.head.num_classes', 'is 10')
    assert str(caught.value) == 'stages[1].model.nodes.teacher.stage: network.head.num_classes is 10'
    with pytest.raises(UntaughtError), stage.named_errors():
        raise UntaughtError('model.target', 'never learns')


def test_seeds_differ_from_stage_to_stage_and_from_run_to_run() -> None:
    seeds = [stage_seed(seed, number) for seed in range(20) for number in range(5)]
    assert len(set(seeds)) == len(seeds) and stage_seed(7, 0) == 7 and max(seeds) < 2**32
    first, second, third = resolved(
        dict(name='a', randomness=dict(deterministic=True)), dict(name='b'), dict(name='c', randomness=dict(seed=3))
    )
    assert first['randomness'] == dict(seed=5, deterministic=True)
    assert second['randomness'] == dict(seed=stage_seed(5, 1))
    assert third['randomness'] == dict(seed=3)


def test_no_seed_is_no_seed() -> None:
    whole = config(dict(name='a'), dict(name='b')) | dict(randomness=dict(seed=None))
    assert [stage.config['randomness'] for stage in read_stages(whole)] == [dict(seed=None)] * 2


def test_the_last_stage_with_those_before_it() -> None:
    whole = config(dict(name='gen0', train_cfg=dict(max_epochs=3)), generation(taken()))
    last = as_last_stage(whole)
    assert last['train_cfg'] == dict(max_epochs=30) and last[STAGES][0]['train_cfg'] == dict(max_epochs=3)
    *_, expected = resolve_stages(whole, 'work')
    assert resolved_last(last, 'work') == {key: value for key, value in expected.config.items() if key != 'work_dir'}
    alone = as_last_stage(config(dict(name='gen0')))
    assert STAGES not in alone and resolved_last(alone, 'work') == alone


def test_a_stage_by_its_name() -> None:
    stages = read_stages(config(dict(name='gen0'), dict(name='gen1')))
    assert (stage_named(stages, None).name, stage_named(stages, 'gen0').name) == ('gen1', 'gen0')
    with pytest.raises(ConfigError, match="--stage: no stage is named 'gen2'; did you mean"):
        stage_named(stages, 'gen2')


HOOK = dict(interval=1, max_keep_ckpts=1)


@pytest.mark.parametrize(
    ('loop', 'hook', 'epoch', 'expected'),
    [
        (dict(max_epochs=30), HOOK, None, 'epoch_30.pth'),
        (dict(max_epochs=30), dict(interval=-1), None, 'epoch_30.pth'),
        (dict(max_epochs=30), dict(interval=10, save_last=False), None, 'epoch_30.pth'),
        (dict(max_epochs=30), dict(interval=7, save_begin=2), 9, 'epoch_9.pth'),
        (dict(max_epochs=30), HOOK, 30, 'epoch_30.pth'),
        (dict(max_epochs=30), dict(filename_tmpl='after_{}.pth'), None, 'after_30.pth'),
        (dict(max_iters=500), dict(by_epoch=False, interval=200), None, 'iter_500.pth'),
        (dict(max_iters=500), {}, None, 'epoch_1.pth'),
        (dict(max_epochs=30), HOOK, 29, 'does not keep epoch 29'),
        (dict(max_epochs=30), HOOK, 31, 'ends after epoch 30'),
        (dict(max_epochs=30), dict(interval=7), 8, 'does not save epoch 8'),
        (dict(max_epochs=30), dict(interval=7, save_begin=9), 7, 'does not save epoch 7'),
        (dict(max_epochs=30), dict(interval=7, save_last=False), None, 'does not save epoch 30'),
        (dict(max_epochs=30), dict(by_epoch=False), None, 'whose number the data decide'),
        (dict(max_epochs=30), dict(out_dir='a'), None, 'saves elsewhere'),
        (dict(max_epochs=30), None, None, 'saves no checkpoint'),
        (dict(max_iters=500), dict(by_epoch=False), 1, 'has no epochs'),
        (dict(), {}, None, 'does not say how long it is'),
        ([dict(max_epochs=30)], {}, None, "has a train_cfg that cannot be: must be a dict, got .{'max_epochs'"),
        (dict(max_epochs=30), dict(interval='1'), 1, r"checkpoint.interval that .* a whole number, got '1'"),
        (dict(max_epochs=30), dict(max_keep_ckpts=True), None, 'max_keep_ckpts that cannot be: .* got True'),
        (dict(max_epochs=30), dict(filename_tmpl=3), None, 'filename_tmpl that cannot be: must be a text'),
        (dict(max_epochs=30), dict(filename_tmpl='{}_{}.pth'), None, 'filename_tmpl that names no file'),
    ],
)
def test_which_checkpoint_a_run_leaves(loop: Any, hook: dict | None, epoch: int | None, expected: str) -> None:
    run = dict(train_cfg=loop, default_hooks=dict(checkpoint=hook))
    if expected.endswith('.pth'):
        assert kept_checkpoint(run, epoch) == expected
    else:
        with pytest.raises(ValueError, match=expected):
            kept_checkpoint(run, epoch)
