"""The config of a search, as plain dicts without the search."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from optuna.study import Study

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


@pytest.fixture
def reads_of(monkeypatch: pytest.MonkeyPatch) -> Callable[[Study], list[object]]:
    """Makes a list that gets an entry whenever the trials of a study are read from its storage."""

    def count(study: Study) -> list[object]:
        reads: list[object] = []
        read = study._storage.get_all_trials
        monkeypatch.setattr(study._storage, 'get_all_trials', lambda *a, **kw: reads.append(kw) or read(*a, **kw))
        return reads

    return count
