"""The model inside its wrapper."""

from typing import Any

from mmengine.model import is_model_wrapper


def unwrapped(model: Any) -> Any:
    """The model itself, where several processes train it through a wrapper.

    Args:
        model: A Runner's model.

    Example:
        >>> unwrapped('graph')
        'graph'
    """
    return model.module if is_model_wrapper(model) else model
