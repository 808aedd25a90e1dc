import random

import numpy as np
import pytest
from mmengine.dataset import ConcatDataset
from mmpretrain.datasets import BaseDataset
from mmpretrain.registry import DATASETS

from ktg_mm.datasets.shared_data import _MOST, share_data, share_images, sharing_data

READ = []  # the names of the data sets that have been read


@DATASETS.register_module()
class Counted(BaseDataset):
    def __init__(self, name='one', draws=False, part=None, **kwargs):
        self.name, self.draws, self.part = name, draws, part
        super().__init__(ann_file='', **kwargs)

    def load_data_list(self):
        READ.append(self.name)
        if self.draws:
            random.random()
        return [dict(img=np.full((2, 2), i)) for i in range(3)]


class Lone:
    """Cannot be copied."""

    def __deepcopy__(self, memo):
        raise TypeError('there is one alone')


@pytest.fixture(autouse=True)
def begin():
    READ.clear()


def build(**config):
    return DATASETS.build(share_data(dict(batch_size=2, dataset=dict(dict(type='Counted'), **config)))['dataset'])


def test_equal_data_are_read_once_and_only_within():
    build(), build()
    assert READ == ['one'] * 2
    with sharing_data():
        first, second, other = build(), build(), build(name='two')
        with sharing_data():  # that of a run within a search
            third = build()
    assert READ == ['one'] * 3 + ['two']
    assert first.data_bytes is second.data_bytes is third.data_bytes and other.name == 'two'
    with sharing_data():
        build()
    assert READ[4:] == ['one']


def test_nothing_that_one_run_changes_is_there_for_the_next():
    with sharing_data():
        for _ in range(3):
            dataset = build(pipeline=[dict(type='SeedRandom')])
            (step,) = dataset.pipeline.transforms
            assert not step.seeded and len(dataset) == 3
            assert dataset.get_data_info(1)['img'].tolist() == [[1, 1], [1, 1]]
            assert not hasattr(dataset, 'note') and dataset.metainfo == {}
            step.seeded = dataset.note = True
            dataset._metainfo['note'] = 1
            dataset.get_data_info(1)['img'][:] = 7
            with pytest.raises(ValueError, match='read-only'):
                dataset.data_bytes[:] = 0
            dataset.get_subset_(1)
            dataset.pipeline.transforms.clear()
    assert READ == ['one']


def test_samples_that_are_not_packed_are_copied():
    with sharing_data():
        build(serialize_data=False).data_list[0]['img'][:] = 7
        assert build(serialize_data=False)[0]['img'].max() == 0
    assert READ == ['one']


@pytest.mark.parametrize('config', [dict(draws=True), dict(part=Lone())])
def test_what_is_not_safe_to_share_is_built_each_time(config):
    with sharing_data():
        build(**config), build(**config)
    assert READ == ['one'] * 2


def test_data_whose_parts_cannot_be_copied_are_built_each_time(monkeypatch):
    monkeypatch.setattr(Counted, '__deepcopy__', lambda self, memo: Lone().__deepcopy__(memo), raising=False)
    with sharing_data():
        assert len(build()) == len(build()) == 3
    assert READ == ['one'] * 2


def test_values_that_python_takes_for_equal_are_not():
    with sharing_data():
        assert [build(filter_cfg=dict(least=least)).filter_cfg['least'] for least in (1, 1.0, True)] == [1, 1.0, True]
    assert READ == ['one'] * 3


def test_wrapped_data_share_their_samples():
    with sharing_data():
        one, other = (build(type='ConcatDataset', datasets=[dict(type='mmpretrain.Counted')]) for _ in range(2))
    assert READ == ['one'] and isinstance(one, ConcatDataset)
    assert one.datasets[0] is not other.datasets[0] and one.datasets[0].data_bytes is other.datasets[0].data_bytes


def test_few_are_kept_the_newest():
    names = [str(i) for i in range(_MOST + 1)]
    with sharing_data():
        for name in (*names[:_MOST], names[0], names[_MOST], names[0], names[1]):
            build(name=name)
    assert READ == [*names, names[1]]


@pytest.mark.parametrize('loader', [None, dict(batch_size=1), dict(dataset=[1])])
def test_what_is_no_config_stays(loader):
    with sharing_data():
        assert share_data(loader) is loader


def images(device='cpu', **config):
    build(**config)
    return share_images(dict(dataset=dict(dict(type='Counted'), **config)), device, lambda: [config])


def test_images_of_equal_data_are_made_once_and_only_within():
    assert images() is not images()
    with sharing_data():
        first = images()
        with sharing_data():
            assert images() is first
        assert images() is first and images('cuda:0') is not first and images(name='two') is not first
    with sharing_data():
        assert images() is not first


def test_images_of_data_that_are_not_kept_are_not_either():
    with sharing_data():
        assert images(draws=True) is not images(draws=True)
        assert images(part=object) is not images(part=object)


def test_images_of_the_newest_data_are_kept():
    with sharing_data():
        first = images()
        for number in range(_MOST):
            images(name=str(number))
        last = images(name=str(number))
        assert images(name=str(number)) is last and images() is not first
