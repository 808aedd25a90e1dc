import colorsys

from matplotlib.colors import to_rgb

from ktg_mm.visualization.chart import SHADES, WIDTH, legend, sheet, title


def test_sheet():
    figure, axes = sheet(3.0, 2, 3, sharex=True)
    assert axes.shape == (2, 3)
    assert figure.get_size_inches().tolist() == [WIDTH, 3.0]


def test_title_and_legend_are_within_the_figure_and_cover_nothing():
    figure, ((axes,),) = sheet(3.0)
    axes.plot([0, 1], [0, 1], label='a line')
    title(figure, 'A title', 'and a line below it')
    legend(figure)
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in (figure._suptitle, *figure.texts)]
    boxes += [axes.get_tightbbox(), figure.legends[0].get_window_extent()]
    for box in boxes:
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1
    assert axes.get_tightbbox().y1 <= figure.texts[-1].get_window_extent().y0
    assert figure.legends[0].get_window_extent().y1 <= axes.get_tightbbox().y0


def test_shades_read_the_same_in_grey():
    lightness = [colorsys.rgb_to_hls(*to_rgb(SHADES(number / 10)))[1] for number in range(11)]
    assert lightness == sorted(lightness, reverse=True)
