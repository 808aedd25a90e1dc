from pathlib import Path

import pytest

from ktg_mm.apis import joined_name, load_config
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


@pytest.fixture
def overlay(tmp_path):
    """Writes an overlay, in another folder than the config."""

    def write(name, text):
        path = tmp_path / f'overlays/{name}.py'
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    return write


def mistake(path, options=None, error=UserError, overlays=()):
    with pytest.raises(error) as caught:
        load_config(path, options, overlays)
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


def test_overlays_merge_in_turn_and_before_options(config, overlay):
    first = overlay('first', "base = dict(lr=0.2, momentum=0.9)\nmodel = dict(edges={'b->a': dict(weight=2.0)})\n")
    second = overlay('second', 'base = dict(lr=0.3)\n')
    cfg = load_config(config, {'base.momentum': 0.5}, [first, second])
    assert cfg.base == dict(lr=0.3, momentum=0.5)
    assert cfg.model.edges == {'a->b': dict(gate=dict(type='ThroughGate')), 'b->a': dict(weight=2.0)}
    assert cfg.model.parts == [dict(size=3), dict(size=4)]
    assert load_config(config, overlays=[second, first]).base == dict(lr=0.2, momentum=0.9)  # the last wins
    assert load_config(f'{config}+{first}+{second}', {'base.momentum': 0.5}).to_dict() == cfg.to_dict()


def test_an_overlay_deletes_what_is_below_it(config, overlay):
    first = overlay('first', "model = dict(edges={'_delete_': True, 'c->a': dict(weight=1.0)})\n")
    assert load_config(config, overlays=[first]).model.edges == {'c->a': dict(weight=1.0)}
    # mmengine, reading this file alone, would delete first.py's edges and forget to delete the config's.
    second = overlay(
        'second', "_base_ = ['first.py']\nmodel = dict(edges={'_delete_': True, 'd->a': dict(weight=1.0)})\n"
    )
    assert load_config(config, overlays=[second]).model.edges == {'d->a': dict(weight=1.0)}
    third = overlay('third', "_base_ = 'first.py'\nmodel = dict(edges={'d->a': dict(weight=3.0)})\n")
    assert load_config(config, overlays=[third]).model.edges == {'c->a': dict(weight=1.0), 'd->a': dict(weight=3.0)}
    nothing = overlay('nothing', 'base = dict(more=dict(_delete_=True, x=[dict(_delete_=True, y=1)]))\n')
    assert load_config(config, overlays=[nothing]).base == dict(lr=0.1, more=dict(x=[dict(y=1)]))


def test_an_overlay_reads_what_is_below_it(config, overlay):
    overlay('lr', 'base = dict(lr=0.4)\n')
    double = overlay('double', "_base_ = ['lr.py']\nbase = dict(lr=2 * _base_.base.lr)\n")
    assert load_config(config, overlays=[double]).base.lr == 0.8
    graph = overlay('graph', 'model = dict(edges={key: dict(weight=7.0) for key in _base_.model.edges})\n')
    edges = load_config(config, overlays=[overlay('c', "model = dict(edges={'c->a': dict()})\n"), graph]).model.edges
    assert {key: edge.weight for key, edge in edges.items()} == {'a->b': 7.0, 'b->a': 7.0, 'c->a': 7.0}


def test_the_name_says_which_overlays(config, overlay, tmp_path):
    one, other = overlay('one', 'base = dict(lr=1.0)\n'), overlay('lr0.5', 'base = dict(lr=0.5)\n')
    cfg = load_config(config, overlays=[one, other])
    assert cfg.filename == str(config.with_name('graph+one+lr0.5.py'))
    assert joined_name(config, [one, other]) == joined_name(f'{config}+{one}', [other]) == Path(cfg.filename).stem
    # What a run writes into its folder can be read again, though its name has a plus.
    copy = tmp_path / Path(cfg.filename).name
    cfg.dump(copy)
    assert load_config(copy).to_dict() == cfg.to_dict()
    assert joined_name(copy) == Path(cfg.filename).stem
    assert load_config(copy, overlays=[one]).filename == str(tmp_path / 'graph+one+lr0.5+one.py')


def test_an_overlay_imports_what_it_names(config, overlay):
    text = "custom_imports = dict(imports=['no_such_module'], allow_failed_imports=False)\n"
    path = overlay('imports', text)
    assert mistake(config, overlays=[path]).startswith(f'--with {path}: ImportError: ')


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('base = dict(\n', "SyntaxError: '(' was never closed"),
        ('base = dict(lr=1 / 0)\n', 'ZeroDivisionError: division by zero'),
        ('base = _base_.nothing\n', "reads 'nothing', which is not there in this config; it is for others"),
        ("base = dict(lr=_base_.base['rate'])\n", "reads 'rate', which is not there in this config"),
        ('base = dict(lr=_base_.base.rate)\n', "reads 'rate', which is not there in this config"),
        ('base = dict(lr=None.rate)\n', "AttributeError: 'NoneType' object has no attribute 'rate'"),
        ("_base_ = ['none.py']\nbase = dict(lr=1)\n", '_base_ none.py: no such file; did you mean '),
        ('model = dict(sizes=dict(a=1))\n', 'TypeError: '),
        ('modle = dict(a=1)\n', "has no entry that the config or the Runner knows; did you mean 'model'?"),
        ('# nothing\n', 'has no entry that the config or the Runner knows; it has none'),
        ('hello\n', 'has no entry that the config or the Runner knows; it has none'),
        ('train_cfg: {max_epochs: 2}\n', 'has no entry that the config or the Runner knows; it has none'),
    ],
)
def test_overlays_that_are_none(config, overlay, text, message):
    good, path = overlay('good', 'base = dict(lr=0.2)\n'), overlay('other', text)
    assert mistake(config, overlays=[good, path]).startswith(f'--with {path}: {message}')


