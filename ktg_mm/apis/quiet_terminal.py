"""What a terminal shows of a run's log; the log's file has everything."""

import logging

from .folding_formatter import FoldingFormatter

# How the records begin that are for the file alone: dumps, what is said at every epoch, and warnings of how
# mmengine calls itself, which no user can act on.
_FOR_THE_FILE = (
    '\n------',  # the environment
    'Config:\n',
    'Hooks will be executed in the following order',
    'Distributed training is not used, all SyncBatchNorm',
    'Checkpoints will be saved to ',
    'Exp name: ',
    'Epoch(',  # mmengine's lines, instead of which an epoch has one
    'Iter(',
    'Saving checkpoint at ',
    'The previous best checkpoint ',
    'The best checkpoint with ',
    '"FileClient" will be deprecated',
    '"HardDiskBackend" is the alias',
    'init_weights of ',
)


def quiet_terminal(logger: logging.Logger) -> None:
    """Keeps what only a file is to have out of a run's terminal, where no line breaks within a metric any more.

    A ``log_level`` of DEBUG shows everything.

    Args:
        logger: The run's, with a handler for the terminal and one for its file.

    Example:
        >>> import sys
        >>> logger = logging.Logger('run')
        >>> logger.addHandler(logging.StreamHandler(sys.stdout))
        >>> quiet_terminal(logger)
        >>> logger.info('Exp name: run_20260101')
        >>> logger.info('epoch  1/30  loss 5.5930')
        epoch  1/30  loss 5.5930
    """
    for handler in logger.handlers:
        if not isinstance(handler, logging.StreamHandler) or isinstance(handler, logging.FileHandler):
            continue
        if handler.level != logging.DEBUG:
            handler.addFilter(_is_shown)
        if handler.stream.isatty():
            handler.setFormatter(FoldingFormatter(handler.formatter))


def _is_shown(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.ERROR or not record.getMessage().startswith(_FOR_THE_FILE)
