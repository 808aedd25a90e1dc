"""Mistakes in a space are found before the first trial."""

import itertools

import pytest
from mmengine.config import Config

import ktg_mm.engine
import ktg_mm.evaluation
import ktg_mm.models  # noqa: F401  registers
from ktg_mm.errors import ConfigError
from ktg_mm.search import Candidates
from ktg_mm.search.space.check_space import check_space

THROUGH, CUTOFF = dict(type='ThroughGate'), dict(type='CutoffGate')
SINE = dict(type='SineGate', frequency=0.0, phase=0.0)
GATE, LOSS = 'model.edges.*.gate', 'model.edges.[ab]->*.loss'
KL = dict(loss=dict(type='KLDivergence'))
NETWORK = dict(
    type='ImageClassifier',
    backbone=dict(type='CIFARResNet', depth=8, in_channels=1),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(type='LinearClsHead', num_classes=3, in_channels=64),
)


LENET = dict(type='ImageClassifier', backbone=dict(type='LeNet5', num_classes=3), head=dict(type='ClsHead'))


def check(space, names='ab', edges=None, **whole):
    nodes = {name: dict(type='NetworkNode', network=NETWORK) for name in names}
    if edges is None:
        edges = {f'label->{name}': dict(loss=dict(type='CrossEntropy')) for name in names}
        edges |= {f'{source}->{target}': dict(KL) for source, target in itertools.permutations(names, 2)}
    search = whole.pop('search', {})
    model = dict(type='KnowledgeTransferGraph', target='a', nodes=nodes, edges=edges)
    optimizer = dict(optimizer=dict(type='SGD', lr=0.1))
    check_space(
        Candidates(Config(dict(model=model, optim_wrapper=optimizer, search=dict(space=space, **search), **whole)))
    )


SOUND = {
    'gates': {GATE: dict(through=THROUGH, cutoff=CUTOFF)},
    'a graph that only cuts': {GATE: dict(cutoff=CUTOFF)},
    'sine': {
        GATE: dict(sine=SINE),
        f'{GATE}.frequency': dict(low=0.0, high=1.0),
        f'{GATE}.phase': dict(low=0.0, high=4.7),
    },
    'sine or not': {
        GATE: dict(through=THROUGH, sine=SINE),
        f'{GATE}.frequency': dict(low=0.0, high=1.0, when={GATE: 'sine'}),
    },
    'losses': {
        GATE: dict(cutoff=CUTOFF, through=THROUGH),
        LOSS: dict(choices=dict(both=[KL['loss'], dict(type='AttentionMSE')]), when={GATE: 'through'}),
    },
    'losses turned round': {
        GATE: dict(cutoff=CUTOFF, through=THROUGH),
        LOSS: dict(
            choices=dict(
                minus=dict(type='Negated', loss=KL['loss']),
                over=[dict(type='Reciprocal', loss=KL['loss'], weight=1e-3), dict(type='AttentionMSE')],
                maps=dict(type='Negated', loss=dict(type='NST', layers='map')),
            ),
            when={GATE: 'through'},
        ),
        f'{LOSS}.bound': dict(choices=[1.0, 10.0], when={LOSS: 'minus'}),
        f'{LOSS}.loss.temperature': dict(choices=[1.0, 4.0], when={LOSS: 'minus'}),
    },
    'nodes that go': {'model.nodes.b': dict(stays=dict(type='NetworkNode', network=NETWORK), goes=None)},
    'networks': {'model.nodes.*.network': dict(x=NETWORK), 'model.nodes.b.network.backbone.depth': [8, 14]},
    'learning rate': {'optim_wrapper.optimizer.lr': dict(low=1e-3, high=1.0, log=True)},
}


@pytest.mark.parametrize('case', SOUND)
def test_sound_spaces(case):
    check(SOUND[case])


def test_a_base_may_lack_what_the_space_gives():
    edges = {'label->a': dict(loss=dict(type='CrossEntropy')), 'label->b': dict(loss=dict(type='CrossEntropy'))}
    edges |= {'a->b': {}, 'b->a': {}}
    check({LOSS: dict(kl=KL['loss'], mse=dict(type='AttentionMSE'))}, edges=edges)
    with pytest.raises(ConfigError, match=r"choice 'ms': .*did you mean 'AttentionMSE'"):
        check({LOSS: dict(kl=KL['loss'], ms=dict(type='AttentionMS'))}, edges=edges)


