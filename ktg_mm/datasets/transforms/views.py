"""Several augmentations of one image."""

import copy
from collections.abc import Mapping
from typing import Any

from mmcv.transforms import BaseTransform
from mmpretrain.registry import TRANSFORMS

from ktg_mm.errors import ConfigError


@TRANSFORMS.register_module()
class Views(BaseTransform):
    """Makes several views of an image, each by a pipeline of its own, such as a weak and a strong augmentation.

    Each pipeline works on a copy of the sample, in the order of the config; what its steps record besides the image
    stays with the view. ``PackViews`` packs the result.

    Required keys: ``img`` (H, W) or (H, W, C). Modified: ``img``, now a dict of images by the views' names.

    Args:
        **views: A list of steps by the view's name, ``weak=[...], strong=[...]``. An empty list is the image as it is.

    Raises:
        ConfigError: If there is no view, a name is no identifier, or a pipeline is not a list of steps;
            when it is given views of an image.

    Example:
        >>> import numpy as np
        >>> views = Views(weak=[], strong=[dict(type='Solarize', thr=0, prob=1.0)])
        >>> image = views({'img': np.full((2, 2), 55, np.uint8)})['img']
        >>> int(image['weak'][0, 0]), int(image['strong'][0, 0])
        (55, 200)
    """

    def __init__(self, **views: Any) -> None:
        if not views:
            raise ConfigError('Views', "must have at least one view, such as dict(type='Views', weak=[...])")
        self.views = {name: _build(name, pipeline) for name, pipeline in views.items()}

    def transform(self, results: dict) -> dict | None:
        """Returns ``results`` with the views, or None if a step of any view refuses the sample."""
        image = results.pop('img')
        if isinstance(image, Mapping):
            raise ConfigError('Views', 'the images are views already; one step must make them all')
        views = {}
        for name, pipeline in self.views.items():
            view = {**copy.deepcopy(results), 'img': image.copy()}
            for step in pipeline:
                view = step(view)
                if view is None:
                    return None
            views[name] = view['img']
        results['img'] = views
        return results

    def __repr__(self) -> str:
        return f'Views({", ".join(f"{name}={pipeline}" for name, pipeline in self.views.items())})'


def _build(name: str, pipeline: Any) -> list:
    if not name.isidentifier():
        raise ConfigError('Views', f'a view is named by an identifier such as weak, got {name!r}')
    if not isinstance(pipeline, (list, tuple)):
        raise ConfigError(f'Views.{name}', f'must be a list of steps, got {pipeline!r}')
    steps = []
    for i, step in enumerate(pipeline):
        if isinstance(step, Mapping) and 'type' in step:
            steps.append(TRANSFORMS.build(step))
        elif callable(step):
            steps.append(step)
        else:
            raise ConfigError(f'Views.{name}[{i}]', f"must be the dict of one step with a 'type', got {step!r}")
    return steps
