"""Which graphs a search draws."""

import functools
import math

import optuna
import pytest
from mmengine.config import Config
from small_search import GATES, NETWORK, chosen, config, draw

import ktg_mm.models  # noqa: F401  registers
from ktg_mm.config import GraphConfig
from ktg_mm.errors import ConfigError, UntaughtError
from ktg_mm.search import Candidates
from ktg_mm.search.space.candidates import KEY, PRETRAINED, SpaceExhaustedError
from ktg_mm.search.study.drawn import DrawnSampler, suggest
from ktg_mm.search.study.retries import index_of
from ktg_mm.search.study.study import identity


def edges_of(candidate):
    return candidate.config['model']['edges']


def test_a_draw_is_a_function_of_seed_and_index_alone():
    in_order = Candidates(config())
    expected = [draw(in_order, i) for i in range(12)]
    mixed = Candidates(config())
    for i in (7, 0, 11, 3, 3, 10):
        assert draw(mixed, i) == expected[i]
    workers = [Candidates(config()) for _ in range(3)]  # each gets another part of the indices
    assert [draw(workers[i % 3], i) for i in range(12)] == expected
    assert draw(Candidates(config()), 11) == expected[11]


def test_the_seed_is_the_samplers():
    by_seed = [
        [draw(candidates, i).key for i in range(5)]
        for candidates in (Candidates(config(sampler=dict(type='RandomSampler', seed=seed))) for seed in (0, 1, 0))
    ]
    assert by_seed[0] == by_seed[2] and not set(by_seed[0]) & set(by_seed[1])
    assert [draw(Candidates(config()), i).key for i in range(5)] == by_seed[0]


def test_no_graph_is_drawn_twice_and_all_can_learn():
    candidates = Candidates(config())
    drawn = [draw(candidates, i) for i in range(300)]
    assert len({candidate.key for candidate in drawn}) == 300
    for candidate in drawn:
        model = candidate.config['model']
        assert 'search' not in candidate.config
        assert GraphConfig(dict(model, target='a')).check().roles['a'] == 'trained'
        heard = {'a'}
        for _ in model['nodes']:
            heard |= {key.split('->')[0] for key in model['edges'] if key.split('->')[1] in heard}
        assert set(model['nodes']) == heard - {'label'}
        again = candidates.make(candidate.values)
        assert again == candidate


def learners(pretrained):
    """Distinct graphs of two nodes in which a learns, counted by hand.

    b unheard: a's label edge open or linear: 2. b heard in 3 ways: a's label edge cut, open or linear; b's likewise,
    and four gates from a to b; if both of b's are cut, b is a frozen teacher.
    """
    return 2 + 3 * 3 * (3 * 4 - (not pretrained))


@pytest.mark.parametrize('pretrain', [True, False])
def test_an_exhausted_space_has_given_each_graph_once(pretrain):
    candidates = Candidates(config('ab', pretrain=pretrain))
    keys = [draw(candidates, i).key for i in range(learners(pretrain))]
    assert len(set(keys)) == len(keys)
    with pytest.raises(SpaceExhaustedError, match='draws in a row gave no new graph'):
        draw(candidates, len(keys))


def test_frozen_teachers_are_given_weights_or_drawn_again():
    kept, refused = Candidates(config('ab')), Candidates(config('ab', pretrain=False))
    frozen = chosen(kept, b='cutoff', ab='cutoff')
    assert frozen.config['model']['nodes']['b']['checkpoint'] == PRETRAINED
    with pytest.raises(UntaughtError, match=r'model\.nodes\.b: nobody teaches'):
        chosen(refused, b='cutoff', ab='cutoff')
    assert 'checkpoint' not in chosen(kept, b='cutoff').config['model']['nodes']['b']
    own = dict(nodes={'b': dict(type='NetworkNode', network=NETWORK, checkpoint='mine.pth')})
    mine = chosen(Candidates(config('ab', model=own)), b='cutoff', ab='cutoff')
    assert mine.config['model']['nodes']['b']['checkpoint'] == 'mine.pth'


def test_a_target_that_learns_nothing_is_no_candidate():
    with pytest.raises(UntaughtError, match=r'model\.nodes\.a: nobody teaches this network'):
        chosen(Candidates(config('ab')), a='cutoff', ba='cutoff')


