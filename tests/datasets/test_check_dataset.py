from pathlib import Path

import pytest

import ktg_mm.datasets  # noqa: F401  (registers them)
from ktg_mm.apis import load_config
from ktg_mm.apis.check_config import check_config
from ktg_mm.datasets import split_dataset
from ktg_mm.datasets.check_dataset import check_dataset
from ktg_mm.errors import ConfigError

SPLIT = dict(type='Split', of='Digits', part='train', val_size=100)


@pytest.mark.parametrize('indices', [None, 5, -5, [0, 3], (0,), range(3)])
def test_indices(indices):
    check_dataset(dict(type='Digits', indices=indices), 'dataset')


@pytest.mark.parametrize('indices', [0, True, 0.5, 'all', [], [0.5], [True], dict(a=1)])
def test_wrong_indices(indices):
    with pytest.raises(ConfigError, match=r'^val_dataloader\.dataset\.indices: must be a whole number other than 0'):
        check_dataset(dict(type='Digits', indices=indices), 'val_dataloader.dataset')


@pytest.mark.parametrize(
    'arguments',
    [dict(val_size=0.5, train_size=0.25), dict(val_size=1, train_size=None), dict(seed=2**32 - 1), dict(split='test')],
)
def test_split(arguments):
    check_dataset(SPLIT | arguments, 'dataset')


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(of='Digit'), r"^dataset\.of: no data set is named 'Digit'; did you mean 'Digits'\?$"),
        (dict(of=5), r'^dataset\.of: no data set is named 5'),
        (dict(of='SemiSupervised'), r'^dataset\.of: must be the data set with all its labels'),
        (dict(part='test'), r"^dataset\.part: must be 'train' or 'val', got 'test'$"),
        (dict(part=['val']), r"^dataset\.part: must be 'train' or 'val', got \['val'\]$"),
        *(
            (dict([(name, size)]), rf'^dataset\.{name}: must be a number of images, or a fraction below 1\.0, got ')
            for name in ('val_size', 'train_size')
            for size in (0, -1, 0.0, 1.0, 1.5, float('nan'), True, '0.5')
        ),
        (dict(val_size=None), r'^dataset\.val_size: must be a number of images'),
        (dict(seed=-1), r'^dataset\.seed: must be a whole number from 0 to 4294967295, got -1$'),
        (dict(seed=None), r'^dataset\.seed: '),
    ],
)
def test_wrong_splits(arguments, message):
    cfg = SPLIT | arguments
    with pytest.raises(ConfigError, match=message) as caught:
        check_dataset(cfg, 'dataset')
    assert '\n' not in str(caught.value)
    del cfg['type']
    with pytest.raises(ConfigError, match=message):
        split_dataset(**cfg)


@pytest.mark.parametrize('name', ['of', 'part', 'val_size'])
def test_split_without(name):
    cfg = {key: value for key, value in SPLIT.items() if key != name}
    with pytest.raises(ConfigError, match=rf'^dataset\.{name}: is missing; Split needs '):
        check_dataset(cfg, 'dataset')


def test_the_config_of_a_run_is_checked_inside_wrappers():
    cfg = load_config(Path(__file__).parents[2] / 'configs/ktg/ens_3node_digits.py')
    inner = dict(SPLIT, part='both')
    for dataset, path in (
        (inner, r'val_dataloader\.dataset'),
        (dict(type='SemiSupervised', num_labels=40, dataset=inner), r'val_dataloader\.dataset\.dataset'),
    ):
        with pytest.raises(ConfigError, match=rf"^{path}\.part: must be 'train' or 'val', got 'both'$"):
            cfg.val_dataloader.dataset = dataset
            check_config(cfg)


@pytest.mark.parametrize(
    'cfg',
    [
        dict(type='Split', of='PydocTopics', part='train', val_size=10),
        dict(type='SemiSupervised', dataset=dict(type='Text', file='a.txt'), num_labels=10),
        dict(type='ClassBalancedDataset', dataset=dict(type='PennTreebank', data_root='.'), oversample_thr=0.1),
    ],
)
def test_chunks_of_a_text_have_no_class(cfg):
    key = 'of' if 'of' in cfg else 'dataset'
    with pytest.raises(
        ConfigError, match=rf"^train\.{key}: {cfg['type']} goes by classes, which a text's chunks do not"
    ):
        check_dataset(cfg, 'train')
