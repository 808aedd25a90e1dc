"""The config of a search, as plain dicts without the search."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ktg_mm.apis import load_config

DIGITS = Path(__file__).parents[2] / 'configs/search/ktg_3node_digits.py'


@pytest.fixture(scope='session')
def base() -> Callable[..., dict[str, Any]]:
    """Reads a search's config; options have ``__`` for the dots of their paths."""

    def read(path: Path = DIGITS, **options: Any) -> dict[str, Any]:
        config = load_config(path, {key.replace('__', '.'): value for key, value in options.items()}).to_dict()
        config.pop('search', None)
        return config

    return read