def test_a_missing_overlay(config, overlay):
    path = overlay('edges', 'base = dict(lr=1.0)\n')
    missing = path.with_name('edgse.py')
    assert mistake(config, overlays=[missing]) == f'--with {missing}: no such file; did you mean {str(path)!r}?'
    assert mistake(f'{config}+{missing}') == f'--with {missing}: no such file; did you mean {str(path)!r}?'


def test_entries_that_the_runner_or_a_search_knows(config, overlay):
    for entry in ('train_cfg', 'sync_bn', 'search'):
        assert load_config(config, overlays=[overlay(entry, f'{entry} = dict(a=1)\n')])[entry] == dict(a=1)


def test_bases_of_an_overlay_may_be_computed(config, overlay):
    overlay('inner', 'base = dict(lr=0.5)\n')
    for bases in ('f\'{"inner"}.py\'', "['inner' + '.py']", "'{{ fileDirname }}/inner.py'"):
        assert load_config(config, overlays=[overlay('outer', f'_base_ = {bases}\n')]).base.lr == 0.5


def test_names_of_the_file_are_the_overlays_own(config, overlay):
    path = overlay('named', "work_dir = '{{ fileDirname }}/{{fileBasenameNoExtension}}'\n")
    assert load_config(config, overlays=[path]).work_dir == str(path.with_suffix(''))


def test_an_overlay_that_inherits_itself(config, overlay):
    path = overlay('one', "_base_ = 'other.py'\n")
    overlay('other', "_base_ = 'one.py'\n")
    line = mistake(config, overlays=[path])
    assert line == f'--with {path}: _base_ other.py: _base_ one.py: inherits itself'
    path.write_text("_base_ = 'mmpretrain::_base_/default_runtime.py'\n")
    assert "cannot inherit 'mmpretrain::_base_/default_runtime.py' of another package" in mistake(
        config, overlays=[path]
    )


def test_entries_of_an_overlay_however_they_are_assigned(config, overlay):
    for text in ('base: dict = dict(lr=0.5)\n', 'base, more = dict(lr=0.5), 3\n'):
        assert load_config(config, overlays=[overlay('assigned', text)]).base.lr == 0.5
    local = overlay('local', 'def helper():\n    base = 3\n')
    assert 'has no entry that the config or the Runner knows' in mistake(config, overlays=[local])


def test_the_text_does_not_change_from_load_to_load(config, overlay):
    path = overlay('one', 'base = dict(lr=1.0)\n')
    texts = {load_config(config, overlays=[path]).text for _ in range(2)}
    assert texts == {f'{config.read_text()}\n{path.read_text()}'}
    assert load_config(f'{config}+{path}').text in texts


@pytest.mark.parametrize(
    ('name', 'text'),
    [
        ('data.yml', 'base:\n  lr: 0.2\nmodel:\n  sizes: [1]\n'),
        ('data.json', '{"base": {"lr": 0.2}, "model": {"sizes": [1]}}'),
        ('data.yml', '_base_: graph.py\nbase:\n  lr: 0.2\nmodel:\n  sizes: [1]\n'),
    ],
)
def test_configs_that_are_data(config, name, text, tmp_path):
    path = tmp_path / name
    path.write_text(text)
    cfg = load_config(path)
    assert (cfg.base, cfg.model.sizes) == (dict(lr=0.2), [1])
    cfg.model.sizes = (1, 2)
    cfg.dump(tmp_path / f'copy{path.suffix}')
    assert load_config(tmp_path / f'copy{path.suffix}').model.sizes == [1, 2]


def test_data_make_no_objects(config, tmp_path):
    """mmengine would run the command, or make the object, while it reads the file."""
    mark = tmp_path / 'mark'
    for tag in (
        f'apply:os.mkdir ["{mark}"]',
        f'apply:pathlib.Path.touch [!!python/object/apply:pathlib.Path ["{mark}"]]',
    ):
        for text in (f'a: !!python/object/{tag}\n', f'_base_: !!python/object/{tag}\n'):
            path = tmp_path / 'data.yaml'
            path.write_text(text)
            assert mistake(path).startswith(f'config {path}: ConstructorError: could not determine a constructor')
            above = tmp_path / 'above.py'
            above.write_text("_base_ = 'data.yaml'\n")
            assert 'ConstructorError' in mistake(above)
    assert not mark.exists()


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('custom_imports = 3', 'custom_imports: must be a dict, got 3'),
        ("custom_imports = dict(modules=['os'])", "custom_imports: unknown entry 'modules'"),
        ('custom_imports = dict(imports=[5])', 'custom_imports.imports: must be a list of modules, got [5]'),
    ],
)
def test_imports(config, text, message):
    path = config.with_name('other.py')
    path.write_text(text)
    assert mistake(path, error=ConfigError).startswith(message)


def test_what_a_file_imports_for_its_own_use_is_no_entry(tmp_path):
    (tmp_path / 'a.py').write_text(
        'from functools import partial\nfrom math import sqrt\nfrom pathlib import Path\nwork_dir = str(Path("a"))\n'
        'train_cfg = dict(max_epochs=int(sqrt(4)))\n'
    )
    config = load_config(tmp_path / 'a.py')
    assert dict(config) == dict(work_dir='a', train_cfg=dict(max_epochs=2))
    assert 'work_dir' in config.pretty_text


def test_an_option_imports_what_it_names(config):
    with pytest.raises(UserError, match=r'custom_imports: .*no_such_module'):
        load_config(config, {'custom_imports.imports': ['no_such_module']})
