"""Chunks of a text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmpretrain.datasets import BaseDataset
from mmpretrain.registry import DATASETS

from ktg_mm.config import check_number
from ktg_mm.config.check_argument import check_whole, split_argument
from ktg_mm.errors import ConfigError, DataError, did_you_mean
from ktg_mm.mmengine_private import own_metainfo
from ktg_mm.structures import UNLABELED

from .vocabulary import KINDS, Vocabulary, tokens_of

SPLITS = ('train', 'val', 'test')
_SIZES = dict(length=35, context=35, spelling=0)  # what they are if a config does not say


@DATASETS.register_module()
class Text(BaseDataset):
    """A text file, as chunks of L tokens of which a language model is to say each by those before it.

    A sample has ``tokens``, the T inputs, and ``gt_label``, the L tokens to be said: the inputs are the labels shifted
    by one, and before them ``context`` more tokens, which a recurrent network reads to come to the state that it would
    have, had it read the text up to there. So samples need nothing of one another, and may come in any order. Before
    the beginning stand ends of lines.

    One file is divided into three parts that follow one another: the last shares are validation and test. The
    vocabulary is the training part's; what is not in it is ``<unk>``. It is in the metainfo ``classes``, and by that in
    the checkpoints. What is left of the training part at its end, shorter than a chunk, is not used; in the other parts
    it is filled up with labels of -1, which do not count.

    Args:
        file: The file.
        split: ``'train'``, ``'val'`` or ``'test'``. Defaults to ``'train'``.
        val_size: Share of the tokens to validate on. Defaults to 0.1.
        test_size: Share of the tokens to test on. Defaults to 0.1.
        tokens: ``'words'``, what white space divides, with ``<eos>`` at the end of each line; ``'characters'`` or
            ``'bytes'``. Defaults to ``'words'``.
        vocab_size: How many different tokens to keep, ``<eos>`` and ``<unk>`` among them. Defaults to None: all.
        length: Tokens of a chunk, L, the networks' ``length``. Defaults to 35.
        context: Tokens before a chunk, 0 or more. Defaults to 35.
        spelling: Symbols of a word's spelling, W, for networks with a ``CharacterEncoder``; inputs are (T, 1 + W)
            then. Defaults to 0: none, (T,).
        test_mode: Whether the last chunk is filled up. Defaults to None: but for the training part.
        **kwargs: Options of mmpretrain's ``BaseDataset``, such as ``pipeline``.

    Raises:
        ConfigError: If an argument is wrong.
        DataError: If the file cannot be read, is no text, or is too short.

    Example:
        >>> Text(file='data/nowhere.txt')
        Traceback (most recent call last):
        ...
        ktg_mm.errors.DataError: data/nowhere.txt: cannot be read (No such file or directory)
    """

    def __init__(
        self,
        file: str,
        split: str = 'train',
        val_size: float = 0.1,
        test_size: float = 0.1,
        tokens: str = 'words',
        vocab_size: int | None = None,
        length: int = 35,
        context: int = 35,
        spelling: int = 0,
        test_mode: bool | None = None,
        **kwargs: Any,
    ) -> None:
        if split not in SPLITS:
            raise ConfigError('dataset.split', f'a text has no split {split!r}; {did_you_mean(split, SPLITS)}')
        if tokens not in KINDS:
            raise ConfigError('dataset.tokens', f"must be 'words', 'characters' or 'bytes', got {tokens!r}")
        try:
            for name, share in (('val_size', val_size), ('test_size', test_size)):
                check_number(name, share, '[0, 1)')
            check_whole('length', length)
            check_whole('context', context, least=0)
            check_whole('spelling', spelling, least=0)
            if vocab_size is not None:
                check_whole('vocab_size', vocab_size, least=3)
            if not isinstance(file, str) or not file:
                raise ValueError(f'file must be a path, got {file!r}')
            if val_size + test_size >= 1:
                raise ValueError(f'val_size must leave tokens to train on, got {val_size} beside {test_size}')
            if 0 < spelling < 3:
                raise ValueError(f'spelling must be 0, or at least 3: two symbols mark the ends, got {spelling}')
            if spelling and tokens != 'words':
                raise ValueError(f'spelling must be 0, as {tokens} have none, got {spelling}')
        except ValueError as error:
            name, problem = split_argument(str(error))
            raise ConfigError(f'dataset.{name}', problem) from error
        self.file, self.split, self.shares = file, split, (val_size, test_size)
        self.kind, self.vocab_size = tokens, vocab_size
        self.length, self.context, self.spelling = length, context, spelling
        super().__init__(ann_file='', test_mode=split != 'train' if test_mode is None else test_mode, **kwargs)

    def load_data_list(self) -> list[dict[str, Any]]:
        """Returns where each chunk begins; reads the text and sets the metainfo ``classes``, the vocabulary."""
        parts = self.read_parts()
        train, mine = parts['train'], parts[self.split]
        vocabulary = Vocabulary(train, self.kind, self.vocab_size)
        own_metainfo(self)['classes'] = vocabulary.tokens
        least = 1 if self.test_mode else self.length
        if len(mine) < least:
            raise DataError(
                f'{self.file}: the {self.split} part has {len(mine)} {self.kind}, but a chunk of dataset.length = '
                f'{self.length} needs {least}; take a longer text, or another length or share of it'
            )
        numbers = vocabulary.numbers(mine)
        chunks = (len(numbers) + (self.length - 1 if self.test_mode else 0)) // self.length
        before = np.full(self.context + 1, vocabulary.end, np.int32)
        after = np.full(max(0, chunks * self.length - len(numbers)), UNLABELED, np.int32)
        self._text = np.concatenate([before, numbers, after])
        self._spellings = vocabulary.spellings(self.spelling) if self.spelling else None
        return [dict(start=number * self.length) for number in range(chunks)]

    def read_parts(self) -> Mapping[str, Sequence[str]]:
        """The tokens of each part that there is, that of the training among them."""
        tokens = self.read(self.file)
        val, test = (int(share * len(tokens)) for share in self.shares)
        ends = len(tokens) - val - test, len(tokens) - test
        return dict(train=tokens[: ends[0]], val=tokens[ends[0] : ends[1]], test=tokens[ends[1] :])

    def read(self, file: str) -> Sequence[str]:
        """The tokens of a file."""
        try:
            content = Path(file).expanduser().read_bytes()
        except OSError as error:
            raise DataError(f'{file}: cannot be read ({error.strerror})') from error
        return self.divide(content, file)

    def divide(self, content: bytes, file: str) -> Sequence[str]:
        """The tokens of what a file holds."""
        try:
            tokens = tokens_of(content, self.kind)
        except ValueError as error:
            raise DataError(f"{file}: is no text ({error}); dataset.tokens='bytes' takes any file") from error
        if not tokens:
            raise DataError(f'{file}: has no {self.kind}; must be a text')
        return tokens

    def get_data_info(self, idx: int) -> dict[str, Any]:
        """A chunk's ``tokens``, ``gt_label``, and ``sample_idx``."""
        info = super().get_data_info(idx)
        start = info.pop('start')
        window = self._text[start : start + self.context + 1 + self.length]
        tokens, label = window[:-1], window[self.context + 1 :]
        tokens = np.where(tokens == UNLABELED, 0, tokens)  # what follows the end predicts nothing
        if self._spellings is not None:
            tokens = np.concatenate([tokens[:, None], self._spellings[tokens]], axis=1)
        return info | dict(tokens=tokens, gt_label=label)

    @staticmethod
    def made_up(config: Mapping[str, Any], vocab_size: int, rng: np.random.Generator) -> dict[str, Any]:
        """What a sample would hold, before data are read.

        Args:
            config: The data set's arguments.
            vocab_size: Tokens are below it.
            rng: Draws them.
        """
        length, context, spelling = (config.get(name, default) for name, default in _SIZES.items())
        window = rng.integers(0, vocab_size, context + length + 1)
        tokens = window[:-1, None] if spelling else window[:-1]
        if spelling:
            tokens = np.concatenate([tokens, np.ones((len(tokens), spelling), np.int64)], axis=1)
        return dict(tokens=tokens, gt_label=window[context + 1 :])

    def extra_repr(self) -> list[str]:
        """Returns the lines that ``repr`` adds for this data set."""
        return [f'File: \t{self.file}', f'Split: \t{self.split}']
