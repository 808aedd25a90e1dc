"""Modules of the user's own are found beside the config, and ours are not lost."""

import importlib.util
import multiprocessing
import sys
from pathlib import Path

import pytest

from ktg_mm.apis import build_runner, load_config
from ktg_mm.apis.own_modules import OURS, with_ours
from ktg_mm.errors import UserError
from ktg_mm.registry import GATES

REPOSITORY = Path(__file__).parents[2]
GATE = """
from ktg_mm.models.gates import Gate
from ktg_mm.registry import GATES


@GATES.register_module()
class QuarterGate(Gate):
    def weight(self, loss, target, source, context):
        return 0.25
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A config, and a gate in a module beside it that it imports."""
    monkeypatch.setattr(sys, 'path', [*sys.path])
    folder = tmp_path / 'mine'
    folder.mkdir()
    (folder / 'quarter_gate.py').write_text(GATE)
    config = folder / 'config.py'
    config.write_text(
        f'_base_ = {str(REPOSITORY / "configs/ktg/ens_3node_digits.py")!r}\n'
        "custom_imports = dict(imports=['quarter_gate'])\n"
    )
    yield config
    sys.modules.pop('quarter_gate', None)
    GATES.module_dict.pop('QuarterGate', None)


def test_beside_the_config(own):
    load_config(own)
    assert 'QuarterGate' in GATES.module_dict
    assert sys.path[-1] == str(own.parent)  # behind all that Python knows


@pytest.mark.parametrize('way', ['inherited', 'an overlay', 'where the user is', 'an option'])
def test_elsewhere(own, way, tmp_path, monkeypatch):
    other = tmp_path / 'other/config.py'
    other.parent.mkdir()
    other.write_text(own.read_text())
    plain = REPOSITORY / 'configs/ktg/ens_3node_digits.py'
    if way == 'inherited':
        other.write_text(f'_base_ = {str(own)!r}\n')
        load_config(other)
    elif way == 'an overlay':
        overlay = own.with_name('overlay.py')
        overlay.write_text("custom_imports = dict(imports=['quarter_gate'])\n")
        load_config(plain, overlays=[overlay])
    elif way == 'where the user is':
        monkeypatch.chdir(own.parent)
        load_config(other)
    else:
        own.write_text(f'_base_ = {str(plain)!r}\n')
        load_config(own, {'custom_imports.imports': ['quarter_gate']})
    assert 'QuarterGate' in GATES.module_dict


def test_nowhere(own):
    own.with_name('quarter_gate.py').unlink()
    message = rf"custom_imports\.imports: no module is named 'quarter_gate'; it may lie in {own.parent}, or on "
    with pytest.raises(UserError, match=message):
        load_config(own)


def test_a_module_that_imports_what_is_not_there(own):
    own.with_name('quarter_gate.py').write_text('import no_such_module\n')
    with pytest.raises(UserError, match="Failed to import quarter_gate: No module named 'no_such_module'"):
        load_config(own)


def test_a_runs_config_names_ours_too(own, tmp_path):
    """Else a program that imports nothing of ours, such as mmpretrain's inferencer, could not read it."""
    runner = build_runner(load_config(own), tmp_path / 'run', rehearsal=False)
    assert runner.cfg.custom_imports.imports == [*OURS, 'quarter_gate']
    assert load_config(tmp_path / 'run/config.py').custom_imports.imports == [*OURS, 'quarter_gate']


def test_processes_that_are_started_anew(own):
    """Such as those that load data, with mp_start_method='spawn'."""
    load_config(own)
    with multiprocessing.get_context('spawn').Pool(1) as pool:
        assert pool.apply(importlib.util.find_spec, ['quarter_gate']) is not None


def test_ours_come_before():
    assert with_ours(dict(imports='mine'))['imports'] == [*OURS, 'mine']
    whole = dict(imports=[*OURS, 'mine'], allow_failed_imports=False)
    assert with_ours(whole) == whole
