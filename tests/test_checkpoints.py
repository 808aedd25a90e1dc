import os
import pickle
import random
import re
from urllib.error import URLError

import pytest
import torch
from mmengine.runner import CheckpointLoader
from mmengine.runner.checkpoint import _load_checkpoint

from ktg_mm.checkpoints import latest_checkpoint, load_by_name, load_checkpoint_safely, move_others, newest_first
from ktg_mm.errors import UserError


class RunsCode:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder):
        self.folder = str(folder)

    def __reduce__(self):
        return os.mkdir, (self.folder,)


@pytest.fixture
def checkpoint(tmp_path):
    path = tmp_path / 'epoch_1.pth'
    weights = {f'layer{index}.weight': torch.full((30,), float(index)) for index in range(5)}
    torch.save(dict(state_dict=weights, meta=dict(epoch=1, cfg='x' * 300)), path)
    return path


def refusal(path):
    """Returns the message of the UserError that loading must raise, after its file name."""
    with pytest.raises(UserError) as caught:
        load_checkpoint_safely(path)
    message = str(caught.value)
    assert message.startswith(f'checkpoint {path}: ')
    assert len(message.splitlines()) == 1
    return message.removeprefix(f'checkpoint {path}: ')


def test_latest_has_the_highest_number(tmp_path):
    for name in ('epoch_2.pth', 'epoch_10.pth', 'epoch_9.pth'):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (1, 1))  # all of one moment
    assert latest_checkpoint(tmp_path) == tmp_path / 'epoch_10.pth'


def test_latest_of_a_run_by_iterations(tmp_path):
    for name in ('iter_900.pth', 'iter_1000.pth'):
        (tmp_path / name).touch()
    assert latest_checkpoint(str(tmp_path)) == tmp_path / 'iter_1000.pth'


def test_latest_ignores_what_is_no_checkpoint_to_resume_from(tmp_path):
    for name in (
        '.epoch_8.pth.123.tmp',
        'epoch_8.pth.tmp',
        'best_net1_accuracy_top1_epoch_9.pth',
        'epoch_x.pth',
        'epoch_7-1234abcd.pth',
        'last_checkpoint',
    ):
        (tmp_path / name).touch()
    assert latest_checkpoint(tmp_path) is None
    (tmp_path / 'epoch_1.pth').touch()
    assert latest_checkpoint(tmp_path) == tmp_path / 'epoch_1.pth'


def test_latest_of_no_folder(tmp_path):
    assert latest_checkpoint(tmp_path / 'none') is None


def test_whole_checkpoint(checkpoint):
    loaded = load_checkpoint_safely(checkpoint)
    assert loaded['meta'] == dict(epoch=1, cfg='x' * 300)
    assert loaded['state_dict']['layer3.weight'].tolist() == [3.0] * 30


def test_home_folder_is_known(checkpoint, monkeypatch):
    monkeypatch.setenv('HOME', str(checkpoint.parent))
    assert load_checkpoint_safely('~/epoch_1.pth')['meta']['epoch'] == 1


def test_missing(tmp_path):
    assert refusal(tmp_path / 'none.pth') == 'no such file'
    assert refusal(tmp_path) == 'is a folder; give the file'


@pytest.mark.parametrize('share', [0.0, 0.01, 0.1, 0.5, 0.9, 0.999])
def test_truncated(checkpoint, share):
    content = checkpoint.read_bytes()
    checkpoint.write_bytes(content[: int(share * len(content))])
    assert refusal(checkpoint) == 'cannot be read, the file is truncated or corrupt'


def test_corrupt_bytes_are_refused_or_harmless(checkpoint):
    content = checkpoint.read_bytes()
    refused = 0
    for seed in range(200):
        generator = random.Random(seed)
        damaged = bytearray(content)
        start = generator.randrange(len(damaged))
        for index in range(start, min(start + 200, len(damaged))):
            damaged[index] = generator.randrange(256)
        checkpoint.write_bytes(damaged)
        try:
            # Where only values of tensors were hit, nothing can be noticed.
            assert isinstance(load_checkpoint_safely(checkpoint), dict)
        except UserError as error:
            refused += 1
            assert re.fullmatch(rf'checkpoint {re.escape(str(checkpoint))}: (.*corrupt.*|holds a .*)', str(error))
    assert refused > 100


