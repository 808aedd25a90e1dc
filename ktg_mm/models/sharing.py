"""Modules that stand in several networks at once: trunks with branches, and classifiers in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ktg_mm.errors import ConfigError, did_you_mean

from .nodes import NetworkNode, Node
from .nodes.probe import evaluated, probe


@dataclass
class _Result:
    module: SharedModule
    argument: Any
    with_gradient: bool
    output: Any
    versions: list[int]  # how often the output had been written to when the shared modules were done with it


class SharedModule:
    """A module that stands in several networks: within a forward pass it runs once for each input.

    It takes the place of the module's ``forward``.

    Args:
        module: The module.
        results: What the shared modules of a graph have made in this pass; None outside of one.

    Example:
        >>> double = nn.Linear(1, 1)
        >>> shared = SharedModule(double, results := Results())
        >>> image = torch.ones(1)
        >>> with results.kept():
        ...     double(image) is double(image), shared.runs
        (True, 1)
    """

    def __init__(self, module: nn.Module, results: Results) -> None:
        self._forward: Callable[..., Any] = module.forward
        self._results = results
        self.runs = 0
        self.has_parameters = any(True for _ in module.parameters())
        module.forward = self

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Returns what the module makes of an input, or has made of it in this pass."""
        results = self._results.of_this_pass
        if results is None or len(args) != 1 or kwargs:
            return self._forward(*args, **kwargs)
        with_gradient = torch.is_grad_enabled()
        for result in results:
            # The very same object: none can take its place as long as it is kept here.
            if result.module is self and result.argument is args[0] and result.with_gradient == with_gradient:
                return result.output
        output = self._forward(*args)
        self.runs += 1
        for result in results:
            if result.output is args[0]:  # which the module may have overwritten; all who share it will find it so
                result.versions = _versions(args[0])
        results.append(_Result(self, args[0], with_gradient, output, _versions(output)))
        return output


class Results:
    """What shared modules have made in a forward pass."""

    def __init__(self) -> None:
        self.of_this_pass: list[_Result] | None = None

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Keeps results, and forgets them at the end."""
        self.of_this_pass = []
        try:
            yield
        finally:
            self.of_this_pass = None

    def overwritten(self) -> bool:
        """Whether one has been written to by a module that is not shared."""
        return any(_versions(result.output) != result.versions for result in self.of_this_pass or ())


def _versions(output: Any) -> list[int]:
    outputs = output if isinstance(output, (list, tuple)) else [output]
    return [one._version for one in outputs if isinstance(one, Tensor) and not one.is_inference()]


class SharedModules:
    """All modules of a graph that several networks share.

    Args:
        nodes: The graph's nodes, owners before those that share with them. Their networks are changed.

    Raises:
        ConfigError: If a network has no such module, two modules are unlike, a network has nothing left of its own, or
            the modules up to a point are not what runs up to there. The keys begin with ``model.nodes``.
    """

    def __init__(self, nodes: Mapping[str, Node]) -> None:
        self.results = Results()
        self._modules: dict[int, SharedModule] = {}
        self._groups: dict[str, set[str]] = {name: {name} for name in nodes}
        for name, node in nodes.items():
            if isinstance(node, NetworkNode) and node.share is not None:
                owner = nodes[node.share['node']]
                assert isinstance(owner, NetworkNode)
                self._share(f'model.nodes.{name}.share', node, owner)
                group = self._groups[name] | self._groups[node.share['node']]
                self._groups.update(dict.fromkeys(group, group))
        del self._modules  # a copy of the graph has others

    def group(self, name: str) -> set[str]:
        """The nodes that share modules with a node, itself included."""
        return self._groups[name]

    def _share(self, path: str, node: NetworkNode, owner: NetworkNode) -> None:
        share = node.share or {}
        entry = 'until' if 'until' in share else 'modules'
        path = f'{path}.{entry}'
        for name in [share['until']] if entry == 'until' else share['modules']:
            for network in (node.network, owner.network):
                _check_there(network, name, path)
        names = modules_until(node.network, share['until']) if entry == 'until' else share['modules']
        for name in names:
            _check_there(owner.network, name, path)
            module = owner.network.get_submodule(name)
            _check_alike(node.network.get_submodule(name), module, name, path)
            node.replace_module(name, module)
            node.shared.append(module)
            if id(module) not in self._modules:
                self._modules[id(module)] = SharedModule(module, self.results)
        if not any(True for _ in node.own_parameters()):
            raise ConfigError(path, 'leaves the network no parameter of its own; name an earlier module')
        if entry == 'until':
            self._check_order(path, share['until'], node, owner)

    def _check_order(self, path: str, until: str, node: NetworkNode, owner: NetworkNode) -> None:
        """Refuses a trunk that a branch does not find as the owner has left it."""

        def run(images: Tensor) -> dict[str, Tensor]:
            with self.results.kept():
                owner(images)
                runs = [module.runs for module in self._modules.values()]
                node(images)
                again = [
                    module for module, before in zip(self._modules.values(), runs, strict=True) if module.runs > before
                ]
                if any(module.has_parameters for module in again):
                    raise ConfigError(
                        path,
                        f'what is built before {until!r} is not what runs before it; name the modules, modules=[...]',
                    )
                if self.results.overwritten():
                    raise ConfigError(
                        path, f'what {until!r} gives is overwritten in place by the module that follows; name that one'
                    )
            return {}

        with evaluated(owner.network):
            try:
                probe(run, node.network)
            except ConfigError:
                raise
            except ValueError as error:
                raise ConfigError(path, str(error)) from error


def modules_until(network: nn.Module, until: str) -> list[str]:
    """The names of the modules of a network up to one of them, in the order in which they are built.

    Args:
        network: The network.
        until: The last one's name.

    Example:
        >>> network = nn.Sequential(nn.Conv2d(1, 1, 1), nn.Sequential(nn.ReLU(), nn.Flatten()), nn.Linear(1, 1))
        >>> modules_until(network, '1.0')
        ['0', '1.0']
    """
    names, parent = [], ''
    for part in until.split('.'):
        for child, _ in network.get_submodule(parent).named_children():
            if child == part:
                break
            names.append(f'{parent}.{child}'.strip('.'))
        parent = f'{parent}.{part}'.strip('.')
    return [name for name in names if name != 'data_preprocessor'] + [until]


def _check_there(network: nn.Module, name: str, path: str) -> None:
    modules = dict(network.named_modules())
    if not name or name not in modules:
        names = [name for name in modules if name and name.count('.') <= 1]
        raise ConfigError(path, f'the network has no module {name!r}; {did_you_mean(name, names)}')


def _check_alike(own: nn.Module, others: nn.Module, name: str, path: str) -> None:
    if type(own) is not type(others) or str(own) != str(others):
        lines = zip(str(own).splitlines(), str(others).splitlines(), strict=False)
        first, second = next(
            ((a.strip(), b.strip()) for a, b in lines if a != b), (type(own).__name__, type(others).__name__)
        )
        raise ConfigError(
            path, f'{name!r} is not the same in both networks: {first} here, {second} there; name an earlier one'
        )
