"""Modules that stand in several networks at once: trunks with branches, and classifiers in common."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from ktg_mm.errors import ConfigError, did_you_mean

from .nodes import NetworkNode, Node
from .nodes.probe import evaluated, probe
from .nodes.shared_module import Results, SharedModule


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

    def check_untouched(self, nodes: Mapping[str, Node]) -> None:
        """Refuses networks that have overwritten what they share; some do so in training alone, such as by dropout.

        Raises:
            ConfigError: If one has, in the pass whose results are kept.
        """
        if (found := self.results.overwritten()) is not None:
            name = next(name for name, node in nodes.items() if any(one.forward is found for one in node.shared))
            raise ConfigError(
                f'model.nodes.{name}.share',
                'what is shared is overwritten in place by a module that follows, such as dropout with inplace=True; '
                'share that one, too, or give it inplace=False',
            )

    def _share(self, path: str, node: NetworkNode, owner: NetworkNode) -> None:
        share = node.share or {}
        entry = 'until' if 'until' in share else 'modules'
        path = f'{path}.{entry}'
        for name in [share['until']] if entry == 'until' else share['modules']:
            for network, whose in ((node.network, ''), (owner.network, f' of {share["node"]!r}')):
                _check_there(network, name, path, whose)
        names = modules_until(node.network, share['until']) if entry == 'until' else share['modules']
        for name in names:
            if name not in dict(owner.network.named_modules()):
                raise ConfigError(path, f'{name!r} is not in the network of {share["node"]!r}; name an earlier module')
            module = owner.network.get_submodule(name)
            _check_alike(node.network.get_submodule(name), module, name, path)
            if id(module) not in self._modules:
                self._modules[id(module)] = SharedModule(module, self.results)
            node.replace_module(name, module)
            node.shared.append(module)
        if not any(self._modules[id(module)].has_parameters for module in node.shared):
            raise ConfigError(path, 'shares no parameter; name a module that has some, or leave share out')
        if not any(True for _ in node.own_parameters()):
            raise ConfigError(path, 'leaves the network no parameter of its own; name an earlier module')
        self._check_runs(path, share.get('until'), node, owner)

    def _check_runs(self, path: str, until: str | None, node: NetworkNode, owner: NetworkNode) -> None:
        """Refuses modules of which a network does not find what the owner's have made as they have left it."""

        def run(images: Tensor) -> dict[str, Tensor]:
            with self.results.kept():
                owner(images)
                runs = [module.runs for module in self._modules.values()]
                node(images)
                again = [
                    module for module, before in zip(self._modules.values(), runs, strict=True) if module.runs > before
                ]
                if until is not None and any(module.has_parameters for module in again):
                    raise ConfigError(
                        path,
                        f'what is built before {until!r} is not what runs before it; name the modules, modules=[...]',
                    )
                if self.results.overwritten() is not None:
                    what = 'one of them' if until is None else repr(until)
                    raise ConfigError(
                        path,
                        f'what {what} gives is overwritten in place by the module that follows; name that one'
                        + (', too' if until is None else ''),
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


def _check_there(network: nn.Module, name: str, path: str, whose: str) -> None:
    modules = dict(network.named_modules())
    if not name or name not in modules:
        names = [name for name in modules if name and name.count('.') <= 1 and name != 'data_preprocessor']
        raise ConfigError(path, f'the network{whose} has no module {name!r}; {did_you_mean(name, names)}')


def _check_alike(own: nn.Module, others: nn.Module, name: str, path: str) -> None:
    if type(own) is not type(others) or str(own) != str(others):
        lines = zip(str(own).splitlines(), str(others).splitlines(), strict=False)
        first, second = next(
            ((a.strip(), b.strip()) for a, b in lines if a != b), (type(own).__name__, type(others).__name__)
        )
        raise ConfigError(
            path, f'{name!r} is not the same in both networks: {first} here, {second} there; name an earlier one'
        )
