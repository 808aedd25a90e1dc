import itertools
from types import SimpleNamespace

import pytest
import torch
from mmengine.runner import Runner

from ktg_mm.datasets import SeededIndex, SemiSupervised, SemiSupervisedSampler
from ktg_mm.datasets.samplers import semi_supervised_sampler
from ktg_mm.errors import ConfigError


def data(num_labeled=5, num_unlabeled=23):
    return SimpleNamespace(num_labeled=num_labeled, num_unlabeled=num_unlabeled)


@pytest.fixture
def make(monkeypatch):
    """Makes the sampler of one of several processes."""

    def make(labeled=2, unlabeled=3, rank=0, world_size=1, seed=7, dataset=None, **kwargs):
        monkeypatch.setattr(semi_supervised_sampler, 'get_dist_info', lambda: (rank, world_size))
        return SemiSupervisedSampler(dataset or data(), labeled, unlabeled, seed=seed, **kwargs)

    return make


def batches(sampler, number=None):
    """The first batches, each a list of (index, pass)."""
    indices = itertools.islice(sampler, None if number is None else number * sampler.batch_size)
    pairs = [(int(index), index.epoch) for index in indices]
    return [pairs[i : i + sampler.batch_size] for i in range(0, len(pairs), sampler.batch_size)]


def split(batch, labeled):
    return batch[:labeled], batch[labeled:]


def test_each_batch_has_its_labelled_samples_first(make):
    sampler = make()
    assert len(sampler) == 7 * 5 and sampler.batch_size == 5
    assert len(batches(sampler)) == 7
    for batch in batches(sampler):
        assert [index < 5 for index, _ in batch] == [True, True, False, False, False]
    assert all(isinstance(index, SeededIndex) and index.seed == 7 for index in sampler)


def test_the_order_never_changes(make):
    # Fixed for all machines and library versions, so that their runs can be compared.
    assert batches(make(), 3) == [
        [(4, 0), (1, 0), (16, 0), (12, 0), (23, 0)],
        [(0, 0), (2, 0), (15, 0), (20, 0), (27, 0)],
        [(3, 0), (4, 1), (22, 0), (19, 0), (10, 0)],
    ]


def test_a_pass_has_each_sample_once(make):
    sampler = make(infinite=True)
    run = batches(sampler, 35)
    labeled = [pair for batch in run for pair in split(batch, 2)[0]]
    for number in range(14):  # 70 draws of 5 labelled samples
        part = labeled[number * 5 : number * 5 + 5]
        assert sorted(part) == [(index, number) for index in range(5)]
    assert len({tuple(index for index, _ in labeled[i : i + 5]) for i in range(0, 70, 5)}) > 8
    for number in range(5):  # 7 batches of 3 out of 23, 2 are dropped
        part = [pair for batch in run[number * 7 : number * 7 + 7] for pair in split(batch, 2)[1]]
        assert len(set(part)) == 21 and {epoch for _, epoch in part} == {number}
        assert {index for index, _ in part} <= set(range(5, 28))


@pytest.mark.parametrize('world_size', [1, 2, 3])
@pytest.mark.parametrize(('labeled', 'unlabeled'), [(2, 3), (7, 1), (4, 0), (0, 4)])
def test_no_index_comes_twice_with_one_pass(make, world_size, labeled, unlabeled):
    run = [
        pair
        for rank in range(world_size)
        for batch in batches(make(labeled, unlabeled, rank, world_size, infinite=True), 200)
        for pair in batch
    ]
    assert len(set(run)) == len(run) == 200 * world_size * (labeled + unlabeled)