MISTAKES = {
    'type': (
        {GATE: dict(through=THROUGH, trough=dict(type='TroughGate'))},
        f"search.space['{GATE}'], choice 'trough': model.edges['label->a'].gate.type: unknown gate 'TroughGate'; "
        "did you mean 'ThroughGate'?",
    ),
    'argument': (
        {GATE: dict(through=THROUGH, cutoff=dict(CUTOFF, slope=1))},
        f"search.space['{GATE}'], choice 'cutoff': model.edges['label->a'].gate: CutoffGate has no argument 'slope'; "
        'it takes none',
    ),
    'value': (
        {GATE: dict(sine=dict(SINE, phase=7))},
        f"search.space['{GATE}'], choice 'sine': model.edges['label->a'].gate.phase: must be in [0, 2 pi] (radians), "
        'got 7',
    ),
    "range's end": (
        {GATE: dict(sine=SINE), f'{GATE}.frequency': dict(low=0.0, high=1.5)},
        f"search.space['{GATE}.frequency'], choice 1.5 under choice 'sine' of 'model.edges.label->a.gate': "
        "model.edges['label->a'].gate.frequency: must be in [0, 1], got 1.5",
    ),
    'no condition': (
        {GATE: dict(sine=SINE, through=THROUGH), f'{GATE}.frequency': [0.0]},
        f"search.space['{GATE}.frequency'], choice '0.0' under choice 'through' of 'model.edges.label->a.gate': "
        "model.edges['label->a'].gate: ThroughGate has no argument 'frequency'; it takes none",
    ),
    'new entry': (
        {'model.edges.*.gat': dict(through=THROUGH)},
        "search.space['model.edges.*.gat'], choice 'through': model.edges['label->a']: unknown entry 'gat'; "
        "did you mean 'gate'?",
    ),
    'loss of a label edge': (
        {'model.edges.*.loss': dict(kl=KL['loss'])},
        "search.space['model.edges.*.loss'], choice 'kl': model.edges['label->a'].loss: KLDivergence learns from a "
        "node, not from 'label'",
    ),
    'in a condition': (
        {
            GATE: dict(cutoff=CUTOFF, through=THROUGH),
            LOSS: dict(choices=dict(kl=dict(type='KLDivergance')), when={GATE: 'through'}),
        },
        f"search.space['{LOSS}'], choice 'kl': model.edges['a->b'].loss.type: unknown loss 'KLDivergance'; "
        "did you mean 'KLDivergence'?",
    ),
    'network': (
        {'model.nodes.b.network.backbone.depth': [8, 9]},
        "search.space['model.nodes.b.network.backbone.depth'], choice '9': model.nodes.b.network.backbone.depth: ",
    ),
    'target goes': (
        {'model.nodes.a': dict(stays=dict(type='NetworkNode', network=NETWORK), goes=None)},
        "search.space['model.nodes.a'], choice 'goes': model.target: no node is named 'a'; known: b",
    ),
    "a loss's layer": (
        {LOSS: dict(kl=KL['loss'], hint=dict(type='FitNets', layers='backbone.layer4'))},
        f"search.space['{LOSS}'], choice 'hint': model.edges['a->b'].loss.layers: node 'b': the network has no module "
        "'backbone.layer4'; did you mean 'backbone.layer3'?",
    ),
    "a loss's kind of feature": (
        {'model.edges.[ab]->*': dict(kl=KL, hint=dict(loss=dict(type='FitNets', layers='embedding')))},
        "search.space['model.edges.[ab]->*'], choice 'hint': model.edges['a->b'].loss.layers: 'embedding' of the "
        'target gives features of shape (64,), but FitNets compares feature maps',
    ),
    "a layer in one of an end's networks": (
        {LOSS: dict(kl=KL['loss'], hint=dict(type='FitNets')), 'model.nodes.b.network': dict(x=NETWORK, lenet=LENET)},
        f"search.space['{LOSS}'], choice 'hint' under choice 'lenet' of 'model.nodes.b.network': "
        "model.edges['a->b'].loss.layers: node 'b': the network has no module 'backbone.layer2'",
    ),
    'a branch point': (
        {'model.nodes.b.share': dict(none=None, layer4=dict(node='a', until='backbone.layer4'))},
        "search.space['model.nodes.b.share'], choice 'layer4': model.nodes.b.share.until: the network has no module "
        "'backbone.layer4'; did you mean 'backbone.layer3'?",
    ),
    'an owner': (
        {'model.nodes.b.share': dict(none=None, c=dict(node='c', until='backbone.layer1'))},
        "search.space['model.nodes.b.share'], choice 'c': model.nodes.b.share.node: no other network is named 'c'",
    ),
    'optimizer': (
        {'optim_wrapper.optimizer.rate': dict(low=0.1, high=1.0)},
        "search.space['optim_wrapper.optimizer.rate'], choice 0.1: optim_wrapper.optimizer: SGD has no argument 'rate'",
    ),
}


@pytest.mark.parametrize('case', MISTAKES)
def test_mistakes(case):
    space, message = MISTAKES[case]
    with pytest.raises(ConfigError) as caught:
        check(space)
    assert str(caught.value).startswith(message) and '\n' not in str(caught.value)


