"""The picture of a run's graph beside its curves."""

from __future__ import annotations

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from mmengine.dist import master_only
from mmengine.runner import Runner

from .graph_picture import draw_graph


@master_only
def record_picture(runner: Runner, title: str) -> None:
    """Gives the picture of a run's graph to its visualizer, as the image ``graph``.

    Args:
        runner: The run's.
        title: Stands over the picture.

    Raises:
        ConfigError: If the config has no graph.
    """
    canvas = FigureCanvasAgg(draw_graph(runner.cfg.model, title))
    canvas.draw()
    runner.visualizer.add_image('graph', np.asarray(canvas.buffer_rgba())[..., :3])
