from pathlib import Path

import pytest

from ktg_mm.errors import UserError
from ktg_mm.search.found import teachers
from ktg_mm.search.found.teachers import beside_config, take_weights
from ktg_mm.search.space.candidates import PRETRAINED


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """Those that a search has trained of networks a and b."""
    monkeypatch.setattr(teachers, 'weights_path', lambda network, base, folder: folder / f'{network}.pth')
    folder = tmp_path / 'run/pretrained'
    folder.mkdir(parents=True)
    for name in 'ab':
        (folder / f'{name}.pth').write_text(name)
    return folder


def graph(*networks):
    nodes = {f'net{i}': dict(network=network, checkpoint=PRETRAINED) for i, network in enumerate(networks)}
    return dict(nodes=dict(nodes, student=dict(network='a'), given=dict(network='a', checkpoint='mine.pth')))


def test_each_is_copied_once_and_named_by_its_node(weights, tmp_path):
    model = graph('a', 'b', 'a')
    taken = take_weights(model, {}, weights, tmp_path / 'out/found.py')
    folder = tmp_path / 'out/found_teachers'
    assert taken == {'net0': folder / 'a.pth', 'net1': folder / 'b.pth', 'net2': folder / 'a.pth'}
    assert [path.read_text() for path in sorted(folder.iterdir())] == ['a', 'b']
    checkpoints = {name: node.get('checkpoint') for name, node in model['nodes'].items()}
    assert checkpoints == {**{name: str(path) for name, path in taken.items()}, 'student': None, 'given': 'mine.pth'}


def test_missing_weights(weights, tmp_path):
    with pytest.raises(
        UserError, match=rf'^--work-dir {weights.parent}: lacks the weights of the frozen teacher net0, '
    ):
        take_weights(graph('c'), {}, weights, tmp_path / 'found.py')


def test_a_folder_that_cannot_be_written(weights, tmp_path):
    (tmp_path / 'found_teachers').write_text('a file')
    with pytest.raises(UserError, match=f'^--out {tmp_path}/found.py: '):
        take_weights(graph('a'), {}, weights, tmp_path / 'found.py')


def test_only_the_copies_are_named_by_their_place():
    text = "checkpoint='/a/f_teachers/x.pth', other='/a/f_teachers/x.pth.old'"
    changed = beside_config(text, dict(net=Path('/a/f_teachers/x.pth')))
    assert changed == "checkpoint='{{ fileDirname }}/f_teachers/x.pth', other='/a/f_teachers/x.pth.old'"


@pytest.mark.parametrize('folder', ["/o'brien", '/a"b', '/a\\b', '/a{{b', '/a\nb'])
def test_a_folder_whose_name_is_no_plain_text_is_named_whole(folder):
    text = f'checkpoint={folder + "/f_teachers/x.pth"!r}'
    assert beside_config(text, dict(net=Path(folder) / 'f_teachers/x.pth')) == text
