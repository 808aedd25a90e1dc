import pytest
import torch
from mmpretrain.structures import DataSample

from ktg_mm.models.samples import Samples
from ktg_mm.structures import SampleRows


def samples(*labels):
    return [DataSample().set_gt_label(label) for label in labels]


def test_labels_alone():
    found = Samples.of(samples(3, 0, -1))
    assert found.labels.tolist() == [3, 0, -1] and found.scores is None and not found.numbers
    assert (found.rows.labeled, found.rows.num_labeled) == (slice(0, 2), 2)


def test_rows_that_are_known_are_not_looked_for(monkeypatch):
    rows = SampleRows.of(torch.tensor([0, -1, 0]))
    monkeypatch.setattr(SampleRows, 'of', None)
    found = Samples.of(samples(0, -1, 0), rows=rows)
    assert found.rows.labeled.tolist() == [0, 2] and found.rows.unlabeled.tolist() == [1]


def test_all_is_on_the_labels_device():
    data = [sample.to('meta') for sample in samples(0, -1, 0)]
    found = Samples.of(data, rows=SampleRows.of(torch.tensor([0, -1, 0])))
    assert {part.device.type for part in (found.labels, found.rows.labeled, found.rows.unlabeled)} == {'meta'}


@pytest.mark.parametrize('update', ['SimultaneousUpdate', 'PCGradUpdate', 'SequentialUpdate'])
def test_a_step_does_not_see_the_hosts_samples(toys, update):
    """The labels are read once a batch, whatever runs how often."""
    edges = {f'label->net{i}': toys.label() for i in (1, 2)} | {'net1->net2': toys.kl()}
    graph = toys.build(dict(net1=toys.node(), net2=toys.node()), edges, update=dict(type=update))
    forward, seen = graph.forward, []
    graph.forward = lambda *args, **kwargs: seen.append(kwargs) or forward(*args, **kwargs)
    graph.train_step(toys.batch(), toys.sgd(graph))
    assert len({id(kwargs['samples']) for kwargs in seen}) == 1
    assert all(kwargs.keys() <= {'inputs', 'samples', 'mode', 'targets'} for kwargs in seen)
