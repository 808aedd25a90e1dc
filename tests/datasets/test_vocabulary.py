"""The tokens of a text."""

import pytest

from ktg_mm.datasets.vocabulary import Vocabulary, tokens_of
from ktg_mm.errors import ConfigError


@pytest.mark.parametrize(
    ('text', 'kind', 'expected'),
    [
        (b'a  b\n\tc\n', 'words', ['a', 'b', '<eos>', 'c', '<eos>']),
        (b'a\r\n\r\nb', 'words', ['a', '<eos>', '<eos>', 'b', '<eos>']),
        (b' \n\n', 'words', []),
        ('n\u00e4h\n'.encode(), 'characters', ['n', '\u00e4', 'h', '\n']),
        (b'\x00\xff\n', 'bytes', ['\x00', '\xff', '\n']),
    ],
)
def test_tokens(text, kind, expected):
    assert list(tokens_of(text, kind)) == expected


@pytest.mark.parametrize(('text', 'reason'), [(b'ab\xff', 'byte 2 is none of UTF-8'), (b'a\0b', 'it has bytes that')])
@pytest.mark.parametrize('kind', ['words', 'characters'])
def test_no_text(text, reason, kind):
    with pytest.raises(ValueError, match=reason):
        tokens_of(text, kind)


def test_words_by_how_often_they_come():
    tokens = 'b a b c <unk> a b <eos>'.split()
    vocabulary = Vocabulary(tokens, 'words')
    assert vocabulary.tokens == ('<eos>', '<unk>', 'b', 'a', 'c') and vocabulary.end == 0
    assert vocabulary.numbers(['c', 'z', '<eos>', '<unk>', 'b']).tolist() == [4, 1, 0, 1, 2]
    small = Vocabulary(tokens, 'words', size=3)
    assert small.tokens == ('<eos>', '<unk>', 'b') and small.numbers(tokens).tolist() == [2, 1, 2, 1, 1, 1, 2, 0]
    with pytest.raises(ConfigError, match=r'^dataset\.vocab_size: is 6, but the training text has 5 different words$'):
        Vocabulary(tokens, 'words', size=6)


def test_characters_and_bytes():
    assert Vocabulary('aba\n', 'characters').tokens == ('\n', '<unk>', 'a', 'b')
    bytes_ = Vocabulary('', 'bytes')
    assert len(bytes_.tokens) == 256 and bytes_.end == 10
    assert bytes_.numbers(tokens_of(b'\n\xffA', 'bytes')).tolist() == [10, 255, 65]


def test_spelling():
    vocabulary = Vocabulary(['\u00e4bc'], 'words')
    assert vocabulary.spellings(7)[2].tolist() == [1, 3 + 0xC3, 3 + 0xA4, 3 + ord('b'), 3 + ord('c'), 2, 0]
    assert vocabulary.spellings(4)[2].tolist() == [1, 3 + 0xC3, 3 + 0xA4, 2]
