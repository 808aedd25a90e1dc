"""The text that comes with Python."""

import pytest

from ktg_mm.datasets import PydocTopics
from ktg_mm.errors import ConfigError


def test_words():
    parts = {split: PydocTopics(split=split, vocab_size=1000) for split in ('train', 'val', 'test')}
    sizes = [len(part) for part in parts.values()]
    assert sizes[0] > 2000 and 200 < sizes[1] and abs(sizes[1] - sizes[2]) <= 1
    classes = parts['train'].metainfo['classes']
    assert len(set(classes)) == 1000 and {'the', 'statement', '.', '"', '<eos>', '<unk>'} < set(classes)
    assert not any(word != word.lower() or ' ' in word for word in classes)
    unknown = sum((parts['test'][i]['gt_label'] == 1).sum() for i in range(sizes[2])) / (35 * sizes[2])
    assert 0.01 < unknown < 0.2


def test_a_file():
    with pytest.raises(ConfigError, match=r'^dataset\.file: is not of PydocTopics, which reads its own; remove it'):
        PydocTopics(file='a.txt')
