"""Predicting image files with a trained graph."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby, islice
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import mmcv
import numpy as np
import torch
from mmcv.transforms import LoadImageFromFile
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.device import get_device
from mmengine.registry import DefaultScope
from mmpretrain.registry import MODELS, TRANSFORMS
from torch import Tensor

from ktg_mm.datasets import LoadImage
from ktg_mm.errors import ConfigError, UserError, did_you_mean
from ktg_mm.models import KnowledgeTransferGraph
from ktg_mm.models.nodes.network import load_network
from ktg_mm.structures import NodeOutput

from .check_config import check_config
from .config import load_config
from .made_up_data import class_of_data, image_shape
from .part_errors import named_errors
from .stages import one_stage

ENDINGS = ('.jpg', '.jpeg', '.png', '.ppm', '.bmp', '.pgm', '.tif', '.tiff', '.webp')


class Prediction(NamedTuple):
    """The likeliest classes of an image, the likeliest first.

    Args:
        image: Its file; of an array its place among the images.
        classes: Names of the classes, or their numbers where nothing tells the names.
        scores: Their probabilities.
    """

    image: str
    classes: tuple[str, ...]
    scores: tuple[float, ...]


class Watch(Protocol):
    """Sees what networks get and give while they predict; pictures are made of it."""

    def begin(self, graph: KnowledgeTransferGraph, node: str) -> Sequence[str]:
        """Prepares a graph before ``node`` predicts, and returns the nodes whose outputs it wants as well."""

    def see(self, inputs: Sequence[Tensor], images: Tensor, outputs: Mapping[str, NodeOutput]) -> None:
        """Sees a batch as the pipeline gives it, as the networks get it, and the nodes' outputs."""


def predict(
    config: Config | str | Path,
    checkpoint: str | Path,
    images: str | Path | np.ndarray | Sequence[str | Path | np.ndarray],
    node: str | None = None,
    top: int = 5,
    watch: Watch | None = None,
) -> list[Prediction]:
    """Says what a node of a trained graph sees on images, prepared as the config's test images are.

    Where the config's data set holds arrays and no files, as CIFAR does, an image gets their size and channels.

    Args:
        config: The config that the graph was trained with, or its file; of stages the last. It stays as it is.
        checkpoint: The graph's checkpoint, loaded safely; every weight must be in it.
        images: Image files, folders that are searched with all that is in them, or arrays (H, W) or (H, W, 3), BGR.
        node: Name of a network or an ensemble. Defaults to None: the graph's target.
        top: Number of classes to name; all, if there are not as many. Defaults to 5.
        watch: Sees what the networks get and give. Defaults to None.

    Returns:
        A prediction for each image, those of a folder by name.

    Raises:
        UserError: If the config or the checkpoint is wrong, there is no such node, or an image is none; one line.
        ValueError: If ``top`` is below 1.
    """
    if top < 1:
        raise ValueError(f'top must be at least 1, got {top}')
    found = find_images(images)
    cfg = config if isinstance(config, Config) else one_stage(load_config(config))
    # mmengine takes entries out of what it builds, and fills in others.
    cfg = Config(cfg.to_dict(), format_python_code=False)
    with DefaultScope.overwrite_default_scope(cfg.get('default_scope', 'mmpretrain')):
        check_config(cfg)
        graph, meta = load_graph(cfg, checkpoint)
        node = graph.target if node is None else node
        if node not in graph.nodes:
            raise ConfigError('node', f'no node is named {node!r}; {did_you_mean(node, graph.nodes)}')
        data = _Data(cfg, rgb=getattr(graph.data_preprocessor, 'to_rgb', False))
        names = [node, *(watch.begin(graph, node) if watch else ())]
        scores = [score for batch in data.batches(found) for score in _run(graph, names, batch, cfg, watch)]
    if not np.isfinite(scores).all():
        raise UserError(f'checkpoint {checkpoint}: the logits of {node} are not finite; the run has diverged')
    classes = _class_names(meta, data.kind, len(scores[0]))
    return [_best(image, score, classes, top) for (image, _), score in zip(found, scores, strict=True)]


