import colorsys

from matplotlib.colors import to_rgb

from ktg_mm.visualization.chart import PALETTE, SHADES, WIDTH, colours_of, legend, sheet, short_names, title


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


def test_short_names():
    runs = [f'ens_3node_{kind}_fashion_mnist_3000' for kind in ('attention_repel', 'independent', 'dml')]
    names = [f'{run}/net{i}' for run in runs for i in (1, 2)]
    found = short_names(names, 24)
    assert found[0] == 'attention_repel/net1' and found[-1] == 'dml/net2' and len(set(found)) == len(names)
    assert short_names(names, 100) == names
    assert short_names(['net1', 'net2'], 24) == ['net1', 'net2']
    # One run, or runs that have nothing in common.
    assert short_names(['a_long_name_of_a_run/net1', 'a_long_name_of_a_run/net2'], 12) == ['run/net1', 'run/net2']
    assert short_names(['one/net1', 'another_with_a_long_name/net1'], 14) == ['one/net1', 'another_…/net1']
    assert short_names(['x' * 30], 5) == ['xxxx…']


def test_each_name_has_a_colour_of_its_own():
    names = [f'config{number}' for number in range(12)]
    assert list(colours_of(names[:7]).values()) == list(PALETTE)
    assert len(set(colours_of(names).values())) == 12
    assert colours_of([]) == {}
