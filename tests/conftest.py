"""Fixtures for all tests."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from mmengine.registry import DefaultScope


@pytest.fixture(scope='session')
def miniatures() -> ModuleType:
    """The module tests/miniatures.py: writers of small data sets in the official layouts."""
    spec = importlib.util.spec_from_file_location('miniatures', Path(__file__).with_name('miniatures.py'))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def mmpretrain_scope() -> Iterator[None]:
    """Builds from configs as a run does, with ``default_scope = 'mmpretrain'``."""
    import ktg_mm.datasets  # noqa: F401  registers

    with DefaultScope.overwrite_default_scope('mmpretrain'):
        yield
