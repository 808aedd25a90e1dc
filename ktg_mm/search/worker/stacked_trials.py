"""Trials of one worker that are trained as stacks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from mmengine.hooks import EMAHook
from mmengine.runner import Runner
from torch import Tensor

from ktg_mm.apis.undisturbed import undisturbed
from ktg_mm.errors import ConfigError, UserError, one_line
from ktg_mm.mmengine_private import count_step
from ktg_mm.models.graph import KnowledgeTransferGraph
from ktg_mm.models.stack import StackedGraphs, check_alike, check_stackable

from .asha_hook import ASHAHook
from .stack_hook import StackHook

Log = dict[str, Tensor | float]


def check_stack(search: Mapping[str, Any], base: Mapping[str, Any]) -> None:
    """Refuses a stack of which the config wants each step recorded.

    Args:
        search: Of a config.
        base: The rest of it.

    Raises:
        ConfigError: If both are asked for.

    Example:
        >>> check_stack(dict(stack=True), dict(env_cfg=dict(capture='auto')))
    """
    capture = (base.get('env_cfg') or {}).get('capture')
    if search.get('stack') and capture in (True, 'streams'):
        raise ConfigError('search.stack', f'must be False with env_cfg.capture={capture!r}: its steps are not recorded')


class StackedTrials:
    """Makes the steps of trials whose graphs are alike as one, while each has a run of its own.

    All that train hand in a batch and wait; the last of them makes the step of all. A trial that has ended leaves.
    Those that do not fit in, or get other batches, make their own steps.

    Args:
        pause: Lets the other trials go on, and returns when it is the trial's turn again.

    Attributes:
        say: Is told, once for each reason, why a trial does not fit in.

    Example:
        >>> StackedTrials(pause=lambda: None).members
        []
    """

    def __init__(self, pause: Callable[[], None]) -> None:
        self.say: Callable[[str], None] = lambda line: None
        self.members: list[_Member] = []
        self._pause = pause
        self._is_formed = False
        self._told: set[str] = set()

    @contextmanager
    def member(self, runner: Runner) -> Iterator[None]:
        """Within it a run is one of those that are stacked.

        Args:
            runner: About to train. The others come to this before the first of them makes a step.
        """
        if not self.members:
            self._is_formed = False
        one = _Member(runner, self._step)
        self.members.append(one)
        interval = next((hook.interval for hook in runner.hooks if isinstance(hook, ASHAHook)), 1)
        runner.register_hook(StackHook(partial(_bring_back, one), interval))
        try:
            yield
        finally:
            self.members.remove(one)
            _leave(one)
            one.go_alone()

    def _step(self, one: _Member, batch: dict) -> Log:
        one.batch = batch
        while one.batch is not None:
            if not self._is_formed and all(other.batch is not None for other in self.members):
                self._is_formed = True
                self._form()
            if self._is_formed and one.stack is None:
                one.go_alone()
                one.log, one.batch = one.graph.train_step(batch, one.runner.optim_wrapper), None
            elif one.stack is not None and all(other.batch is not None for other in one.stack.places):
                self._train(one.stack)
            if one.batch is not None:
                self._pause()
        return one.log

    def _form(self) -> None:
        """Puts those into stacks that fit together."""
        kinds: list[list[_Member]] = []
        reasons: dict[_Member, Exception] = {}
        with undisturbed():
            for one in self.members:
                try:
                    _check_alone(one)
                except ConfigError as error:
                    reasons[one] = error
                    continue
                for kind in kinds:
                    if (reason := _difference(one, kind[0])) is None:
                        kind.append(one)
                        break
                    reasons[one] = reason
                else:
                    kinds.append([one])
            for kind in (kind for kind in kinds if len(kind) > 1):
                graphs = StackedGraphs([one.graph for one in kind], [one.runner.optim_wrapper for one in kind])
                stack = _Stack(graphs, kind)
                for one in kind:
                    one.stack = stack
        for one, why in reasons.items():
            if one.stack is None:
                self._tell(one, why)

    def _train(self, stack: _Stack) -> None:
        first, *others = stack.places
        assert first.batch is not None
        for one in others:
            if not _same(first.batch, one.batch):
                _leave(one)
                self._tell(one, _OTHER_BATCHES)
        if first.stack is None:  # it was left alone
            return
        try:
            stack.graphs.step(first.batch)
        except (RuntimeError, UserError) as error:  # memory runs out, or batches are not what a stack trains on
            members = list(stack.places)
            stack.end()
            self._tell(members[0], error)
            return
        for one, index in stack.places.items():
            count_step(one.runner.optim_wrapper)
            one.log, one.batch, one.is_behind = dict(stack.graphs.log(index)), None, True

    def _tell(self, one: _Member, error: Exception) -> None:
        what = error.key if isinstance(error, ConfigError) else type(error).__name__
        if what not in self._told:
            self._told.add(what)
            line = f'search.stack: a trial is trained in turn, {one_line(error).removesuffix("; train it alone")}'
            self.say(line)
            one.runner.logger.info(line)


class _Member:
    """A trial under way; it stands in its graph for what makes the steps."""

    def __init__(self, runner: Runner, step: Callable[[_Member, dict], Log]) -> None:
        self.runner = runner
        self.graph: KnowledgeTransferGraph = runner.model
        self.batch: dict | None = None  # handed in, and not yet trained on
        self.log: Log = {}
        self.stack: _Stack | None = None
        self.is_behind = False  # the graph's weights, those of the stack
        self._step, self._own = step, self.graph.captured
        self.graph.captured = self

    def __call__(self, graph: Any, batch: dict, optim_wrapper: Any) -> Log:
        return self._step(self, batch)

    def __deepcopy__(self, memo: dict) -> None:
        """A copy of a graph is in no stack."""

    def go_alone(self) -> None:
        """Makes the graph make its steps itself, recorded if they were to be."""
        self.graph.captured = self._own


class _Stack:
    """Graphs that are trained as one, and whose they are."""

    def __init__(self, graphs: StackedGraphs, members: list[_Member]) -> None:
        self.graphs = graphs
        self.places = {one: index for index, one in enumerate(members)}

    def end(self) -> None:
        """Gives all their weights and ends it."""
        for one, index in self.places.items():
            self.graphs.unstack(index)
            one.stack, one.is_behind = None, False
        self.places = {}


_OTHER_BATCHES = ConfigError('train_dataloader', 'its batches are not those of the stack')


def _leave(one: _Member) -> None:
    """Takes a trial out of its stack, if it is in one; two are the fewest that stay."""
    stack = one.stack
    if stack is not None and len(stack.places) == 2:
        stack.end()
    elif stack is not None:
        stack.graphs.remove(stack.places.pop(one))
        one.stack = None
        for other in stack.places:
            other.is_behind = False  # all get their weights where one leaves


def _bring_back(one: _Member) -> None:
    if one.stack is not None and one.is_behind:
        one.stack.graphs.unstack(one.stack.places[one])
        one.is_behind = False


def _check_alone(one: _Member) -> None:
    if any(isinstance(hook, EMAHook) for hook in one.runner.hooks):
        raise ConfigError('custom_hooks', 'EMAHook takes the weights after each step, which the stack has')
    check_stackable(one.graph, one.runner.optim_wrapper)


def _difference(one: _Member, first: _Member) -> ConfigError | None:
    """Why a trial cannot be in the stack of another one, None if it can."""
    assert first.batch is not None
    try:
        check_alike(one.graph, first.graph)
    except ConfigError as error:
        return error
    return None if _same(first.batch, one.batch) else _OTHER_BATCHES


def _same(batch: dict, other: dict | None) -> bool:
    """Whether two batches have the same images and labels."""
    return other is not None and all(
        len(mine) == len(theirs) and all(map(_equal, mine, theirs))
        for mine, theirs in ((_parts(batch['inputs']), _parts(other['inputs'])), (_labels(batch), _labels(other)))
    )


def _parts(inputs: Any) -> list[Any]:
    return list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]


def _labels(batch: dict) -> list[Any]:
    names = ('gt_label', 'gt_score')
    return [getattr(sample, name, None) for sample in batch['data_samples'] for name in names]


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, Tensor) and isinstance(other, Tensor):
        return torch.equal(one, other)
    return one is None and other is None
