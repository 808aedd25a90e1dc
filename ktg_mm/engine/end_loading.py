"""Ends the processes that load the batches of a run."""

from mmengine.runner import IterBasedTrainLoop, Runner

from ktg_mm.mmengine_private import built_loop, stop_workers


def end_loading(runner: Runner) -> None:
    """Ends the processes that load the batches of a loop over iterations, whose batches never end.

    Left to the collection of garbage each of them takes five seconds, as it does not hear that it is to end.

    Args:
        runner: A run that has ended, at its last iteration or by an error.
    """
    loop = built_loop(runner, 'train')
    if isinstance(loop, IterBasedTrainLoop):
        stop_workers(loop.dataloader_iterator)
