"""A mistake in a benchmark's arguments is one line, before anything is measured; so is what it prints."""

import argparse
import importlib.util
import json
import sys
from pathlib import Path

import pytest

from ktg_mm.errors import UserError

FOLDER = Path(__file__).parents[2] / 'tools/benchmarks'


@pytest.fixture
def load(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))

    def load(name):
        spec = importlib.util.spec_from_file_location(f'benchmark_{name}', FOLDER / f'{name}.py')
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


@pytest.mark.parametrize(
    ('command', 'problem'),
    [
        ('step --iterations 1', "--iterations: must be a whole number, at least 2, got '1'"),
        ('step --batch-size 7', "--batch-size: must be a whole number, at least 8, got '7'"),
        ('step --pixels 4', "--pixels: must be a whole number, at least 8, got '4'"),
        ('step --graphs mixd', "--graphs: did you mean 'mixed'?, got 'mixd'"),
        ('step --modes compild', "--modes: did you mean 'compiled'?, got 'compild'"),
        ('stack --graphs 0', "--graphs: must be a whole number, at least 1, got '0'"),
        ('stack --batch-size 1', "--batch-size: must be a whole number, at least 2, got '1'"),
        ('stack --pixels 3', "--pixels: must be a whole number, at least 4, got '3'"),
        ('stack --channels 0', "--channels: must be a whole number, at least 1, got '0'"),
        ('stack --iterations 0', "--iterations: must be a whole number, at least 1, got '0'"),
        ('data --images 999', "--images: must be a whole number, at least 1000, got '999'"),
        ('data --repeats 1.5', "--repeats: must be a whole number, at least 1, got '1.5'"),
        ('workers --graphs 1', "--graphs: must be a whole number, at least 2, got '1'"),
        ('workers --epochs 0', "--epochs: must be a whole number, at least 1, got '0'"),
        ('workers --repeats 0', "--repeats: must be a whole number, at least 1, got '0'"),
        ('search --workers 0', "--workers: must be a whole number, at least 1, got '0'"),
        ('samplers --repeats 1', "--repeats: must be a whole number, at least 2, got '1'"),
        ('samplers --budgets 0', "--budgets: must be a whole number, at least 1, got '0'"),
        ('samplers --race 4 1', "--race: must be a whole number, at least 2, got '1'"),
        ('startup --trials 1', "--trials: must be a whole number, at least 2, got '1'"),
        ('storage --workers 0', "--workers: must be a whole number, at least 1, got '0'"),
        ('storage --running 2', "--running: must be a whole number, at least 3, got '2'"),
        ('cluster --graphs 0', "--graphs: must be a whole number, at least 1, got '0'"),
        ('cluster --factor 1', '--factor: must be 0 or at least 2, got 1'),
    ],
)
def test_mistakes(load, monkeypatch, capsys, command, problem):
    name, *arguments = command.split()
    monkeypatch.setattr(sys, 'argv', [f'{name}.py', *arguments])
    with pytest.raises(SystemExit) as end:
        load(name).main()
    assert end.value.code == 2 and capsys.readouterr().err == f'error: argument {problem}\n'


@pytest.mark.parametrize(
    ('command', 'problem'),
    [
        ('storage --against nothere', '--against nothere: must be a checkout of the project, and has no ktg_mm'),
        ('cluster --spread 1.5', '--spread: must be 0 to 1, got 1.5'),
        ('cluster --correlation -1', '--correlation: must be 0 to 1, got -1.0'),
        ('cluster --epoch-seconds 0', '--epoch-seconds: must be above 0, got 0.0'),
    ],
)
def test_mistakes_that_the_parser_does_not_see(load, monkeypatch, capsys, command, problem):
    name, *arguments = command.split()
    monkeypatch.setattr(sys, 'argv', [f'{name}.py', *arguments])
    with pytest.raises(SystemExit) as end:
        load(name).main()
    assert end.value.code == 2 and capsys.readouterr().err == f'error: {problem}\n'


TOGETHER = """
from ktg_mm.errors import ConfigError

def say(number, wait, text):
    wait()
    return f'{text} {number}'

def fail(number, wait):
    if number:
        raise ConfigError('search.trials', 'is missing')
    wait()
"""


def test_processes_that_wait_for_one_another(load, tmp_path, monkeypatch):
    (tmp_path / 'said_together.py').write_text(TOGETHER)
    monkeypatch.syspath_prepend(str(tmp_path))
    functions, processes = importlib.import_module('said_together'), importlib.import_module('processes')
    assert processes.together(2, functions.say, 'number') == ['number 0', 'number 1']
    assert processes.alone(str.upper, 'alone') == 'ALONE'
    with pytest.raises(UserError, match=r'^search\.trials: is missing$'):
        processes.together(2, functions.fail)


@pytest.mark.parametrize('name', ['search', 'workers'])
def test_a_mistake_of_a_process_is_one_line(load, monkeypatch, capsys, name):
    module = load(name)
    monkeypatch.setattr(sys, 'argv', [f'{name}.py', '--config', 'nothere.py'])
    monkeypatch.setattr(module, 'together', lambda number, work, *arguments: work(0, pytest.fail, *arguments))
    with pytest.raises(SystemExit) as end:
        module.main()
    err = capsys.readouterr().err
    assert end.value.code == 2 and err.startswith('error: config nothere.py: no such file') and err.count('\n') == 1


def test_a_report(load, capsys):
    report = load('report')
    args = argparse.Namespace(json=False, graphs=['mixed'])
    with report.Report(args, 'graph') as table:
        table.add('mixed', seconds=1234.5, ratio_interval_95=[0.9, 1.1])
        table.add('small', seconds=2, pairs=3)
    out = capsys.readouterr().out.splitlines()
    assert [line.split() for line in out[:4:3]] == [
        '| graph | seconds | ratio interval 95 | pairs |'.split(),
        '| small | 2 | | 3 |'.split(),
    ]
    assert out[2].split() == '| mixed | 1,234.5 | 0.9 to 1.1 | |'.split() and 'torch' in out[4]
    args.json = True
    with report.Report(args, 'graph') as lines:
        lines.add('mixed', seconds=1.5)
        first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert second == dict(mixed=dict(seconds=1.5)) and not capsys.readouterr().out
    assert first['setting'].keys() >= {'graphs', 'cpu', 'cores', 'threads', 'python', 'torch'}
