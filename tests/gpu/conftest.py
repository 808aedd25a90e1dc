"""Small graphs and runs, and the devices that the tests are about."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
import torch

TESTS = Path(__file__).parents[1]


def _module(path: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f'gpu_{path.replace("/", "_")}', TESTS / path / 'conftest.py')
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


toys = _module('models').toys
_runs = _module('engine')
shipped = _module('datasets/in_memory').shipped
tiny_config, tiny_runner, iteration_config = _runs.tiny_config, _runs.tiny_runner, _runs.iteration_config


@pytest.fixture(params=['cpu', pytest.param('cuda', marks=pytest.mark.gpu)])
def device(request: pytest.FixtureRequest) -> str:
    """The CPU, where the GPU is hidden, and the GPU, where it is not."""
    if (request.param == 'cuda') != torch.cuda.is_available():
        pytest.skip('hidden here; test_gpu.py runs it' if request.param == 'cuda' else 'has a GPU')
    return request.param
