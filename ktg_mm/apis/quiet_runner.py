"""mmengine's Runner with a quiet terminal."""

from typing import Any

from mmengine.logging import MMLogger
from mmengine.runner import Runner

from .quiet_terminal import quiet_terminal


class QuietRunner(Runner):
    """mmengine's Runner, but its dumps go to the log's file alone (:func:`ktg_mm.apis.quiet_terminal.quiet_terminal`).

    The first of them is made as soon as the Runner has its log, so it is quiet from there on.

    Example:
        >>> issubclass(QuietRunner, Runner)
        True
    """

    def build_logger(self, *args: Any, **kwargs: Any) -> MMLogger:
        """Builds mmengine's."""
        logger = super().build_logger(*args, **kwargs)
        quiet_terminal(logger)
        return logger
