"""The command that runs what needs a GPU, on commands that need none."""

import contextlib
import importlib.util
import json
import sys
import time
from pathlib import Path

import pytest
import torch

PATH = Path(__file__).parents[2] / 'tools/benchmarks/gpu.py'


@pytest.fixture(scope='module')
def gpu():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(PATH.parent))
        yield load()


def load():
    spec = importlib.util.spec_from_file_location('gpu_command', PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def part(gpu, code, seconds=60):
    return gpu.Part(('-c', code), seconds)


def test_one_file_has_all(gpu, tmp_path):
    out = tmp_path / 'gpu.json'
    parts = dict(
        checks=part(gpu, 'print("== 1 failed, 12 passed, 3 skipped in 4.00s =="); raise SystemExit(1)'),
        steps=part(gpu, 'import os, json; print(json.dumps(dict(ratio=1.5, shown=os.environ["KTG_MM_SHOW_GPUS"])))'),
    )
    results = gpu.run_parts(parts, 60, out, dict(device='none'))
    written = json.loads(out.read_text())
    assert written == dict(setting=dict(device='none'), parts=results)
    assert results['checks']['status'] == 'failed' and results['steps']['status'] == 'ok'
    assert (
        results['checks']['result'] == dict(failed=1, passed=12, skipped=3) and '12 passed' in results['checks']['said']
    )
    assert results['steps']['result'] == dict(ratio=1.5, shown='1') and 'said' not in results['steps']


def test_a_part_that_takes_too_long_is_stopped_with_all_that_it_started(gpu, tmp_path):
    code = (
        'import subprocess, sys; print("begun", flush=True); '
        'subprocess.run([sys.executable, "-c", "import time; time.sleep(60)"])'
    )
    start = time.monotonic()
    parts = dict(first=part(gpu, code), second=part(gpu, 'print(1)'), third=part(gpu, 'print(2)'))
    results = gpu.run_parts(parts, 2.0, tmp_path / 'gpu.json', {})
    assert time.monotonic() - start < 30
    assert [result['status'] for result in results.values()] == ['stopped'] * 3
    assert 'begun' in results['first']['said'] and results['third']['said'] == 'no time was left'


def test_a_part_that_is_stopped_keeps_the_results_that_it_had(gpu, tmp_path):
    lines = ['{"setting": {"a": 1}}', 'some words', '{"mixed": {"ratio": 2}}', '{']
    code = f'import time; [print(line, flush=True) for line in {lines}]; time.sleep(60)'
    results = gpu.run_parts(dict(steps=part(gpu, code, 1.5)), 60, tmp_path / 'gpu.json', {})
    assert results['steps']['status'] == 'stopped'
    assert results['steps']['result'] == dict(setting=dict(a=1), mixed=dict(ratio=2))


@pytest.mark.parametrize(
    ('code', 'status'), [('import time; time.sleep(60)', None), ('raise SystemExit(3)', 1), ('print(1)', None)]
)
def test_only_what_failed_ends_it_with_1(gpu, monkeypatch, tmp_path, capsys, code, status):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    monkeypatch.setattr(gpu, 'setting', dict)
    monkeypatch.setattr(gpu, 'PARTS', dict(one=part(gpu, code, 1.5)))
    monkeypatch.setattr(sys, 'argv', ['gpu.py', '--out', str(tmp_path / 'gpu.json')])
    with contextlib.ExitStack() as stack:
        end = stack.enter_context(pytest.raises(SystemExit)) if status else None
        gpu.main()
    assert (end and end.value.code) == status and capsys.readouterr().out.startswith('one: ')
    assert json.loads((tmp_path / 'gpu.json').read_text())['setting'].keys() == {'gpus', 'time'}


def test_the_parts_take_less_than_eight_minutes(gpu):
    assert sum(part.seconds for part in gpu.PARTS.values()) <= 480
    for each in gpu.PARTS.values():
        assert all((PATH.parents[2] / argument).exists() for argument in each.arguments if '/' in argument)


def test_without_a_gpu_it_says_so(gpu, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(sys, 'argv', ['gpu.py', '--out', str(tmp_path / 'gpu.json')])
    with pytest.raises(SystemExit) as end:
        gpu.main()
    assert end.value.code == 2 and not (tmp_path / 'gpu.json').exists()
    assert capsys.readouterr().err == (
        'error: tools/benchmarks/gpu.py: there is no GPU that PyTorch can use; run it on a machine with one\n'
    )
