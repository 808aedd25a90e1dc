"""What follows from an edge's config."""

import pytest

import ktg_mm.models  # noqa: F401  registers
from ktg_mm.config import EdgeConfig, parse_edge_key
from ktg_mm.errors import ConfigError

CE = dict(loss=dict(type='CrossEntropy'))
KL = dict(loss=dict(type='KLDivergence'))


@pytest.mark.parametrize(
    ('key', 'parts'),
    [
        ('net1->net2', ('net1', 'net2', None)),
        ('label->a', ('label', 'a', None)),
        ('a->a:self', ('a', 'a', 'self')),
        ('a->b:attention_2', ('a', 'b', 'attention_2')),
    ],
)
def test_edge_keys(key, parts):
    assert parse_edge_key(key) == parts


@pytest.mark.parametrize(
    'key', ['a', 'a-b', 'a->', '->b', 'a->b->c', 'a -> b', 'a->b:', 'a->b:x:y', 'a.b->c', '', 3, None]
)
def test_malformed_edge_key(key):
    with pytest.raises(ConfigError) as caught:
        EdgeConfig(key, KL)
    message = f"model.edges[{key!r}]: an edge's key must read 'source->target' or 'source->target:suffix'"
    assert str(caught.value) == message


def test_a_list_of_losses():
    one, two = dict(type='KLDivergence'), dict(type='AttentionMSE')
    for loss, losses in ((one, [one]), ((one, two), [one, two]), ([one, two], [one, two])):
        assert [part.cfg for part in EdgeConfig('a->b', dict(loss=loss)).losses] == losses


def test_kinds_of_edges():
    average, cut, plain = (
        EdgeConfig('a->b', cfg) for cfg in (dict(type='EMAEdge'), dict(KL, gate=dict(type='CutoffGate')), KL)
    )
    assert average.is_average and not plain.is_average and not cut.is_average
    assert average.is_cut and cut.is_cut and not plain.is_cut


@pytest.mark.parametrize(
    ('key', 'edge', 'samples'),
    [
        ('label->a', CE, 'labeled'),
        ('a->b', KL, 'all'),
        ('a->b', dict(KL, gate=dict(type='CorrectGate')), 'labeled'),
        ('a->b', dict(KL, gate=dict(type='ThresholdGate')), 'all'),
        ('a->b', dict(KL, samples='unlabeled'), 'unlabeled'),
    ],
)
def test_samples_that_an_edge_is_about(key, edge, samples):
    assert EdgeConfig(key, edge).samples == samples


def test_an_edge_that_passes_everything():
    correct, through = (dict(KL, gate=dict(type=f'{name}Gate')) for name in ('Correct', 'Through'))
    assert EdgeConfig('a->b', KL).is_open and EdgeConfig('a->b', through).is_open
    assert not EdgeConfig('a->b', correct).is_open and EdgeConfig('label->b', correct).is_open


def test_views_by_the_keys_that_name_them():
    gate = dict(type='StabilityGate', threshold=0.5, other_view='third')
    edge = EdgeConfig('a->b', dict(KL, gate=gate, views=dict(source='weak', target='strong')))
    views, other = "model.edges['a->b'].views", "model.edges['a->b'].gate.other_view"
    assert list(edge.views) == [(views, 'weak'), (views, 'strong'), (other, 'third')]
    label = EdgeConfig('label->b', dict(CE, views=dict(target='strong')))
    assert list(label.views) == [("model.edges['label->b'].views", 'strong')] and label.view('source') is None


def test_parts_and_where_they_are_looked_up():
    edge = EdgeConfig('a->b', dict(KL, gate=dict(type='CorrectGate'), align=dict(target='labeled')))
    assert [part.path.rpartition('.')[2] for part in edge.parts] == ['loss', 'gate', 'align']
    assert [part.says('__name__') for part in edge.parts] == ['KLDivergence', 'CorrectGate', 'DistributionAlignment']
    assert [len(part.needs) for part in edge.parts] == [0, 1, 1]
    unknown = EdgeConfig('a->b', dict(loss=dict(weight=1), gate=dict(type='NoSuchGate')))
    assert not unknown.is_cut and [part.needs for part in unknown.parts] == [[], []]
