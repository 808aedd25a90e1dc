"""Perplexity, against a direct computation."""

import math

import pytest
import torch

from ktg_mm.errors import ConfigError
from ktg_mm.evaluation import DiversityMetric, NodeMetric, Perplexity
from ktg_mm.evaluation.directions import stated_direction

NAMES = ('a', 'b', 'c')


def chunks(sizes=(4, 4, 1), length=4, vocabulary=5, seed=0):
    """Predictions for chunks, of which the last one is filled up, and the probabilities that they are made of."""
    generator = torch.Generator().manual_seed(seed)
    samples, known = [], []
    for size in sizes:
        probabilities = torch.rand(3, length, vocabulary, generator=generator, dtype=torch.float64).softmax(dim=2)
        labels = torch.randint(vocabulary, (length,), generator=generator)
        true = torch.stack([probabilities[:, i, labels[i]] for i in range(length)], dim=1)
        known += [true[:, i].tolist() for i in range(size)]
        labels[size:] = -1
        samples.append(dict(node_names=NAMES, node_log_probabilities=true.log().float(), gt_label=labels))
    return samples, known


def perplexity(probabilities):
    return math.exp(-sum(math.log(one) for one in probabilities) / len(probabilities))


def test_direct_computation():
    samples, known = chunks()
    metric = Perplexity(means=dict(two=['a', 'c'], all=list(NAMES)))
    metric.process({}, samples[:2])
    metric.process({}, samples[2:])
    expected = {f'{name}/perplexity': perplexity([token[i] for token in known]) for i, name in enumerate(NAMES)}
    expected['two/perplexity'] = perplexity([(token[0] + token[2]) / 2 for token in known])
    expected['all/perplexity'] = perplexity([sum(token) / 3 for token in known])
    assert metric.evaluate(3) == pytest.approx(expected, rel=1e-6)
    assert len(known) == 9


def test_some_nodes():
    samples, known = chunks()
    metric = Perplexity(nodes=['b'])
    metric.process({}, samples)
    assert metric.evaluate(3) == pytest.approx({'b/perplexity': perplexity([token[1] for token in known])})


def test_repeated_chunks_of_several_processes_do_not_count():
    """A sampler that rounds up repeats chunks at the end; mmengine cuts the results off there."""
    samples, known = chunks()
    metric = Perplexity(nodes=['a'])
    metric.process({}, [*samples, samples[0]])
    assert metric.evaluate(3) == pytest.approx({'a/perplexity': perplexity([token[0] for token in known])})


def test_nearly_impossible_tokens():
    metric = Perplexity(means=dict(both=['a', 'b']))
    found = torch.tensor([[-500.0, -1.0], [-1.0, -2000.0]])
    metric.process({}, [dict(node_names=('a', 'b'), node_log_probabilities=found, gt_label=torch.tensor([0, 0]))])
    values = metric.evaluate(1)
    assert values['b/perplexity'] == math.inf
    assert values['both/perplexity'] == pytest.approx(2 * math.e)


@pytest.mark.parametrize(
    ('arguments', 'line'),
    [
        (dict(nodes=['d']), r"val_evaluator\.nodes: no node is named 'd'; known: a, b, c"),
        (dict(means=dict(both=['a', 'd'])), r"val_evaluator\.means: no node is named 'd'; known: a, b, c"),
        (dict(means=dict(c=['a', 'b'])), r'val_evaluator\.means\.c: is the name of a node; take another'),
    ],
)
def test_names_that_are_not_there(arguments, line):
    with pytest.raises(ConfigError, match=f'^{line}$'):
        Perplexity(**arguments).process({}, chunks()[0])


def test_nothing_to_evaluate():
    with pytest.raises(ConfigError, match=r'^val_dataloader: holds no samples to evaluate on$'):
        Perplexity().compute_metrics([])


def test_metrics_of_images_and_of_tokens():
    image = dict(node_names=NAMES, network_names=NAMES, node_scores=torch.rand(3, 5), gt_label=torch.tensor([1]))
    with pytest.raises(ConfigError, match=r'^val_evaluator: Perplexity is of tokens; of images take dict\('):
        Perplexity().process({}, [image])
    for metric in (NodeMetric(), DiversityMetric()):
        with pytest.raises(ConfigError, match=r'^val_evaluator: \w+Metric is of images; of tokens take dict\('):
            metric.process({}, chunks()[0])


def test_direction():
    for evaluator in (dict(type='Perplexity'), dict(type='Perplexity', means=dict(two=['a', 'b']))):
        assert stated_direction('a/perplexity', [evaluator]) == 'minimize'
    assert stated_direction('a/accuracy/top1', [dict(type='Perplexity')]) is None