def test_exchangeable_nodes():
    candidates = Candidates(config())
    assert chosen(candidates, ba='linear').key == chosen(candidates, ca='linear').key
    assert chosen(candidates, ba='linear').key != chosen(candidates, ba='correct').key
    assert chosen(candidates, a='correct').key == chosen(candidates).key


@pytest.mark.parametrize(
    'whole',
    [
        dict(custom_hooks=[dict(type='Watch', nodes=['b'])]),
        dict(optim_wrapper=dict(paramwise_cfg=dict(custom_keys={'nodes.b.network': dict(lr_mult=0.1)}))),
        dict(custom_hooks=[dict(type='Watch', edge='b->a')]),
    ],
)
def test_a_node_that_the_config_names_is_not_exchangeable(whole):
    candidates = Candidates(config(whole=whole))
    assert chosen(candidates, ba='linear').key != chosen(candidates, ca='linear').key


def test_metrics_name_nodes():
    candidates = Candidates(config(metric='b/accuracy/top1'))
    assert candidates.scored_nodes(candidates.base['model']) == ['b']
    assert chosen(candidates, ca='linear').key != chosen(candidates, cb='linear').key
    alone = chosen(candidates, ab='cutoff', cb='cutoff').config['model']
    assert (list(alone['nodes']), alone['target']) == (['b'], 'b')


def test_the_best_node():
    candidates = Candidates(config(metric='best/accuracy/top1'))
    assert candidates.directions == ['maximize']
    assert candidates.scored_nodes(candidates.base['model']) == ['a', 'b', 'c']
    apart = chosen(candidates, ba='cutoff', ca='cutoff').config['model']
    assert list(apart['nodes']) == ['a', 'b', 'c']  # whoever is best
    found = {'a/accuracy/top1': 80.0, 'b/accuracy/top1': 90.0, 'c/accuracy/top1': 90.0, 'd/accuracy/top1': 99.0}
    assert candidates.best_node(found) == 'b'
    assert candidates.best_node({**found, 'a/accuracy/top1': 90.0}) == 'a'  # the target among equals
    assert Candidates(config()).best_node(found) is None


def test_the_best_node_where_less_is_better():
    candidates = Candidates(config(metric=dict(name='best/brier', direction='minimize')))
    assert candidates.directions == ['minimize']
    assert candidates.best_node({'a/brier': 0.3, 'b/brier': 0.2}) == 'b'  # c was not heard
    assert candidates.best_node({'a/brier': 0.2, 'b/brier': 0.2, 'c/brier': 0.2}) == 'a'


def test_an_ensemble_as_the_target():
    model = dict(nodes=dict(ens=dict(type='EnsembleNode', members=['a', 'b'])), target='ens')
    candidates = Candidates(config(model=model))
    assert [metric.name for metric in candidates.metrics] == ['ens/accuracy/top1']
    apart = chosen(candidates, ca='cutoff', cb='cutoff').config['model']
    assert list(apart['nodes']) == ['a', 'b', 'ens'] and apart['target'] == 'ens'
    assert chosen(candidates, ba='linear').key == chosen(candidates, ab='linear').key  # a and b vote alike
    assert chosen(candidates, ca='linear').key != chosen(candidates, ac='linear').key
    with pytest.raises(UntaughtError):
        chosen(candidates, **{ends: 'cutoff' for ends in ('a', 'b', 'c', 'ab', 'ba', 'ac', 'ca', 'bc', 'cb')})


def test_costs_count_with_an_accuracy():
    candidates = Candidates(config(metric=['a/accuracy/top1', 'parameters', 'flops']))
    assert candidates.directions == ['maximize', 'minimize', 'minimize']
    assert candidates.scored_nodes(candidates.base['model'])[0] == 'a'


def test_what_is_drawn_outside_the_graph_is_in_the_key():
    space = {'model.edges.b->a.gate': GATES, 'lr': [0.1, 0.2]}
    candidates = Candidates(config(space=space, whole=dict(lr=0.1)))
    values = {'model.edges.b->a.gate': 'through', 'lr': '0.1'}
    keys = {candidates.make(values | change).key for change in ({}, {'lr': '0.2'}, {'model.edges.b->a.gate': 'linear'})}
    assert len(keys) == 3
    assert candidates.make(values | {'lr': '0.2'}).config['lr'] == 0.2


