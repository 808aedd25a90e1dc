"""Runs a trained graph on a data set."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from torch import Tensor
from torch.utils.data import DataLoader

from ktg_mm.apis.attention_layers import Layer, is_small, larger_layer
from ktg_mm.apis.check_config import check_config
from ktg_mm.apis.checks.loaders import OWN_LOADER_ENTRIES
from ktg_mm.apis.prediction import load_graph
from ktg_mm.apis.runner import check_data_root
from ktg_mm.errors import ConfigError, UserError
from ktg_mm.models import KnowledgeTransferGraph

from .choices import SPLITS
from .predictions import Predictions


def predict_dataset(
    cfg: Config, checkpoint: str | Path, split: str = 'test', attention: bool = False, limit: int | None = None
) -> Predictions:
    """Runs every node of a trained graph on a config's validation or test data, in the data set's order.

    Args:
        cfg: The config that the graph was trained with; it stays as it is.
        checkpoint: The graph's checkpoint, loaded safely; every weight must be in it.
        split: ``'val'`` or ``'test'``: which of the config's data loaders. Defaults to ``'test'``.
        attention: Whether to keep the attention maps of the networks that have some. Defaults to False.
        limit: Number of images to stop after. Defaults to None: all.

    Returns:
        What the nodes say, in the memory of the host.

    Raises:
        UserError: If the config, the data or the checkpoint are wrong; one line.
        ValueError: If the split is no split, or the limit is below 1.
    """
    if split not in SPLITS:
        raise ValueError(f'split must be one of {SPLITS}, got {split!r}')
    if limit is not None and limit < 1:
        raise ValueError(f'limit must be at least 1, got {limit}')
    # mmengine takes entries out of what it builds, and fills in others.
    cfg = Config(cfg.to_dict(), format_python_code=False)
    check_config(cfg)
    with DefaultScope.overwrite_default_scope(cfg.get('default_scope', 'mmpretrain')):
        graph = _load_graph(cfg, checkpoint, attention)
        loader = _ordered_loader(cfg, f'{split}_dataloader')
        logits, labels, maps = _run(graph, loader, attention, limit, f'{split}_dataloader')
        larger = _larger_layers(graph, loader, maps)
    if not len(labels):
        raise ConfigError(f'{split}_dataloader', 'holds no samples to predict')
    for name, of_node in zip(graph.nodes, logits, strict=True):
        if not np.isfinite(of_node).all():
            raise UserError(f'checkpoint {checkpoint}: the logits of {name} are not finite; the run has diverged')
    return Predictions(
        names=tuple(graph.nodes),
        logits=logits,
        labels=labels,
        parameters=tuple(sum(weight.numel() for weight in node.parameters()) for node in graph.nodes.values()),
        members={name: tuple(node.inputs) for name, node in graph.nodes.items() if not node.has_parameters},
        attention=maps,
        larger=larger,
        classes=tuple((getattr(loader.dataset, 'metainfo', None) or {}).get('classes') or ()),
    )


def _load_graph(cfg: Config, checkpoint: str | Path, attention: bool) -> KnowledgeTransferGraph:
    graph, _ = load_graph(cfg, checkpoint)
    for node in graph.nodes.values() if attention else ():
        with suppress(ValueError):  # has none
            node.ask_for_attention()
    return graph


def _larger_layers(
    graph: KnowledgeTransferGraph, loader: DataLoader, maps: Mapping[str, np.ndarray]
) -> dict[str, Layer]:
    """Layers with larger maps, of the networks whose maps have too few cells."""
    small = [name for name, some in maps.items() if is_small(*some.shape[1:]) and hasattr(graph.nodes[name], 'network')]
    if not small:
        return {}
    images = graph.data_preprocessor(loader.collate_fn([loader.dataset[0]]), training=False)['inputs']
    found = {name: larger_layer(graph, name, images) for name in small}
    return {name: layer for name, layer in found.items() if layer is not None}


def check_data(cfg: Config, key: str) -> None:
    """Refuses a config without a certain data loader, and data that are not there."""
    if not cfg.get(key):
        raise ConfigError(key, 'is missing; the config has no such data')
    check_data_root(cfg, key)


def _ordered_loader(cfg: Config, key: str) -> DataLoader:
    """The data loader of the config, but for its order and that it leaves nothing out."""
    check_data(cfg, key)
    left_out = {'sampler', 'batch_sampler', 'drop_last', 'num_batch_per_epoch', 'persistent_workers'}
    loader = {name: value for name, value in cfg[key].items() if name not in left_out | OWN_LOADER_ENTRIES}
    sampler = dict(type='DefaultSampler', shuffle=False, round_up=False)
    return Runner.build_dataloader(dict(loader, sampler=sampler), seed=0)


def _run(
    graph: KnowledgeTransferGraph, loader: DataLoader, attention: bool, limit: int | None, key: str
) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Logits (K, N, C), labels (N,) and attention maps (N, H, W) by node."""
    logits, labels = [torch.empty(len(graph.nodes), 0, 0)], [torch.empty(0, dtype=torch.long)]
    maps: dict[str, list[Tensor]] = defaultdict(list)
    for data in loader:
        if not isinstance(data, Mapping) or not {'inputs', 'data_samples'} <= data.keys():
            raise ConfigError(f'{key}.dataset.pipeline', 'must end with a step that packs, such as PackInputs')
        batch = graph.data_preprocessor(data, training=False)
        samples = batch['data_samples'] or [{}]
        if any('gt_label' not in sample or len(sample.gt_label) != 1 for sample in samples):
            raise ConfigError(f'{key}.dataset', 'must give each image one label')
        with torch.no_grad():
            outputs = graph.node_outputs(batch['inputs'])
        logits.append(torch.stack([output.logits for output in outputs.values()]).float().cpu())
        labels.append(torch.cat([sample.gt_label for sample in samples]).cpu())
        for name, output in outputs.items():
            if attention and output.attention is not None:
                maps[name].append(output.attention.float().cpu())
        if limit is not None and sum(map(len, labels)) >= limit:
            break
    return (
        torch.cat(logits[1:] or logits, dim=1)[:, :limit].numpy(),
        torch.cat(labels)[:limit].numpy(),
        {name: torch.cat(batches)[:limit].numpy() for name, batches in maps.items()},
    )
