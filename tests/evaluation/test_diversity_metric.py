import math
from itertools import combinations

import numpy as np
import pytest
import torch
from mmengine.evaluator import Evaluator

from ktg_mm.errors import ConfigError
from ktg_mm.evaluation import DiversityMetric
from ktg_mm.evaluation.diversity import disagreement, entropy, interrater_agreement, mutual_kl

NAMES = ('a', 'b', 'c', 'ensemble')
KEYS = ('interrater_agreement', 'disagreement', 'mutual_kl', 'entropy')


def samples(count=12):
    generator = torch.Generator().manual_seed(0)
    scores = (3 * torch.rand(count, 4, 5, generator=generator)).softmax(dim=2)
    labels = torch.randint(5, (count,), generator=generator)
    return [
        dict(node_names=NAMES, network_names=NAMES[:3], node_scores=score, gt_label=label[None])
        for score, label in zip(scores, labels, strict=True)
    ]


def expected(of, chosen):
    """The functions' values for the nodes in these rows."""
    scores = np.stack([sample['node_scores'][list(chosen)].numpy() for sample in of], axis=1).astype(float)
    labels = np.array([int(sample['gt_label']) for sample in of])
    pairs = list(combinations(np.log(scores), 2))
    values = (
        interrater_agreement(scores.argmax(axis=2) == labels),
        100 * disagreement(scores.argmax(axis=2)),
        sum(mutual_kl(p, q) for p, q in pairs) / len(pairs),
        sum(entropy(p) for p in np.log(scores)) / len(scores),
    )
    return {f'diversity/{key}': pytest.approx(value) for key, value in zip(KEYS, values, strict=True)}


@pytest.mark.parametrize('batches', [(12,), (5, 5, 2)])
def test_metric_is_the_functions_of_the_networks(batches):
    metric, data = DiversityMetric(), samples()
    for size in batches:
        metric.process({}, data[:size])
        data = data[size:]
    assert metric.evaluate(12) == expected(samples(), range(3))


def test_chosen_nodes():
    metric = DiversityMetric(nodes=['ensemble', 'b'])
    metric.process({}, samples())
    assert metric.evaluate(12) == expected(samples(), (3, 1))


def test_only_as_many_samples_count_as_there_are():
    """A distributed sampler repeats samples until all processes have equally many."""
    metric, data = DiversityMetric(), samples()
    metric.process({}, data[:8])
    metric.process({}, data[:2])
    assert metric.evaluate(8) == expected(data[:8], range(3))


def test_every_evaluation_is_its_own():
    metric = DiversityMetric()
    metric.process({}, samples())
    metric.evaluate(12)
    metric.process({}, samples()[:6])
    assert metric.evaluate(6) == expected(samples()[:6], range(3))


def test_networks_that_are_always_right_and_a_probability_of_zero():
    metric = DiversityMetric()
    scores = torch.tensor([[1.0, 0.0], [0.5, 0.5]])
    names = dict(node_names=('a', 'b'), network_names=('a', 'b'))
    metric.process({}, [dict(names, node_scores=scores, gt_label=torch.tensor([0]))])
    values = metric.evaluate(1)
    assert math.isnan(values['diversity/interrater_agreement'])
    assert values['diversity/mutual_kl'] == pytest.approx(0.25 * 149 * math.log(2))
    assert values['diversity/entropy'] == pytest.approx(math.log(2) / 2)


def test_mistakes():
    with pytest.raises(ConfigError, match=r"^val_evaluator.nodes: no node is named 'd'; known: a, b, c, ensemble$"):
        DiversityMetric(nodes=['a', 'd']).process({}, samples())
    one = r'^{}: DiversityMetric needs two networks, got {}$'
    with pytest.raises(ConfigError, match=one.format('val_evaluator.nodes', 'b')):
        DiversityMetric(nodes=['b', 'b']).process({}, samples())
    with pytest.raises(ConfigError, match=one.format('val_evaluator', 'a')):
        DiversityMetric().process({}, [dict(sample, network_names=('a',)) for sample in samples()])
    with pytest.raises(ConfigError, match=r'^val_dataloader: holds no samples to evaluate on$'):
        DiversityMetric().evaluate(0)


def test_beside_another_metric(mmpretrain_scope):
    evaluator = Evaluator([dict(type='NodeMetric', nodes=['a']), dict(type='DiversityMetric')])
    evaluator.process(samples(), None)
    assert list(evaluator.evaluate(12)) == ['a/accuracy/top1', *(f'diversity/{key}' for key in KEYS)]


def test_in_a_run(tiny_runner):
    """The graph says which of its nodes are networks."""
    metrics = [dict(type='NodeMetric', metric=dict(type='Accuracy')), dict(type='DiversityMetric')]
    ensemble = dict(type='EnsembleNode', members=['net1', 'net2'])
    runner = tiny_runner({'val_evaluator': metrics, 'test_evaluator': metrics, 'model.nodes.ensemble': ensemble})
    found = runner.test()
    graph = runner.model.eval()
    logs, correct = [], []
    for name in ('net1', 'net2'):
        logs.append([])
        correct.append([])
        for batch in runner.test_dataloader:
            images = graph.data_preprocessor(batch)['inputs']
            labels = torch.cat([sample.gt_label for sample in batch['data_samples']])
            logits = graph.nodes[name](images).logits.detach()
            logs[-1] += logits.double().log_softmax(dim=1).numpy().tolist()
            correct[-1] += (logits.argmax(dim=1) == labels).tolist()
    p, q = np.array(logs)
    assert found['diversity/mutual_kl'] == pytest.approx(mutual_kl(p, q), rel=1e-4)
    assert found['diversity/entropy'] == pytest.approx((entropy(p) + entropy(q)) / 2, rel=1e-4)
    assert found['diversity/disagreement'] == pytest.approx(100 * np.mean(p.argmax(axis=1) != q.argmax(axis=1)))
    assert found['diversity/interrater_agreement'] == pytest.approx(interrater_agreement(np.array(correct)))
    assert 'ensemble/accuracy/top1' in found
