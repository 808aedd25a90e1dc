"""A text that comes with Python."""

import re
from collections.abc import Sequence
from pydoc_data.topics import topics
from typing import Any

from mmpretrain.registry import DATASETS

from ktg_mm.errors import ConfigError

from .text import Text

_WORD = re.compile(r'\w+|([^\w\s])\1*')  # a rule of stars is one


@DATASETS.register_module()
class PydocTopics(Text):
    """What ``help('topics')`` of Python lists: about 114,000 words on the language's rules, no download.

    It is the text of the Python that runs, so numbers are to be compared on one version alone. It is taken as Penn
    Treebank is prepared: in small letters, with signs as words of their own,
    a row of the same sign as one. Samples are :class:`Text`'s.

    Args:
        **kwargs: Options of :class:`Text`, but for ``file``.

    Raises:
        ConfigError: If a file is given.

    Example:
        >>> topics = PydocTopics(vocab_size=1000)
        >>> len(topics.metainfo['classes'])
        1000
    """

    def __init__(self, **kwargs: Any) -> None:
        if 'file' in kwargs:
            raise ConfigError('dataset.file', 'is not of PydocTopics, which reads its own; remove it, or take Text')
        super().__init__(file='pydoc_data.topics', **kwargs)

    def read(self, file: str) -> Sequence[str]:
        """The words, or what else the tokens are."""
        text = '\n'.join(topics[name] for name in sorted(topics)).lower()
        lines = (' '.join(found[0] for found in _WORD.finditer(line)) for line in text.split('\n'))
        return self.divide('\n'.join(line for line in lines if line).encode(), file)
