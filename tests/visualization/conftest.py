"""The runs of tests/engine."""

import importlib.util
from pathlib import Path

_spec = importlib.util.spec_from_file_location('tiny_runs', Path(__file__).parents[1] / 'engine/conftest.py')
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)

tiny_config, tiny_runner, iteration_config = _module.tiny_config, _module.tiny_runner, _module.iteration_config
