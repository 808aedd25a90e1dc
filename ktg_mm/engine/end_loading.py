"""Ends the processes that load the batches of a run."""

from mmengine.runner import IterBasedTrainLoop, Runner
from torch.utils.data import DataLoader

from ktg_mm.mmengine_private import built_loop, stop_workers


def end_loading(runner: Runner) -> None:
    """Ends the processes that wait for a run's next batches: of loaders that keep them, of a loop over iterations.

    Left to the collection of garbage each of them takes five seconds, as it does not hear that it is to end.

    Args:
        runner: A run that has ended, at its last iteration or by an error. It can go on, with new processes.
    """
    for loop in (built_loop(runner, kind) for kind in ('train', 'val', 'test')):
        if isinstance(loop, IterBasedTrainLoop):
            stop_workers(loop.dataloader_iterator)
        loader = getattr(loop, 'dataloader', None)
        if isinstance(loader, DataLoader):
            stop_workers(loader)
