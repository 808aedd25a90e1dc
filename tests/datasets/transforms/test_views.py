import mmcv
import numpy as np
import pytest
from mmpretrain.datasets import Solarize
from mmpretrain.registry import TRANSFORMS

from ktg_mm.datasets import LoadImage, SeededIndex, SeedRandom, Views
from ktg_mm.errors import ConfigError

IMAGE = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)


@TRANSFORMS.register_module(force=True)
class Spoil:
    """Changes the image and the sample in place."""

    def __call__(self, results):
        results['img'] += 1
        results['shape'].append('spoilt')
        results['new'] = 1
        return results


@TRANSFORMS.register_module(force=True)
class Refuse:
    def __call__(self, results):
        return None


def sample():
    return dict(img=IMAGE.copy(), shape=[4, 4], sample_idx=SeededIndex(3, seed=1, epoch=2), gt_label=5)


def test_each_view_has_a_copy_of_its_own():
    given = sample()
    image = given['img']
    results = Views(plain=[], spoilt=[dict(type='Spoil'), dict(type='Spoil')], again=[dict(type='Spoil')])(given)
    assert list(results['img']) == ['plain', 'spoilt', 'again']
    for name, added in (('plain', 0), ('spoilt', 2), ('again', 1)):
        assert np.array_equal(results['img'][name], IMAGE + added)
        assert not np.shares_memory(results['img'][name], image)
    assert np.array_equal(image, IMAGE)
    assert results.keys() == sample().keys() and results['shape'] == [4, 4]
    index = results['sample_idx']
    assert (index, index.seed, index.epoch) == (3, 1, 2)


def test_a_file_is_read_and_decoded_once_for_all_views(tmp_path, monkeypatch):
    image = np.full((6, 6, 3), 7, np.uint8)
    mmcv.imwrite(image, str(tmp_path / 'image.png'))
    decoded, decode = [], mmcv.imfrombytes
    monkeypatch.setattr(mmcv, 'imfrombytes', lambda *args, **options: decoded.append(1) or decode(*args, **options))
    given = LoadImage()({'img_path': str(tmp_path / 'image.png'), 'shape': []})
    views = Views(weak=[], strong=[dict(type='Spoil')], other=[dict(type='Spoil')])(given)['img']
    assert len(decoded) == 1 and len(views) == 3 and np.array_equal(views['weak'], image)


def test_read_only_images():
    given = sample()
    given['img'].flags.writeable = False
    assert np.array_equal(Views(spoilt=[dict(type='Spoil')])(given)['img']['spoilt'], IMAGE + 1)


def test_views_draw_for_themselves_and_reproducibly():
    crop = dict(type='PadRandomCrop', crop_size=4, padding=3)
    views = Views(one=[crop], two=[crop])

    def drawn(epoch):
        results = sample() | dict(sample_idx=SeededIndex(3, seed=1, epoch=epoch))
        return views(SeedRandom()(results))['img']

    pairs = [drawn(epoch) for epoch in range(10)]
    assert sum(np.array_equal(pair['one'], pair['two']) for pair in pairs) < 4
    again = drawn(4)
    assert all(np.array_equal(again[name], pairs[4][name]) for name in ('one', 'two'))


@pytest.mark.parametrize('views', [dict(a=[], b=['refuse', 'spoil']), dict(a=['refuse'], b=[])])
def test_a_refused_view_refuses_the_sample(views):
    steps = dict(refuse=dict(type='Refuse'), spoil=dict(type='Spoil'))
    assert Views(**{name: [steps[step] for step in pipeline] for name, pipeline in views.items()})(sample()) is None


def test_steps_may_be_built_already():
    views = Views(strong=(Solarize(thr=0, prob=1.0), lambda results: results))
    assert np.array_equal(views(sample())['img']['strong'], 255 - IMAGE)
    assert repr(views).startswith('Views(strong=[Solarize(')


@pytest.mark.parametrize(
    ('views', 'message'),
    [
        ({}, r'^Views: must have at least one view'),
        ({'a b': []}, r"^Views: a view is named by an identifier such as weak, got 'a b'$"),
        ({'weak': dict(type='Spoil')}, r'^Views\.weak: must be a list of steps, got '),
        ({'weak': None}, r'^Views\.weak: must be a list of steps, got None$'),
        ({'weak': [dict(type='Spoil'), {}]}, r"^Views\.weak\[1\]: must be the dict of one step with a 'type', got {}$"),
        ({'weak': [[dict(type='Spoil')]]}, r'^Views\.weak\[0\]: must be the dict of one step'),
    ],
)
def test_mistakes_are_one_line(views, message):
    with pytest.raises(ConfigError, match=message) as caught:
        Views(**views)
    assert '\n' not in str(caught.value)
