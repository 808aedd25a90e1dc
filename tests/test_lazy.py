"""The command line is read before any library is there."""

import gc
import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ktg_mm.lazy import lazy_names, without_collecting

ROOT = Path(__file__).parents[1]
PACKAGES = ['ktg_mm.analysis', 'ktg_mm.apis', 'ktg_mm.benchmark', 'ktg_mm.search']

# Answers --help and a mistake of every tool; none of them may import one of the libraries.
ALL_TOOLS = """
import contextlib, io, os, runpy, sys

class NoLibrary:
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] in {'torch', 'mmcv', 'mmengine', 'mmpretrain', 'optuna', 'scipy', 'sklearn'}:
            raise AssertionError(f'{name} is imported')

sys.meta_path.insert(0, NoLibrary())
for tool in sys.argv[1:]:
    sys.path[0] = os.path.dirname(tool)  # as Python has it for a script
    for argument in '--help', '--no-such-option':
        sys.argv = [tool, argument]
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as errors:
            try:
                runpy.run_path(tool, run_name='__main__')
                status = 0
            except SystemExit as end:
                status = end.code or 0
        print(tool, argument, status, len(errors.getvalue().splitlines()))
"""


def test_help_and_mistakes_of_every_tool_need_no_library():
    tools = [str(path) for path in sorted(ROOT.glob('tools/**/*.py')) if '__main__' in path.read_text()]
    assert len(tools) > 20
    environment = {**os.environ, 'PYTHONPATH': str(ROOT)}
    done = subprocess.run([sys.executable, '-c', ALL_TOOLS, *tools], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    # Tool, argument, status and lines on stderr.
    wanted = [line for tool in tools for line in (f'{tool} --help 0 0', f'{tool} --no-such-option 2 1')]
    assert done.stdout.splitlines() == wanted


@pytest.mark.parametrize('package', PACKAGES)
def test_all_names_are_there_and_are_told(package):
    module = importlib.import_module(package)
    for name in module.__all__:
        assert getattr(module, name) is not None
    assert {*module.__all__} <= {*dir(module)}


@pytest.mark.parametrize('package', PACKAGES)
def test_no_module_takes_the_place_of_a_name(package):
    module = importlib.import_module(package)
    assert not {path.stem for path in Path(module.__file__).parent.iterdir()} & {*module.__all__}


@pytest.mark.parametrize('package', PACKAGES)
def test_a_name_that_is_none(package):
    with pytest.raises(AttributeError, match=f"module '{package}' has no attribute 'nothing'"):
        importlib.import_module(package).nothing  # noqa: B018
    with pytest.raises(ImportError):
        exec(f'from {package} import nothing')


def test_nothing_is_collected_while_a_module_is_imported(tmp_path, monkeypatch):
    (tmp_path / 'lazy_package').mkdir()
    (tmp_path / 'lazy_package/__init__.py').write_text('if TYPE_CHECKING:\n    from .part import collecting\n')
    (tmp_path / 'lazy_package/part.py').write_text('import gc\ncollecting = gc.isenabled()\n')
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(sys.modules, 'lazy_package', module := type(sys)('lazy_package'))
    module.__path__ = [str(tmp_path / 'lazy_package')]
    get, _, _ = lazy_names('lazy_package', tmp_path / 'lazy_package/__init__.py')
    assert get('collecting') is False and gc.isenabled()
    gc.disable()
    try:
        with without_collecting():
            pass
        assert not gc.isenabled()  # as it was
    finally:
        gc.enable()
    with pytest.raises(ImportError), without_collecting():
        raise ImportError
    assert gc.isenabled()
