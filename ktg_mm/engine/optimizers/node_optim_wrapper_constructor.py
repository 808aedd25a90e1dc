"""One optimiser for all nodes, a parameter group for each."""

from collections.abc import Mapping

from mmengine.optim import OptimWrapper
from mmpretrain.registry import OPTIM_WRAPPER_CONSTRUCTORS, OPTIM_WRAPPERS, OPTIMIZERS
from torch import nn

from ktg_mm.engine.unwrapped import unwrapped
from ktg_mm.errors import ConfigError, did_you_mean


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class NodeOptimWrapperConstructor:
    """Builds one optimiser with a parameter group per trained node; frozen and averaged nodes have none.

    Args:
        optim_wrapper_cfg: Config of the wrapper, with ``optimizer``.
        paramwise_cfg: ``dict(nodes=dict(net2=dict(lr=0.01)))`` gives a node options of its own. Defaults to None.

    Raises:
        ConfigError: If paramwise_cfg names a node that does not learn, or is not made of dicts.

    Example:
        >>> constructor = NodeOptimWrapperConstructor(dict(optimizer=dict(type='SGD', lr=0.1)))
        >>> constructor.options
        {}
    """

    def __init__(self, optim_wrapper_cfg: dict, paramwise_cfg: dict | None = None) -> None:
        paramwise_cfg = dict(paramwise_cfg or {})
        self.options: Mapping[str, dict] = paramwise_cfg.pop('nodes', {})
        for key, options in {'': self.options, **(self.options if isinstance(self.options, Mapping) else {})}.items():
            if not isinstance(options, Mapping):
                raise ConfigError(
                    f'optim_wrapper.paramwise_cfg.nodes{key and "."}{key}', f'must be a dict, got {options!r}'
                )
        if paramwise_cfg:
            raise ConfigError(
                'optim_wrapper.paramwise_cfg', f"takes 'nodes' alone, got {', '.join(map(repr, paramwise_cfg))}"
            )
        self.optim_wrapper_cfg = dict(optim_wrapper_cfg)

    def __call__(self, model: nn.Module) -> OptimWrapper:
        """Builds the optimiser and its wrapper for a graph."""
        groups = [
            dict(params=parameters, name=name, **self.options.get(name, {}))
            for name, parameters in unwrapped(model).parameter_groups()
        ]
        names = [group['name'] for group in groups]
        for name in self.options:
            if name not in names:
                raise ConfigError(
                    f'optim_wrapper.paramwise_cfg.nodes.{name}', f'is no node that learns; {did_you_mean(name, names)}'
                )
        cfg = dict(self.optim_wrapper_cfg)
        optimizer = OPTIMIZERS.build(dict(cfg.pop('optimizer'), params=groups))
        return OPTIM_WRAPPERS.build(dict(cfg, type=cfg.get('type', 'OptimWrapper'), optimizer=optimizer))
