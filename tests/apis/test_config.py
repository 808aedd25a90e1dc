from pathlib import Path

import pytest

from ktg_mm.apis import load_config
from ktg_mm.errors import ConfigError, UserError

CONFIG = """
base = dict(lr=0.1)
model = dict(edges={'a->b': dict(gate=dict(type='ThroughGate')), 'b->a': dict(weight=1.0)}, sizes=[1, 2],
             parts=[dict(size=3), dict(size=4)])
"""


@pytest.fixture
def config(tmp_path):
    path = tmp_path / 'graph.py'
    path.write_text(CONFIG)
    return path


def mistake(path, options=None, error=UserError):
    with pytest.raises(error) as caught:
        load_config(path, options)
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


def test_values_are_replaced_by_their_path(config):
    cfg = load_config(config, {'model.edges.a->b.gate.type': 'CutoffGate', 'base.lr': 0.5, 'model.parts.1.size': 7})
    assert cfg.model.edges['a->b'].gate.type == 'CutoffGate'
    assert cfg.model.edges['b->a'].weight == 1.0
    assert [part.size for part in cfg.model.parts] == [3, 7]
    assert (cfg.base.lr, cfg.model.sizes, cfg.filename) == (0.5, [1, 2], str(config))


def test_missing_file_suggests_its_neighbour(config):
    missing = config.with_name('grahp.py')
    assert mistake(missing) == f'config {missing}: no such file; did you mean {str(config)!r}?'


def test_unknown_first_part_of_a_path(config):
    assert mistake(config, {'modle.sizes': 1}, ConfigError) == (
        "--cfg-options: no entry of the config is named 'modle'; did you mean 'model'?"
    )


def test_missing_folder(tmp_path):
    missing = tmp_path / 'none/graph.py'
    assert mistake(missing) == f'config {missing}: no such file'
    assert mistake(tmp_path) == f'config {tmp_path}: no such file'


@pytest.mark.parametrize(
    ('text', 'kind'),
    [
        ('a = dict(\n', 'SyntaxError'),
        ("_base_ = ['none.py']\n", 'FileNotFoundError'),
        ('a = 1 / 0\n', 'ZeroDivisionError'),
        ('import no_such_module\n', 'ModuleNotFoundError'),
        ("_base_ = ['graph.py']\nx = _base_.nothing\n", 'ConfigParsingError|KeyError|AttributeError'),
        ("custom_imports = dict(imports=['no_such_module'], allow_failed_imports=False)\n", 'ImportError'),
    ],
)
def test_a_file_that_is_no_config(config, text, kind):
    path = config.with_name('other.py')
    path.write_text(text)
    message = mistake(path)
    assert any(message.startswith(f'config {path}: {name}: ') for name in kind.split('|')), message


def test_a_file_of_another_kind(config):
    path = config.with_name('graph.txt')
    path.write_text('hello')
    assert mistake(path).startswith(f'config {path}: ')


@pytest.mark.parametrize('key', ['base.lr.factor', 'model.parts.9.size', 'model.parts.x', 'model.sizes.1'])
def test_options_that_do_not_fit(config, key):
    message = mistake(config, {'base.lr': 0.5, key: 1}, ConfigError)
    assert message.startswith(f'--cfg-options {key}: does not fit into the config: ')


def test_a_config_without_base_may_import(tmp_path):
    """mmengine would take it for its other kind of config, in which dict(type='...') is no text."""
    path = tmp_path / 'lazy.py'
    path.write_text('import mmengine\nversion = mmengine.__version__\nmodel = dict(type="KnowledgeTransferGraph")\n')
    assert load_config(path).model.type == 'KnowledgeTransferGraph'


def test_a_config_of_the_project():
    cfg = load_config(Path(__file__).parents[2] / 'configs/ktg/ens_3node_digits.py', {'train_cfg.max_epochs': 2})
    assert cfg.model.type == 'KnowledgeTransferGraph'
    assert cfg.train_cfg.max_epochs == 2
    assert cfg.default_hooks.checkpoint.type == 'SafeCheckpointHook'
