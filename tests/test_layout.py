"""Where a line of code lives: no import goes up, modules can be read at a sitting, Optuna stays in the search."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / 'ktg_mm'
LAYERS = [
    {
        'archives',
        'checkpoints',
        'errors',
        'files',
        'lazy',
        'mmengine_private',
        'registry',
        'scaled',
        'shipped',
        'structures',
        'text_table',
    },
    {'config'},
    {'models'},
    {'datasets', 'engine', 'evaluation'},
    {'apis', 'visualization'},
    {'analysis', 'command', 'search'},
    {'benchmark'},
]
LEVEL = {room: level for level, rooms in enumerate(LAYERS) for room in rooms}
MODULES = sorted(PACKAGE.rglob('*.py'))


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def imported(path: Path) -> Iterator[str]:
    for part in ast.walk(ast.parse(path.read_text())):
        if isinstance(part, ast.Import):
            yield from (alias.name for alias in part.names)
        elif isinstance(part, ast.ImportFrom) and part.level == 0:
            yield from (f'{part.module}.{alias.name}' for alias in part.names)


@pytest.mark.parametrize('path', MODULES, ids=name_of)
def test_a_module(path: Path) -> None:
    room = path.relative_to(PACKAGE).parts[0].removesuffix('.py')
    for name in imported(path):
        first, second, *_ = [*name.split('.'), '']
        if first == 'ktg_mm' and second != '__version__' and room != '__init__':
            assert LEVEL[second] <= LEVEL[room], f'imports {name}, which is above'
        assert first != 'optuna' or room == 'search'
    assert len(path.read_text().splitlines()) <= 300
