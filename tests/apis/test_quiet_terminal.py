import io
import logging

import pytest
from mmengine.logging import MMLogger

from ktg_mm.apis.folding_formatter import FoldingFormatter
from ktg_mm.apis.quiet_terminal import quiet_terminal


@pytest.fixture
def logger(tmp_path, capsys):
    """Makes mmengine's logger of a level, whose terminal is made quiet."""

    def make(level='INFO'):
        made = MMLogger(f'quiet_{level}', log_file=str(tmp_path / 'run.log'), log_level=level)
        loggers.append(made)
        quiet_terminal(made)
        return made

    loggers: list[MMLogger] = []
    yield make
    for made in loggers:
        made.handlers[-1].close()


FOR_THE_FILE = [
    'Config:\nmodel = dict()',
    'Exp name: run_1',
    'Epoch(train)  [1][20/20]  loss: 5.5930',
    'Iter(val) [1/1]  val/net1/accuracy/top1: 90.0000',
    'Saving checkpoint at 3 epochs',
    '"HardDiskBackend" is the alias of "LocalBackend" and the former will be deprecated in future.',
]


def test_the_file_has_what_the_terminal_lacks(logger, tmp_path, capsys):
    log = logger()
    for text in FOR_THE_FILE:
        log.warning(text)
    log.info('epoch  1/30  loss 5.5930')
    log.warning('a warning')
    log.error('Config:\nan error is shown whatever it begins with')
    printed, file = capsys.readouterr().out, (tmp_path / 'run.log').read_text()
    assert all(text in file and text not in printed for text in FOR_THE_FILE)
    for text in ('loss 5.5930', 'a warning', 'an error is shown'):
        assert text in file and text in printed


def test_debugging_shows_everything(logger, capsys):
    log = logger('DEBUG')
    for text in FOR_THE_FILE:
        log.info(text)
    printed = capsys.readouterr().out
    assert all(text in printed for text in FOR_THE_FILE)


def test_lines_are_folded_in_a_terminal_alone():
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    log = logging.Logger('run')
    log.addHandler(logging.StreamHandler(Terminal()))
    log.addHandler(logging.StreamHandler(io.StringIO()))
    quiet_terminal(log)
    assert [isinstance(handler.formatter, FoldingFormatter) for handler in log.handlers] == [True, False]