def load_graph(cfg: Config, checkpoint: str | Path) -> tuple[KnowledgeTransferGraph, Mapping[str, Any]]:
    """Builds a config's graph with the weights of a checkpoint, to evaluate it on the device that there is.

    Args:
        cfg: A config that has been checked; it may be changed.
        checkpoint: The graph's checkpoint, loaded safely; every weight must be in it.

    Returns:
        The graph, and the checkpoint's ``meta``.

    Raises:
        UserError: If the config has no graph, or the checkpoint is not of this graph.
    """
    model = dict(cfg.get('model') or {})
    if cfg.get('data_preprocessor'):
        model.setdefault('data_preprocessor', cfg.data_preprocessor)
    graph = MODELS.build(model) if model else None
    if not isinstance(graph, KnowledgeTransferGraph):
        raise ConfigError('model.type', f'must be KnowledgeTransferGraph, got {model.get("type")!r}')
    meta = load_network(graph, str(checkpoint), hint='it is of another graph')
    return graph.to(get_device()).eval(), meta


def find_images(
    images: str | Path | np.ndarray | Sequence[str | Path | np.ndarray],
) -> list[tuple[str, str | np.ndarray]]:
    """Names and files of images, or names and arrays.

    Args:
        images: As in :func:`predict`.

    Raises:
        UserError: If there is no such file or folder, or a folder holds no images.

    Example:
        >>> find_images('missing')
        Traceback (most recent call last):
        ...
        ktg_mm.errors.UserError: images missing: no such file or folder
    """
    found: list[tuple[str, str | np.ndarray]] = []
    for image in [images] if isinstance(images, (str, Path, np.ndarray)) else images:
        if isinstance(image, np.ndarray):
            found.append((str(len(found)), image))
        elif Path(image).is_dir():
            inside = sorted(path for path in Path(image).rglob('[!.]*') if path.suffix.lower() in ENDINGS)
            if not inside:
                raise UserError(f'images {image}: the folder holds no images; known endings: {", ".join(ENDINGS)}')
            found += [(str(path), str(path)) for path in inside]
        elif Path(image).exists():
            found.append((str(image), str(image)))
        else:
            raise UserError(f'images {image}: no such file or folder')
    if not found:
        raise UserError('images: none are given')
    return found


def prediction_rows(predictions: Iterable[Prediction]) -> list[dict[str, str]]:
    """Predictions as rows of a table: ``image``, ``class1``, ``score1``, ``class2`` ..., scores with four decimals.

    Args:
        predictions: Of :func:`predict`.

    Example:
        >>> prediction_rows([Prediction('a.png', ('cat', 'dog'), (0.75, 0.25))])
        [{'image': 'a.png', 'class1': 'cat', 'score1': '0.7500', 'class2': 'dog', 'score2': '0.2500'}]
    """
    rows = []
    for image, classes, scores in predictions:
        rows.append({'image': image})
        for place, (name, score) in enumerate(zip(classes, scores, strict=True), start=1):
            rows[-1] |= {f'class{place}': name, f'score{place}': f'{score:.4f}'}
    return rows


class _Data:
    """The way of an image file through a config's test pipeline.

    Args:
        cfg: The config.
        rgb: Whether the data preprocessor makes RGB of BGR; if not, arrays of colour are RGB.
    """

    def __init__(self, cfg: Config, rgb: bool) -> None:
        only_val = cfg.get('val_dataloader') and not cfg.get('test_dataloader')
        loader = 'val_dataloader' if only_val else 'test_dataloader'
        config, key = (cfg.get(loader) or {}).get('dataset'), f'{loader}.dataset'
        pipeline, where = None, f'{key}.pipeline'
        while isinstance(config, Mapping):
            if pipeline is None and 'pipeline' in config:
                pipeline, where = config['pipeline'], f'{key}.pipeline'
            if not isinstance(config.get('dataset'), Mapping):
                break
            config, key = config['dataset'], f'{key}.dataset'  # wrappers
        if not isinstance(config, Mapping):
            raise ConfigError(f'{loader}.dataset', 'is missing; it tells how images are prepared')
        self.cfg, self.key, self.kind = cfg, where, class_of_data(config)
        self.size = cfg[loader].get('batch_size', 1)
        steps = _reading(list(pipeline or ()), image_shape(config), rgb, where)
        with named_errors(cfg, where):
            self.steps = Compose([TRANSFORMS.build(step) if isinstance(step, Mapping) else step for step in steps])

    def batches(self, images: Iterable[tuple[str, str | np.ndarray]]) -> Iterator[list[tuple[str, Tensor]]]:
        """Names and inputs of images, in their order; those of a batch have one shape, so none is padded."""
        for _, alike in groupby(map(self._prepare, images), key=lambda image: image[1].shape):
            while batch := list(islice(alike, self.size)):
                yield batch

    def _prepare(self, image: tuple[str, str | np.ndarray]) -> tuple[str, Tensor]:
        name, content = image
        with named_errors(self.cfg, self.key):
            packed = self.steps(dict(img=content) if isinstance(content, np.ndarray) else dict(img_path=content))
        inputs = packed.get('inputs') if isinstance(packed, Mapping) else None
        if not isinstance(inputs, Tensor):
            raise ConfigError(self.key, 'must end with a step that packs one image, such as PackInputs')
        return name, inputs


