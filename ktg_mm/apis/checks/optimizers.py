"""Checks how the values of an optimiser and of its wrapper fit one another."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from mmengine.config import Config
from mmpretrain.registry import OPTIM_WRAPPER_CONSTRUCTORS, OPTIMIZERS
from torch import nn
from torch.nn.utils import clip_grad_norm_, clip_grad_value_
from torch.optim import SGD

from ktg_mm.apis.part_errors import error_text
from ktg_mm.config.phases import optimizer_phases, wrapper_of_phase
from ktg_mm.config.signatures import arguments_of
from ktg_mm.config.type_check import check_type, class_of
from ktg_mm.config.value_check import check_values, fits
from ktg_mm.errors import ConfigError, did_you_mean

from .entries import check_entries
from .ranges import check_ranges
from .sharing import nodes_that_share

_CLIPPING = {'norm': (clip_grad_norm_, 'max_norm'), 'value': (clip_grad_value_, 'clip_value')}
_OF_CUSTOM_KEYS = ('lr_mult', 'decay_mult', 'lars_exclude', 'fix_lr')  # the last two: LARS, SimSiamHook
# What mmengine's constructor of optimisers, and mmpretrain's, read in paramwise_cfg.
_PARAMWISE = (
    'custom_keys', 'bias_lr_mult', 'bias_decay_mult', 'norm_decay_mult', 'flat_decay_mult', 'dwconv_decay_mult',
    'dcn_offset_lr_mult', 'bypass_duplicate', 'layer_decay_rate', 'num_layers',
)  # fmt: skip


def check_optimizer(cfg: Config, part: Mapping[str, Any], found: type, path: str) -> None:
    """Checks how the values of an optimiser fit one another; arguments as for :func:`.fitting.check_fitting`."""
    if issubclass(found, SGD) and part.get('nesterov') and (not part.get('momentum') or part.get('dampening')):
        raise ConfigError(f'{path}.nesterov', 'needs a momentum above 0, and no dampening')
    wrapper = _wrapper(cfg, path.removesuffix('.optimizer'))
    if part.get('lr') == 0 and not (wrapper.get('paramwise_cfg') or {}):  # which may set it for some
        raise ConfigError(f'{path}.lr', 'is 0, so that nothing would be learnt; must be above 0')
    _check_values_together(found, part, path)


def _check_values_together(found: type, part: Mapping[str, Any], path: str) -> None:
    """Refuses values that an optimiser itself refuses, and names the one without which it takes the others.

    Args:
        found: Its class.
        part: Its arguments.
        path: Config key.

    Raises:
        ConfigError: If so.
    """
    # Which devices have a fused kernel is for the run's own to say.
    values = {name: value for name, value in part.items() if name not in ('type', '_scope_', 'fused')}
    if (error := _refusal(found, values)) is None:
        return
    without = [{other: values[other] for other in values if other != name} for name in values]
    alone = [name for name, rest in zip(values, without, strict=True) if _refusal(found, rest) is None]
    key = f'{path}.{alone[0]}' if len(alone) == 1 else path
    raise ConfigError(key, f'{found.__name__}: {error_text(error)}') from error


def _refusal(found: type, values: Mapping[str, Any]) -> Exception | None:
    try:
        found([nn.Parameter(torch.zeros(1))], **values)
    except Exception as error:
        return error
    return None


def check_optim_wrapper(cfg: Config, part: Mapping[str, Any], found: type, path: str) -> None:
    """Checks what a wrapper clips and scales, and its options; arguments as for :func:`.fitting.check_fitting`."""
    if (clip := part.get('clip_grad')) is not None:
        function, needed = _CLIPPING.get(clip.get('type', 'norm'), _CLIPPING['norm'])
        known = {'type', *arguments_of(function)[0]} - {'parameters'}
        check_entries(clip, f'{path}.clip_grad', known, needed=(needed,))
        # The norm's type is annotated as a number, but may be the text 'inf'.
        check_values(function, {key: clip[key] for key in clip if key != 'norm_type'}, f'{path}.clip_grad')
    scale = part.get('loss_scale', 'dynamic')
    if scale != 'dynamic' and not isinstance(scale, Mapping) and not (fits(scale, float) and 0 < scale < math.inf):
        raise ConfigError(f'{path}.loss_scale', f"must be 'dynamic', a dict or a number above 0, got {scale!r}")
    whole = _wrapper(cfg, path)
    constructor = whole.get('constructor', 'DefaultOptimWrapperConstructor')
    kind = check_type(dict(type=constructor), OPTIM_WRAPPER_CONSTRUCTORS, f'{path}.constructor', 'constructor')
    own = kind.__module__.startswith('ktg_mm.')
    if (phases := optimizer_phases(whole)) and not own:
        raise ConfigError(f'{path}.constructor', f'must be NodeOptimWrapperConstructor, for {", ".join(phases)}')
    options = whole.get('paramwise_cfg')
    if options is None:
        return
    if phases:
        raise ConfigError(f'{path}.paramwise_cfg', f'belongs into a phase, such as {path}.{next(iter(phases))}')
    check_entries(options, f'{path}.paramwise_cfg', ('nodes', 'edges') if own else _PARAMWISE)
    sharing = nodes_that_share(cfg)
    if options and not own and sharing and not options.get('bypass_duplicate'):
        raise ConfigError(
            f'{path}.paramwise_cfg.bypass_duplicate',
            f'must be True, else what {sharing[0]!r} shares with another network would be in the optimiser twice',
        )
    named, key = ('nodes' if own else 'custom_keys'), f'{path}.paramwise_cfg.'
    if not isinstance(options.get(named, {}), Mapping):
        raise ConfigError(f'{key}{named}', f'must be a dict of dicts, got {options[named]!r}')
    entries = {f'{key}{named}.{name}': values for name, values in options.get(named, {}).items()}
    if own and 'edges' in options:
        entries[f'{key}edges'] = options['edges']
    for inner, values in entries.items():
        if not own:
            check_entries(values, inner, _OF_CUSTOM_KEYS)
            check_ranges(values, ('paramwise_cfg',), inner)
        elif isinstance(optimizer := class_of_optimizer(whole), type):
            check_entries(values, inner, arguments_of(optimizer)[0].keys() - {'params'})
            check_ranges(values, ('optimizer',), inner)
            check_values(optimizer, values, inner)
            _check_values_together(optimizer, {**whole['optimizer'], **values}, inner)


def check_custom_keys(cfg: Config, model: nn.Module) -> None:
    """Refuses options for parameters by a part of their name, ``paramwise_cfg.custom_keys``, that no name has.

    Args:
        cfg: A checked config.
        model: The model.

    Raises:
        ConfigError: If so.
    """
    names = [name for name, _ in model.named_parameters()]
    options = ((cfg.get('optim_wrapper') or {}).get('paramwise_cfg') or {}).get('custom_keys') or {}
    for key in options:
        if not any(key in name for name in names):
            words = {word for name in names for word in name.split('.')}
            raise ConfigError(
                f'optim_wrapper.paramwise_cfg.custom_keys.{key}', f'is in no parameter; {did_you_mean(key, words)}'
            )


def _wrapper(cfg: Mapping[str, Any], path: str) -> Mapping[str, Any]:
    """The wrapper under a key: ``optim_wrapper``, or that of a phase with all that it has in common with others."""
    whole, phase = cfg.get('optim_wrapper') or {}, path.partition('optim_wrapper.')[2]
    return wrapper_of_phase(whole, phase) if phase else whole


def class_of_optimizer(whole: Mapping[str, Any]) -> Any:
    """The class of an optimiser wrapper's optimiser, None if there is none."""
    optimizer = whole.get('optimizer')
    return class_of(OPTIMIZERS, optimizer) if isinstance(optimizer, Mapping) and 'type' in optimizer else None
