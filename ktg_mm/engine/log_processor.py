"""Which of the logged values are printed."""

from typing import Any

from mmengine.runner import LogProcessor, Runner
from mmpretrain.registry import LOG_PROCESSORS


@LOG_PROCESSORS.register_module()
class GraphLogProcessor(LogProcessor):
    """mmengine's LogProcessor, but the edges' losses, gate weights and conflicts stay out of the printed line.

    Five networks have up to 25 edges; their curves are in TensorBoard (``train/edge/...`` and ``train/gate/...``) and
    in the run's ``vis_data/scalars.json``.

    Args:
        **kwargs: As mmengine's.

    Example:
        >>> GraphLogProcessor().log_with_hierarchy
        True
    """

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault('log_with_hierarchy', True)
        super().__init__(**kwargs)

    def _collect_scalars(
        self, custom_cfg: list[dict], runner: Runner, mode: str, reserve_prefix: bool = False
    ) -> dict[str, Any]:
        scalars = super()._collect_scalars(custom_cfg, runner, mode, reserve_prefix)
        if reserve_prefix:
            return scalars
        return {name: value for name, value in scalars.items() if not name.startswith(('edge/', 'gate/', 'conflict/'))}
