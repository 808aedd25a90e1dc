"""Small graphs and runs, and what stands in for the recorder of CUDA graphs."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from ktg_mm.engine.capture import CapturedStep
from ktg_mm.models import KnowledgeTransferGraph


def _module(path: str) -> ModuleType:
    place = Path(__file__).parents[2] / path
    spec = importlib.util.spec_from_file_location(f'capture_{place.parent.name}_{place.stem}', place)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


toys = _module('models/conftest.py').toys
_replay = _module('models/replay.py')


class Recorder(_replay.TraceRecorder):
    """Knows the tensors of the graph of a captured step."""

    captured: CapturedStep
    graph: KnowledgeTransferGraph

    def __init__(self, side_by_side: bool = False) -> None:
        super().__init__(self._memory)

    def _memory(self) -> list:
        kept = [*self.captured.batch.tensors(), *self.captured.rates.tensors()]
        return [*self.graph.parameters(), *self.graph.buffers(), *kept]


@pytest.fixture
def replay() -> ModuleType:
    """The module with the stand-in."""
    return _replay


@pytest.fixture
def recorder_class() -> type[Recorder]:
    """That of the stand-in."""
    return Recorder


@pytest.fixture
def capture(monkeypatch: pytest.MonkeyPatch) -> Callable:
    """Makes a graph's steps recorded ones from the second on; gives the recorder and what is said."""
    monkeypatch.setattr('ktg_mm.engine.capture.captured_step.WARM_UP', 1)

    def make(graph, recorder=None) -> tuple[Recorder, list[str]]:
        recorder, said = recorder or Recorder(), []
        recorder.graph = graph
        recorder.captured = graph.captured = CapturedStep(recorder, said.append)
        return recorder, said

    return make
