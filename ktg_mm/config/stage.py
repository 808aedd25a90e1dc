"""One stage of a config."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ktg_mm.errors import ConfigError

from .taken_node import is_taken

STAGES = 'stages'


@dataclass(frozen=True)
class Stage:
    """A stage of a config.

    Args:
        name: Its name, and that of its folder.
        number: Its place among the stages, from 0.
        config: Its config, plain dicts: what is at the top of the whole config with its own entries merged over that.
        own: What it says itself.
        common: What the whole config says at the top.
    """

    name: str
    number: int
    config: dict[str, Any]
    own: Mapping[str, Any]
    common: Mapping[str, Any]

    def key(self, key: str) -> str | None:
        """What a key of the stage's config is called in the whole config; None if it is at the top there.

        Example:
            >>> stage = Stage('b', 1, {}, own=dict(model=dict(target='net1')), common=dict(model=dict(nodes={})))
            >>> stage.key('model.target'), stage.key('model.nodes'), stage.key('train_cfg')
            ('stages[1].model.target', None, None)
        """
        own: Any = self.own
        common: Any = self.common
        for depth, name in enumerate(_names(key)):
            if not _has(own, name):
                if depth == 0 or _has(common, name):
                    return None
                break
            own, common = own[name], common[name] if _has(common, name) else None
        return f'{STAGES}[{self.number}].{key}'

    @contextmanager
    def named_errors(self) -> Iterator[None]:
        """Makes the key of a :class:`ConfigError` of the stage's config the one that it has in the whole config."""
        try:
            yield
        except ConfigError as error:
            key, problem = error.key, error.problem
            taken = re.match(r'(model\.nodes\.(\w+))\.((?:network|checkpoint|prefix)\b.*)', key)
            if taken and any(is_taken(_node(config, taken[2])) for config in (self.own, self.common)):
                key, problem = f'{taken[1]}.stage', f'{taken[3]} {problem}'
            named = self.key(key)
            # What is at the top may be right in another stage.
            where = f' (in stage {self.name!r})' if named is None and self.number else ''
            raise type(error)(named or key, f'{problem}{where}') from error.__cause__


def _node(config: Mapping[str, Any], name: str) -> Any:
    nodes = (config.get('model') or {}).get('nodes')
    return nodes.get(name) if isinstance(nodes, Mapping) else None


def _names(key: str) -> list[str | int]:
    """The names that a key is made of: ``a.b['c->d'][1]``."""
    found = re.findall(r"\[(\d+)\]|\['([^']*)'\]|([^.\[\]]+)", key)
    return [int(number) if number else quoted or plain for number, quoted, plain in found]


def _has(value: Any, name: str | int) -> bool:
    if isinstance(value, Mapping):
        return name in value
    return isinstance(value, (list, tuple)) and isinstance(name, int) and name < len(value)
