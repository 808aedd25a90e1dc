from pathlib import Path

import pytest

import ktg_mm.shipped
from ktg_mm.apis import load_config
from ktg_mm.errors import UserError
from ktg_mm.shipped import found, shipped

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
