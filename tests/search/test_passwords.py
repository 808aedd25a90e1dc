"""A storage's password is in nothing that a search and the tools after it write or print."""

import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy.dialects
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

REPOSITORY = Path(__file__).parents[2]
SECRET = 'Tr0ub4dor'
CONFIG = """
_base_ = [{base!r}]
password = {secret!r}
storage = f'vault://me:{{password}}@host/{folder}/search.db'
search = dict(
    trials=1, storage=storage, space={{'model.edges.*.gate': dict(through=dict(type='ThroughGate'))}}, retrain=None
)
train_cfg = dict(max_epochs=1)
train_dataloader = dict(dataset=dict(indices=32))
val_dataloader = dict(dataset=dict(indices=30))
test_dataloader = dict(dataset=dict(indices=30))
visualizer = dict(type='Visualizer', vis_backends=[dict(type='LocalVisBackend'), dict(type='TensorboardVisBackend')])
"""


class Vault(SQLiteDialect_pysqlite):
    """A database whose address has a password: SQLite in disguise."""

    # The name stays: Optuna's tables are made after it.
    supports_statement_cache = True

    def create_connect_args(self, url: Any) -> Any:
        assert url.password == SECRET
        return [f'/{url.database}'], {}


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., int]:
    """Runs a tool in this process, and returns its status."""
    sqlalchemy.dialects.registry.register('vault', __name__, 'Vault')
    monkeypatch.setitem(sys.modules, __name__, sys.modules[Vault.__module__])
    monkeypatch.chdir(tmp_path)

    def call(tool: str, *arguments: object) -> int:
        monkeypatch.setattr(sys, 'argv', [tool, *map(str, arguments)])
        try:
            runpy.run_path(str(REPOSITORY / 'tools' / tool), run_name='__main__')
        except SystemExit as ended:
            return int(ended.code or 0)
        return 0

    return call


@pytest.mark.slow
def test_nothing_holds_the_password(run: Callable[..., int], tmp_path: Path, capfd: pytest.CaptureFixture) -> None:
    config, base = tmp_path / 'c.py', REPOSITORY / 'configs/search/ktg_3node_digits.py'
    config.write_text(CONFIG.format(base=str(base), secret=SECRET, folder=tmp_path))
    assert run('search.py', config) == 0
    assert run('export_graph.py', config, '--out', 'found.py') == 0
    assert run('plot_search.py', config) == 0
    assert run('print_config.py', config) == 0
    assert run('train.py', config, '--work-dir', 'run') == 0
    unreachable = f'vault://me:{SECRET}@host//nowhere/search.db'
    assert run('search.py', config, '--storage', unreachable, '--work-dir', 'other') == 2
    assert run('search.py', config, f'--storige={unreachable}') == 2
    assert run('search.py', config, '--cfg-options', f'search={unreachable}') == 2
    assert run('search.py', base, '--cfg-options', f'search.storage=nosuch://me:{SECRET}@host') == 2
    written = [path for path in tmp_path.rglob('*') if path.is_file() and path != config]
    assert {'.pth', '.py', '.json', '.csv', '.log', '.db'} <= {path.suffix for path in written}
    assert any('tfevents' in path.name for path in written)
    assert not [path for path in written if SECRET.encode() in path.read_bytes()]
    printed = capfd.readouterr()
    assert 'vault://me@host' in printed.err and SECRET not in printed.out + printed.err
