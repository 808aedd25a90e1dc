"""Chunks of a text."""

import numpy as np
import pytest
from mmpretrain.registry import DATASETS

from ktg_mm.datasets import Text
from ktg_mm.errors import ConfigError, DataError

WORDS = [f'w{number % 13}' for number in range(90)]  # a line of nine words and its end: 100 tokens


@pytest.fixture(scope='module')
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp('text') / 'text.txt'
    path.write_text(''.join(' '.join(WORDS[i : i + 9]) + '\n' for i in range(0, 90, 9)))
    return str(path)


def tokens(dataset):
    """All that is to be said, as words."""
    labels = np.concatenate([dataset[i]['gt_label'] for i in range(len(dataset))])
    return [dataset.metainfo['classes'][label] if label >= 0 else None for label in labels]


def test_parts_follow_one_another(file):
    text = [word for i in range(0, 90, 9) for word in (*WORDS[i : i + 9], '<eos>')]
    known = set(text[:70])
    parts = {
        split: Text(file=file, split=split, val_size=0.2, length=7, context=3) for split in ('train', 'val', 'test')
    }
    assert [len(parts[split]) for split in parts] == [10, 3, 2]
    assert tokens(parts['train']) == text[:70]
    for split, part, filled in (('val', text[70:90], 1), ('test', text[90:], 4)):
        assert tokens(parts[split]) == [word if word in known else '<unk>' for word in part] + [None] * filled
        assert parts[split].metainfo == parts['train'].metainfo and parts[split].test_mode
    assert not parts['train'].test_mode


def test_inputs_are_what_comes_before(file):
    for context in (0, 3, 40):
        dataset = Text(file=file, length=7, context=context)
        numbers = np.concatenate([dataset[i]['gt_label'] for i in range(len(dataset))])
        before = np.concatenate([np.zeros(context + 1, int), numbers])
        for i in range(len(dataset)):
            sample = dataset[i]
            assert sample['tokens'].tolist() == before[7 * i : 7 * i + context + 7].tolist()
            assert sample['gt_label'].tolist() == numbers[7 * i : 7 * i + 7].tolist()


def test_a_rest_of_the_training_part_is_left_out(file):
    assert len(Text(file=file, length=50)) == 1  # of 80 tokens
    assert len(Text(file=file, length=50, test_mode=True)) == 2


def test_words_that_training_does_not_have(tmp_path):
    path = tmp_path / 'text.txt'
    path.write_text('a b a b a b a b\n' + 'c a\n' * 4)
    val = Text(file=str(path), split='val', val_size=0.5, test_size=0.1, length=4)
    assert val.metainfo['classes'] == ('<eos>', '<unk>', 'a', 'b') and '<unk>' in tokens(val)


def test_spelling(file):
    dataset = Text(file=file, length=7, context=2, spelling=6)
    plain = Text(file=file, length=7, context=2)
    sample = dataset[3]
    assert sample['tokens'].shape == (9, 7) and (sample['tokens'][:, 0] == plain[3]['tokens']).all()
    for number, *spelled in sample['tokens'].tolist():
        word = dataset.metainfo['classes'][number][:4]
        assert spelled == [1, *(3 + ord(letter) for letter in word), 2] + [0] * (4 - len(word))


@pytest.mark.parametrize(('kind', 'classes'), [('characters', 17), ('bytes', 256)])
def test_characters_and_bytes(file, kind, classes):
    dataset = Text(file=file, tokens=kind, length=20, context=5)
    if kind == 'characters':
        classes = len(set(open(file).read())) + 1  # the unknown one
    assert len(dataset.metainfo['classes']) == classes
    assert ''.join(tokens(dataset)).startswith('w0 w1 w2 w3 w4 w5 w6 w7 w8\nw9 w10')


def test_indices_and_registry(file, mmpretrain_scope):
    dataset = DATASETS.build(dict(type='Text', file=file, length=7, indices=3, pipeline=[dict(type='PackTokens')]))
    assert len(dataset) == 3 and dataset[2]['inputs'].shape == (42,)
    assert f'File: \t{file}' in repr(dataset)


def test_made_up_samples_are_like_the_read_ones(file):
    rng = np.random.default_rng(0)
    for arguments in ({}, dict(length=5, context=0), dict(length=5, context=4, spelling=8)):
        found, read = Text.made_up(arguments, 9, rng), Text(file=file, **arguments)[0]
        assert {name: found[name].shape for name in found} == {name: read[name].shape for name in found}
        assert found['gt_label'].max() < 9


@pytest.mark.parametrize(
    ('arguments', 'key'),
    [
        (dict(split='valid'), 'split'),
        (dict(tokens='letters'), 'tokens'),
        (dict(length=0), 'length'),
        (dict(context=-1), 'context'),
        (dict(vocab_size=2), 'vocab_size'),
        (dict(spelling=2), 'spelling'),
        (dict(spelling=5, tokens='bytes'), 'spelling'),
        (dict(val_size=1.0), 'val_size'),
        (dict(val_size=0.5, test_size=0.5), 'val_size'),
        (dict(test_size='some'), 'test_size'),
        (dict(file=''), 'file'),
        (dict(vocab_size=1000), 'vocab_size'),
    ],
)
def test_wrong_arguments(file, arguments, key):
    with pytest.raises(ConfigError) as caught:
        Text(**(dict(file=file) | arguments))
    assert str(caught.value).startswith(f'dataset.{key}: ') and '\n' not in str(caught.value)


@pytest.mark.parametrize(
    ('content', 'arguments', 'line'),
    [
        (None, {}, 'cannot be read'),
        (b'', {}, r'has no words; must be a text'),
        (b'\n \n', {}, r'has no words; must be a text'),
        (b'', dict(tokens='bytes'), r'has no bytes; must be a text'),
        (b'\xff\xfea', {}, r"is no text \(byte 0 is none of UTF-8\); dataset\.tokens='bytes' takes any file"),
        (b'a b\n', {}, r'the train part has 3 words, but a chunk of dataset\.length = 35 needs 35; take a longer'),
        (b'a b\n', dict(split='val', test_mode=True), r'the val part has 0 words, but a chunk'),
    ],
)
def test_files_that_are_none(tmp_path, content, arguments, line):
    path = tmp_path / 'text.txt'
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=rf'^{path}: {line}'):
        Text(file=str(path), **arguments)
