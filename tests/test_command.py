import os
import subprocess
import sys
from pathlib import Path

import pytest

from ktg_mm import __version__
from ktg_mm.command import commands, main

TOOLS = Path(__file__).parents[1] / 'tools'


def run(monkeypatch, *words):
    monkeypatch.setattr(sys, 'argv', ['ktg', *words])
    main()


@pytest.mark.parametrize('words', [[], ['--help'], ['-h']])
def test_all_tools_are_listed_with_what_they_are_for(monkeypatch, capsys, words):
    run(monkeypatch, *words)
    lines = capsys.readouterr().out.splitlines()
    listed = {line.split()[0]: line.split(maxsplit=1)[1] for line in lines if line.startswith('  ')}
    paths = [*TOOLS.glob('*.py'), *TOOLS.glob('*.sh'), *TOOLS.glob('analysis/*.py')]
    assert set(listed) == {path.stem for path in paths} - {'launch'}
    assert next(iter(listed)) == 'train' and listed['train'] == 'Trains a graph' and all(listed.values())


def test_the_version(monkeypatch, capsys):
    run(monkeypatch, '--version')
    assert capsys.readouterr().out == f'{__version__}\n'


@pytest.mark.parametrize(
    ('name', 'hint'), [('trian', "did you mean 'train'?"), ('zzz', 'known: train, test, search, ')]
)
def test_a_command_that_is_none(monkeypatch, capsys, name, hint):
    with pytest.raises(SystemExit) as caught:
        run(monkeypatch, name)
    assert caught.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith(f'error: ktg: no command is named {name!r}; {hint}') and error.count('\n') == 1


def test_a_tool_gets_its_arguments(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    run(monkeypatch, 'draw_graph', 'configs/ktg/ens_3node_digits.py', '--out', 'graph.svg')
    assert (tmp_path / 'graph.svg').exists() and capsys.readouterr().out == 'graph.svg\n'


def test_its_help_has_the_commands_name(monkeypatch, capsys):
    with pytest.raises(SystemExit) as caught:
        run(monkeypatch, 'draw_graph', '--help')
    assert caught.value.code == 0 and capsys.readouterr().out.startswith('usage: ktg draw_graph ')


def test_a_script_of_the_shell(monkeypatch):
    called = []
    monkeypatch.setattr(os, 'execvp', lambda *arguments: called.append(arguments))
    run(monkeypatch, 'dist_train', 'config.py', '2')
    assert called == [('bash', ['bash', str(commands()['dist_train']), 'config.py', '2'])]
    assert os.environ['PYTHON'] and os.environ.pop('KTG_COMMAND') == 'ktg dist_train'


def test_the_list_is_there_at_once():
    """No library is imported for it."""
    code = "import sys; from ktg_mm.command import main; main(); assert not {'torch', 'mmengine'} & set(sys.modules)"
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.startswith('usage: ktg COMMAND'), done.stderr