@pytest.mark.parametrize(
    ('sampler', 'metric'),
    [
        (dict(type='TPESampler', n_startup_trials=5, seed=3), 'a/accuracy/top1'),
        (dict(type='TPESampler', n_startup_trials=5, multivariate=True, warn_independent_sampling=False), None),
        (dict(type='NSGAIISampler', population_size=6), ['a/accuracy/top1', 'parameters']),
    ],
    ids=['TPE', 'multivariate TPE', 'NSGA-II'],
)
@pytest.mark.filterwarnings('ignore::optuna.exceptions.ExperimentalWarning')
def test_samplers_that_learn_from_results(sampler, metric):
    """As a worker does it: draw, hand the values to Optuna, tell a result that favours linear gates."""
    candidates = Candidates(config('ab', sampler=sampler, metric=metric))
    handing = DrawnSampler()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(directions=candidates.directions, sampler=handing)
    linear = []
    for index in range(40):
        trial = study.ask()
        assert index_of(trial, study) == index
        candidate = candidates.draw(index, study, study.get_trials()[trial.number])
        handing.values = candidate.values
        candidates.space.draw(functools.partial(suggest, trial))
        assert trial.params == candidate.values
        trial.set_user_attr(KEY, candidate.key)
        linear.append(sum(value == 'linear' for value in candidate.values.values()))
        study.tell(trial, [float(linear[-1]), 1.0][: len(candidates.directions)])
        GraphConfig(candidate.config['model']).check()
    keys = [trial.user_attrs[KEY] for trial in study.get_trials()]
    assert len(set(keys)) == 40
    print(sum(linear[10:30]))
    assert sum(linear[10:30]) > 1.5 * 20  # at random one in four


MISTAKES = {
    'sampler': (
        dict(sampler=dict(type='RandomSampla')),
        "search.sampler.type: 'RandomSampla' is no sampler (a BaseSampler of Optuna's); did you mean 'RandomSampler'?",
    ),
    'sampler without type': (
        dict(sampler=dict(seed=1)),
        "search.sampler.type: None is no sampler (a BaseSampler of Optuna's); known: ",
    ),
    "sampler's argument": (
        dict(sampler=dict(type='TPESampler', trials=1)),
        'search.sampler.trials: TPESampler has no such argument; known: ',
    ),
    'sampler as text': (
        dict(sampler='TPESampler'),
        "search.sampler: must be a dict with a 'type', got 'TPESampler'",
    ),
    'number as sampler': (dict(sampler=3), "search.sampler: must be a dict with a 'type', got 3"),
    'loss as sampler': (
        dict(sampler=dict(type='KLDivergence')),
        "search.sampler.type: 'KLDivergence' is no sampler (a BaseSampler of Optuna's); ",
    ),
    'entry': (dict(trails=3), "search.trails: unknown entry; did you mean 'trials'?"),
    'no trials': (dict(trials=0), 'search.trials: must be a whole number, at least 1, got 0'),
    'half a trial': (dict(trials=0.5), 'search.trials: must be a whole number, at least 1, got 0.5'),
    'heartbeat': (dict(heartbeat=0), 'search.heartbeat: must be a whole number, at least 1, got 0'),
    'retries': (dict(retries=-1), 'search.retries: must be a whole number, at least 0, got -1'),
    'metric': (
        dict(metric='d/accuracy/top1'),
        "search.metric: 'd/accuracy/top1' begins with no node; known: a, b, best, c, flops, parameters",
    ),
    'one of two metrics': (
        dict(metric=['a/accuracy/top1', 'paramters']),
        "search.metric: 'paramters' begins with no node; did you mean 'parameters'?",
    ),
    'number as metric': (
        dict(metric=1),
        "search.metric: must be a metric such as 'net1/accuracy/top1', or a list, got 1",
    ),
    'a node as metric': (
        dict(metric='a'),
        "search.metric: must be a node and its metric, such as 'net1/accuracy/top1', got 'a'",
    ),
    'costs alone': (
        dict(metric=['parameters', 'flops']),
        "search.metric: needs a score of a node's, such as 'net1/accuracy/top1', beside the costs",
    ),
    'sampler of a grid': (
        dict(sampler=dict(type='BruteForceSampler')),
        'search.sampler.type: BruteForceSampler draws no graph on its own; take RandomSampler or TPESampler',
    ),
    'storage': (dict(storage=5), 'search.storage: must be a string, got 5'),
    'study': (dict(study=3), 'search.study: must be a string, got 3'),
    'no space': (dict(space=None), 'search.space: must be a dict of at least one path of the config and its choices'),
}


