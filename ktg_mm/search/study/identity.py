"""What tells a search from others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ktg_mm.search.space.candidates import Candidates

# Entries of a config that change nothing about a candidate's score.
_NOT_RECIPE = {
    'work_dir', 'env_cfg', 'log_level', 'log_processor', 'visualizer', 'default_hooks', 'custom_imports', 'launcher',
    'resume', 'search', 'test_dataloader', 'test_cfg', 'test_evaluator', 'test_pipeline', 'experiment_name',
    'model_wrapper_cfg', 'default_scope',
}  # fmt: skip
_NOT_LOADER = {'num_workers', 'persistent_workers', 'pin_memory', 'prefetch_factor', 'data_root'}


def recipe(base: Mapping[str, Any]) -> dict[str, Any]:
    """What of a config decides the candidates' scores: two searches that share a study must agree in it."""
    kept = {key: value for key, value in base.items() if key not in _NOT_RECIPE}
    for name in ('train_dataloader', 'val_dataloader'):
        kept[name] = _without_place(kept.get(name))
    kept['custom_hooks'] = without_progress_bar(kept.get('custom_hooks'))
    return kept


def _without_place(loader: Any) -> Any:
    """A loader's config, at any depth without what depends on the machine."""
    if isinstance(loader, Mapping):
        return {key: _without_place(value) for key, value in loader.items() if key not in _NOT_LOADER}
    return [_without_place(value) for value in loader] if isinstance(loader, (list, tuple)) else loader


def without_progress_bar(hooks: Any) -> list[Any]:
    """The hooks without the one that draws a bar."""
    return [hook for hook in hooks or [] if hook.get('type') != 'ProgressBarHook']


def identity(candidates: Candidates) -> dict[str, Any]:
    """What tells a search from others: workers that share a study must agree in each entry."""
    return dict(
        space=candidates.space.description(),
        recipe=dict(recipe(candidates.base), metric=[metric.name for metric in candidates.metrics]),
        sampler=[candidates.sampler_cfg, candidates.seed, candidates.pretrains],
    )
