"""What the numbers and names that a config gives may be: one table, by the kind of part and the argument's name."""

from __future__ import annotations

import math
import multiprocessing
from collections.abc import Mapping
from typing import Any, NamedTuple

from ktg_mm.config.check_number import ends, is_inside
from ktg_mm.errors import ConfigError


class Range(NamedTuple):
    """Numbers in an interval, written as for :func:`ktg_mm.config.check_number.check_number`."""

    interval: str
    whole: bool = False
    many: bool = False  # a list of them is as good as one
    also: tuple[Any, ...] = ()  # other values


def whole(interval: str, *also: Any, many: bool = False) -> Range:
    """A range of whole numbers."""
    return Range(interval, True, many, also)


_COUNT, _INDEX = whole('[1, inf)'), whole('[0, inf)')
_POSITIVE, _NOT_NEGATIVE, _SHARE = Range('(0, inf)'), Range('[0, inf)'), Range('[0, 1]')
_SIZE = whole('[1, inf)', many=True)
_BETTER = ('greater', 'less')

# An argument's values by the kind of part, or by the class: a range, or the texts that it may be. None is as the
# annotation says.
RANGES: dict[str, dict[str, Range | tuple[Any, ...]]] = {
    'optimizer': {
        'lr': _NOT_NEGATIVE,
        'weight_decay': _NOT_NEGATIVE,
        'momentum': Range('[0, 1)'),
        'dampening': _SHARE,
        'betas': Range('[0, 1)', many=True),
        'eps': Range('[0, inf)', many=True, also=(None,)),  # TorchAdafactor's first
        'alpha': _SHARE,
        'rho': _SHARE,
        'lr_decay': _NOT_NEGATIVE,
        'momentum_decay': _NOT_NEGATIVE,
        'initial_accumulator_value': _NOT_NEGATIVE,
        'max_grad_norm': _POSITIVE,
        'eta': _POSITIVE,
        'maximize': (False,),  # losses are to become small
    },
    'optim_wrapper': {'accumulative_counts': _COUNT, 'dtype': ('float16', 'bfloat16', 'float32', 'float64')},
    'clip_grad': {
        'type': ('norm', 'value'),
        'max_norm': _POSITIVE,
        'clip_value': _POSITIVE,
        'norm_type': Range('(0, inf)', also=(math.inf, 'inf')),
    },
    'paramwise_cfg': dict.fromkeys(
        (
            'bias_lr_mult',
            'bias_decay_mult',
            'norm_decay_mult',
            'flat_decay_mult',
            'dwconv_decay_mult',
            'dcn_offset_lr_mult',
            'lr_mult',
            'decay_mult',
            'layer_decay_rate',
        ),
        _NOT_NEGATIVE,
    ),
    'scheduler': {
        'last_step': (-1,),  # mmengine's own, on resuming
        'begin': _INDEX,
        'end': _COUNT,
        'milestones': whole('[0, inf)', many=True),
        'gamma': _POSITIVE,
        'step_size': _COUNT,
        'factor': _SHARE,
        'start_factor': Range('(0, 1]'),  # mmengine divides by it
        'end_factor': _SHARE,
        'T_max': _COUNT,
        'eta_min': _NOT_NEGATIVE,
        'eta_min_ratio': _SHARE,
        'eta_max': _POSITIVE,
        'power': _POSITIVE,
        'periods': whole('[1, inf)', many=True),
        'restart_weights': Range('[0, inf)', many=True),
        'total_steps': _COUNT,
        'pct_start': _SHARE,
        'anneal_strategy': ('cos', 'linear'),
        'div_factor': _POSITIVE,
        'final_div_factor': _POSITIVE,
        'patience': _INDEX,
        'cooldown': _INDEX,
        'threshold': _NOT_NEGATIVE,
        'min_value': Range('[0, inf)', many=True),
        'rule': _BETTER,
        'threshold_rule': ('rel', 'abs'),
    },
    'MomentumSchedulerMixin': {'eta_min': Range('[0, 1)'), 'eta_max': Range('(0, 1)')},
    'ReduceOnPlateauParamScheduler': {'factor': Range('(0, 1)')},
    'loop': {'max_epochs': _COUNT, 'max_iters': _COUNT, 'val_interval': _COUNT, 'val_begin': _INDEX},
    'loader': {
        'batch_size': _COUNT,
        'num_workers': _INDEX,
        'prefetch_factor': _COUNT,
        'timeout': _NOT_NEGATIVE,
        'num_batch_per_epoch': _COUNT,
        'multiprocessing_context': tuple(multiprocessing.get_all_start_methods()),
    },
    'sampler': {'seed': _INDEX, 'num_repeats': _COUNT, 'labeled': _INDEX, 'unlabeled': _INDEX},
    'data set': {
        'times': _COUNT,
        'num_splits': whole('[2, inf)'),
        'fold': _INDEX,
        'max_refetch': _INDEX,
        'oversample_thr': Range('(0, 1]'),
    },
    'step of a pipeline': {
        'prob': Range('[0, 1]', many=True),
        'erase_prob': _SHARE,
        'random_negative_prob': _SHARE,
        'crop_size': _SIZE,
        'scale': Range('(0, inf)', many=True),
        'shape': _SIZE,
        'padding': whole('[0, inf)', many=True),
        'num_policies': _COUNT,
        'total_level': _POSITIVE,
        'num_views': _SIZE,
        'min_area_ratio': _SHARE,
        'max_area_ratio': _SHARE,
    },
    'hook': {'interval': _COUNT, 'rule': _BETTER},
    'CheckpointHook': {
        'interval': whole('[1, inf)', -1),
        'max_keep_ckpts': whole('[1, inf)', -1),
        'save_begin': _INDEX,
    },
    'ProfilerHook': {'profile_times': _COUNT},
    'LoggerHook': {'interval_exp_name': _COUNT},
    'EarlyStoppingHook': {'patience': _COUNT, 'min_delta': _NOT_NEGATIVE},
    'EMAHook': {'momentum': Range('(0, 1)'), 'begin_iter': _INDEX, 'begin_epoch': _INDEX, 'gamma': _COUNT},
    'metric': {
        'topk': whole('[1, inf)', many=True),
        'thrs': Range('[0, 1]', many=True, also=(None,)),
        'collect_device': ('cpu', 'gpu'),
        'average': ('micro', 'macro'),
        'items': ('precision', 'recall', 'f1-score', 'support'),
        'num_classes': _COUNT,
    },
    'log processor': {'num_digits': _INDEX, 'window_size': _COUNT},
    'custom_cfg': {
        'window_size': whole('[1, inf)', 'epoch', 'global'),
        'method_name': ('mean', 'max', 'min', 'current'),
    },
    'data preprocessor': {
        'num_classes': _COUNT,
        'std': Range('(0, inf)', many=True),
        'mean': Range('(-inf, inf)', many=True),
        'pad_size_divisor': _COUNT,
    },
    'randomness': {'seed': _INDEX},
    'auto_scale_lr': {'base_batch_size': _COUNT},
    'env_cfg': {'resource_limit': _COUNT, 'threads': _COUNT},
    'mp_cfg': {'mp_start_method': tuple(multiprocessing.get_all_start_methods()), 'opencv_num_threads': _INDEX},
    'dist_cfg': {'timeout': _POSITIVE},
    'Runner': {'launcher': ('none', 'pytorch', 'slurm', 'mpi'), 'sync_bn': ('torch', 'mmcv')},
}