@pytest.mark.parametrize(
    'error', [IndexError, AttributeError, AssertionError, UnicodeDecodeError('utf8', b'', 0, 1, '')]
)
def test_whatever_torch_raises_for_a_damaged_file(checkpoint, monkeypatch, error):
    def fail(*args, **kwargs):
        raise error

    monkeypatch.setattr(torch, 'load', fail)
    assert 'corrupt' in refusal(checkpoint)


def test_lack_of_memory_is_not_the_files_fault(checkpoint, monkeypatch):
    def fail(*args, **kwargs):
        raise torch.OutOfMemoryError

    monkeypatch.setattr(torch, 'load', fail)
    with pytest.raises(torch.OutOfMemoryError):
        load_checkpoint_safely(checkpoint)


@pytest.mark.parametrize(
    'content', [b'', b'hello world\n' * 10, b'{"epoch": 1}', b'PK\x03\x04' + bytes(100), bytes(50)]
)
def test_files_of_another_kind(checkpoint, content):
    checkpoint.write_bytes(content)
    assert 'corrupt' in refusal(checkpoint)


def test_no_dict(checkpoint):
    torch.save([torch.ones(1)], checkpoint)
    assert refusal(checkpoint) == 'holds a list, not a dict of weights'


@pytest.mark.parametrize('save', [torch.save, lambda value, path: path.write_bytes(pickle.dumps(value))])
def test_a_pickle_that_would_run_code_does_not(checkpoint, save):
    folder = checkpoint.with_name('harm')
    save(dict(state_dict=dict(weight=RunsCode(folder))), checkpoint)
    assert 'not safe to load' in refusal(checkpoint)
    assert not folder.exists()
    pickle.loads(pickle.dumps(RunsCode(folder)))  # unsafe loading would have run it
    assert folder.exists()


@pytest.mark.parametrize('load', [_load_checkpoint, CheckpointLoader.load_checkpoint])
def test_mmengine_loads_files_safely(checkpoint, load):
    assert load(str(checkpoint), map_location='cpu')['meta']['epoch'] == 1
    torch.save(dict(weight=RunsCode(checkpoint.with_name('harm'))), checkpoint)
    with pytest.raises(UserError, match='not safe to load'):
        load(str(checkpoint), map_location='cpu')
    assert not checkpoint.with_name('harm').exists()


@pytest.mark.parametrize('scheme', ['http', 'https'])
def test_mmengine_loads_addresses_safely(monkeypatch, scheme):
    calls = []

    def download(url, model_dir=None, **options):
        calls.append((url, options))
        return dict(weight=torch.ones(1))

    monkeypatch.setattr(torch.hub, 'load_state_dict_from_url', download)
    assert _load_checkpoint(f'{scheme}://example.org/net.pth', map_location='cpu')['weight'] == 1
    ((url, options),) = calls
    assert url == f'{scheme}://example.org/net.pth'
    assert options['weights_only'] is True
    assert options['map_location'] == 'cpu'


@pytest.mark.parametrize(
    ('error', 'reason'),
    [
        (URLError('no\nroute'), '<urlopen error no route>'),
        (pickle.UnpicklingError('Weights only load failed'), 'no checkpoint, corrupt or not safe'),
        (RuntimeError('PytorchStreamReader failed'), 'no checkpoint, corrupt or not safe'),
    ],
)
def test_an_address_that_gives_no_checkpoint(monkeypatch, error, reason):
    def fail(*args, **kwargs):
        raise error

    monkeypatch.setattr(torch.hub, 'load_state_dict_from_url', fail)
    with pytest.raises(UserError) as caught:
        _load_checkpoint('https://example.org/net.pth', map_location='cpu')
    assert str(caught.value) == f'checkpoint https://example.org/net.pth: cannot be loaded: {reason}'


