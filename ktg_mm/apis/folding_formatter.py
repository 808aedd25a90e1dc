"""Lines of metrics that are longer than the terminal is wide."""

import logging
import re
import shutil

_COLOURS = re.compile(r'\x1b\[[0-9;]*m')


class FoldingFormatter(logging.Formatter):
    """What the terminal shows of another formatter's text: of an information the message alone, in lines that fit.

    A line of metrics goes on in the next one before the metric that has no room.

    Args:
        formatter: The other one. Defaults to None: the standard library's.

    Example:
        >>> record = logging.makeLogRecord(dict(msg='Epoch(val) [1][1/1]    val/net1: 88.33  val/net2: 90.12'))
        >>> print(FoldingFormatter().folded(FoldingFormatter().format(record), width=40))
        Epoch(val) [1][1/1]    val/net1: 88.33
            val/net2: 90.12
    """

    def __init__(self, formatter: logging.Formatter | None = None) -> None:
        super().__init__()
        self._formatter = formatter or logging.Formatter()

    def format(self, record: logging.LogRecord) -> str:
        """Folds the lines that LoggerHook and EpochLineHook write; time and level stand before warnings alone."""
        text = record.getMessage() if record.levelno == logging.INFO else self._formatter.format(record)
        if not record.getMessage().startswith(('Epoch(', 'Iter(', 'epoch ', 'iteration ')):
            return text
        return self.folded(text, shutil.get_terminal_size().columns)

    @staticmethod
    def folded(text: str, width: int) -> str:
        """A text in lines that fit, broken only where two or more spaces part its metrics.

        Args:
            text: The text, in one line.
            width: Columns of the terminal; a metric that is longer has a line of its own.
        """
        lines = ['']
        for part in re.findall(r'\s*\S+(?: \S+)*', text):
            if lines[-1] and len(_COLOURS.sub('', lines[-1] + part)) > width:
                lines.append(f'    {part.lstrip()}')
            else:
                lines[-1] += part
        return '\n'.join(lines)
