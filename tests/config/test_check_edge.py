import pytest

import ktg_mm.models  # noqa: F401  registers
from ktg_mm.config import EdgeConfig, GraphConfig
from ktg_mm.config.check_edge import check_edge
from ktg_mm.errors import ConfigError

NODES = dict(a=dict(type='NetworkNode'), b=dict(type='NetworkNode'))
CE = dict(loss=dict(type='CrossEntropy'))
KL = dict(loss=dict(type='KLDivergence'))
VIEWS = dict(views=dict(source='weak', target='strong'))


GOOD = {
    'a->a': dict(KL, **VIEWS, samples='unlabeled', align=dict(target='uniform', momentum=0.9)),
    'label->a': dict(CE, samples='labeled', gate=dict(type='ThresholdGate')),
    'a->b:sharpened': dict(loss=dict(type='PseudoLabel', sharpening=0.5), detach=False),
    'a->b:both': dict(loss=[dict(type='CWTM'), dict(type='KLDivergence')], detach=False),
    'a->b': dict(KL, gate=dict(type='CorrectGate'), samples='labeled'),
}


@pytest.mark.parametrize('key', GOOD)
def test_good_edges(key):
    check_edge(EdgeConfig(key, GOOD[key]), NODES)


MISTAKES = [
    ('a->b', dict(loss=[None]), ".loss: must be the dict of one loss with a 'type', got None"),
    (
        'a->b',
        dict(loss=[None, dict(type='KLDivergence')]),
        ".loss: must be the dict of one loss with a 'type', got None",
    ),
    ('a->b', dict(KL, samples='unlabelled'), ".samples: 'unlabelled' is unknown; did you mean 'unlabeled'?"),
    (
        'a->b',
        dict(KL, gate=dict(type='CorrectGate'), samples='unlabeled'),
        ".samples: must be 'labeled', got 'unlabeled': CorrectGate needs labels",
    ),
    (
        'label->a',
        dict(CE, gate=dict(type='FreeMatchGate')),
        '.gate: FreeMatchGate is for edges between nodes, not from the label',
    ),
    (
        'label->a',
        dict(CE, gate=dict(type='StabilityGate', threshold=0.5, other_view='weak2')),
        '.gate: StabilityGate is for edges between nodes, not from the label',
    ),
    ('label->a', dict(CE, align=dict(target='uniform')), '.align: is for edges between nodes'),
    ('a->b', dict(KL, align='uniform'), ".align: must be a dict such as dict(target='uniform'), got 'uniform'"),
    (
        'a->b',
        dict(KL, align=dict(targets='uniform')),
        ".align: DistributionAlignment has no argument 'targets'; did you mean 'target'?",
    ),
    *(
        ('a->b', dict(loss=loss, detach=False), f'.detach: must be True: {names} has no gradient for the source to')
        for loss, names in [
            (dict(type='AFD', size=2), 'AFD'),
            (dict(type='PseudoLabel', sharpening=None), 'PseudoLabel'),
            ([dict(type='CWTM'), dict(type='SelfAdaptiveFairness')], 'CWTM and SelfAdaptiveFairness'),
        ]
    ),
    ('a->b', dict(KL, sample='labeled'), ": unknown entry 'sample'; did you mean 'samples'?"),
    ('a->a', dict(KL, samples='unlabeled'), ': a self edge needs two different views, views=dict(source=..., target'),
    ('label->a', dict(loss=dict(type='PseudoLabel')), ".loss: PseudoLabel learns from a node, not from 'label'"),
]


@pytest.mark.parametrize(('key', 'edge', 'message'), MISTAKES, ids=[message for *_, message in MISTAKES])
def test_mistakes(key, edge, message):
    with pytest.raises(ConfigError) as caught:
        check_edge(EdgeConfig(key, edge), NODES)
    assert str(caught.value).startswith(f'model.edges[{key!r}]{message}') and '\n' not in str(caught.value)


def test_a_view_of_the_label() -> None:
    edges = {'label->net1': dict(loss=dict(type='CrossEntropy'), views=dict(source='weak', target='weak'))}
    model = dict(type='KnowledgeTransferGraph', target='net1', edges=edges)
    model['nodes'] = dict(net1=dict(type='NetworkNode', network=dict(type='ImageClassifier')))
    with pytest.raises(ConfigError, match=r"^model\.edges\['label->net1'\]\.views\.source: is not read"):
        GraphConfig(model).check()
