from pathlib import Path

import pytest

import ktg_mm.shipped
from ktg_mm.apis import load_config
from ktg_mm.errors import UserError
from ktg_mm.shipped import found, shipped, tool_command

REPOSITORY = Path(__file__).parents[1]


def test_a_checkout_has_them_at_its_top():
    assert shipped('configs') == REPOSITORY / 'configs' and shipped('tools') == REPOSITORY / 'tools'


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """The package as a wheel has it."""
    monkeypatch.setattr(ktg_mm.shipped, '_PACKAGE', tmp_path / 'ktg_mm')
    configs = tmp_path / 'ktg_mm/.mim/configs'
    configs.mkdir(parents=True)
    (configs / 'mine.py').write_text('train_cfg = dict(max_epochs=2)\n')
    monkeypatch.chdir(tmp_path)
    return configs


def test_a_wheel_has_them_in_the_package(installed):
    assert shipped('configs') == installed
    assert found(Path('configs/mine.py')) == installed / 'mine.py'
    assert load_config('configs/mine.py').train_cfg.max_epochs == 2


def test_a_shipped_neighbour_is_suggested(installed):
    with pytest.raises(UserError, match=r"configs/min\.py: no such file; did you mean 'configs/mine\.py'\?"):
        load_config('configs/min.py')


def test_what_is_the_users_comes_first(installed, tmp_path):
    (tmp_path / 'configs').mkdir()
    (tmp_path / 'configs/mine.py').write_text('train_cfg = dict(max_epochs=3)\n')
    assert load_config('configs/mine.py').train_cfg.max_epochs == 3


def test_other_paths_stay(installed):
    assert [found(Path(name)) for name in ('mine.py', 'configs/other.py')] == [
        Path('mine.py'),
        Path('configs/other.py'),
    ]


def test_a_config_inherits_a_shipped_one_by_its_name(installed, tmp_path):
    config, overlay = tmp_path / 'other.py', tmp_path / 'overlay.py'
    config.write_text("_base_ = 'ktg_mm::mine.py'\n")
    assert load_config(config).train_cfg.max_epochs == 2
    (installed / 'longer.py').write_text('train_cfg = dict(max_epochs=9)\n')
    overlay.write_text("_base_ = ['ktg_mm::longer.py']\ntrain_cfg = dict(val_interval=3)\n")
    assert load_config(config, overlays=[overlay]).train_cfg == dict(max_epochs=9, val_interval=3)


@pytest.mark.parametrize('overlays', [0, 1])
def test_a_base_that_is_none(installed, tmp_path, overlays):
    config = tmp_path / 'other.py'
    config.write_text("_base_ = 'ktg_mm::min.py'\n")
    names = ['configs/mine.py', config] if overlays else [config]
    with pytest.raises(UserError) as caught:
        load_config(names[0], overlays=names[1:])
    assert str(caught.value) == "_base_: no shipped config is named 'ktg_mm::min.py'; did you mean 'ktg_mm::mine.py'?"


@pytest.mark.parametrize('name', ['family/one', 'family/one.py', 'configs/family/one'])
def test_the_beginning_and_the_ending_may_be_left_out(installed, name):
    (installed / 'family').mkdir()
    (installed / 'family/one.py').write_text('train_cfg = dict(max_epochs=4)\n')
    assert load_config(name).train_cfg.max_epochs == 4
    with pytest.raises(UserError, match=r"family/oen: no such file; did you mean 'family/one\.py'\?"):
        load_config('family/oen')
    assert found(Path('..', *Path(name).parts)) == Path('..', *Path(name).parts)


def test_how_to_call_a_tool(monkeypatch):
    assert tool_command('train') == 'python tools/train.py' and tool_command('dist_test') == 'tools/dist_test.sh'
    monkeypatch.setattr('sys.argv', ['ktg train', 'a.py'])
    assert tool_command('test') == 'ktg test' and tool_command('dist_test') == 'ktg dist_test'


def test_how_to_call_a_tool_of_a_wheel(installed):
    (installed.parent / 'tools').mkdir()
    assert tool_command('train') == 'ktg train'
