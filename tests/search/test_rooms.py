"""The rooms of the search: data flow one way, so no import goes against it."""

import ast
from pathlib import Path

SEARCH = Path(__file__).parents[2] / 'ktg_mm' / 'search'
MAY_IMPORT = dict(
    race=set(), space={'race'}, study={'race', 'space'}, worker={'race', 'space', 'study'},
    found={'race', 'space', 'study', 'worker'}, plots={'race', 'space', 'study', 'worker'},
)  # fmt: skip


def test_no_import_goes_against_the_flow() -> None:
    for room, others in MAY_IMPORT.items():
        for path in (SEARCH / room).glob('*.py'):
            imports = [part for part in ast.walk(ast.parse(path.read_text())) if isinstance(part, ast.ImportFrom)]
            assert all(part.level <= 1 for part in imports), f'{path}: imports from another room are absolute'
            modules = [part.module.split('.') for part in imports if (part.module or '').startswith('ktg_mm.search')]
            assert {module[2] for module in modules} & set(MAY_IMPORT) <= {*others, room}, path
