import pytest
from mmengine.config import Config

import ktg_mm.models  # noqa: F401  registers
from ktg_mm.config.phases import check_phases, edges_of_phases, optimizer_phases, without_phases, wrapper_of_phase
from ktg_mm.errors import ConfigError

KEYS = ['label->net1', 'label->net2', 'net2->net1', 'net1->net2', 'net2->net1:features', 'net1->net2:features']
SGD = dict(type='SGD', lr=0.1)


def listed(**phases):
    return [dict(name=name, edges=edges) for name, edges in phases.items()]


@pytest.mark.parametrize(
    ('phases', 'expected'),
    [
        (dict(logits='*'), dict(logits=('*',))),
        (dict(a='*', b=['*:x', '*:y']), dict(a=('*',), b=('*:x', '*:y'))),
        (dict(a=('x',)), dict(a=('x',))),
    ],
)
def test_patterns(phases, expected):
    found = check_phases(listed(**phases))
    assert found == expected and list(found) == list(phases)
    assert check_phases(tuple(listed(**phases))) == expected


@pytest.mark.parametrize(
    ('phases', 'says'),
    [
        (None, "must be a list such as [dict(name='logits', edges='*')], got None"),
        ([], 'must be a list'),
        (dict(logits='*'), 'must be a list'),  # whose order is lost when the config is written to a file
        ('logits', 'must be a list'),
        (['logits'], "must be dicts such as dict(name='logits', edges='*'), got 'logits'"),
        ([dict(name='logits')], 'must be dicts such as'),
        ([dict(name='logits', edges='*', lr=0.1)], 'must be dicts such as'),
        (listed(a='*') * 2, "must have names that differ, got 'a' twice"),
        ([dict(name=1, edges='*')], 'must have names that are words and no entries of an optimiser, got 1'),
        (listed(**{'': '*'}), "must have names that are words and no entries of an optimiser, got ''"),
        (listed(**{'two words': '*'}), 'must have names that are words'),
        (listed(**{'logits.lr': '*'}), 'must have names that are words'),
        *(
            (listed(**{name: '*'}), f'must have names that are words and no entries of an optimiser, got {name!r}')
            for name in (
                'optimizer', 'type', 'constructor', 'paramwise_cfg', 'clip_grad', 'loss_scale', 'accumulative_counts'
            )
        ),
        (listed(logits=3), "must have edges such as '*' or '*->net1:hint', got 3 for 'logits'"),
        (listed(logits=''), "got ('',) for 'logits'"),
        (listed(logits=['*', None]), "got ['*', None] for 'logits'"),
        (listed(logits=dict(a='*')), "for 'logits'"),
        (listed(logits=[]), "got [] for 'logits'"),
    ],
)  # fmt: skip
def test_what_are_no_phases(phases, says):
    with pytest.raises(ValueError) as caught:
        check_phases(phases)
    assert str(caught.value).startswith('phases must ') and says in str(caught.value) and '\n' not in str(caught.value)


@pytest.mark.parametrize(
    ('phases', 'expected'),
    [
        (dict(all='*'), dict(all=KEYS)),
        (dict(logits='*', features='*:features'), dict(logits=KEYS[:4], features=KEYS[4:])),
        (dict(features='*:features', logits='*'), dict(features=[], logits=KEYS)),  # the last that matches
        (dict(rest='*', one=['label->net1', '*->net1:*']), dict(rest=[*KEYS[1:4], KEYS[5]], one=[KEYS[0], KEYS[4]])),
        (dict(label='label->*', kd='net?->*'), dict(label=KEYS[:2], kd=KEYS[2:])),
    ],
)
def test_edges(phases, expected):
    assert edges_of_phases(check_phases(listed(**phases)), KEYS) == expected
    assert list(edges_of_phases(check_phases(listed(**phases)), KEYS)) == list(phases)  # the order of the steps


def test_wrong_phases_are_told_as_a_mistake_in_the_config():
    config = dict(optim_wrapper=dict(logits=dict(optimizer=dict(type='SGD', lr=0.1))))
    for phases in ('*', [], [dict(name='logits')]):
        with pytest.raises(ConfigError, match=r'^model\.update\.phases: must be '):
            without_phases(config, dict(update=dict(type='SuccessiveUpdate', phases=phases)), ['label->a'])


def test_patterns_tell_capitals_apart():
    assert edges_of_phases(check_phases(listed(rest='*', big='NET1->*')), ['net1->a', 'NET1->a']) == dict(
        rest=['net1->a'], big=['NET1->a']
    )


def test_an_edge_without_a_phase():
    with pytest.raises(
        ConfigError,
        match=r"^model.update.phases: no phase matches the edge 'label->net2'; let the first one be of all that no "
        r"other is, with edges='\*'$",
    ):
        edges_of_phases(check_phases(listed(one='*->net1')), KEYS)


