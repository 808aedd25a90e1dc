"""The tokens of a text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from ktg_mm.errors import ConfigError
from ktg_mm.models.language.character_encoder import BEGINNING, END, FIRST_BYTE, NOTHING

END_OF_LINE, UNKNOWN = '<eos>', '<unk>'
KINDS = ('words', 'characters', 'bytes')


def tokens_of(text: bytes, kind: str) -> Sequence[str]:
    r"""A text's tokens.

    Args:
        text: As a file holds it.
        kind: ``'words'``: what white space divides, and ``<eos>`` at the end of each line. ``'characters'``: of a text
            in UTF-8. ``'bytes'``: all of them, each as the character of its number.

    Raises:
        ValueError: If words or characters are asked of what is no text in UTF-8.

    Example:
        >>> tokens_of(b'the cat\nsat\n', 'words')
        ['the', 'cat', '<eos>', 'sat', '<eos>']
    """
    if kind == 'bytes':
        return text.decode('latin-1')
    if b'\0' in text:
        raise ValueError('it has bytes that are 0')
    try:
        decoded = text.decode('utf-8')
    except UnicodeDecodeError as error:
        raise ValueError(f'byte {error.start} is none of UTF-8') from error
    decoded = decoded.replace('\r\n', '\n')
    if kind == 'characters':
        return decoded
    lines = decoded.removesuffix('\n').split('\n') if decoded.strip() else []
    return [word for line in lines for word in (*line.split(), END_OF_LINE)]


class Vocabulary:
    """The numbers of a text's tokens: the end of a line is 0, what is not known 1, others by how often they come.

    Bytes are their own numbers, all 256 of them.

    Args:
        tokens: The training text's.
        kind: As :func:`tokens_of` has it.
        size: How many tokens to keep, the two special ones among them; the rarest become ``<unk>``. Defaults to None:
            all.

    Attributes:
        tokens: By their numbers.

    Raises:
        ConfigError: If there are fewer than ``size``; the key is the data set's.

    Example:
        >>> vocabulary = Vocabulary(['b', 'a', 'a', '<eos>'], 'words')
        >>> vocabulary.tokens, vocabulary.numbers(['a', 'c']).tolist()
        (('<eos>', '<unk>', 'a', 'b'), [2, 1])
    """

    def __init__(self, tokens: Iterable[str], kind: str, size: int | None = None) -> None:
        self.end = 0
        if kind == 'bytes':
            self.tokens = tuple(map(chr, range(256)))
            self.end = ord('\n')
        else:
            special = (END_OF_LINE if kind == 'words' else '\n', UNKNOWN)
            counts = Counter(tokens)
            ordered = sorted(counts.keys() - set(special), key=lambda token: (-counts[token], token))
            self.tokens = (*special, *ordered)[:size]
        if size is not None and len(self.tokens) != size:
            raise ConfigError(
                'dataset.vocab_size', f'is {size}, but the training text has {len(self.tokens)} different {kind}'
            )
        self._number = {token: number for number, token in enumerate(self.tokens)}

    def numbers(self, tokens: Sequence[str]) -> np.ndarray:
        """The numbers of tokens, int32 of shape (N,)."""
        return np.fromiter((self._number.get(token, 1) for token in tokens), np.int32, len(tokens))

    def spellings(self, length: int) -> np.ndarray:
        """Each token's spelling, with marks at its ends, cut or filled up to a length: int32 of shape (V, W).

        Args:
            length: W, at least 3.

        Example:
            >>> Vocabulary(['a'], 'words').spellings(4)[2].tolist()
            [1, 100, 2, 0]
        """
        table = np.full((len(self.tokens), length), NOTHING, np.int32)
        for row, token in zip(table, self.tokens, strict=True):
            letters = [FIRST_BYTE + byte for byte in token.encode('utf-8', 'surrogatepass')[: length - 2]]
            row[: len(letters) + 2] = [BEGINNING, *letters, END]
        return table
