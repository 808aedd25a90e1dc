"""Goes through a run once with made-up data, before any data are read."""

from __future__ import annotations

import copy
import functools
import tempfile
import traceback
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from mmengine.dist import is_distributed
from mmengine.evaluator import Evaluator
from mmengine.hooks import EMAHook
from mmengine.optim import OptimWrapper, OptimWrapperDict, build_optim_wrapper
from mmengine.registry import WEIGHT_INITIALIZERS
from mmengine.runner import Runner
from mmengine.runner.amp import autocast
from mmpretrain.registry import HOOKS, PARAM_SCHEDULERS
from torch import nn

from ktg_mm.engine.unwrapped import unwrapped
from ktg_mm.errors import ConfigError, UserError, did_you_mean
from ktg_mm.mmengine_private import clips_gradients
from ktg_mm.models.graph import KnowledgeTransferGraph
from ktg_mm.structures import NodeOutput

from .checks.phases import schedule_phases
from .keys import joined
from .made_up_loader import MadeUpLoader
from .messages import is_out_of_memory
from .metric_names import check_metric_names, hooks_of
from .part_errors import PartError, named_errors
from .rehearsed import unless_passed
from .undisturbed import undisturbed

_ITERATIONS = 100  # of a made-up epoch
_NO_END = 10**8  # of a schedule whose length only data show; mmengine takes 10**9 for none


@unless_passed
def rehearse(runner: Runner) -> None:
    """Puts a made-up batch through what a run does: pipelines, prediction, metrics, a training step, schedules.

    The Runner's graph and optimiser stay as they are, bit by bit, a copy of the graph does the work; so do the random
    generators. No loader's worker is started. What only data can show is left out: all of a data set of an unknown
    class, whose images have neither a known nor, by the pipeline, a fixed size.

    Args:
        runner: From a config, its loops not yet built.

    Raises:
        PartError: If a part fails; the message begins with its key.
        ConfigError: If a metric that a hook or a schedule goes by is none of those that the evaluator gives.
    """
    with undisturbed(), tempfile.TemporaryDirectory() as folder:
        try:
            _Rehearsal(runner, Path(folder)).run()
        except Exception as error:
            # It takes twice the memory of the weights; whether the run's own fits will be seen. Not of several
            # processes: those that have the memory are still within the step, which this one would no longer follow.
            if not is_out_of_memory(error) or is_distributed():
                raise
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


