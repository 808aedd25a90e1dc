"""Which of the logged values are printed."""

from typing import Any

from mmpretrain.registry import LOG_PROCESSORS

from ktg_mm.mmengine_private import PrintingLogProcessor


@LOG_PROCESSORS.register_module()
class GraphLogProcessor(PrintingLogProcessor):
    """mmengine's LogProcessor, but the edges' losses, gate weights and conflicts stay out of the printed line.

    Five networks have up to 25 edges; their curves are in TensorBoard (``loss/...`` and ``gate/...``) and in the
    run's ``vis_data/scalars.json``.

    Args:
        **kwargs: As mmengine's.

    Example:
        >>> GraphLogProcessor().log_with_hierarchy
        True
    """

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault('log_with_hierarchy', True)
        super().__init__(**kwargs)

    def is_printed(self, name: str) -> bool:
        """Whether a value is about no edge."""
        return not name.startswith(('edge/', 'gate/', 'conflict/'))