@pytest.mark.parametrize('case', MISTAKES)
def test_mistakes(case):
    search, message = MISTAKES[case]
    cfg = config()
    for key, value in search.items():
        cfg.search[key] = value
    with pytest.raises(ConfigError) as caught:
        Candidates(cfg)
    found = str(caught.value)
    assert '\n' not in found
    assert found.startswith(message) and len(found) > len(message) if message.endswith(' ') else found == message


@pytest.mark.parametrize('seed', [1, 7, 2**32 - 1])
def test_any_seed_tells_searches_apart(seed):
    """The sampler itself is seeded by a number made of the seed and the draw."""
    drawn = draw(Candidates(config(sampler=dict(type='TPESampler', seed=seed))), 0)
    assert drawn.key != draw(Candidates(config()), 0).key


def test_no_search_and_no_graph():
    cfg = config()
    cfg.pop('search')
    with pytest.raises(ConfigError, match=r'^search: is missing; a config to search over has search=dict'):
        Candidates(cfg)
    with pytest.raises(ConfigError, match=r'^model: a search needs a KnowledgeTransferGraph with nodes and edges$'):
        Candidates(Config(dict(model=dict(type='ImageClassifier'), search=dict(space={'model.type': ['x']}))))


@pytest.mark.parametrize(
    ('weights', 'is_trained'),
    [
        ({}, True),
        (dict(init_cfg=dict(type='Kaiming', layer='Conv2d')), True),  # says how to begin at random
        (dict(init_cfg=dict(type='Pretrained', checkpoint='own.pth')), False),
        (dict(pretrained='own.pth'), False),
    ],
)
def test_a_teacher_with_weights_of_its_own_is_not_trained_again(weights, is_trained):
    """And one without is: its graphs are drawn, not thrown away as those of a network that nobody teaches."""
    own = dict(nodes=dict(b=dict(type='NetworkNode', network=NETWORK | weights)))
    node = chosen(Candidates(config('ab', model=own)), b='cutoff', ab='cutoff').config['model']['nodes']['b']
    assert node.get('checkpoint') == (PRETRAINED if is_trained else None)


def sharing(pretrain=True, **gates):
    """A search for the branch point of b, for who is there at all, and for gates; c shares with b's owner a, too."""
    share = dict(node='a', until='backbone.features.0')
    nodes = {name: dict(type='NetworkNode', network=NETWORK, share=dict(share)) for name in 'bc'}
    points = {f'features.{i}': f'backbone.features.{i}' for i in (0, 3)}
    space = {
        'model.nodes.b.share.until': points,
        'model.nodes.a': dict(there=dict(type='NetworkNode', network=NETWORK), absent=None),
    }
    whole = config('abc', model=dict(nodes=nodes, target='b'), space=space | gates, pretrain=pretrain)
    return Candidates(whole)


def test_branch_points_are_drawn():
    candidates = sharing()
    found = {draw(candidates, i).key for i in range(3)}
    by_hand = {
        (until, owner): candidates.make(
            {'model.nodes.b.share.until': until, 'model.nodes.a': owner}
            if owner == 'there'
            else {'model.nodes.a': owner, 'model.nodes.b.share.until': until}
        )
        for until in ('features.0', 'features.3')
        for owner in ('there', 'absent')
    }
    assert by_hand['features.3', 'there'].config['model']['nodes']['b']['share']['until'] == 'backbone.features.3'
    assert by_hand['features.3', 'there'].key != by_hand['features.0', 'there'].key
    assert len(found) == 3 and found <= {candidate.key for candidate in by_hand.values()}


def test_a_choice_that_removes_the_owner():
    """The first branch owns what was shared; the other shares it with that one."""
    gone = sharing().make({'model.nodes.a': 'absent', 'model.nodes.b.share.until': 'features.0'})
    nodes = gone.config['model']['nodes']
    assert set(nodes) == {'b', 'c'} and 'share' not in nodes['b']
    assert nodes['c']['share'] == dict(node='b', until='backbone.features.0')
    GraphConfig(gone.config['model']).check()


