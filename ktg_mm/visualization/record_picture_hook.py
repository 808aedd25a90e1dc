"""The picture of a run's graph beside its curves."""

from __future__ import annotations

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.runner import Runner

from .graph_picture import draw_graph


class RecordPictureHook(Hook):
    """Gives the picture of a run's graph to its visualizer, as the image ``graph``, when the first epoch has ended.

    So nobody waits for it before the first iteration.

    Args:
        title: Stands over the picture.

    Example:
        >>> RecordPictureHook('mine').priority
        'NORMAL'
    """

    def __init__(self, title: str) -> None:
        self.title = title
        self.is_recorded = False

    @master_only
    def after_train_epoch(self, runner: Runner) -> None:
        """Draws it."""
        if self.is_recorded:
            return
        self.is_recorded = True
        canvas = FigureCanvasAgg(draw_graph(runner.cfg.model, self.title))
        canvas.draw()
        runner.visualizer.add_image('graph', np.asarray(canvas.buffer_rgba())[..., :3])