@pytest.mark.parametrize('world_size', [2, 3])
def test_processes_share_the_streams(make, world_size):
    # W processes of N labelled and M unlabelled samples draw what one with W N and W M draws.
    alone = make(2 * world_size, 3 * world_size, infinite=True)
    together = [batches(make(2, 3, rank, world_size, infinite=True), 40) for rank in range(world_size)]
    for whole, *parts in zip(batches(alone, 40), *together, strict=True):
        labeled, unlabeled = split(whole, 2 * world_size)
        assert labeled == [pair for part in parts for pair in split(part, 2)[0]]
        assert unlabeled == [pair for part in parts for pair in split(part, 2)[1]]
    assert {len(make(2, 3, rank, world_size)) for rank in range(world_size)} == {23 // (3 * world_size) * 5}


@pytest.mark.parametrize(('labeled', 'unlabeled'), [(2, 3), (4, 0), (0, 4)])
def test_epochs_are_parts_of_the_endless_run(make, labeled, unlabeled):
    sampler = make(labeled, unlabeled)
    epochs = []
    for epoch in range(4):
        sampler.set_epoch(epoch)
        epochs.append(batches(sampler))
        assert len(epochs[-1]) == sampler.batches
    whole = batches(make(labeled, unlabeled, infinite=True), 4 * sampler.batches)
    assert [batch for epoch in epochs for batch in epoch] == whole
    sampler.set_epoch(2)
    assert batches(sampler) == epochs[2]


@pytest.mark.parametrize('begin', [0, 1, 6, 7, 25])
def test_begins_at_any_batch(make, begin):
    sampler = make(2, 3, 1, 2, infinite=True)
    whole = batches(sampler, 40)
    resumed = make(2, 3, 1, 2, infinite=True)
    resumed.set_epoch(0)
    resumed.start_at(begin)
    assert batches(resumed, 40 - begin) == whole[begin:]


def test_an_epoch_under_way_goes_on(make):
    sampler = make()
    whole = batches(sampler)
    indices = iter(sampler)
    sampler.set_epoch(3)
    assert [int(index) for index in indices] == [index for batch in whole for index, _ in batch]


def test_the_seed_decides(make):
    assert batches(make(seed=1)) == batches(make(seed=1)) != batches(make(seed=2))
    assert isinstance(make(seed=None).seed, int)


def test_few_labels_come_repeatedly(make):
    (batch,) = batches(make(7, 1, dataset=data(num_labeled=3)), 1)
    assert [epoch for _, epoch in batch[:7]] == [0, 0, 0, 1, 1, 1, 2]


@pytest.mark.parametrize(('world_size', 'expected'), [(1, 2), (2, 1), (3, 1)])
def test_length_without_unlabelled_samples(make, world_size, expected):
    assert make(2, 0, 0, world_size).batches == expected


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(labeled=0, unlabeled=0), 'sampler: labeled and unlabeled are both 0'),
        (dict(labeled=-1), r'sampler\.labeled: must be a whole number, at least 0, got -1$'),
        (dict(unlabeled=1.5), r'sampler\.unlabeled: must be a whole number, at least 0, got 1.5$'),
        (dict(infinite='yes'), r"sampler\.infinite: must be True or False, got 'yes'$"),
        (dict(seed=-1), r'sampler\.seed: must be a whole number, at least 0, got -1$'),
        (dict(unlabeled=12, world_size=2), r'unlabeled: is 12 in each of 2 process.* has 23 unlabelled samples$'),
        (dict(dataset=data(num_labeled=0)), r'labeled: is 2, but the data set has no labelled samples$'),
        (dict(dataset=[1, 2]), r"sampler: SemiSupervisedSampler needs dict\(type='SemiSupervised'\), not list$"),
    ],
)
def test_mistakes_are_one_line(make, arguments, message):
    with pytest.raises(ConfigError, match=r'^train_dataloader\..*' + message) as caught:
        make(**arguments)
    assert '\n' not in str(caught.value)


def loaded(num_workers, begin, number):
    """Batches of a loader, as a run makes it of its config."""
    views = [dict(type='PadRandomCrop', crop_size=8, padding=2), dict(type='RandomFlip', prob=0.5)]
    config = dict(
        batch_size=6,
        num_workers=num_workers,
        persistent_workers=num_workers > 0,
        drop_last=True,
        dataset=dict(
            type='SemiSupervised',
            dataset=dict(type='Digits', split='val'),
            num_labels=10,
            pipeline=[dict(type='SeedRandom'), dict(type='Views', weak=views, strong=views), dict(type='PackViews')],
        ),
        sampler=dict(type='SemiSupervisedSampler', labeled=2, unlabeled=4, infinite=True),
        collate_fn=dict(type='default_collate'),
    )
    loader = Runner.build_dataloader(config, seed=3)
    loader.sampler.start_at(begin)
    return list(itertools.islice(loader, number))


@pytest.mark.usefixtures('mmpretrain_scope')
def test_batches_do_not_depend_on_workers_nor_on_resuming():
    reference = loaded(0, 0, 50)  # a pass has 42 batches
    assert reference[0]['inputs']['weak'].shape == (6, 1, 8, 8)
    assert not torch.equal(reference[0]['inputs']['weak'], reference[0]['inputs']['strong'])
    for num_workers, begin in ((2, 0), (1, 30)):
        torch.manual_seed(num_workers)
        for one, other in zip(loaded(num_workers, begin, 50 - begin), reference[begin:], strict=True):
            for view in ('weak', 'strong'):
                assert torch.equal(one['inputs'][view], other['inputs'][view])
            assert [s.image_id for s in one['data_samples']] == [s.image_id for s in other['data_samples']]


def test_works_with_the_data_set():
    digits = SemiSupervised(dict(type='Digits', split='val'), num_labels=10)
    labels = [digits.get_data_info(index)['gt_label'] for index in SemiSupervisedSampler(digits, 3, 2, seed=0)]
    assert all((label == -1) == (i % 5 >= 3) for i, label in enumerate(labels))