class _Rehearsal:
    def __init__(self, runner: Runner, folder: Path) -> None:
        self.runner, self.cfg, self.folder = runner, runner.cfg, folder
        self.graph = self._copy(unwrapped(runner.model))
        self.keys = {id(module): self._key(name) for name, module in self.graph.named_modules()}
        for name, node in self.graph.nodes.items():
            node.register_forward_hook(functools.partial(_check_logits, name, self.graph.num_classes))

    def _copy(self, graph: KnowledgeTransferGraph) -> KnowledgeTransferGraph:
        try:
            return copy.deepcopy(graph)
        except RuntimeError as error:  # torch refuses weights that are made of others
            if is_out_of_memory(error):
                raise
            model = copy.deepcopy(self.cfg.model)
            model.setdefault('data_preprocessor', copy.deepcopy(self.cfg.get('data_preprocessor')))
            return self.runner.build_model(model).to(next(graph.parameters()).device)

    def _key(self, name: str) -> str:
        """The key of the config that a module of the graph was built of."""
        first, *names = name.split('.')
        if first == 'data_preprocessor':
            return first
        value, key = self.cfg.model, 'model'
        for part in [first, *names]:
            part = 'loss' if part == 'losses' else part
            if isinstance(value, Mapping) and part in value:
                value, key = value[part], joined(key, part)
            elif isinstance(value, (list, tuple)) and part.isdigit() and int(part) < len(value):
                value, key = value[int(part)], f'{key}[{part}]'
            else:
                break
        return key

    def run(self) -> None:
        self._build_late_parts()
        loaders = {}
        number = self.graph.num_classes or 2
        for kind in ('train', 'val', 'test'):
            name = f'{kind}_dataloader'
            if isinstance(self.cfg.get(name), Mapping) and not (kind == 'test' and self._same_test()):
                (self.folder / kind).mkdir()
                loaders[kind] = MadeUpLoader(self.cfg, name, self.folder / kind, number)
        batches = {kind: loader.batch() for kind, loader in loaders.items()}
        metrics = {}
        for kind in ('val', 'test'):
            if kind in loaders:
                metrics[kind] = self._evaluate(kind, loaders[kind], batches[kind])
        schedules = []
        if self.cfg.get('optim_wrapper') is not None:
            optim_wrapper = self._optim_wrapper()
            schedules = self._build_schedules(optim_wrapper)
            if batches.get('train') is not None:
                self._train(batches['train'], optim_wrapper)
            for key, schedule in schedules:
                if not hasattr(schedule, 'monitor'):
                    with named_errors(self.cfg, key, type(schedule).__name__):
                        schedule.step()
        if metrics.get('val'):
            check_metric_names(self.cfg, metrics['val'], schedules)

    def _build_late_parts(self) -> None:
        """Builds what mmengine builds after it has read the data: what initialises networks and averages weights."""
        for module in self.graph.modules():
            initializers = getattr(module, 'init_cfg', None) or ()
            for cfg in [initializers] if isinstance(initializers, Mapping) else initializers:
                key = f'{self.keys[id(module)]}.init_cfg'
                with named_errors(self.cfg, key):
                    initialize = WEIGHT_INITIALIZERS.build(
                        {name: value for name, value in cfg.items() if name != 'override'}
                    )
                    _check_layers(cfg.get('layer'), module, key)
                    if cfg.get('type') != 'Pretrained':
                        layers = nn.Conv2d(1, 1, 1), nn.Linear(1, 1), nn.BatchNorm2d(1)
                        initialize(nn.Sequential(*layers))  # many of its values are looked at no sooner

        for key, cfg in hooks_of(self.cfg):
            hook = HOOKS.get(cfg['type']) if isinstance(cfg.get('type'), str) else None
            if isinstance(hook, type) and issubclass(hook, EMAHook):
                with named_errors(self.cfg, key, hook.__name__):
                    arguments = {name: value for name, value in cfg.items() if name != 'priority'}
                    HOOKS.build(copy.deepcopy(arguments)).before_run(SimpleNamespace(model=self.graph))

    def _same_test(self) -> bool:
        """Whether what the test does is what the validation does."""
        parts = ('dataloader', 'evaluator', 'cfg')
        return all(self.cfg.get(f'test_{part}') == self.cfg.get(f'val_{part}') for part in parts)

    def _evaluate(self, kind: str, loader: MadeUpLoader, batch: Any) -> dict[str, Any]:
        """Predicts a batch and evaluates it; returns the metrics, none if there is no batch."""
        key = f'{kind}_evaluator'
        with named_errors(self.cfg, key):
            evaluator: Evaluator = self.runner.build_evaluator(copy.deepcopy(self.cfg.get(key)))
            evaluator.dataset_meta = loader.metainfo
        if batch is None:
            return {}
        self._check_channels(batch)
        self.graph.eval()
        step = self.graph.val_step if kind == 'val' else self.graph.test_step
        half = (self.cfg.get(f'{kind}_cfg') or {}).get('fp16', False)
        try:
            with named_errors(self.cfg, 'model', objects=self.keys), torch.no_grad(), autocast(enabled=half):
                samples = step(batch)
        except PartError as error:
            raise _of_layer(error) from error.__cause__
        except ConfigError:
            raise
        except UserError as error:
            raise ConfigError(f'{loader.data.key}.pipeline', str(error)) from error
        for sample in samples:
            for name, value in sample.items():
                if isinstance(value, torch.Tensor) and value.is_floating_point():
                    sample.set_data({name: value.nan_to_num()})  # weights may not be initialised yet
        several = isinstance(self.cfg[key], (list, tuple))
        keys = {id(metric): f'{key}[{i}]' if several else key for i, metric in enumerate(evaluator.metrics)}
        with named_errors(self.cfg, key, objects=keys):
            evaluator.process(data_samples=samples, data_batch=batch)
            return evaluator.evaluate(len(samples))

    def _check_channels(self, batch: Mapping[str, Any]) -> None:
        """Means of other channels than the images' would be broadcast."""
        inputs = batch['inputs']
        images = next(iter(inputs.values())) if isinstance(inputs, Mapping) else inputs
        channels = images[0].shape[0]
        for name in ('mean', 'std'):
            value = getattr(self.graph.data_preprocessor, name, None)
            if isinstance(value, torch.Tensor) and value.numel() not in (1, channels):
                raise ConfigError(
                    f'data_preprocessor.{name}',
                    f'has {value.numel()} values, but the images have {channels} channel{"s"[: channels != 1]}',
                )

    def _optim_wrapper(self) -> OptimWrapper:
        with named_errors(self.cfg, 'optim_wrapper'):
            optim_wrapper = build_optim_wrapper(self.graph, copy.deepcopy(self.cfg.optim_wrapper))
        with named_errors(self.cfg, 'auto_scale_lr'):
            self.runner.scale_lr(optim_wrapper, self.cfg.get('auto_scale_lr'))
        # As if this batch were the last one, so that gradients that are accumulated make a step.
        optim_wrapper.initialize_count_status(self.graph, 0, 1)
        return optim_wrapper

    def _build_schedules(self, optim_wrapper: OptimWrapper) -> list[tuple[str, Any]]:
        """Builds the schedules with their keys, as the Runner will, but for an epoch of a made-up length."""
        wrappers = dict(optim_wrapper.items()) if isinstance(optim_wrapper, OptimWrapperDict) else {'': optim_wrapper}
        of_phases = schedule_phases(self.cfg)
        loop = self.cfg.get('train_cfg') or {}
        built = []
        for phase, wrapper in wrappers.items():
            schedules = of_phases[phase] if of_phases else self.cfg.get('param_scheduler')
            several = isinstance(schedules, (list, tuple))
            path = f'param_scheduler.{phase}' if of_phases else 'param_scheduler'
            for i, schedule in enumerate(schedules if several else [schedules] if schedules is not None else []):
                key = f'{path}[{i}]' if several else path
                end = loop.get('max_epochs' if schedule.get('by_epoch', True) else 'max_iters', _NO_END)
                with named_errors(self.cfg, key):
                    arguments = dict(optimizer=wrapper, epoch_length=_ITERATIONS)
                    built.append((key, PARAM_SCHEDULERS.build(dict(dict(end=end) | schedule), default_args=arguments)))
        return built

    def _train(self, batch: Any, optim_wrapper: OptimWrapper) -> None:
        self._check_channels(batch)
        self.graph.train()
        phases = optim_wrapper.items() if isinstance(optim_wrapper, OptimWrapperDict) else [('', optim_wrapper)]
        objects = dict(self.keys)
        for phase, wrapper in phases:
            path = f'optim_wrapper.{phase}' if phase else 'optim_wrapper'
            objects |= {id(wrapper): path, id(wrapper.optimizer): f'{path}.optimizer'}
        try:
            with named_errors(self.cfg, 'model', objects=objects):
                self.graph.train_step(batch, optim_wrapper)
        except PartError as error:
            raise _of_layer(error) from error.__cause__


