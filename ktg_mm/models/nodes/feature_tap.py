"""Takes what a layer of a network gives out of its forward pass."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ktg_mm.errors import UserError, did_you_mean

from .shared_module import SharedModule

MAP, EMBEDDING = 'map', 'embedding'


class FeatureTap:
    """A hook that keeps what one layer gives while its node runs.

    Args:
        network: The network.
        layer: A module of it, such as ``'backbone.layer2'`` (of several outputs the last one is taken); ``'map'``, what
            the backbone ends in; or ``'embedding'``, the input of the last linear layer, the classifier.
        key: The config key that names the layer, for messages. Defaults to ``'layers'``.

    Attributes:
        is_open: Whether it keeps what comes.
        kept: What has come, how often that had been written to, and whether gradients can reach what made it; None if
            nothing has.

    Raises:
        ValueError: If the network has no such layer.

    Example:
        >>> network = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
        >>> tap = FeatureTap(network, 'embedding')
        >>> tap.open()
        >>> _ = network(torch.ones(4, 2))
        >>> tap.close().shape
        torch.Size([4, 3])
    """

    def __init__(self, network: nn.Module, layer: str, key: str = 'layers') -> None:
        self.layer, self.key = layer, key
        self.is_open = False
        self.kept: tuple[Any, int | None, bool] | None = None
        module = find_layer(network, layer)
        for outer in network.modules():  # which may have run in another network by then
            if isinstance(outer.forward, SharedModule) and outer is not module and module in outer.modules():
                outer.forward.taps.append(self)
        if layer == EMBEDDING:
            module.register_forward_pre_hook(self._keep_input)
        else:
            module.register_forward_hook(self._keep_output)

    def open(self) -> None:
        """Keeps what comes from now on; another node may run the same layer before."""
        self.is_open, self.kept = True, None  # a pass that failed half-way has left something

    def close(self) -> Any:
        """Returns what has come, and forgets it: else it would keep the step's graph alive.

        Raises:
            UserError: If nothing has come, the layer's output was overwritten by what follows it, or no gradient would
                reach the layer.
        """
        came, self.kept, self.is_open = self.kept, None, False
        if came is None:
            raise UserError(f'{self.key}: {self.layer!r} is not run; name a module that gives features')
        kept, version, with_gradient = came
        if version is not None and _version(kept) != version:
            raise UserError(
                f'{self.key}: what {self.layer!r} gives is overwritten in place by the module that follows; name that '
                'one, or the block that both are in'
            )
        if torch.is_grad_enabled() and not with_gradient:
            raise UserError(
                f'{self.key}: {self.layer!r} is in a part that is computed again for the backward pass (with_cp), so '
                'no gradient would reach it; name that whole part'
            )
        return kept

    def _keep_input(self, module: nn.Module, args: tuple) -> None:
        self._keep(args[0])

    def _keep_output(self, module: nn.Module, args: tuple, output: Any) -> None:
        self._keep(output)

    def _keep(self, value: Any) -> None:
        if self.is_open:
            # Compiled code has no versions; a run's rehearsal, which is eager, has looked.
            version = None if torch.compiler.is_compiling() else _version(value)
            self.kept = value, version, torch.is_grad_enabled()


def _last(kept: Any) -> Any:
    return kept[-1] if isinstance(kept, (list, tuple)) and kept else kept


def _version(kept: Any) -> int:
    """How often the feature has been written to, 0 where torch does not count."""
    feature = _last(kept)
    return feature._version if isinstance(feature, Tensor) and not feature.is_inference() else 0


def find_layer(network: nn.Module, layer: str) -> nn.Module:
    """The module that a layer's name stands for.

    Args:
        network: The network.
        layer: As :class:`FeatureTap` takes it.

    Raises:
        ValueError: If there is none.

    Example:
        >>> find_layer(nn.Sequential(nn.Linear(2, 3), nn.ReLU()), '1')
        ReLU()
    """
    if layer == EMBEDDING:
        linear = [module for module in network.modules() if isinstance(module, nn.Linear)]
        if not linear:
            raise ValueError(f'{EMBEDDING!r} is the input of a linear classifier, which the network does not have')
        return linear[-1]
    modules = dict(network.named_modules())
    name = 'backbone' if layer == MAP else layer
    if not name or name not in modules:
        what = f'{MAP!r}, as it has no backbone' if layer == MAP else repr(layer)
        names = [*(name for name in modules if name and name.count('.') <= 1), MAP, EMBEDDING]
        whole = [name for name in names if name.endswith(f'.{layer}')]
        hint = f'did you mean {whole[0]!r}?' if whole else did_you_mean(layer, names)
        raise ValueError(f'the network has no module {what}; {hint}')
    return modules[name]


def feature_of(kept: Any, layer: str) -> Tensor:
    """The feature in what a layer gives: of several outputs the last.

    Args:
        kept: From :meth:`FeatureTap.close`.
        layer: Its name, for the message.

    Raises:
        UserError: If it is no tensor.

    Example:
        >>> import torch
        >>> feature_of((torch.zeros(1), torch.ones(1)), 'backbone')
        tensor([1.])
    """
    feature = _last(kept)
    if not isinstance(feature, Tensor):
        raise UserError(f'{layer!r} gives a {type(feature).__name__}, no feature; name another module')
    return feature
