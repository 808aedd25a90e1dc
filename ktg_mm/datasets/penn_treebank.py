"""Penn Treebank, as language models are compared on."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmpretrain.registry import DATASETS

from ktg_mm.datasets.download import how_to_get
from ktg_mm.errors import ConfigError, DataError

from .text import SPLITS, Text

_FILES = dict(train='train', val='valid', test='test')


@DATASETS.register_module()
class PennTreebank(Text):
    """Penn Treebank as Mikolov has prepared it (Interspeech 2010): 10,000 words, 929,589 tokens to train on.

    Its folder holds ``ptb.train.txt``, ``ptb.valid.txt`` and ``ptb.test.txt``, a sentence a line, in small letters,
    without punctuation, with N for numbers and ``<unk>`` for rare words. Samples are :class:`Text`'s.

    Args:
        data_root: Folder of the files.
        split: ``'train'``, ``'val'`` or ``'test'``. Defaults to ``'train'``.
        **kwargs: Options of :class:`Text`, but for those that divide a file.

    Raises:
        ConfigError: If the split is none of the three.
        DataError: If a file is missing or is no text.

    Example:
        >>> PennTreebank(data_root='data/nowhere')
        Traceback (most recent call last):
        ...
        ktg_mm.errors.DataError: Penn Treebank: data/nowhere/ptb.train.txt is missing; get it with: python tools/...
    """

    def __init__(self, data_root: str, split: str = 'train', **kwargs: Any) -> None:
        for name in ('file', 'val_size', 'test_size', 'tokens'):
            if name in kwargs:
                raise ConfigError(f'dataset.{name}', 'is not of Penn Treebank, whose three files hold words; remove it')
        if split not in SPLITS:
            raise ConfigError('dataset.split', f'Penn Treebank has the splits {", ".join(SPLITS)}, got {split!r}')
        file = f'{data_root}/ptb.{_FILES[split]}.txt'
        super().__init__(file=file, split=split, data_root=data_root, **kwargs)

    def read_parts(self) -> Mapping[str, Sequence[str]]:
        """The words of the training part and of this one."""
        return {split: self.read(f'{self.data_root}/ptb.{_FILES[split]}.txt') for split in {'train', self.split}}

    def read(self, file: str) -> Sequence[str]:
        """The words of a file."""
        if not Path(file).expanduser().is_file():
            raise DataError(f'Penn Treebank: {file} is missing; {how_to_get("penn_treebank", self.data_root)}')
        return super().read(file)
