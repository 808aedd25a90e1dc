from pathlib import Path

import pytest
import torch

from ktg_mm.datasets.in_memory import free_memory as module
from ktg_mm.datasets.in_memory.free_memory import free_memory

CPU = torch.device('cpu')


@pytest.mark.skipif(not Path('/proc/meminfo').exists(), reason='only Linux tells')
def test_there_is_some():
    assert 0 < free_memory(CPU) < 2**50


def test_what_linux_tells(tmp_path, monkeypatch):
    monkeypatch.setattr(module, '_MEMORY', tmp_path / 'meminfo')
    assert free_memory(CPU) is None
    (tmp_path / 'meminfo').write_text('MemTotal:  9 kB\nMemAvailable:    3 kB\n')
    assert free_memory(CPU) == 3 * 1024
    (tmp_path / 'meminfo').write_text('MemTotal:  9 kB\n')
    assert free_memory(CPU) is None


def test_what_a_gpu_tells(monkeypatch):
    told = dict(mem_get_info=(100, 900), memory_reserved=50, memory_allocated=20)
    for name, value in told.items():
        monkeypatch.setattr(torch.cuda, name, lambda device, value=value: value)
    assert free_memory(torch.device('cuda')) == 130
