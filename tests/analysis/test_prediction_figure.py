import runpy
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from ktg_mm.analysis.prediction_figure import draw_predictions, picture_files, save_predictions
from ktg_mm.apis.prediction import Prediction
from ktg_mm.errors import UserError

TOOL = Path(__file__).parents[2] / 'tools' / 'predict.py'
FOUND = [
    Prediction('a/cat.jpg', ('a_cat', 'dog', '$x^'), (0.75, 0.249, 0.001)),
    Prediction('a/an_image_with_a_long_name.jpg', ('dog', 'a_cat', '$x^'), (0.5, 0.3, 0.2)),
]
PIXELS = [np.full((8, 6, 3), 255.0), np.zeros((4, 4, 3))]
MAPS = [dict(net1=np.eye(2), net2=np.ones((3, 3))), dict(net1=np.eye(2))]


def boxes_of(figure):
    figure.canvas.draw()
    return [box for axes in figure.axes if (box := axes.get_tightbbox()) is not None]


def test_a_row_has_the_image_the_maps_and_the_bars():
    figure = draw_predictions(FOUND, PIXELS, MAPS, 'net1 of $')
    first = figure.axes[:4]
    assert [axes.get_title() for axes in first[:3]] == ['image', 'net1', 'net2']
    assert [len(axes.images) for axes in first] == [1, 2, 2, 0]
    assert first[0].images[0].get_array().max() == 1  # 255 is white
    bars = first[3]
    assert [round(bar.get_width(), 3) for bar in bars.patches] == [0.75, 0.249, 0.001]
    assert [text.get_text() for text in bars.texts] == ['0.75', '0.25', '< 0.01']
    assert [label.get_text() for label in bars.get_yticklabels()] == ['a cat', 'dog', '$x^']
    assert [len(axes.images) for axes in figure.axes[4:8]] == [1, 2, 0, 0]  # the second has no map of net2
    whole = figure.bbox
    for box in boxes_of(figure):
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= whole.x1 and box.y1 <= whole.y1


def test_columns_do_not_overlap():
    labels = tuple(f'a_breed_with_a_very_long_name_{number}' for number in range(12))
    found = [Prediction(f'{number}.png', labels, (1 / 12,) * 12) for number in range(2)]
    figure = draw_predictions(found, PIXELS, [{}, {}], 'net1')
    (_, first), (_, second) = ((axes, axes.get_tightbbox()) for axes in figure.axes if axes.patches)
    figure.canvas.draw()
    assert second.y1 <= first.y0
    image = figure.axes[0].get_window_extent()
    assert image.x1 <= first.x0
    assert len(figure.axes) == 4  # no maps, no colour bar


def test_one_picture_or_one_of_each(tmp_path):
    arguments = FOUND, PIXELS, MAPS, 'net1'
    assert save_predictions(*arguments, tmp_path / 'all.png') == [tmp_path / 'all.png']
    files = save_predictions(*arguments, tmp_path / 'new')
    assert [path.name for path in files] == ['cat.png', 'an_image_with_a_long_name.png']
    for path in (tmp_path / 'all.png', *files):
        with Image.open(path) as picture:
            assert len(picture.convert('RGB').getcolors(maxcolors=1 << 24)) > 50
    assert save_predictions(FOUND[:1], PIXELS[:1], MAPS[:1], 'net1', tmp_path / 'b') == [tmp_path / 'b' / 'cat.png']


def test_pictures_that_cannot_be(tmp_path):
    (tmp_path / 'a.png').touch()
    with pytest.raises(UserError, match=r'/a\.png: would replace the image \S+/a\.png; name another place$'):
        picture_files(tmp_path / 'a.png', [str(tmp_path / 'a.png')])
    with pytest.raises(UserError, match=r'would replace the image \S+/a\.png; name another place$'):
        picture_files(tmp_path, [str(tmp_path / 'a.png')])
    with pytest.raises(UserError, match=r'^--picture a\.png: 101 images are too many for one picture, which takes'):
        picture_files('a.png', [f'{number}.png' for number in range(101)])
    assert len(picture_files('a', [f'{number}.png' for number in range(101)])) == 101
    with pytest.raises(UserError, match=r"^--picture a\.jpg: a picture's name ends with \.png or \.svg, a folder's"):
        picture_files('a.jpg', ['b.png'])
    (tmp_path / 'v1.5').mkdir()
    assert picture_files(tmp_path / 'v1.5', ['b.jpg']) == [tmp_path / 'v1.5' / 'b.png']


def test_tool(tiny, tmp_path, monkeypatch, capfd):
    config, checkpoints = tiny
    cv2.imwrite(str(tmp_path / 'grey.png'), np.random.default_rng(0).integers(0, 256, (9, 7), dtype=np.uint8))

    def run(*arguments):
        command = ['predict.py', config, checkpoints[0], tmp_path / 'grey.png', *arguments]
        monkeypatch.setattr(sys, 'argv', list(map(str, command)))
        try:
            runpy.run_path(str(TOOL), run_name='__main__')
        except SystemExit as end:
            return end.code
        return 0

    assert run('--node', 'ensemble', '--picture', tmp_path / 'out.png') == 0
    printed = capfd.readouterr()
    assert printed.out.splitlines()[-1] == str(tmp_path / 'out.png')
    expected = 'warning: the maps of net1, net2 have 2x2 cells, too few to show where a network looks; take --layer '
    assert printed.err.splitlines()[-1].startswith(expected + 'backbone.layer')
    assert run('--picture', tmp_path / 'out', '--layer', 'backbone.layer1') == 0
    printed = capfd.readouterr()
    assert 'warning' not in printed.err and (tmp_path / 'out' / 'grey.png').exists()
    assert run('--layer', 'backbone.layer1') == 2
    assert capfd.readouterr().err.splitlines()[-1] == 'error: --layer: is for --picture alone'
    assert run('--layer', 'nowhere', '--picture', tmp_path / 'b.png') == 2
    assert capfd.readouterr().err.splitlines()[-1].startswith('error: --layer nowhere: model.nodes.net1.attention_')