def check_ranges(cfg: Mapping[str, Any], kinds: tuple[str, ...], path: str) -> None:
    """Checks the values of a part against the table.

    Args:
        cfg: The part's arguments.
        kinds: Its entries in :data:`RANGES`, the most special first: names of classes, what it is. Some may have none.
        path: Config key of the part, '' for the config itself.

    Raises:
        ConfigError: At the first value that is outside.

    Example:
        >>> check_ranges(dict(lr=-1), ('SGD', 'optimizer'), 'optim_wrapper.optimizer')
        Traceback (most recent call last):
        ktg_mm.errors.ConfigError: optim_wrapper.optimizer.lr: must be a number, at least 0, got -1
    """
    for name, value in cfg.items():
        asked = next((RANGES[kind][name] for kind in kinds if name in RANGES.get(kind, ())), None)
        if asked is None or value is None:
            continue
        if not isinstance(asked, Range):
            names = value if isinstance(value, (list, tuple)) else [value]
            good, needed = all(name in asked for name in names), ' or '.join(map(repr, asked))
        else:
            good, needed = all(_inside(one, asked) for one in _flat(value, asked.many)), _needed(asked)
        if not good:
            raise ConfigError(f'{path}.{name}' if path else name, f'must be {needed}, got {value!r}')


def _flat(value: Any, many: bool) -> list[Any]:
    if many and isinstance(value, (list, tuple)):
        return [inner for one in value for inner in _flat(one, many)]
    return [value]


def _inside(value: Any, asked: Range) -> bool:
    if any(value == other and type(value) is type(other) for other in asked.also):
        return True
    return is_inside(value, asked.interval, asked.whole)


def _needed(asked: Range) -> str:
    low, high = ends(asked.interval)
    if not math.isinf(high):
        needed = f' in {asked.interval}'
    elif math.isinf(low):
        needed = ' that is finite'
    elif asked.whole and low > 0:
        needed = f' above {low - 1:.0f}'
    else:
        needed = f', at least {low:g}' if asked.interval[0] == '[' else f' above {low:g}'
    words = f'a {"whole " if asked.whole else ""}number{needed}'
    return ', or '.join([f'{words}{", or a list of such" if asked.many else ""}', *map(repr, asked.also)])