@pytest.mark.parametrize('scheme', ['torchvision://resnet18', 'open-mmlab://resnet18', 'http://some.where/a.pth'])
def test_model_zoos_are_loaded_safely(monkeypatch, scheme):
    asked = []

    def download(url, *args, **options):
        asked.append(options['weights_only'])
        return dict(weight=torch.zeros(1))

    monkeypatch.setattr(torch.hub, 'load_state_dict_from_url', download)
    monkeypatch.setattr('mmengine.runner.checkpoint.get_torchvision_models', lambda: {'resnet18': 'https://a/b.pth'})
    monkeypatch.setattr('mmengine.runner.checkpoint.get_external_models', lambda: {'resnet18': 'https://a/b.pth'})
    monkeypatch.setattr('mmengine.runner.checkpoint.get_deprecated_model_names', lambda: {})
    CheckpointLoader.load_checkpoint(scheme)
    assert asked == [True]


def test_the_most_iterations_count_and_not_the_clock(tmp_path):
    for name, age in (('epoch_30.pth', 100), ('epoch_5.pth', 10)):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (1e9 - age, 1e9 - age))
    assert latest_checkpoint(tmp_path).name == 'epoch_30.pth'
    assert latest_checkpoint(tmp_path, since=1e9 - 50).name == 'epoch_5.pth'
    assert latest_checkpoint(tmp_path, since=1e9) is None


def flips(content, number):
    """A file's content with one bit changed, at random places, the last kilobyte (the zip's table) as often."""
    generator = random.Random(0)
    for index in range(number):
        place = generator.randrange(len(content)) if index % 2 else len(content) - 1 - generator.randrange(1000)
        yield place, content[:place] + bytes([content[place] ^ 1 << generator.randrange(8)]) + content[place + 1 :]


def test_a_flipped_bit_is_noticed_or_harmless(checkpoint):
    expected, content = load_checkpoint_safely(checkpoint), checkpoint.read_bytes()
    refused = 0
    for place, damaged in flips(content, 200):
        checkpoint.write_bytes(damaged)
        try:
            loaded = load_checkpoint_safely(checkpoint)
        except UserError as error:
            refused += 1
            assert 'corrupt' in str(error)
        else:
            assert loaded['meta'] == expected['meta'], place
            assert loaded['state_dict'].keys() == expected['state_dict'].keys()
            for name, weight in expected['state_dict'].items():
                assert torch.equal(loaded['state_dict'][name], weight), place
    assert refused > 50


def test_a_flipped_bit_of_a_weight_is_noticed(checkpoint):
    content = bytearray(checkpoint.read_bytes())
    content[content.index(torch.full((30,), 3.0).numpy().tobytes()) + 50] ^= 1
    checkpoint.write_bytes(content)
    assert torch.load(checkpoint, weights_only=True)['state_dict']['layer3.weight'].unique().numel() == 2
    assert refusal(checkpoint) == 'cannot be read, the file is truncated or corrupt'


def test_an_old_format_without_checksums_is_read(checkpoint):
    torch.save(dict(weight=torch.ones(2)), checkpoint, _use_new_zipfile_serialization=False)
    assert load_checkpoint_safely(checkpoint)['weight'].tolist() == [1.0, 1.0]


def test_epochs_and_iterations_are_compared_by_what_was_done(tmp_path):
    for name, done in (('epoch_3.pth', 300), ('iter_250.pth', 250), ('iter_90.pth', 90)):
        torch.save(dict(meta=dict(iter=done), state_dict=dict(weight=torch.ones(3))), tmp_path / name)
    assert [path.name for path in newest_first(tmp_path)] == ['epoch_3.pth', 'iter_250.pth', 'iter_90.pth']
    torch.save(dict(meta=dict(iter=301)), tmp_path / 'iter_301.pth')
    assert latest_checkpoint(tmp_path).name == 'iter_301.pth'


def test_a_damaged_one_may_be_the_newest(tmp_path):
    torch.save(dict(meta=dict(iter=300)), tmp_path / 'epoch_3.pth')
    (tmp_path / 'iter_250.pth').write_bytes(b'damaged')
    assert latest_checkpoint(tmp_path).name == 'iter_250.pth'


