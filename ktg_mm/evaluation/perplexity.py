"""Perplexity of language models."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from mmengine.evaluator import BaseMetric
from mmpretrain.registry import METRICS
from torch import Tensor

from ktg_mm.errors import ConfigError, did_you_mean
from ktg_mm.structures import UNLABELED


@METRICS.register_module()
class Perplexity(BaseMetric):
    """exp of the mean over a text's tokens of -log p(token), for each node of a graph: ``net1/perplexity``; 1 is best.

    An ``EnsembleNode`` is a node as others, its p is the softmax of the mean of logits. ``means`` are ensembles of
    another kind, that of born-again networks: p is the mean of the members' (document 004).

    Args:
        nodes: The nodes to evaluate. Defaults to None: all.
        means: Nodes of which the mean probability is evaluated as well, by the name to report it by:
            ``dict(mean2=['gen0', 'gen1'])``. Defaults to None: none.
        collect_device: As in mmengine.

    Raises:
        ConfigError: If a node does not exist, or the samples are no tokens.

    Example:
        >>> metric = Perplexity(means=dict(mean=['a', 'b']))
        >>> found = torch.tensor([[0.5, 0.25], [0.25, 0.5]]).log()
        >>> sample = dict(node_names=('a', 'b'), node_log_probabilities=found, gt_label=torch.tensor([3, 7]))
        >>> metric.process({}, [sample])
        >>> {name: round(value, 4) for name, value in metric.evaluate(1).items()}
        {'a/perplexity': 2.8284, 'b/perplexity': 2.8284, 'mean/perplexity': 2.6667}
    """

    default_prefix = ''
    directions = dict(perplexity='minimize')
    of_tokens = True  # not of images

    def __init__(
        self,
        nodes: Sequence[str] | None = None,
        means: Mapping[str, Sequence[str]] | None = None,
        collect_device: str = 'cpu',
    ) -> None:
        super().__init__(collect_device=collect_device)
        self.nodes = nodes
        self.means = dict(means or {})
        self._names: list[str] = []

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Takes one batch: ``node_log_probabilities`` (K, L), ``node_names`` and ``gt_label`` (L,) per chunk."""
        if 'node_log_probabilities' not in data_samples[0]:
            raise ConfigError('val_evaluator', "Perplexity is of tokens; of images take dict(type='NodeMetric')")
        names = list(data_samples[0]['node_names'])
        nodes = list(self.nodes or names)
        groups = self._rows('nodes', {name: [name] for name in nodes}, names)
        groups |= self._rows('means', self.means, names)
        self._names = list(groups)
        for sample in data_samples:
            known = sample['gt_label'].cpu() != UNLABELED
            found = sample['node_log_probabilities'].double()[:, known]
            sums = torch.stack([_log_mean(found[rows]).sum() for rows in groups.values()])
            self.results.append((sums, int(known.sum())))

    def _rows(self, key: str, groups: Mapping[str, Sequence[str]], names: list[str]) -> dict[str, list[int]]:
        for name in [one for members in groups.values() for one in members]:
            if name not in names:
                raise ConfigError(f'val_evaluator.{key}', f'no node is named {name!r}; {did_you_mean(name, names)}')
        if twice := [name for name in groups if key == 'means' and name in names]:
            raise ConfigError(f'val_evaluator.means.{twice[0]}', 'is the name of a node; take another')
        return {name: [names.index(one) for one in members] for name, members in groups.items()}

    def compute_metrics(self, results: list[tuple[Tensor, int]]) -> dict[str, float]:
        """Computes the perplexities.

        Args:
            results: Each chunk's sums of logarithms, one for each name, and its number of tokens.
        """
        tokens = sum(number for _, number in results)
        if not tokens:
            raise ConfigError('val_dataloader', 'holds no samples to evaluate on')
        means = torch.stack([sums for sums, _ in results]).sum(dim=0) / -tokens
        return {f'{name}/perplexity': float(mean.exp()) for name, mean in zip(self._names, means, strict=True)}


def _log_mean(log_probabilities: Tensor) -> Tensor:
    """Logarithm of the mean of probabilities, (M, L) -> (L,)."""
    return log_probabilities.logsumexp(dim=0) - math.log(len(log_probabilities))