@pytest.mark.parametrize(
    ('optim_wrapper', 'expected'),
    [
        (None, []),
        ('SGD', []),
        (dict(optimizer=SGD), []),
        (dict(optimizer=SGD, logits=dict(optimizer=SGD)), []),
        (dict(type='OptimWrapper', constructor='C', a=dict(optimizer=SGD), b=dict()), ['a', 'b']),
        (dict(clip_grad=dict(max_norm=1), paramwise_cfg=dict(nodes={}), loss_scale=dict(init_scale=8)), []),
    ],
)  # fmt: skip
def test_phases_of_an_optimiser(optim_wrapper, expected):
    assert list(optimizer_phases(optim_wrapper)) == expected


def test_the_wrapper_of_a_phase():
    cfg = dict(
        type='AutocastOptimWrapper',
        accumulative_counts=2,
        clip_grad=dict(max_norm=1.0),
        logits=dict(optimizer=SGD),
        features=dict(optimizer=dict(type='Adam'), clip_grad=dict(max_norm=5.0)),
    )
    before = repr(cfg)
    common = dict(type='AutocastOptimWrapper', accumulative_counts=2)
    assert wrapper_of_phase(cfg, 'logits') == dict(common, clip_grad=dict(max_norm=1.0), optimizer=SGD)
    found = wrapper_of_phase(cfg, 'features')
    assert found == dict(common, clip_grad=dict(max_norm=5.0), optimizer=dict(type='Adam'))
    found['optimizer'] = None
    assert repr(cfg) == before


def test_a_config_that_is_written_and_read_again_has_the_same_phases(tmp_path):
    """mmengine writes a dict's entries in the order of the alphabet, and a run's folder keeps its config so."""
    phases = listed(logits='*', features='*:features')
    Config(dict(model=dict(update=dict(type='SuccessiveUpdate', phases=phases)))).dump(tmp_path / 'c.py')
    read = Config.fromfile(tmp_path / 'c.py').model['update'].phases
    assert edges_of_phases(check_phases(read), KEYS) == dict(logits=KEYS[:4], features=KEYS[4:])
    assert list(check_phases(read)) == ['logits', 'features']


@pytest.mark.parametrize(
    ('edges', 'names', 'kept'),
    [(KEYS, ['logits', 'features'], ['logits', 'features']), (KEYS[:4], ['logits'], ['logits'])],
)
def test_phases_that_have_lost_their_edges(edges, names, kept):
    update = dict(type='SuccessiveUpdate', phases=listed(logits='*', features='*:features'))
    optimizers = dict(constructor='C', logits=dict(optimizer=SGD), features=dict(optimizer=dict(type='Adam')))
    schedules = dict(logits=[dict(type='MultiStepLR')], features=[])
    config = dict(model=dict(update=update), optim_wrapper=optimizers, param_scheduler=schedules)
    found = without_phases(config, config['model'], edges)
    assert [phase['name'] for phase in found['model']['update']['phases']] == names
    assert found['optim_wrapper'] == dict(constructor='C', **{name: optimizers[name] for name in kept})
    assert found['param_scheduler'] == {name: schedules[name] for name in kept}
    assert len(update['phases']) == 2 and len(optimizers) == 3 and len(schedules) == 2


@pytest.mark.parametrize(
    ('phases', 'label', 'expected'),
    [
        (listed(logits='*', features='*:features'), 'label->net1', 'logits'),  # not the first of the alphabet
        (listed(features='*', logits='label->*'), 'label->net1', 'logits'),  # nor that of the first step
        (listed(logits='*', features='*:features'), 'label->net1:features', 'features'),
        (listed(logits='*', features='*:features'), None, 'logits'),
        (None, 'label->net1', 'features'),
        (listed(logits='*->net1', features='label->net?:cut'), 'label->net1', 'logits'),
    ],
)  # fmt: skip
def test_a_graph_without_phases_has_the_optimiser_of_the_labels(phases, label, expected):
    """Of a config as a run's folder keeps it, whose dicts are in the order of the alphabet."""
    optimizers = dict(accumulative_counts=2, features=dict(optimizer=dict(type='Adam')), logits=dict(optimizer=SGD))
    schedules = dict(features=dict(type='StepLR'), logits=[dict(type='MultiStepLR')])
    cut = {'label->net2': dict(gate=dict(type='CutoffGate'))}  # may be of none
    edges = {'net2->net1:features': {}, 'net2->net1': {}} | cut | ({label: {}} if label else {})
    model = dict(edges=edges, update=dict(type='SuccessiveUpdate', phases=phases))
    config = dict(model=model, optim_wrapper=optimizers, param_scheduler=schedules)
    found = without_phases(config, dict(edges={'label->teacher': {}}), ['label->teacher'])
    assert found['optim_wrapper'] == dict(accumulative_counts=2, **optimizers[expected])
    assert found['param_scheduler'] == schedules[expected]