def test_a_checkpoint_of_another_name_is_found_by_mmengines_note(tmp_path):
    (tmp_path / 'elsewhere').mkdir()
    (tmp_path / 'elsewhere/newest.pth').touch()
    (tmp_path / 'last_checkpoint').write_text(f'{tmp_path}/elsewhere/newest.pth')
    assert latest_checkpoint(tmp_path) == tmp_path / 'elsewhere/newest.pth'
    assert latest_checkpoint(tmp_path, since=2e9) is None
    (tmp_path / 'epoch_1.pth').touch()
    assert latest_checkpoint(tmp_path) == tmp_path / 'epoch_1.pth'


SAVED = ['best_a_top1_epoch_4.pth', 'best_a_top1_epoch_2.pth', 'epoch_2.pth', 'epoch_3.pth', 'epoch_4-0a1b2c3d.pth']
OTHERS = ['teacher.pth', 'config.py']


@pytest.mark.parametrize(
    ('resumed', 'moved'),
    [
        (None, [*SAVED, 'finished.json', 'last_checkpoint']),
        ('epoch_3.pth', ['best_a_top1_epoch_4.pth', 'epoch_4-0a1b2c3d.pth']),
        ('epoch_2.pth', ['best_a_top1_epoch_4.pth', 'epoch_3.pth', 'epoch_4-0a1b2c3d.pth']),
        ('other/epoch_2.pth', [*SAVED, 'finished.json']),
    ],
)
def test_what_a_run_does_not_go_on_from_is_moved(tmp_path, resumed, moved):
    (tmp_path / 'other').mkdir()
    for name in (*SAVED, *OTHERS, 'finished.json', 'last_checkpoint', 'other/epoch_2.pth'):
        (tmp_path / name).write_text(name)
    place = move_others(tmp_path, resumed and str(tmp_path / resumed))
    assert place.parent == tmp_path / 'earlier'
    assert sorted(path.name for path in place.iterdir()) == sorted(moved)
    left = {path.name for path in tmp_path.iterdir() if path.is_file()}
    assert left == {*SAVED, *OTHERS, 'finished.json', 'last_checkpoint'} - set(moved)
    assert all(path.read_text() == path.name for path in place.iterdir())


def test_what_is_moved_twice_in_a_second_is_kept_apart(tmp_path):
    places = []
    for _ in range(3):
        (tmp_path / 'epoch_1.pth').touch()
        places.append(move_others(tmp_path, None))
    assert len(set(places)) == 3
    assert all((place / 'epoch_1.pth').exists() for place in places)
    assert move_others(tmp_path, None) is None


@pytest.mark.parametrize(
    ('name', 'problem'),
    [
        ('torchvision://resnet1', 'no model of this name is known'),
        ('open-mmlab://resnet1', 'no model of this name is known'),
        ('mmcls://resnet1', 'no model of this name is known'),
        ('s3://bucket/a.pth', 'cannot be loaded: '),
        ('gs://bucket/a.pth', 'no such file'),
        ('http://localhost:1/x.pth', 'cannot be loaded: <urlopen error'),
    ],
)
def test_names_that_lead_nowhere(name, problem):
    with pytest.raises(UserError) as caught:
        load_by_name(name)
    assert str(caught.value).startswith(f'checkpoint {name.replace("//", "/") if "gs:" in name else name}: {problem}')
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    ('content', 'problem'),
    [
        (dict(state_dict=[1]), 'its state_dict holds no weights'),
        (dict(state_dict={}), 'its state_dict holds no weights'),
        (dict(meta=dict(epoch=1)), 'it holds no weights'),
        ({}, 'it holds no weights'),
    ],
)
def test_a_checkpoint_without_weights(checkpoint, content, problem):
    torch.save(content, checkpoint)
    with pytest.raises(UserError) as caught:
        load_by_name(str(checkpoint))
    assert str(caught.value) == f'checkpoint {checkpoint}: {problem}'
