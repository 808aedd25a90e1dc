"""What threads and the log cannot do ends a tool as well."""

import errno
import logging
import os
import sys
import threading
from multiprocessing import resource_sharer

import pytest
from tensorboard.summary.writer.record_writer import RecordWriter

from ktg_mm.apis import one_line_errors
from ktg_mm.apis.background import failures_in_the_background


def test_tensorboard_cannot_write(tiny_runner, tmp_path, monkeypatch, capfd):
    """Its thread fails in the background."""

    def refuse(self, data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    @one_line_errors
    def main():
        runner = tiny_runner()
        runner.visualizer.close = lambda: None  # would meet the error again
        monkeypatch.setattr(RecordWriter, 'write', refuse)
        runner.train()

    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 2
    lines = capfd.readouterr().err.splitlines()
    assert [line for line in lines if line.startswith('error: ')] == lines[-1:]
    assert 'cannot be written: No space left on device' in lines[-1]
    assert not any('Traceback' in line for line in lines)


def test_a_log_that_cannot_be_written(tmp_path, capsys):
    @one_line_errors
    def main():
        handler = logging.FileHandler('/dev/full')
        try:
            handler.handle(logging.makeLogRecord(dict(msg='x' * 10)))
        finally:
            handler.stream = None

    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 2
    assert capsys.readouterr().err == 'error: a file: cannot be written: No space left on device; make room\n'


def test_other_errors_of_threads_and_logs_are_told_as_ever(monkeypatch, capsys):
    told = []
    monkeypatch.setattr(threading, 'excepthook', lambda failure: told.append(failure.exc_type))

    @one_line_errors
    def main():
        thread = threading.Thread(target=lambda: 1 / 0)
        thread.start()
        thread.join()
        logging.FileHandler(os.devnull).handle(logging.makeLogRecord(dict(msg='%d', args=('x',))))

    main()
    assert told == [ZeroDivisionError]
    assert '--- Logging error ---' in capsys.readouterr().err


@pytest.mark.parametrize(
    ('line', 'file', 'is_told'),
    [
        ('raise EOFError', resource_sharer.__file__, False),
        ('raise ConnectionResetError', resource_sharer.__file__, False),
        ('raise KeyError', resource_sharer.__file__, True),
        ('raise EOFError', 'elsewhere.py', True),
    ],
)
def test_a_worker_says_nothing_of_a_run_that_has_ended(capsys, line, file, is_told):
    """The thread that hands a loader's batches over, in the worker; anything else is told."""
    with failures_in_the_background():
        try:
            exec(compile(line, file, 'exec'))
        except Exception:
            sys.excepthook(*sys.exc_info())
    assert (line.removeprefix('raise ') in capsys.readouterr().err) == is_told
