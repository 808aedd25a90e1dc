"""What the machine refuses is one line that names the setting or the folder."""

import errno
import os
import resource
import signal
import time

import pytest
import torch
from mmpretrain.registry import DATASETS

from ktg_mm.apis import runner as runner_module
from ktg_mm.apis.user_message import user_message
from ktg_mm.datasets import Digits
from ktg_mm.engine.file_backend import AtomicLocalBackend
from ktg_mm.errors import UserError


class Faulty(Digits):
    """Has a fault when it is asked for a sample, in a worker."""

    fault = None

    def prepare_data(self, idx):
        getattr(Faults, self.fault)()
        return super().prepare_data(idx)

    def __init__(self, fault, **options):
        self.fault = fault
        super().__init__(**options)


class Faults:
    """By the name in the config."""

    @staticmethod
    def killed():
        os.kill(os.getpid(), signal.SIGKILL)

    @staticmethod
    def ended():
        os._exit(3)

    @staticmethod
    def late():
        time.sleep(30)

    @staticmethod
    def out_of_memory():
        raise MemoryError

    @staticmethod
    def out_of_files():
        raise OSError(errno.EMFILE, 'Too many open files', 'x.png')

    @staticmethod
    def unreadable():
        raise PermissionError(errno.EACCES, 'Permission denied', 'x.png')

    @staticmethod
    def wrong():
        raise ZeroDivisionError


@pytest.mark.parametrize(
    ('fault', 'line'),
    [
        ('killed', 'num_workers: a worker is killed by signal: Killed; fewer workers, or more memory'),
        ('ended', 'num_workers: a worker exited unexpectedly; fewer workers, or more memory'),
        ('late', 'timeout: no batch came within 1 seconds; a longer time, or more workers'),
        ('out_of_memory', 'batch_size: out of memory; a smaller batch, or smaller networks'),
        ('out_of_files', 'num_workers: too many open files; fewer workers, or a higher limit (ulimit -n)'),
        ('unreadable', None),
        ('wrong', None),
    ],
)
def test_workers(tiny_runner, monkeypatch, fault, line, name='train'):
    monkeypatch.setitem(DATASETS.module_dict, 'Faulty', Faulty)
    monkeypatch.setattr(torch.utils.data._utils, 'MP_STATUS_CHECK_INTERVAL', 0.1)  # seconds to wait for their end
    loader = f'{name}_dataloader'
    options = {
        'dataset.type': 'Faulty',
        'dataset.fault': fault,
        'num_workers': 1,
        'timeout': 1 if fault == 'late' else 60,
    }
    runner = tiny_runner({'train_cfg.max_epochs': 1} | {f'{loader}.{key}': value for key, value in options.items()})
    with pytest.raises((RuntimeError, OSError, MemoryError, ZeroDivisionError)) as caught:
        runner.train()
    if fault == 'unreadable':
        assert user_message(caught.value) == 'x.png: cannot be read or written: Permission denied'
    else:
        assert user_message(caught.value) == (line and f'{loader}.{line}')


def test_a_worker_of_the_validation(tiny_runner, monkeypatch):
    line = 'num_workers: a worker is killed by signal: Killed; fewer workers, or more memory'
    test_workers(tiny_runner, monkeypatch, 'killed', line, 'val')


@pytest.mark.parametrize(
    ('error', 'line'),
    [
        (
            RuntimeError(
                "DataLoader worker (pid 12) is killed by signal: Bus error. It is possible that dataloader's workers "
                'are out of shared memory. Please try to raise your shared memory limit.'
            ),
            'dataloader.num_workers: the shared memory (/dev/shm) is full; fewer workers, or make it larger',
        ),
        (
            RuntimeError('unable to write to file </torch_17_99_0>: No space left on device (28)'),
            'dataloader.num_workers: the shared memory (/dev/shm) is full; fewer workers, or make it larger',
        ),
        (
            RuntimeError('received 0 items of ancdata'),
            'dataloader.num_workers: too many open files; fewer workers, or a higher limit (ulimit -n)',
        ),
        (
            torch.OutOfMemoryError('CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has 1 GiB.'),
            'dataloader.batch_size: out of memory on the GPU; a smaller batch, or smaller networks, or --amp',
        ),
        (
            RuntimeError("[enforce fail at alloc_cpu.cpp:121] err == 0. DefaultCPUAllocator: can't allocate memory"),
            'dataloader.batch_size: out of memory; a smaller batch, or smaller networks',
        ),
        (
            RuntimeError('CUDA error: out of memory'),
            'dataloader.batch_size: out of memory; a smaller batch, or smaller networks',
        ),
        (RuntimeError('mat1 and mat2 shapes cannot be multiplied'), None),
        (ValueError('DataLoader timed out after 5 seconds'), None),
        (FileNotFoundError(errno.ENOENT, 'No such file or directory', 'x'), None),
        (OSError('a text alone'), None),
    ],
)
def test_errors_as_torch_words_them(error, line):
    assert user_message(error) == line


def test_memory_that_torch_cannot_have():
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**50)
    assert user_message(caught.value).startswith('dataloader.batch_size: out of memory; ')


@pytest.mark.parametrize(('number', 'words'), [(errno.ENOSPC, 'No space left on device'), (errno.EDQUOT, 'quota')])
def test_a_disk_that_fills_names_the_last_good_checkpoint(tiny_runner, tmp_path, monkeypatch, number, words):
    put = AtomicLocalBackend.put

    def put_while_there_is_room(self, obj, filepath):
        if 'epoch_2' in str(filepath):
            raise OSError(number, os.strerror(number))
        put(self, obj, filepath)

    monkeypatch.setattr(AtomicLocalBackend, 'put', put_while_there_is_room)
    with pytest.raises(OSError) as caught:
        tiny_runner().train()
    line = user_message(caught.value)
    assert line.startswith(f'--work-dir {tmp_path / "run"}: cannot be written: ') and words in line
    assert line.endswith(f'and go on with --resume; the last good checkpoint is {tmp_path / "run/epoch_1.pth"}')


def test_a_file_that_grows_too_large(tiny_runner, tmp_path):
    runner, before = tiny_runner(), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        with pytest.raises(OSError) as caught:
            runner.train()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert user_message(caught.value) == f'--work-dir {tmp_path / "run"}: cannot be written: File too large; make room'


@pytest.mark.parametrize(
    ('place', 'words'),
    [
        ('file', 'File exists'),
        ('file/below', 'Not a directory'),
        ('a' * 300, 'File name too long'),
        ('null\0byte', 'embedded null byte'),
    ],
)
def test_work_folders_that_cannot_be(tiny_runner, tmp_path, place, words):
    (tmp_path / 'file').touch()
    with pytest.raises(UserError) as caught:
        tiny_runner(work_dir=place)
    assert str(caught.value) == f'--work-dir {tmp_path / place}: cannot be made or written: {words}'


@pytest.mark.parametrize('number', [errno.EROFS, errno.EACCES, errno.ENOSPC])
def test_a_work_folder_that_cannot_be_written(tiny_runner, tmp_path, monkeypatch, number):
    def refuse(**options):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(runner_module.tempfile, 'TemporaryFile', refuse)
    with pytest.raises(UserError, match=f'cannot be made or written: {os.strerror(number)}$'):
        tiny_runner()
