import pytest
import torch
from mmengine.evaluator import Evaluator
from mmpretrain.evaluation import Accuracy

import ktg_mm.evaluation  # noqa: F401  registers
from ktg_mm.errors import ConfigError
from ktg_mm.evaluation import NodeMetric

NAMES = ('a', 'b', 'c')
LABELS = [0, 1, 2, 0]
# Predicted by a: 0 1 2 0 (4 of 4); by b: 0 0 2 1 (2 of 4, its second guesses: 1 1 0 2, 3 of 4 among two);
# by c: 1 2 0 1 (none, its second guesses: 0 1 1 2, 2 of 4 among two).
RANKINGS = {
    'a': [(0, 1, 2), (1, 0, 2), (2, 0, 1), (0, 2, 1)],
    'b': [(0, 1, 2), (0, 1, 2), (2, 0, 1), (1, 2, 0)],
    'c': [(1, 0, 2), (2, 1, 0), (0, 1, 2), (1, 2, 0)],
}


def samples():
    """What the graph predicts: for each sample a row of scores a node."""
    result = []
    for index, label in enumerate(LABELS):
        scores = torch.zeros(3, 3)
        for row, name in enumerate(NAMES):
            for place, chosen in enumerate(RANKINGS[name][index]):
                scores[row, chosen] = (0.6, 0.3, 0.1)[place]
        result.append(dict(node_names=NAMES, node_scores=scores, gt_label=torch.tensor([label])))
    return result


def evaluated(metric, batches=(slice(0, 3), slice(3, 4))):
    metric.dataset_meta = dict(classes=('x', 'y', 'z'))
    for batch in batches:
        metric.process({}, samples()[batch])
    return metric.evaluate(4)


def test_accuracy_of_each_node():
    assert evaluated(NodeMetric()) == {'a/accuracy/top1': 100.0, 'b/accuracy/top1': 50.0, 'c/accuracy/top1': 0.0}


def test_top_k():
    metrics = evaluated(NodeMetric(metric=dict(type='Accuracy', topk=(1, 2))))
    assert metrics == {
        'a/accuracy/top1': 100.0,
        'a/accuracy/top2': 100.0,
        'b/accuracy/top1': 50.0,
        'b/accuracy/top2': 75.0,
        'c/accuracy/top1': 0.0,
        'c/accuracy/top2': 50.0,
    }


def test_some_nodes_in_the_order_asked_for():
    metrics = evaluated(NodeMetric(nodes=['c', 'a']))
    assert list(metrics.items()) == [('c/accuracy/top1', 0.0), ('a/accuracy/top1', 100.0)]


def test_another_metric_of_mmpretrain():
    metrics = evaluated(NodeMetric(metric=dict(type='SingleLabelMetric', items=('recall',)), nodes=['b']))
    # Recall of class 0: 1 of 2, of class 1: none, of class 2: all; their mean is 50 %.
    assert metrics == {'b/single-label/recall': 50.0}


def test_every_evaluation_is_its_own():
    metric = NodeMetric()
    evaluated(metric)
    metric.process({}, samples()[1:2])
    assert metric.evaluate(1) == {'a/accuracy/top1': 100.0, 'b/accuracy/top1': 0.0, 'c/accuracy/top1': 0.0}


def test_only_as_many_samples_count_as_there_are():
    """A distributed sampler repeats samples until all processes have equally many."""
    metric = NodeMetric(nodes=['b'])
    metric.dataset_meta = None
    metric.process({}, samples()[:2])
    metric.process({}, samples()[1:2])
    assert metric.evaluate(2) == {'b/accuracy/top1': 50.0}


def test_unknown_node():
    with pytest.raises(ConfigError, match=r"^val_evaluator.nodes: no node is named 'd'; known: a, b, c$"):
        evaluated(NodeMetric(nodes=['a', 'd']))


def test_no_samples():
    with pytest.raises(ConfigError, match=r'^val_dataloader: holds no samples to evaluate on$'):
        NodeMetric().evaluate(0)


def test_in_mmengines_evaluator(mmpretrain_scope):
    evaluator = Evaluator([dict(type='NodeMetric', nodes=['b'])])
    evaluator.process(samples(), None)
    assert evaluator.evaluate(4) == {'b/accuracy/top1': 50.0}


def test_metrics_of_a_run_are_the_networks_accuracies(tiny_runner):
    runner = tiny_runner({'train_cfg.max_epochs': 3})
    runner.train()
    metrics = runner.test()
    graph = runner.model.eval()
    correct = dict.fromkeys(('net1', 'net2'), 0)
    for batch in runner.test_dataloader:
        images = graph.data_preprocessor(batch)['inputs']
        labels = torch.cat([sample.gt_label for sample in batch['data_samples']])
        for name in correct:
            correct[name] += int((graph.nodes[name](images).logits.argmax(dim=1) == labels).sum())
    assert metrics == {f'{name}/accuracy/top1': pytest.approx(100 * number / 32) for name, number in correct.items()}


def test_soft_labels_reach_the_metric(monkeypatch):
    seen = []
    monkeypatch.setattr(Accuracy, 'process', lambda self, data_batch, data_samples: seen.extend(data_samples))
    metric = NodeMetric()
    metric.dataset_meta = None
    scores, soft = torch.tensor([[0.9, 0.1], [0.2, 0.8]]), torch.tensor([0.3, 0.7])
    sample = dict(node_names=('a', 'b'), node_scores=scores, gt_label=torch.tensor([1]))
    metric.process({}, [sample, dict(sample, gt_score=soft)])
    assert [one.get('gt_score') is soft for one in seen] == [False, True, False, True]
    assert all(one.keys() - {'gt_score'} == {'pred_score', 'gt_label'} for one in seen)
    assert torch.equal(seen[3]['pred_score'], scores[1])
