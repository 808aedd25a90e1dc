from types import SimpleNamespace

import pytest
from mmpretrain.registry import DATASETS
from torch import nn

from ktg_mm.engine.hooks import SampleCountHook
from ktg_mm.engine.hooks.sample_count_hook import _count
from ktg_mm.errors import ConfigError
from ktg_mm.models.edges import TransferEdge
from ktg_mm.models.gates import FlexMatchGate, ThresholdGate
from ktg_mm.models.losses import KLDivergence, SimMatch
from ktg_mm.models.needs import SampleIds


def runner(num_samples, **dataset):
    gates = {'a->a': FlexMatchGate(num_samples), 'b->b': ThresholdGate()}
    model = nn.Module()
    model.edges = {key: TransferEdge(key, [KLDivergence()], gate) for key, gate in gates.items()}
    return SimpleNamespace(model=model, train_dataloader=SimpleNamespace(dataset=SimpleNamespace(**dataset)))


class Data(list):
    """A data set of some images; a wrapper has another one inside, or several."""

    def __init__(self, number, **inside):
        super().__init__(range(number))
        vars(self).update(inside)


class MemoryLoss(KLDivergence):
    needs = (SampleIds('num_samples', key='sample_idx'),)
    num_samples = 7


def memory_runner(dataset):
    model = nn.Module()
    model.edges = {'a->b': TransferEdge('a->b', [MemoryLoss()], ThresholdGate())}
    return SimpleNamespace(model=model, train_dataloader=SimpleNamespace(dataset=dataset))


@pytest.mark.parametrize('dataset', [Data(7), Data(21, dataset=Data(7)), Data(42, dataset=Data(14, dataset=Data(7)))])
def test_all_training_images(dataset):
    SampleCountHook().before_train(memory_runner(dataset))


@pytest.mark.parametrize(
    ('dataset', 'message'),
    [
        (Data(8), 'is 7, but train_dataloader.dataset has 8 training images; must be the same'),
        (Data(6, num_unlabeled=7), 'is 7, but train_dataloader.dataset has 6 training images; must be the same'),
        (Data(7, dataset=Data(6)), 'is 7, but train_dataloader.dataset has 6 training images; must be the same'),
        (
            Data(7, datasets=[Data(3), Data(4)]),
            'needs one data set: train_dataloader.dataset is a Data, whose parts number their images alike',
        ),
    ],
)
def test_another_number_of_training_images(dataset, message):
    with pytest.raises(ConfigError) as caught:
        SampleCountHook().before_train(memory_runner(dataset))
    assert str(caught.value) == f"model.edges['a->b'].loss.num_samples: {message}"


def test_the_numbers_that_wrappers_hand_on(mmpretrain_scope):
    """What the count goes by: repeating data sets give the images' own numbers, all below the count."""
    inner = dict(type='Digits', split='trainval', indices=5)
    repeated = DATASETS.build(dict(type='RepeatDataset', dataset=inner, times=3))
    balanced = DATASETS.build(dict(type='ClassBalancedDataset', dataset=inner, oversample_thr=0.5))
    part = DATASETS.build(dict(type='Split', of='Digits', part='train', val_size=0.5, split='trainval'))
    hidden = DATASETS.build(dict(type='SemiSupervised', dataset=dict(type='Digits'), num_labels=10))
    for dataset, number in ((repeated, 5), (balanced, 5), (part, 718), (hidden, len(hidden))):
        numbers = {dataset.get_data_info(i)['sample_idx'] for i in range(len(dataset))}
        assert numbers == set(range(number)) and _count('', dataset) == number


def test_the_same_number():
    SampleCountHook().before_train(runner(7, num_unlabeled=7))


def test_a_data_set_that_does_not_say():
    SampleCountHook().before_train(runner(7))


@pytest.mark.parametrize('number', [6, 8])
def test_another_number(number):
    with pytest.raises(ConfigError) as caught:
        SampleCountHook().before_train(runner(7, num_unlabeled=number))
    assert str(caught.value) == (
        f"model.edges['a->a'].gate.num_samples: is 7, but train_dataloader.dataset has {number} unlabelled images; "
        'must be the same'
    )


def labels_runner(num_labels, **dataset):
    loss, one = SimMatch(num_labels), runner(7, num_unlabeled=7, **dataset)
    one.model.edges['c->c'] = TransferEdge('c->c', [loss], ThresholdGate())
    return one


@pytest.mark.parametrize('number', [40, 41])
def test_a_memory_of_enough_labelled_images(number):
    SampleCountHook().before_train(labels_runner(number, num_labeled=40))
    SampleCountHook().before_train(labels_runner(number))


def test_a_memory_of_too_few_labelled_images():
    with pytest.raises(ConfigError) as caught:
        SampleCountHook().before_train(labels_runner(39, num_labeled=40))
    assert str(caught.value) == (
        "model.edges['c->c'].loss.num_labels: is 39, but train_dataloader.dataset has 40 labelled images; "
        'must be at least as many'
    )
