import pytest

from ktg_mm.visualization.graph_text import edge_text, gate_name, losses_of, model_name, short_number, type_name


def classifier(**backbone):
    return dict(type='NetworkNode', network=dict(type='ImageClassifier', backbone=backbone))


@pytest.mark.parametrize(
    ('node', 'name'),
    [
        (classifier(type='CIFARResNet', depth=32), 'ResNet-32'),
        (classifier(type='CIFARWideResNet', depth=28, widen_factor=2.0), 'WRN-28-2'),
        (classifier(type='ABNCIFARResNet', depth=20), 'ABN ResNet-20'),
        (classifier(type='ABNResNet', depth=18), 'ABN ResNet-18'),
        (classifier(type='mmpretrain.ResNet', depth=18), 'ResNet-18'),
        (classifier(type='ResNet_CIFAR', depth=18), 'ResNet-18'),
        (classifier(type='VisionTransformer', arch='b'), 'VisionTransformer-b'),
        (classifier(type='VisionTransformer', arch=dict(layers=2)), 'VisionTransformer'),
        (classifier(type='LeNet5'), 'LeNet5'),
        (dict(type='NetworkNode', network=dict(type='TimmClassifier', model_name='deit')), 'TimmClassifier deit'),
        (dict(type='NetworkNode', network=dict(type='Word')), 'Word'),
        (dict(type='EnsembleNode', members=['a', 'b']), 'Ensemble'),
    ],
)
def test_model_name(node, name):
    assert model_name(node) == name


@pytest.mark.parametrize(
    ('edge', 'text'),
    [
        (dict(loss=dict(type='CrossEntropy')), 'CE · Through'),
        (dict(loss=dict(type='KLDivergence', temperature=1.0), gate=None), 'KL · Through'),
        (dict(loss=dict(type='KLDivergence', temperature=2.0), gate=dict(type='CorrectGate')), 'KL T=2 · Correct'),
        (dict(loss=[dict(type='ProbabilityCosine'), dict(type='AttentionCosine')]), 'P− + A− · Through'),  # noqa: RUF001
        (dict(loss=dict(type='AttentionMSE'), gate=dict(type='NegativeLinearGate')), 'A+ · NegativeLinear'),
        (dict(loss=dict(type='Huber', weight=0.5)), '0.5×Huber · Through'),  # noqa: RUF001
        (
            dict(weight=2, loss=[dict(type='CrossEntropy'), dict(type='AttentionMSE')]),
            '2×(CE + A+) · Through',  # noqa: RUF001
        ),
        (
            dict(loss=dict(type='KLDivergence'), gate=dict(type='SineGate', frequency=2, phase=0.5)),
            'KL · Sine(f=2, φ=0.5)',
        ),
        (
            dict(
                loss=dict(type='CrossEntropy'),
                gate=dict(type='ConfidenceGate', threshold=0.95),
                views=dict(source='weak', target='strong'),
                samples='unlabeled',
            ),
            'CE · Confidence(τ=0.95) · weak→strong · unlabelled',
        ),
        (dict(type='EMAEdge', decay=0.999), 'EMA 0.999'),
        (dict(type='EMAEdge'), 'EMA'),
        (dict(), 'no loss · Through'),
    ],
)
def test_edge_text(edge, text):
    assert edge_text(edge) == text


def test_gate_name():
    assert gate_name(dict(type='EMAEdge', decay=0.9)) == 'EMA'
    assert gate_name(dict(gate=dict(type='ktg_mm.CutoffGate'))) == 'Cutoff'


def test_small_helpers():
    assert type_name(dict(type=dict)) == 'dict'
    assert type_name({}) == '?'
    assert [short_number(value) for value in (0.10, 3, True, 'x')] == ['0.1', '3', 'True', 'x']
    assert losses_of({}) == []
    assert losses_of(dict(loss=({'type': 'A'}, {'type': 'B'}))) == [{'type': 'A'}, {'type': 'B'}]
