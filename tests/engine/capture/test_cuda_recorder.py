"""What needs a GPU is in tests/gpu/test_capture_cuda.py."""

import warnings

import pytest
import torch

from ktg_mm.engine.capture import CudaRecorder


@pytest.fixture
def modes(monkeypatch):
    """The modes that the recorder sets, where there is no GPU."""
    found = []
    monkeypatch.setattr(torch.cuda, 'get_sync_debug_mode', lambda: 0)
    monkeypatch.setattr(torch.cuda, 'set_sync_debug_mode', found.append)
    monkeypatch.setattr(torch.cuda, 'reset_peak_memory_stats', lambda: None)
    memory = dict(memory_allocated=2, max_memory_allocated=5, memory_reserved=6)  # GiB; a step takes 3, 4 are unused
    for name, number in memory.items():
        monkeypatch.setattr(torch.cuda, name, lambda number=number: number * 2**30)
    monkeypatch.setattr(torch.cuda, 'mem_get_info', lambda: (2 * 2**30, 80 * 2**30))
    return found


def test_a_step_that_waits_is_seen(modes):
    def step():
        warnings.warn('called a synchronizing CUDA operation (Triggered internally at ...)', stacklevel=1)
        warnings.warn('This instance was constructed with capturable=True or some', stacklevel=1)
        warnings.warn('Synchronization debug mode is a prototype feature', stacklevel=1)
        warnings.warn('something else', stacklevel=1)
        return 5

    with pytest.warns(UserWarning, match='something else') as others:
        result, reasons = CudaRecorder().watch(step)
    assert result == 5 and modes == ['warn', 0]
    assert len(reasons) == 1
    assert reasons[0].startswith(f'a part waits for the device in the step, at {__file__}:')
    assert len(others) == 1


def test_the_mode_is_as_before_though_the_step_fails(modes):
    with pytest.raises(ZeroDivisionError):
        CudaRecorder().watch(lambda: 1 / 0)
    assert modes == ['warn', 0]


def test_a_step_that_does_not_wait(modes):
    assert CudaRecorder().watch(lambda: 7) == (7, [])


def test_a_step_for_which_there_is_not_the_memory(modes, monkeypatch):
    """It would be there twice: recorded, and for batches of another size."""
    monkeypatch.setattr(torch.cuda, 'mem_get_info', lambda: (2**30, 80 * 2**30))
    assert CudaRecorder().watch(lambda: 7) == (7, ['it takes 6.0 GiB of memory, and 5.0 are free'])
