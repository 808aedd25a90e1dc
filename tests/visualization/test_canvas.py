import pytest
from matplotlib.path import Path

from ktg_mm.visualization.canvas import Canvas
from ktg_mm.visualization.graph_layout import Box, arc


def test_one_unit_is_one_inch_and_the_sheet_fits_what_is_drawn():
    canvas = Canvas()
    canvas.box(Box(0, 0, 2, 1), 'white', 'black', 1)
    canvas.diamond(Box(3, 0, 2, 1), 'white', 'black')
    figure = canvas.finish(margin=0.5)
    assert figure.get_size_inches().tolist() == [6.0, 2.0]
    assert figure.axes[0].get_xlim() == (-1.5, 4.5)


def test_arrow_ends_where_its_curve_ends():
    canvas = Canvas()
    canvas.line(arc(Box(0, 0, 0, 0), Box(3, 0, 0, 0), 0.2, margin=0), 'black', '-', 1)
    canvas.finish(margin=0)
    head, shaft = canvas.axes.patches
    outline = head.get_path().vertices
    assert outline[outline[:, 0].argmax()].tolist() == pytest.approx([3, 0])
    assert head.get_facecolor() == (0, 0, 0, 1)
    assert 2.85 < shaft.get_path().vertices[-1, 0] < 2.95


def test_plain_line_has_no_head():
    canvas = Canvas()
    canvas.line(Path([[0, 0], [1, 1]]), 'black', '-', 1, arrow=False)
    assert len(canvas.axes.patches) == 1


def test_lines_of_text_stand_one_below_the_other():
    canvas = Canvas()
    canvas.text('one\ntwo', 1, 1)
    one, two = canvas.axes.texts
    assert one.get_text() == 'one' and one.get_position()[1] > two.get_position()[1]