def _check_layers(named: Any, module: nn.Module, key: str) -> None:
    """Refuses a class of layers that exists neither in a network nor in torch."""
    known = {cls.__name__ for layer in module.modules() for cls in type(layer).__mro__}
    # Those that a network may do without, such as _BatchNorm in one with GroupNorm.
    of_torch = {cls.__name__ for layer in vars(nn).values() if isinstance(layer, type) for cls in layer.__mro__}
    for name in named if isinstance(named, (list, tuple)) else [named]:
        if name is not None and name not in known | of_torch:
            raise ConfigError(f'{key}.layer', f'no layer of the network is a {name!r}; {did_you_mean(name, known)}')


def _check_logits(name: str, num_classes: int | None, node: nn.Module, inputs: Any, output: NodeOutput) -> None:
    """Refuses a network that does not classify."""
    logits = output.logits
    shape = tuple(logits.shape[1:]) if isinstance(logits, torch.Tensor) else type(logits).__name__
    if not isinstance(logits, torch.Tensor) or logits.dim() != 2 or shape[0] != (num_classes or shape[0]):
        expected = f'({num_classes},)' if num_classes else 'one number for each class'
        raise PartError(
            f'model.nodes.{name}.network',
            f'must end in a head such as LinearClsHead, which gives {expected} for an image; gives {shape}',
        )


def _of_layer(error: PartError) -> PartError:
    """The error of a layer that is given what it does not take, in the words of the config."""
    layer, given, key, cause = None, None, error.key, error.__cause__
    for frame, _ in traceback.walk_tb(cause.__traceback__ if cause else None):
        if isinstance(module := frame.f_locals.get('self'), nn.Module):
            layer, given = module, frame.f_locals.get('input')
        if frame.f_code is clips_gradients:
            key = 'optim_wrapper.clip_grad'
    if isinstance(given, torch.Tensor) and isinstance(layer, nn.Linear) and given.dim() > 2:
        maps = ' x '.join(map(str, given.shape[1:]))
        neck = "dict(type='GlobalAveragePooling')"
        return PartError(key, f'is given maps of {maps}; must be given vectors, a neck such as {neck} makes them')
    if isinstance(given, torch.Tensor) and isinstance(layer, nn.Linear) and given.shape[-1] != layer.in_features:
        return PartError(key, f'in_channels is {layer.in_features}, but what comes in has {given.shape[-1]}')
    channels = getattr(layer, 'in_channels', None)
    if isinstance(given, torch.Tensor) and isinstance(channels, int) and given.shape[1] != channels:
        return PartError(key, f'a layer takes {channels} channels, but what comes in has {given.shape[1]}')
    return PartError(key, str(error).removeprefix(f'{error.key}: '))
