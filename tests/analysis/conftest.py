"""Made-up predictions, and checkpoints of a tiny graph that the tools can read."""

import csv
import importlib.util
import runpy
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from mmpretrain.registry import MODELS
from PIL import Image

from ktg_mm.analysis import Predictions
from ktg_mm.apis import load_config

TESTS = Path(__file__).parents[1]

_spec = importlib.util.spec_from_file_location('tiny_runs', TESTS / 'engine/conftest.py')
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)

ENSEMBLE = "model['nodes']['ensemble'] = dict(type='EnsembleNode', members=['net1', 'net2'])\n"


@pytest.fixture(scope='session')
def tiny(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Path]]:
    """The config of two networks and their ensemble, 32 test images of digits, and two untrained checkpoints of it."""
    folder = tmp_path_factory.mktemp('tiny')
    config = folder / 'tiny.py'
    config.write_text(_module.CONFIG.format(base=TESTS.parent / 'configs/_base_') + ENSEMBLE)
    cfg = load_config(config)
    checkpoints = []
    for seed in range(2):
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            graph = MODELS.build(dict(cfg.model, data_preprocessor=cfg.data_preprocessor))
            for name, parameter in graph.named_parameters():  # untrained networks are all equally unsure
                if name.endswith('head.fc.weight'):
                    torch.nn.init.normal_(parameter)
        checkpoints.append(folder / f'seed{seed}' / 'epoch_1.pth')
        checkpoints[-1].parent.mkdir()
        torch.save(dict(state_dict=graph.state_dict()), checkpoints[-1])
    return config, checkpoints


@pytest.fixture
def run_tool(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Runs a tool of tools/analysis/ in this process and returns its status."""

    def run(name: str, *args: object) -> int:
        monkeypatch.setattr(sys, 'argv', [f'{name}.py', *map(str, args)])
        try:
            runpy.run_path(str(TESTS.parent / 'tools/analysis' / f'{name}.py'), run_name='__main__')
        except SystemExit as end:
            return int(end.code or 0)
        return 0

    return run


@pytest.fixture(scope='session')
def make_predictions() -> Callable[..., Predictions]:
    """Makes predictions of networks net1, net2, ... and the ensemble of all, each right on most images."""

    def make(networks: int = 3, images: int = 60, classes: int = 5, seed: int = 0) -> Predictions:
        generator = np.random.default_rng(seed)
        labels = generator.integers(classes, size=images)
        logits = generator.normal(size=(networks, images, classes)) + 2 * np.eye(classes)[labels]
        names = tuple(f'net{number + 1}' for number in range(networks))
        return Predictions(
            names=(*names, 'ensemble'),
            logits=np.concatenate([logits, logits.mean(axis=0, keepdims=True)]).astype(np.float32),
            labels=labels,
            parameters=(*(1000 * (number + 1) for number in range(networks)), 0),
            members={'ensemble': names},
        )

    return make


@pytest.fixture(scope='session')
def read_table() -> Callable[[Path], list[dict[str, str]]]:
    """Reads a CSV file."""

    def read(path: Path) -> list[dict[str, str]]:
        with path.open(newline='') as file:
            return list(csv.DictReader(file))

    return read


@pytest.fixture(scope='session')
def check_picture() -> Callable[[Path], None]:
    """Checks that a picture is wide enough, and neither empty nor of one colour."""

    def check(path: Path) -> None:
        with Image.open(path) as picture:
            assert picture.width >= 1000 and picture.height >= 400
            colours = picture.convert('RGB').getcolors(maxcolors=1 << 24)
        assert len(colours) > 50
        assert max(colours)[1] == (255, 255, 255)

    return check
