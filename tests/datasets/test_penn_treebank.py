"""Penn Treebank's layout."""

import pytest

from ktg_mm.datasets import PennTreebank
from ktg_mm.errors import ConfigError, DataError


def test_three_files(tmp_path, miniatures):
    root = str(miniatures.write_penn_treebank(tmp_path / 'ptb', words=50))
    parts = {split: PennTreebank(data_root=root, split=split, length=10) for split in ('train', 'val', 'test')}
    # A sentence is six words and its end; the first one of the training text has every word.
    sizes = dict(train=51 + 60 * 7, val=10 * 7, test=12 * 7)
    assert [len(parts[split]) for split in parts] == [sizes['train'] // 10, 7, 9]
    for split, part in parts.items():
        classes = part.metainfo['classes']
        assert len(classes) == 51 and classes[:2] == ('<eos>', '<unk>')  # no other <unk> beside the text's own
        said = [classes[label] for i in range(len(part)) for label in part[i]['gt_label'] if label >= 0]
        text = open(f'{root}/ptb.{dict(val="valid").get(split, split)}.txt').read()
        assert said == text.replace('\n', ' <eos> ').split()[: len(said)]
        assert len(said) == sizes[split] - (sizes[split] % 10 if split == 'train' else 0)


def test_what_is_missing(tmp_path):
    command = 'get it with: python tools/download_dataset.py penn_treebank --data-root'
    with pytest.raises(DataError, match=rf'^Penn Treebank: {tmp_path}/ptb\.\w+\.txt is missing; {command} {tmp_path}$'):
        PennTreebank(data_root=str(tmp_path), split='val')


@pytest.mark.parametrize(
    ('arguments', 'key'), [(dict(split='valid'), 'split'), (dict(tokens='words'), 'tokens'), (dict(file='a'), 'file')]
)
def test_wrong_arguments(arguments, key):
    with pytest.raises(ConfigError, match=rf'^dataset\.{key}: '):
        PennTreebank(data_root='.', **arguments)
