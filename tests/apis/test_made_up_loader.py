import pytest

from ktg_mm.apis.made_up_loader import MadeUpLoader
from ktg_mm.datasets import Digits
from ktg_mm.errors import ConfigError

SEED, PACK = dict(type='SeedRandom'), dict(type='PackInputs')

pytestmark = pytest.mark.usefixtures('mmpretrain_scope')


def loader(cfg, tmp_path):
    return MadeUpLoader(cfg, 'train_dataloader', tmp_path, 10)


def test_a_batch_is_as_the_loader_makes_it(tiny_config, tmp_path, monkeypatch):
    monkeypatch.setattr(Digits, 'load_data_list', lambda self: pytest.fail('read'))
    made = loader(tiny_config({'train_dataloader.num_workers': 2}), tmp_path)
    batch = made.batch()
    assert len(batch['inputs']) == len(batch['data_samples']) == 2
    assert made.metainfo['classes'] == tuple('0123456789')


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (dict(pipeline=[]), r"dataset\.pipeline: must end in dict\(type='PackInputs'\).*; its result has img, "),
        (dict(collate_fn=dict(type='stack')), r"collate_fn\.type: no function is named 'stack'; "),
        (
            dict(in_memory=True, pipeline=[SEED, dict(type='ColorJitter'), PACK]),
            r'dataset\.pipeline\[1\]: ColorJitter cannot work on images in memory, only ',
        ),
        (dict(collate_fn=list), r"collate_fn: must make a dict with 'inputs' and 'data_samples'"),
    ],
)
def test_mistakes(tiny_config, tmp_path, changes, message):
    cfg = tiny_config()
    for key, value in changes.items():
        (cfg.train_dataloader.dataset if key == 'pipeline' else cfg.train_dataloader)[key] = value
    with pytest.raises(ConfigError, match=rf'^train_dataloader\.{message}'):
        loader(cfg, tmp_path).batch()


@pytest.mark.parametrize('in_memory', [True, False])
def test_images_that_are_to_be_in_memory_are_made_up_too(tiny_config, tmp_path, in_memory):
    made = loader(tiny_config({'train_dataloader.in_memory': in_memory}), tmp_path)
    assert len(made.batch()['inputs']) == 2


def test_data_of_an_unknown_shape_make_no_batch(tiny_config, tmp_path, monkeypatch):
    monkeypatch.delattr(Digits, 'image_shape')
    assert loader(tiny_config(), tmp_path).batch() is None