def _reading(steps: list[Any], shape: Any, rgb: bool, key: str) -> list[Any]:
    """A pipeline that reads files; of a data set of arrays, it makes such arrays of them."""
    for place, step in enumerate(steps):
        kind = step.get('type') if isinstance(step, Mapping) else type(step)
        kind = TRANSFORMS.get(kind) if isinstance(kind, str) else kind
        if isinstance(step, Mapping) and kind in (LoadImage, LoadImageFromFile):
            options = {name: value for name, value in step.items() if name != 'ignore_empty'}
            return [*steps[:place], dict(options, type='LoadImage', on_error='raise'), *steps[place + 1 :]]
        if getattr(kind, '__name__', '').startswith('Load'):  # a user's own
            return steps
    if not isinstance(shape, tuple):
        raise ConfigError(key, 'has no step that loads an image file, such as LoadImage')
    colour = len(shape) == 3 and shape[2] == 3
    load = dict(type='LoadImage', color_type='color' if colour else 'grayscale')
    return [load, _as_array(shape, turned=colour and not rgb), *steps]


def _as_array(shape: tuple[int, ...], turned: bool) -> Callable[[dict], dict]:
    """A step that gives an image the shape of a data set's arrays."""

    def step(results: dict) -> dict:
        image = results['img']
        if image.shape[:2] != shape[:2]:
            image = mmcv.imresize(image, (shape[1], shape[0]), interpolation='area')
        results['img'] = (mmcv.bgr2rgb(image) if turned else image).reshape(shape)
        results['img_shape'] = shape[:2]
        return results

    return step


@torch.no_grad()
def _run(
    graph: KnowledgeTransferGraph, nodes: list[str], batch: list[tuple[str, Tensor]], cfg: Config, watch: Watch | None
) -> np.ndarray:
    """The first node's probabilities for images of one shape, float64 (B, C)."""
    names, inputs = zip(*batch, strict=True)
    with named_errors(cfg, f'images {names[0]}', f'{tuple(inputs[0].shape)} as channels, height and width'):
        images = graph.data_preprocessor(dict(inputs=torch.stack(inputs)), training=False)['inputs']
        outputs = graph.node_outputs(images, nodes)
        scores = outputs[nodes[0]].logits.double().softmax(dim=1).cpu().numpy()
    if watch:
        watch.see(inputs, images, outputs)
    return scores


def _class_names(meta: Mapping[str, Any], kind: Any, number: int) -> tuple[str, ...]:
    """The classes by the checkpoint, else by the data set's class, else numbers."""
    for told in (meta.get('dataset_meta'), getattr(kind, 'METAINFO', None)):
        classes = told.get('classes') if isinstance(told, Mapping) else None
        if classes and len(classes) == number:
            return tuple(map(str, classes))
    return tuple(map(str, range(number)))


def _best(image: str, scores: np.ndarray, names: Sequence[str], top: int) -> Prediction:
    order = np.argsort(-scores, kind='stable')[:top]
    return Prediction(image, tuple(names[place] for place in order), tuple(float(scores[place]) for place in order))
