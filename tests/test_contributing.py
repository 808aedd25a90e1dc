"""The examples of CONTRIBUTING.md are run as a user has them: a module of one's own, and a config that imports it."""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import optuna
import pytest
import torch
from mmengine.config import Config
from mmengine.evaluator import Evaluator
from mmengine.optim import build_optim_wrapper
from mmpretrain.registry import METRICS, MODELS
from mmpretrain.structures import DataSample

import ktg_mm.datasets
import ktg_mm.engine
import ktg_mm.evaluation
import ktg_mm.models  # noqa: F401  registers
from ktg_mm.apis import load_config
from ktg_mm.registry import GATES, LOSSES, SAMPLERS
from ktg_mm.search import Candidates
from ktg_mm.search.space.check_space import check_space

REPOSITORY = Path(__file__).parents[1]
REGISTRIES = dict(gate=GATES, loss=LOSSES, sampler=SAMPLERS, metric=METRICS)


@dataclass
class Example:
    """A code block that defines a registered class, and the next one, if that is the config that names it."""

    code: str
    config: str

    def __str__(self) -> str:
        return re.findall(r'^class (\w+)', self.code, flags=re.M)[0]

    @property
    def module(self) -> str:
        """The file's name, which the first line says."""
        return re.match(r'# (\w+)\.py\n', self.code)[1]


def examples() -> list[Example]:
    blocks = re.findall(r'```python\n(.*?)```', (REPOSITORY / 'CONTRIBUTING.md').read_text(), flags=re.S)
    found = [Example(code, after) for code, after in zip(blocks, [*blocks[1:], ''], strict=True) if '@' in code]
    for example in found:
        if not example.config.startswith('custom_imports'):
            example.config = f"custom_imports = dict(imports=[*_base_.custom_imports.imports, '{example.module}'])\n"
    return found


@pytest.fixture(params=examples(), ids=str)
def registered(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[str, str, Config]]:
    """What an example registers: of which kind, under which name; and the example's config."""
    example = request.param
    before = {kind: set(registry.module_dict) for kind, registry in REGISTRIES.items()}
    (tmp_path / f'{example.module}.py').write_text(example.code)
    config = tmp_path / 'config.py'
    config.write_text(f"_base_ = ['{REPOSITORY}/configs/search/ktg_3node_digits.py']\n{example.config}")
    monkeypatch.syspath_prepend(tmp_path)
    cfg = load_config(config)
    new = [(kind, name) for kind in before for name in set(REGISTRIES[kind].module_dict) - before[kind]]
    yield *new[0], cfg
    for kind, name in new:
        REGISTRIES[kind].module_dict.pop(name)
    sys.modules.pop(example.module)


@pytest.mark.usefixtures('mmpretrain_scope')
def test_examples_do_what_they_are_for(registered: tuple[str, str, Config]) -> None:
    kind, name, cfg = registered
    dict(gate=use_edge_part, loss=use_edge_part, sampler=use_sampler, metric=use_metric)[kind](kind, name, cfg)


def use_edge_part(kind: str, name: str, cfg: Config) -> None:
    """Trains a step of a graph with it, beside one without it: it changes that edge and no other."""
    logs = []
    for part in (None, dict(type=name)):
        model = cfg.model.to_dict()
        if part:
            model['edges']['net2->net1'][kind] = part
        torch.manual_seed(0)
        graph = MODELS.build(model)
        samples = [DataSample(metainfo=dict(sample_idx=label)).set_gt_label(label) for label in range(6)]
        batch = dict(inputs=list(torch.rand(6, 1, 8, 8) * 16), data_samples=samples)
        logs.append(graph.train_step(batch, build_optim_wrapper(graph, cfg.optim_wrapper)))
    changed = {key.partition('/')[2] for key in logs[0] if key != 'loss' and logs[0][key] != logs[1][key]}
    assert changed == {'net2->net1'}
    assert all(torch.isfinite(torch.as_tensor(value)) for value in logs[1].values())


def use_sampler(kind: str, name: str, cfg: Config) -> None:
    """Draws graphs with it, none twice, and others than Optuna's own draws."""
    assert cfg.search.sampler.type == name
    study = optuna.create_study()
    study.ask()
    (trial,) = study.get_trials()
    candidates = Candidates(cfg)
    check_space(candidates)
    drawn = [candidates.draw(index, study, trial) for index in range(20)]
    assert drawn == [Candidates(cfg).draw(index, study, trial) for index in range(20)]  # by the seed and the index
    cfg.search.sampler = dict(type='RandomSampler', seed=cfg.search.sampler.seed)
    at_random = [Candidates(cfg).draw(index, study, trial) for index in range(20)]
    assert drawn != at_random


def use_metric(kind: str, name: str, cfg: Config) -> None:
    """Searches by it: the name is reported, and the class says which way it is better."""
    candidates = Candidates(cfg)
    check_space(candidates)
    directions = METRICS.get(name).directions
    assert candidates.directions == [directions[metric.name.split('/')[-1]] for metric in candidates.metrics]
    sure, torn = torch.eye(10)[3], torch.full((10,), 0.1)
    found = []
    for scores in (sure, torn):
        evaluator = Evaluator(METRICS.build(cfg.val_evaluator))
        evaluator.process([dict(node_names=('net1',), node_scores=scores[None], gt_label=torch.tensor([3]))])
        found.append(evaluator.evaluate(1)[candidates.metrics[0].name])
    assert candidates.metrics[0].better(found) == found[0] != found[1]