@pytest.mark.parametrize('pretrain', [True, False])
def test_no_checkpoint_is_trained_for_a_network_that_shares(pretrain):
    """An owner of which others train the trunk alone, and a branch that nobody teaches: drawn again."""
    edges = ('model.edges.label->a.gate', 'model.edges.b->a.gate', 'model.edges.c->a.gate')
    for name in 'ac':
        keys = [edge.replace('->a', f'->{name}').replace(f'{name}->{name}', f'a->{name}') for edge in edges]
        candidates = sharing(pretrain, **dict.fromkeys(keys, GATES))
        values = dict.fromkeys((p.name for p in candidates.space.parameters), 'cutoff')
        values |= {'model.nodes.a': 'there', 'model.nodes.b.share.until': 'features.0'}
        what = 'branch' if pretrain else 'network'
        with pytest.raises(UntaughtError, match=rf'^model\.nodes\.{name}: nobody teaches this {what}'):
            candidates.make(values)


ENQUEUED = ['independent', 'dml', 'kd']
# Between two nodes; labels teach both, so there are three graphs: one without the other node, and two with it.
FEW = {'model.edges.[ab]->[ab].gate': {name: GATES[name] for name in ('through', 'cutoff')}}


@pytest.mark.parametrize('sampler', [None, dict(type='TPESampler', seed=0)])
def test_enqueued_graphs_come_first(sampler):
    candidates = Candidates(config(enqueue=ENQUEUED, sampler=sampler))
    assert list(candidates.enqueued) == candidates.baselines == ENQUEUED
    keys = [candidate.key for candidate in candidates.enqueued.values()]
    assert [draw(candidates, i).key for i in range(3)] == keys
    assert [candidates.enqueued_name(index) for index in (0, 2, 3, math.inf)] == ['independent', 'kd', None, None]
    assert set(chosen(candidates).values.items()) == set(candidates.enqueued['dml'].values.items())


def test_random_graphs_are_the_same_after_enqueued_ones():
    """But for one that was enqueued, in whose place another is drawn."""
    plain, after = Candidates(config()), Candidates(config(enqueue=ENQUEUED))
    random = [draw(plain, i) for i in range(30)]
    drawn = [draw(after, i + 3) for i in range(30)]
    others = [i for i in range(30) if drawn[i] != random[i]]
    keys = [candidate.key for candidate in after.enqueued.values()]
    assert others == [i for i in range(30) if random[i].key in keys] == [5]  # the target alone
    assert draw(Candidates(config(enqueue=ENQUEUED)), 20) == drawn[17]  # by a worker that joins late
    assert draw(after, 1).key == after.enqueued['dml'].key
    plain, after = Candidates(config('ab', space=FEW)), Candidates(config('ab', enqueue=['independent'], space=FEW))
    keys = [draw(plain, i).key for i in range(3)]
    assert {draw(after, i).key for i in range(3)} == set(keys)  # all that there are
    with pytest.raises(SpaceExhaustedError):
        draw(after, 3)


def test_a_sampler_that_learns_draws_no_enqueued_graph():
    candidates = Candidates(config('ab', enqueue=['independent'], sampler=dict(type='TPESampler', seed=0), space=FEW))
    study = optuna.create_study()
    study.ask()  # of which nobody has said yet that it is of the enqueued graph
    study.ask()
    found = {candidates.draw(index, study, study.get_trials()[1]).key for index in range(1, 20)}
    assert len(found) == 2 and candidates.enqueued['independent'].key not in found


def test_enqueued_graphs_tell_searches_apart():
    plain, first, second = (Candidates(config(enqueue=enqueue)) for enqueue in ([], ['dml'], ['dml', 'kd']))
    found = [identity(candidates)['sampler'] for candidates in (plain, first, second)]
    assert found[0] == found[1][:-1] == found[2][:-1]
    assert found[1][-1] == [['dml', first.enqueued['dml'].key]] != found[2][-1]
    for name in ('space', 'recipe'):
        assert identity(plain)[name] == identity(second)[name]


def test_a_race_has_its_size_and_its_baseline():
    search = dict(enqueue=ENQUEUED, trials=14, race=dict(graphs=2, seeds=3))
    assert Candidates(config(baseline='dml', **search)).baselines == ['dml']
    assert len(Candidates(config(**dict(search, trials=16))).baselines) == 3
    with pytest.raises(ConfigError, match=r'^search\.race: takes 16 runs, more than the 14 trials of the search; give'):
        Candidates(config(**search))
