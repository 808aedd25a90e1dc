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
    return found


def test_a_step_that_waits_is_seen(modes):
    def step():
        warnings.warn('called a synchronizing CUDA operation (Triggered internally at ...)', stacklevel=1)
        warnings.warn('This instance was constructed with capturable=True or some', stacklevel=1)
        warnings.warn('something else', stacklevel=1)
        return 5

    with pytest.warns(UserWarning, match='something else') as others:
        result, waits = CudaRecorder().watch(step)
    assert result == 5 and modes == ['warn', 0]
    assert len(waits) == 1 and waits[0].startswith(f'{__file__}:')
    assert len(others) == 1


def test_the_mode_is_as_before_though_the_step_fails(modes):
    with pytest.raises(ZeroDivisionError):
        CudaRecorder().watch(lambda: 1 / 0)
    assert modes == ['warn', 0]


def test_a_step_that_does_not_wait(modes):
    assert CudaRecorder().watch(lambda: 7) == (7, [])
