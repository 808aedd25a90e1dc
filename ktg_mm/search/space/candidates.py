"""Draws graphs that are worth training, none twice."""

from __future__ import annotations

import inspect
import math
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.runner import Runner
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, BruteForceSampler, GridSampler, PartialFixedSampler, RandomSampler
from optuna.study import Study
from optuna.trial import FrozenTrial

from ktg_mm.apis.hide_storage import hide_storage
from ktg_mm.config import GraphConfig, graph_key, without_absent
from ktg_mm.config.fingerprint import as_text
from ktg_mm.config.stages import as_last_stage
from ktg_mm.errors import ConfigError, UntaughtError, did_you_mean

from .canonical import canonical_values
from .default_sampler import default_sampler
from .enqueued import baseline_names, enqueued_values
from .metrics import BEST, Direction, read_metrics
from .options import check_options, check_race
from .samplers import RegularizedEvolutionSampler, build_sampler
from .space import SearchSpace

KEY = 'graph'  # a trial's user attribute, the key of its candidate
PRETRAINED = 'pretrained'  # stands for the checkpoint of a network that is still to be trained on the labels

# They go through a grid of their own, which the conditions of a space do not fit.
_UNFIT_SAMPLERS = (GridSampler, BruteForceSampler, PartialFixedSampler)

# So many draws in a row that are known or cannot learn, and the space is taken for exhausted.
_MOST_DRAWS = 2000
# So many of them with a sampler that learns from results, which may insist on what is known; the rest at random.
_OWN_DRAWS = 20


class SpaceExhaustedError(Exception):
    """There is no graph left that has not been tried."""


@dataclass(frozen=True)
class Candidate:
    """A graph to train.

    Args:
        values: What was drawn, by parameter.
        config: The config it makes, plain dicts, with the reduced graph.
        key: What tells it from other graphs.
    """

    values: dict[str, Any]
    config: dict[str, Any]
    key: str


