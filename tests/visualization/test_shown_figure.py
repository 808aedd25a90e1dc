import io

from matplotlib.figure import Figure

from ktg_mm.visualization import draw_graph, save_picture
from ktg_mm.visualization.shown_figure import ShownFigure, write_figure

NODES = dict(a=dict(type='NetworkNode'), b=dict(type='NetworkNode'))
MODEL = dict(nodes=NODES, edges={'a->b': dict(loss=dict(type='KLDivergence'))}, target='b')


def test_a_notebook_shows_what_is_saved(tmp_path):
    figure = draw_graph(MODEL, 'two')
    shown = figure._repr_svg_()
    assert isinstance(figure, ShownFigure) and '>two<' in shown
    assert shown == save_picture(draw_graph(MODEL, 'two'), tmp_path / 'a.svg').read_text() == figure._repr_svg_()


def test_a_dollar_is_no_formula():
    figure = Figure()
    figure.text(0, 0, 'a$b$')
    write_figure(figure, file := io.BytesIO(), 'svg')
    assert b'a$b$' in file.getvalue()
