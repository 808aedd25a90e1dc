import time
import traceback

import pytest
from torch.utils.data import DataLoader, Dataset

from ktg_mm.apis import one_line_errors
from ktg_mm.apis.user_message import user_message
from ktg_mm.errors import ConfigError, DataError, UserError


class Broken(Dataset):
    """Raises an error for each sample."""

    def __init__(self, error):
        self.error = error

    def __len__(self):
        return 2

    def __getitem__(self, index):
        try:
            int('x')
        except ValueError as cause:
            raise self.error from cause


def load(error):
    """Lets a loader's worker meet an error."""
    batches = iter(DataLoader(Broken(error), num_workers=1))
    try:
        next(batches)
    finally:
        batches._shutdown_workers()  # the collection of garbage would wait for it, five seconds


def run(function, *args):
    """Returns the status with which the tool ends."""
    with pytest.raises(SystemExit) as caught:
        one_line_errors(function)(*args)
    return caught.value.code


def fail(error):
    raise error


@pytest.mark.parametrize(
    ('error', 'line'),
    [
        (UserError('the file is missing'), 'the file is missing'),
        (ConfigError('model.target', 'is missing'), 'model.target: is missing'),
        (DataError('two\n  lines'), 'two lines'),
    ],
)
def test_a_users_mistake_is_one_line(capsys, error, line):
    assert run(fail, error) == 2
    assert capsys.readouterr() == ('', f'error: {line}\n')


@pytest.mark.parametrize(
    'error', [DataError('image x.png: cannot be read'), ConfigError('image x.png', 'cannot be read')]
)
def test_a_mistake_found_by_a_loaders_worker_is_one_line(capsys, error):
    """A worker passes on its stack trace as text, and an error whose constructor takes more as a RuntimeError."""
    assert run(load, error) == 2
    assert capsys.readouterr() == ('', 'error: image x.png: cannot be read\n')


def test_a_foreign_error_of_a_worker_is_no_users_mistake():
    with pytest.raises(ZeroDivisionError, match='Caught ZeroDivisionError in DataLoader worker process 0') as caught:
        load(ZeroDivisionError('division'))
    assert user_message(caught.value) is None


def test_interrupt(capsys):
    assert run(fail, KeyboardInterrupt()) == 130
    assert capsys.readouterr() == ('', 'interrupted\n')


def test_an_interrupt_while_something_is_collected(capsys):
    class Collected:
        def __del__(self):
            raise KeyboardInterrupt

    def collect():
        Collected()
        time.sleep(10)

    assert run(collect) == 130
    assert capsys.readouterr() == ('', 'interrupted\n')


def test_an_interrupt_that_a_library_has_made_another_error_of(capsys):
    """mmengine does so while it formats a config, which it does at each checkpoint."""

    def format_code():
        try:
            raise KeyboardInterrupt
        except:  # noqa: E722
            raise SyntaxError('Failed to format the config file')  # noqa: B904

    assert run(format_code) == 130
    assert capsys.readouterr() == ('', 'interrupted\n')


def test_a_foreign_error_keeps_its_trace(capsys):
    error = ZeroDivisionError('ours')
    with pytest.raises(ZeroDivisionError) as caught:
        one_line_errors(fail)(error)
    assert caught.value is error
    assert 'fail' in [frame.name for frame in traceback.extract_tb(error.__traceback__)]
    assert capsys.readouterr() == ('', '')


def test_results_arguments_and_exits_pass():
    @one_line_errors
    def main(a, *, b):
        """Adds."""
        return a + b

    assert main(1, b=2) == 3
    assert main.__doc__ == 'Adds.'
    assert run(fail, SystemExit(7)) == 7