class Candidates:
    """The graphs of a search, as a function of its config.

    Args:
        cfg: A config with ``search``; of stages the last one is searched over.

    Attributes:
        enqueued: The graphs that are tried first, by their names.
        baselines: The names of those of which the best is to be beaten.

    Raises:
        ConfigError: If the space, the metric, or a graph that is to be tried first is wrong.
    """

    def __init__(self, cfg: Config) -> None:
        whole = Config(cfg.to_dict(), format_python_code=False)
        hide_storage(whole)  # each trial writes its config
        whole = whole.to_dict()
        self.search = check_options(whole.pop('search', None))
        whole = as_last_stage(whole)
        self.base: dict[str, Any] = whole
        model = whole.get('model') or {}
        if not isinstance(model.get('nodes'), Mapping) or not isinstance(model.get('edges'), Mapping):
            raise ConfigError('model', 'a search needs a KnowledgeTransferGraph with nodes and edges')
        self.space = SearchSpace(self.search.get('space'), whole)
        self.metrics = read_metrics(self.search, whole)
        self.pretrains: bool = self.search.get('pretrain', True)
        trials = self.search.get('trials', 0) if len(self.metrics) == 1 else 0
        sampler = self.search.get('sampler') or default_sampler(trials)
        built = build_sampler(sampler, seed=0)  # a wrong one is refused now
        if isinstance(built, _UNFIT_SAMPLERS):
            raise ConfigError(
                'search.sampler.type', f'{sampler["type"]} draws no graph on its own; take RandomSampler or TPESampler'
            )
        if isinstance(built, RegularizedEvolutionSampler) and len(self.metrics) > 1:
            raise ConfigError('search.sampler.type', f'{sampler["type"]} goes by one metric; take NSGAIISampler')
        self.sampler_cfg = dict(sampler)
        self.seed = self.sampler_cfg.pop('seed', 0)
        self._learns = type(built) is not RandomSampler  # from results, as a subclass may
        self._named = self._nodes_with_names()
        # They must be there though nobody hears them.
        needed = set(_words(whole.get('val_evaluator')))
        self._evaluated = [name for name in model['nodes'] if name in needed]
        self.enqueued = self._enqueued(Path(cfg.filename or '.').parent)
        self.baselines = baseline_names(self.search.get('baseline'), list(self.enqueued))
        self.search = {**self.search, 'race': check_race(self.search, len(self.baselines))}
        # Of the draws from the first on, where they do not depend on results.
        self._keys = [candidate.key for candidate in self.enqueued.values()]

    def _enqueued(self, folder: Path) -> dict[str, Candidate]:
        def key_of(values: dict[str, Any], config: dict[str, Any]) -> str:
            return self._candidate(values, config).key

        entries = self.search.get('enqueue') or ()
        found = enqueued_values(entries, self.space, folder, key_of)
        return {name: self.make(values) for name, values in found.items()}

    def enqueued_name(self, index: float) -> str | None:
        """The name of the enqueued graph that a draw is; None if it is another."""
        return list(self.enqueued)[int(index)] if index < len(self.enqueued) else None

    @property
    def directions(self) -> list[Direction]:
        """Which way each metric is better.

        Raises:
            ConfigError: If nobody says so of one of them.
        """
        return [metric.direction for metric in self.metrics]

    def scored_nodes(self, model: Mapping[str, Any]) -> list[str]:
        """The nodes whose score counts: the one that a metric names, or all networks for the best.

        Raises:
            ConfigError: If a choice has removed one.
        """
        names = [metric.node for metric in self.metrics if not metric.is_cost]
        if BEST in names:
            return list(GraphConfig(model).networks)
        if len(names) < len(self.metrics):
            names.append(model['target'])
        for name in names:
            if name not in model['nodes']:
                raise ConfigError('search.metric', f'no node is named {name!r}; {did_you_mean(name, model["nodes"])}')
        return names

    def make(self, values: Mapping[str, Any]) -> Candidate:
        """Makes the candidate of drawn values.

        Raises:
            UntaughtError: If the graph cannot learn.
            ConfigError: If a part of it is wrong, which is a mistake in the space.
        """
        config = self.space.apply(values)
        return self._candidate(dict(values), config)

    def _candidate(self, values: dict[str, Any], config: dict[str, Any]) -> Candidate:
        model = config['model']
        scored = self.scored_nodes(model)
        reduced = GraphConfig(model).reduced([*scored, *self._evaluated])
        if model['target'] not in reduced['nodes']:
            reduced['target'] = scored[0]
        if self.pretrains:
            mark_pretrained(reduced)
        for name, node in reduced['nodes'].items():
            if isinstance(members := node.get('members'), (list, tuple)) and len(members) < 2:
                raise UntaughtError(f'model.nodes.{name}.members', 'fewer than two of them are left')
        config = without_absent({**config, 'model': reduced}, reduced)  # which reads the graph and refuses a wrong one
        elsewhere = {parameter.name for parameter in self.space.parameters if not _in_graph(parameter.path)}
        rest = {name: value for name, value in values.items() if name in elsewhere}
        return Candidate(values, config, graph_key(reduced, self._named, rest))

    def _canonical(self, candidate: Candidate) -> Candidate:
        """The same graph by the values that stand for it, from which a sampler is to learn."""

        def key_of(values: dict[str, Any], config: dict[str, Any]) -> str:
            return self._candidate(values, config).key

        others = set(self.base['model']['nodes']) - self._named
        return self.make(canonical_values(candidate.values, self.space, key_of, others))

    def with_target(self, candidate: Candidate, target: str) -> Candidate:
        """The candidate with another node as its target, and without what that one does not hear."""
        model = GraphConfig(dict(candidate.config['model'], target=target)).reduced([target, *self._evaluated])
        try:
            return replace(candidate, config=without_absent({**candidate.config, 'model': model}, model))
        except UntaughtError:  # the node is a frozen teacher, and there is nothing to train about it
            return candidate

    def best_node(self, found: Mapping[str, float]) -> str | None:
        """The node whose score was the best one, the target among equals; None if no metric asks for the best.

        Args:
            found: A validation's metrics by name.
        """
        metric = next((metric for metric in self.metrics if metric.node == BEST), None)
        if metric is None:
            return None
        model = self.base['model']
        order = sorted(GraphConfig(model).networks, key=lambda name: name != model['target'])
        worst = -metric.better(-math.inf, math.inf)
        return metric.better(order, key=lambda name: found.get(f'{name}/{metric.kind}', worst))

    def draw(self, index: int, study: Study, trial: FrozenTrial, keys: Mapping[int, str] | None = None) -> Candidate:
        """Draws the graph of a trial.

        With a sampler that looks at no results the graph is a function of the sampler's seed and the index alone, so a
        search tries the same graphs with any number of workers.

        Args:
            index: How many draws there were before.
            study: The study.
            trial: The trial to draw for.
            keys: Of earlier graphs, by index, which are not drawn again to keep from them. Defaults to none.

        Raises:
            SpaceExhaustedError: If every graph of the space has been tried.
        """
        if name := self.enqueued_name(index):
            candidate = self.enqueued[name]
            return self._canonical(candidate) if self._learns else candidate
        if self._learns:
            others = study.get_trials(deepcopy=False)
            known = {t.user_attrs[KEY] for t in others if KEY in t.user_attrs and t.number != trial.number}
            known |= set(self._keys)  # of which one may not have begun yet
            return self._canonical(self._draw(index, known, study, trial))
        for i in range(min(index, len(self._keys)), index + 1):
            if keys and i < index and i in keys:
                self._keys[i : i + 1] = [keys[i]]
                continue
            # The n-th graph that is drawn is the same whatever is tried before it.
            candidate = self._draw(i - len(self.enqueued), set(self._keys[:i]), study, trial)
            self._keys[i : i + 1] = [candidate.key]
        return candidate

    def _draw(self, index: int, known: set[str], study: Study, trial: FrozenTrial) -> Candidate:
        for attempt in range(_MOST_DRAWS):
            sampler = self._sampler(index, attempt)
            relative_space = sampler.infer_relative_search_space(study, trial)
            relative = sampler.sample_relative(study, trial, relative_space)

            def ask(name: str, distribution: BaseDistribution) -> Any:
                if name in relative and distribution == relative_space[name]:  # noqa: B023
                    return relative[name]  # noqa: B023
                return sampler.sample_independent(study, trial, name, distribution)  # noqa: B023

            values, config = self.space.draw(ask)
            try:
                candidate = self._candidate(values, config)
            except UntaughtError:
                continue
            if candidate.key not in known:
                return candidate
        raise SpaceExhaustedError(f'{_MOST_DRAWS} draws in a row gave no new graph')

    def _sampler(self, index: int, attempt: int) -> BaseSampler:
        cfg = self.sampler_cfg if attempt < _OWN_DRAWS else dict(type='RandomSampler')
        return build_sampler(cfg, zlib.crc32(f'{self.seed} {index} {attempt}'.encode()))

    def _nodes_with_names(self) -> set[str]:
        """Nodes that are not exchangeable, as the score or something outside the graph's nodes and edges names them."""
        model = self.base['model']
        # Other entries, such as networks and edges of a base, are there to be taken by the config's text alone.
        read = {*inspect.signature(Runner).parameters, 'search'} - {'model'}
        outside = {key: value for key, value in self.base.items() if key in read}
        outside['model'] = {key: value for key, value in model.items() if key not in ('nodes', 'edges')}
        words = set(_words(outside)) | {metric.node for metric in self.metrics}
        names = {str(name) for name in model['nodes']}
        paths = [parameter.path for parameter in self.space.parameters]
        names |= {path[2] for path in paths if path[:2] == ('model', 'nodes') and len(path) > 2}
        return names & words


def mark_pretrained(model: dict[str, Any]) -> None:
    """Gives networks that nobody teaches the checkpoint that is to be trained for them.

    Raises:
        UntaughtError: If one of them shares modules, so that it cannot be trained on its own.
    """
    graph = GraphConfig(model)
    sharing = {end for name in graph.nodes if (owner := graph.owner(name)) for end in (name, owner)}
    for name in graph.without_weights:
        if model['nodes'][name].get('network') and name != model['target']:
            if name in sharing:
                raise UntaughtError(f'model.nodes.{name}', 'nobody teaches this branch, and others what it shares')
            model['nodes'][name]['checkpoint'] = PRETRAINED


def _words(value: Any) -> Iterable[str]:
    return re.findall(r'\w+', as_text(value))


def _in_graph(path: Sequence[str]) -> bool:
    """Whether a place of the config is in a node or an edge."""
    return len(path) > 2 and path[0] == 'model' and path[1] in ('nodes', 'edges')
