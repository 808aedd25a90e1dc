import copy

import numpy as np
import pytest

from ktg_mm.apis.made_up_data import MadeUpData, class_of_data
from ktg_mm.apis.part_errors import PartError
from ktg_mm.datasets import Digits
from ktg_mm.datasets.samplers.seeded_sampler import SeededIndex
from ktg_mm.errors import ConfigError

PIPELINE = 'train_dataloader.dataset.pipeline'


def made_up(cfg, tmp_path):
    return MadeUpData(cfg, 'train_dataloader', tmp_path, 10)


def test_samples_go_through_the_pipeline_and_no_data_are_read(tiny_config, tmp_path, monkeypatch):
    monkeypatch.setattr(Digits, 'load_data_list', lambda self: pytest.fail('read'))
    data = made_up(tiny_config(), tmp_path)
    assert data.can_be_made_up and copy.deepcopy(data) is data
    samples = [data.sample(SeededIndex(index, 0, 0), index, 0) for index in range(12)]
    assert [int(sample['data_samples'].gt_label) for sample in samples] == [*range(10), 0, 1]
    assert samples[0]['inputs'].shape == (1, *Digits.image_shape[:2])
    assert len(data) >= 2 * tiny_config().train_dataloader.batch_size


def test_a_sample_changes_no_image(tiny_config, tmp_path):
    def spoil(sample):
        sample['img'][:] = 0
        return sample

    data = made_up(tiny_config(), tmp_path)
    before = data.images[0]['img'].copy()
    data.steps.insert(0, spoil)
    data.sample(SeededIndex(0, 0, 0), 0, 0)
    assert np.array_equal(data.images[0]['img'], before) and before.any()


@pytest.mark.parametrize(
    ('pipeline', 'error', 'message'),
    [
        ('all', ConfigError, f"{PIPELINE}: must be a list of steps, got 'all'"),
        ([5], ConfigError, rf"{PIPELINE}\[0\]: must be the dict of one step with a 'type', got 5"),
        ([dict(type='RandomFlip', prob=2)], ConfigError, rf'{PIPELINE}\[0\]\.prob: must be a probability, 0 to 1'),
        ([dict(type='RandomCrop', crop_size=-1)], PartError, rf'{PIPELINE}\[0\].*: RandomCrop: does not hold: '),
    ],
)
def test_steps_that_cannot_be_built(tiny_config, tmp_path, pipeline, error, message):
    cfg = tiny_config()
    cfg.train_dataloader.dataset.pipeline = pipeline
    with pytest.raises(error, match=f'^{message}'):
        made_up(cfg, tmp_path)


def test_a_step_that_fails_is_named(tiny_config, tmp_path):
    cfg = tiny_config()
    cfg.train_dataloader.dataset.pipeline = [dict(type='LoadImageFromFile'), dict(type='PackInputs')]
    with pytest.raises(
        PartError, match=rf"^{PIPELINE}\[0\]: LoadImageFromFile: needs 'img_path', which no step before"
    ):
        made_up(cfg, tmp_path).sample(0, 0, 0)


def test_the_class_of_a_part_of_data():
    assert class_of_data(dict(type='Split', of='Digits')) is class_of_data(dict(type=Digits)) is Digits


def test_labelled_images_are_no_more_than_there_are(tiny_config, tmp_path):
    cfg = tiny_config()
    cfg.train_dataloader.dataset = dict(
        type='SemiSupervised', dataset=dict(type='Digits'), num_labels=10, pipeline=[dict(type='PackInputs')]
    )
    data = made_up(cfg, tmp_path)
    samples = [data.sample(SeededIndex(index, 0, 0), 8 + i, 0)['data_samples'] for i, index in enumerate((1, 9, 3, 10))]
    assert [int(sample.sample_idx) for sample in samples] == [8, 9, 0, 11]
    assert [int(sample.gt_label) for sample in samples] == [8, 9, 0, -1]
