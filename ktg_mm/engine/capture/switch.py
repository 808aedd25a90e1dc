"""Whether a run records its step."""

from __future__ import annotations

from mmengine.model import is_model_wrapper
from mmengine.optim import OptimWrapper
from mmengine.runner import Runner

from ktg_mm.engine.optimizers import AutocastOptimWrapper, PhaseOptimWrapper
from ktg_mm.errors import ConfigError
from ktg_mm.mmengine_private import accumulative_counts
from ktg_mm.models.graph import KnowledgeTransferGraph

from .captured_step import CapturedStep
from .cuda_recorder import CudaRecorder
from .step_rates import can_record, wrappers_of


def switch_capture(runner: Runner) -> None:
    """Makes a run's steps recorded ones, as ``env_cfg.capture`` says: by default not.

    It may be True, ``'streams'``, which gives each node a stream of its own, ``'auto'``, where that is possible, or
    False.

    Args:
        runner: A Runner that trains, with its optimiser built.

    Raises:
        ConfigError: If the config asks for it and it is not possible.
    """
    # Not by default: a recording that fails ends the process.
    wanted = (runner.cfg.get('env_cfg') or {}).get('capture', False)
    if wanted is False or runner.optim_wrapper is None:
        return
    reason = obstacle(runner)
    if reason is None:
        say = runner.logger.info
        graph: KnowledgeTransferGraph = runner.model
        graph.captured = CapturedStep(
            CudaRecorder(wanted == 'streams'), lambda why: say(f'not recorded as a CUDA graph: {why}')
        )
    elif wanted != 'auto':
        raise ConfigError('env_cfg.capture', f'must be False: {reason}')
    else:
        runner.logger.info(f'Steps are not recorded as a CUDA graph: {reason}')


def obstacle(runner: Runner) -> str | None:
    """Why a run cannot record its step, None if it can.

    Args:
        runner: A Runner with its optimiser built.
    """
    if is_model_wrapper(runner.model):
        return 'several processes train together'
    if not isinstance(runner.model, KnowledgeTransferGraph):
        return f'{type(runner.model).__name__} is no graph'
    if runner.cfg.get('compile') or (runner.cfg.get('env_cfg') or {}).get('compile'):
        return 'compile has the step'
    if accumulative_counts(runner.optim_wrapper) > 1:
        return 'optim_wrapper.accumulative_counts is above 1'
    if isinstance(runner.optim_wrapper, dict) or not _is_plain(runner.optim_wrapper):
        return 'optim_wrapper.type looks at the gradients; take OptimWrapper, or AutocastOptimWrapper (--amp)'
    for wrapper in wrappers_of(runner.optim_wrapper):
        if not can_record(wrapper.optimizer):
            return (
                f'optim_wrapper.optimizer: {type(wrapper.optimizer).__name__} with these arguments looks at its '
                'numbers; take SGD without dampening, Adam or AdamW'
            )
    if next(runner.model.parameters()).device.type != 'cuda':
        return 'there is no GPU'
    return None


def _is_plain(optim_wrapper: OptimWrapper) -> bool:
    known = (OptimWrapper, AutocastOptimWrapper)
    if type(optim_wrapper) is PhaseOptimWrapper:
        return all(type(wrapper) in known for wrapper in wrappers_of(optim_wrapper))
    return type(optim_wrapper) in known
