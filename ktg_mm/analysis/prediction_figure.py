"""Pictures of predictions: the image, where the networks look, and the likeliest classes as bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import wrap

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ktg_mm.apis.prediction import Prediction
from ktg_mm.datasets.seen_pixels import scale_to_one
from ktg_mm.errors import UserError
from ktg_mm.visualization import save_picture
from ktg_mm.visualization.chart import BLUE, SIZE, SKY, SMALL, cut
from ktg_mm.visualization.graph_layout import text_size

from .attention_figure import cell_axes, draw_colour_bar, draw_overlay

MOST_IMAGES = 100  # in one picture; viewers do not open larger ones

# All in inches.
_CELL, _GAP, _EDGE, _TOP, _BARS, _BAR, _NUMBER = 1.35, 0.12, 0.15, 0.8, 1.5, 0.23, 0.5
_COLOUR_BAR = 0.75
_LETTERS = 24  # of a class's name


def draw_predictions(
    predictions: Sequence[Prediction],
    pixels: Sequence[np.ndarray],
    attention: Sequence[Mapping[str, np.ndarray]],
    name: str,
) -> Figure:
    """Draws a row for each image: the image, a map of each network over it, and a bar for each of its top classes.

    Args:
        predictions: From :func:`ktg_mm.apis.predict`.
        pixels: The images as the networks get them, each (H, W, 3), 0 to 255, or all 0 to 1.
        attention: Of each image the attention maps (rows, columns), by network.
        name: Of what predicts, for the title.
    """
    networks = list(dict.fromkeys(network for maps in attention for network in maps))
    pixels = scale_to_one(pixels)
    classes = [[cut(label.replace('_', ' '), _LETTERS) for label in found.classes] for found in predictions]
    longest = max(text_size(label, SMALL)[0] for labels in classes for label in labels)
    height = _CELL * max(image.shape[0] / image.shape[1] for image in pixels)
    step = max(height, _BAR * max(map(len, classes))) + 2 * _GAP
    left = max(text_size(line, SMALL)[0] for found in predictions for line in _lines(found.image)) + _EDGE + _GAP
    bars = left + (1 + len(networks)) * (_CELL + _GAP) + longest + 0.1
    title = f'Predictions: {name}'
    across = max(bars + _BARS + _NUMBER, text_size(title, 12, bold=True)[0] + _EDGE) + _EDGE
    bottom = _COLOUR_BAR if networks else 0
    figure = Figure(figsize=(across, _TOP + len(pixels) * step + bottom))
    FigureCanvasAgg(figure)
    place = _EDGE / across, 1 - _EDGE / figure.get_figheight()
    figure.text(*place, title, va='top', fontsize=12, weight='bold', parse_math=False)
    for row, (found, image, maps) in enumerate(zip(predictions, pixels, attention, strict=True)):
        top = figure.get_figheight() - _TOP - row * step
        for column, network in enumerate([None, *networks]):
            axes = cell_axes(figure, left + column * (_CELL + _GAP), top - height, _CELL, height)
            if not row:
                axes.set_title(cut(network or 'image', 14), fontsize=SIZE, parse_math=False)
            if network is None:
                axes.imshow(image)
                axes.annotate(
                    '\n'.join(_lines(found.image)), (0, 0.5), (-6, 0), xycoords='axes fraction',
                    textcoords='offset points', ha='right', va='center', fontsize=SMALL, parse_math=False,
                )  # fmt: skip
            elif network in maps:
                draw_overlay(axes, image, maps[network])
        of_bars = _BAR * len(found.classes)
        axes = cell_axes(figure, bars, top - of_bars, _BARS + _NUMBER, of_bars)
        if not row:
            axes.set_title('probability', fontsize=SIZE, loc='left')
        _draw_bars(axes, classes[row], found.scores)
    if networks:
        draw_colour_bar(figure, left, 0)
    return figure


def save_predictions(
    predictions: Sequence[Prediction],
    pixels: Sequence[np.ndarray],
    attention: Sequence[Mapping[str, np.ndarray]],
    name: str,
    path: str | Path,
) -> list[Path]:
    """Saves one picture of all images, or a picture for each in a folder.

    Args:
        predictions: As in :func:`draw_predictions`, and so are the next three.
        pixels: The images.
        attention: The maps.
        name: The title.
        path: From :func:`picture_files`.

    Returns:
        The pictures.

    Raises:
        UserError: If one cannot be written.
    """
    files = picture_files(path, [found.image for found in predictions])
    if len(files) == 1 and files[0] == Path(path):
        return [save_picture(draw_predictions(predictions, pixels, attention, name), files[0])]
    pixels = scale_to_one(pixels)
    return [
        save_picture(draw_predictions([found], [image], [maps], name), file)
        for found, image, maps, file in zip(predictions, pixels, attention, files, strict=True)
    ]


def picture_files(path: str | Path, images: Sequence[str]) -> list[Path]:
    """The pictures that come of ``--picture``: the file itself, if its name ends as a picture's, else one per image.

    Args:
        path: A file that ends with ``.png`` or ``.svg``, or a folder.
        images: The images' files.

    Raises:
        UserError: If there are too many images for one picture, or a picture would replace an image.

    Example:
        >>> picture_files('out', ['a/cat.jpg', 'b/cat.jpg', 'dog.jpg'])
        [PosixPath('out/cat.png'), PosixPath('out/cat_2.png'), PosixPath('out/dog.png')]
    """
    path = Path(path)
    if path.suffix.lower() in ('.png', '.svg'):
        if len(images) > MOST_IMAGES:
            raise UserError(
                f'--picture {path}: {len(images)} images are too many for one picture, which takes {MOST_IMAGES}; '
                'name a folder, for a picture of each'
            )
        files = [path]
    elif path.suffix and not path.is_dir():
        raise UserError(f"--picture {path}: a picture's name ends with .png or .svg, a folder's with neither")
    else:
        files, taken = [], set()
        for image in images:
            stem, number = Path(image).stem, 1
            name = stem
            while name in taken:
                number += 1
                name = f'{stem}_{number}'
            taken.add(name)
            files.append(path / f'{name}.png')
    own = {Path(image).resolve() for image in images}
    for file in files:
        if file.resolve() in own:
            raise UserError(f'--picture {path}: would replace the image {file}; name another place')
    return files


def _lines(image: str) -> list[str]:
    """The name of an image's file, in lines."""
    return wrap(cut(Path(image).name, 40), 14) or ['']


def _draw_bars(axes: Axes, classes: Sequence[str], scores: Sequence[float]) -> None:
    places = np.arange(len(classes))
    axes.barh(places, scores, 0.75, color=[BLUE, *[SKY] * (len(classes) - 1)])
    axes.plot([0, 0], [-0.5, len(classes) - 0.5], color='#444444', lw=0.8)
    axes.set(xlim=(0, (_BARS + _NUMBER) / _BARS), ylim=(len(classes) - 0.5, -0.5))
    axes.set_yticks(places, classes, fontsize=SMALL)
    for label in axes.get_yticklabels():
        label.set_parse_math(False)
    axes.tick_params(length=0)
    for place, score in zip(places, scores, strict=True):
        text = f'{score:.2f}' if score >= 0.005 else '< 0.01'
        axes.annotate(text, (score, place), (4, 0), textcoords='offset points', va='center', fontsize=SMALL)