def test_the_scored_node_goes():
    space = {'model.nodes.b': dict(stays=dict(type='NetworkNode', network=NETWORK), goes=None)}
    with pytest.raises(ConfigError, match=r"choice 'goes': search\.metric: no node is named 'b'; known: a"):
        check(space, search=dict(metric='b/accuracy/top1'))


def evaluated(metric, evaluator):
    check({GATE: dict(through=THROUGH, cutoff=CUTOFF)}, search=dict(metric=metric), val_evaluator=evaluator)


def test_metrics_that_a_validation_reports():
    top = dict(type='NodeMetric', metric=dict(type='Accuracy', topk=(1, 5)))
    for metric in ('a/accuracy/top5', 'best/accuracy/top1', ['b/accuracy/top1', 'parameters']):
        evaluated(metric, top)
    evaluated('b/accuracy/top5', [top, dict(type='DiversityMetric')])
    evaluated('a/single-label/f1-score', [top, dict(type='NodeMetric', metric=dict(type='SingleLabelMetric'))])


def test_a_metric_of_a_node_that_is_not_there():
    with pytest.raises(ConfigError, match="no node is named 'c'"):
        evaluated('a/accuracy/top1', [dict(type='NodeMetric'), dict(type='DiversityMetric', nodes=['a', 'c'])])


def test_metrics_say_which_way_they_are_better():
    evaluator = dict(type='NodeMetric', metric=dict(type='CalibrationError'))
    evaluated('a/calibration/ece', evaluator)
    support = dict(type='NodeMetric', metric=dict(type='SingleLabelMetric', items=('support',)))
    with pytest.raises(ConfigError, match=r"^search.metric: nobody says which way 'a/single-label/support' is better"):
        evaluated('a/single-label/support', support)
    evaluated(dict(name='a/single-label/support', direction='maximize'), support)


def test_a_metric_that_is_never_reported():
    with pytest.raises(ConfigError) as caught:
        evaluated('a/accurcy/top1', dict(type='NodeMetric', metric=dict(type='Accuracy')))
    assert str(caught.value) == "search.metric: 'a/accurcy/top1' is never reported; did you mean 'a/accuracy/top1'?"
    with pytest.raises(ConfigError, match="'a/accurcy/top1' is never reported"):
        evaluated('a/accurcy/top1', [dict(type='NodeMetric'), dict(type='DiversityMetric')])
    with pytest.raises(ConfigError, match="'best/accuracy/top5' is never reported"):
        evaluated('best/accuracy/top5', dict(type='NodeMetric', metric=dict(type='Accuracy')))


def test_a_metric_of_tokens():
    evaluated('a/perplexity', dict(type='Perplexity'))
    evaluated(['b/perplexity', 'parameters'], [dict(type='Perplexity', means=dict(mean=['a', 'b']))])
    with pytest.raises(ConfigError, match="'a/perplexty' is never reported; did you mean 'a/perplexity'"):
        evaluated('a/perplexty', dict(type='Perplexity'))
    with pytest.raises(ConfigError, match=r'^val_evaluator: NodeMetric is of images; '):
        evaluated('a/perplexity', [dict(type='Perplexity'), dict(type='NodeMetric')])


def test_a_typing_error_in_an_evaluator_is_named_as_that():
    for evaluator in (dict(type='NodeMetricc'), dict(type='NodeMetric', metric=dict(type='Accuracyy'))):
        with pytest.raises(ConfigError, match=r"^val_evaluator(\.metric)?\.type: unknown metric '\w+'; did you mean"):
            evaluated('a/accuracy/top1', evaluator)


def test_what_an_ensemble_fuses():
    edges = {'label->a': dict(loss=dict(type='CrossEntropy')), 'vote->a': dict(KL, detach=False)}
    fusion = dict(type='FusionEnsembleNode', members=['a', 'b'])
    check({'model.nodes.vote': dict(fusion=fusion)}, edges=edges | {'label->b': edges['label->a']})
    with pytest.raises(ConfigError, match=r"choice 'flat': model\.nodes\.vote\.layer: members must have feature maps"):
        space = {'model.nodes.vote': dict(fusion=fusion, flat=dict(fusion, layer='embedding'))}
        check(space, edges=edges | {'label->b': edges['label->a']})


def test_networks_of_both_ends_are_looked_into_together():
    """A condition keeps apart what does not fit."""
    loss = dict(choices=dict(hint=dict(type='FitNets')), when={'model.nodes.b.network': 'x'})
    networks = {'model.nodes.b.network': dict(x=NETWORK, lenet=LENET)}
    check({'model.edges.a->b.loss': loss, **networks})
    with pytest.raises(ConfigError, match=r"\['model\.edges\.b->a\.loss'\], choice 'hint' under choice 'lenet' of"):
        check({'model.edges.b->a.loss': dict(kl=KL['loss'], hint=dict(type='FitNets')), **networks})
