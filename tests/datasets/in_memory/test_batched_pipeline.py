import pytest
from mmpretrain.registry import TRANSFORMS

import ktg_mm.datasets  # noqa: F401  registers
from ktg_mm.datasets.in_memory import BatchedPipeline
from ktg_mm.errors import ConfigError

SEED, PACK = dict(type='SeedRandom'), dict(type='PackInputs')
CROP, FLIP = dict(type='PadRandomCrop', crop_size=8, padding=1), dict(type='RandomFlip', prob=0.5)
RESIZE, JITTER = dict(type='Resize', scale=4), dict(type='ColorJitter')
AUGMENT = dict(type='RandAugment', policies=[dict(type='Invert')], num_policies=1, magnitude_level=1)
CUTOUT = dict(type='Cutout', shape=2)
WEAK, PACK_VIEWS = dict(type='Views', weak=[CROP, FLIP]), dict(type='PackViews')


@pytest.fixture(autouse=True)
def _scope(mmpretrain_scope):
    pass


def pipeline(*steps):
    return BatchedPipeline([TRANSFORMS.build(step) for step in steps], 'pipeline')


@pytest.mark.parametrize(
    'steps',
    [
        [SEED, CROP, AUGMENT, CUTOUT, PACK],
        [SEED, AUGMENT, CUTOUT, PACK],
        [SEED, dict(type='Views', weak=[FLIP], strong=[FLIP, AUGMENT, CUTOUT]), PACK_VIEWS],
    ],
)
def test_augmentations_come_last(steps):
    assert names(pipeline(*steps).last) == ['RandAugment', 'Cutout']


def test_the_first_that_cannot_be_batched_and_those_after_it_run_alone():
    last = [CUTOUT, dict(type='GaussianBlur', radius=1), AUGMENT]
    steps = pipeline(SEED, dict(CROP, crop_size=6), *last, PACK)
    assert names(steps.alone((3, 8, 8))) == ['GaussianBlur', 'RandAugment']
    assert names(steps.batched((3, 8, 8), 'cpu', 2)['']) == ['BatchedCrop', 'BatchedAugment']
    assert steps.batched((3, 8, 8), 'cpu', 2)[''][1].shape == (3, 6, 6)
    assert pipeline(SEED, CROP, AUGMENT, CUTOUT, PACK).alone((3, 8, 8)) == []


def names(steps):
    return [type(step).__name__ for step in steps]


@pytest.mark.parametrize(
    ('steps', 'once', 'drawn'),
    [
        ([PACK], [], {'': []}),
        ([SEED, RESIZE, PACK], ['Resize'], {'': []}),
        ([RESIZE, SEED, CROP, FLIP, FLIP, PACK], ['Resize'], {'': ['PadRandomCrop', 'RandomFlip', 'RandomFlip']}),
        ([SEED, RESIZE, WEAK, PACK_VIEWS], ['Resize'], {'weak': ['PadRandomCrop', 'RandomFlip']}),
        (
            [SEED, dict(type='Views', weak=[], as_it_is=[FLIP]), PACK_VIEWS],
            [],
            {'weak': [], 'as_it_is': ['RandomFlip']},
        ),
    ],
)
def test_steps_are_sorted(steps, once, drawn):
    found = pipeline(*steps)
    assert names(found.once) == once
    assert {name: names(view) for name, view in found.views.items()} == drawn


@pytest.mark.parametrize(
    ('steps', 'message'),
    [
        ([], r"pipeline: must end in dict\(type='PackInputs'\) or PackViews, to be in memory"),
        ([SEED, FLIP], r"pipeline: must end in dict\(type='PackInputs'\)"),
        (
            [SEED, CROP, JITTER, PACK],
            r'pipeline\[2\]: ColorJitter cannot work on images in memory, only CenterCrop, .*',
        ),
        ([SEED, FLIP, RESIZE, PACK], r'pipeline\[2\]: Resize must come before the steps that draw, to be in memory'),
        ([FLIP, SEED, PACK], r'pipeline\[1\]: SeedRandom must come before the steps that draw'),
        ([FLIP, PACK], r"pipeline\[0\]: must be dict\(type='SeedRandom'\): images in memory are drawn by its seeds"),
        ([WEAK, PACK_VIEWS], r"pipeline\[0\]: must be dict\(type='SeedRandom'\)"),
        ([SEED, dict(type='Views', a=[FLIP, JITTER]), PACK_VIEWS], r'pipeline\[1\]\.a\[1\]: ColorJitter cannot work'),
        ([SEED, dict(AUGMENT, policies=[FLIP]), PACK], r'pipeline\[1\]: RandAugment cannot work'),
        ([SEED, CUTOUT, AUGMENT, FLIP, PACK], r'pipeline\[3\]: RandomFlip must come before Cutout, to be in memory'),
        ([CUTOUT, PACK], r"pipeline\[0\]: must be dict\(type='SeedRandom'\)"),
        (
            [SEED, dict(type='Views', a=[CUTOUT], b=[FLIP]), PACK_VIEWS],
            r'pipeline\[1\]\.a\[0\]: Cutout must be in the last view, to be in memory',
        ),
        ([SEED, WEAK, FLIP, PACK_VIEWS], r'pipeline\[2\]: RandomFlip must be within the views, to be in memory'),
        ([SEED, FLIP, WEAK, PACK_VIEWS], r'pipeline\[2\]: Views must come before the steps that draw'),
    ],
)
def test_mistakes(steps, message):
    with pytest.raises(ConfigError, match=rf'^{message}'):
        pipeline(*steps)
