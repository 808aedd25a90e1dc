import importlib.util
import math
import xml.etree.ElementTree as ElementTree
from itertools import permutations
from pathlib import Path

import matplotlib.image
import pytest
from matplotlib.figure import Figure

from ktg_mm.errors import ConfigError, UserError
from ktg_mm.models.losses import FeatureLoss
from ktg_mm.visualization import draw_graph, save_picture
from ktg_mm.visualization.graph_picture import _directions

CE, KL, ATTENTION = dict(type='CrossEntropy'), dict(type='KLDivergence'), dict(type='AttentionMSE')


def network(depth, **node):
    backbone = dict(type='CIFARResNet', depth=depth)
    return dict(type='NetworkNode', network=dict(type='ImageClassifier', backbone=backbone), **node)


def gate(name, **settings):
    return dict(type=f'{name}Gate', **settings)


@pytest.fixture
def model():
    return dict(
        target='net1',
        nodes=dict(net1=network(32), net2=network(110), teacher=network(56)),
        edges={
            'label->net1': dict(loss=CE),
            'label->net2': dict(loss=CE, gate=gate('Linear')),
            'net1->net2': dict(loss=[KL, ATTENTION], gate=gate('Correct'), weight=0.5),
            'net2->net1': dict(loss=dict(KL, temperature=2.0), gate=gate('Sine', frequency=2, phase=0.5)),
            'teacher->net1': dict(loss=KL),
            'net1->teacher': dict(loss=dict(type='Huber'), gate=gate('Cutoff')),
            'net1->net1': dict(loss=ATTENTION, views=dict(source='a', target='b')),
        },
    )


def full_graph(count):
    names = [f'net{index}' for index in range(1, count + 1)]
    losses = [KL, [KL, ATTENTION], dict(type='ProbabilityCosine')]
    edges = {f'label->{name}': dict(loss=CE) for name in names}
    for index, (source, target) in enumerate(permutations(names, 2)):
        edges[f'{source}->{target}'] = dict(loss=losses[index % 3], gate=gate(('Linear', 'Correct')[index % 2]))
    nodes = {name: network(20) for name in names}
    nodes['ensemble'] = dict(type='EnsembleNode', members=names)
    return dict(target='ensemble', nodes=nodes, edges=edges)


def texts_of(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def tails_of(figure):
    """Returns the open heads, those of the legend included."""
    return [patch for patch in figure.axes[0].patches if patch.get_zorder() == 2.6]


def bands_of(figure):
    """Returns the lines between nodes that share modules, and that of the legend."""
    return [patch for patch in figure.axes[0].patches if patch.get_zorder() == 1 and patch.get_linewidth() == 7]


def arrows_of(figure):
    """Returns the colours of the arrowheads above the legend: one a drawn edge."""
    return [patch.get_facecolor() for patch in figure.axes[0].patches if patch.get_zorder() == 2.5]


def test_svg_says_everything_as_text(model, tmp_path):
    path = save_picture(draw_graph(model, 'my_graph'), tmp_path / 'graph.svg')
    texts = [text.text for text in ElementTree.parse(path).iter('{http://www.w3.org/2000/svg}text')]
    for said in ('my_graph', 'net1', 'ResNet-32', 'ResNet-110', 'ResNet-56', 'target', 'frozen', 'label'):
        assert said in texts
    for said in (
        'CE · Through',
        'CE · Linear',
        '0.5×(KL + A+) · Correct',  # noqa: RUF001
        'KL T=2',
        'Sine(f=2, φ=0.5)',
        'KL · Through',
        'A+ · Through · a→b',
    ):
        assert any(said in text for text in texts), said
    assert not any('Cutoff' in text or 'Huber' in text for text in texts)
    assert [path.name for path in tmp_path.iterdir()] == ['graph.svg'], 'no temporary file stays'


def test_png_is_not_blank(model, tmp_path):
    image = matplotlib.image.imread(save_picture(draw_graph(model), tmp_path / 'new' / 'graph.png'))
    assert min(image.shape[:2]) > 400
    assert image[..., :3].std() > 0.05


def test_the_same_graph_gives_the_same_svg(model, tmp_path):
    first, second = (save_picture(draw_graph(model), tmp_path / f'{name}.svg').read_bytes() for name in 'ab')
    assert first == second


@pytest.mark.parametrize('name', ['graph.bmp', 'graph'])
def test_unknown_ending(model, tmp_path, name):
    with pytest.raises(UserError, match=r'ends with \.svg or \.png') as caught:
        save_picture(draw_graph(model), tmp_path / name)
    assert '\n' not in str(caught.value)


def test_unwritable_place(model, tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(UserError, match='cannot be written'):
        save_picture(draw_graph(model), tmp_path / 'file' / 'graph.svg')


def test_each_edge_that_lets_through_has_its_arrow(model):
    # Six edges and four gates in the legend: Through, Linear, Correct, Sine.
    assert len(arrows_of(draw_graph(model))) == 6 + 4


def test_many_edges_are_numbered_and_told_in_the_legend():
    figure = draw_graph(full_graph(5))
    texts = texts_of(figure)
    combinations = [f'{loss} · {name}' for loss in ('KL', 'KL + A+', 'P−') for name in ('Linear', 'Correct')]  # noqa: RUF001
    assert all(texts.count(text) == 1 for text in combinations)
    # One disc an arrow and one a legend entry.
    assert sum(text in set('123456') for text in texts) == 20 + 6
    # 25 edges, six combinations, and the labels' gate.
    assert len(arrows_of(figure)) == 25 + 6 + 1
    assert texts.count('CE · Through') == 5 and 'member' in texts


def test_one_combination_needs_no_numbers():
    model = full_graph(4)
    for key in model['edges']:
        if not key.startswith('label'):
            model['edges'][key] = dict(loss=KL, gate=gate('Linear'))
    texts = texts_of(draw_graph(model))
    assert texts.count('KL · Linear') == 1 and '1' not in texts


def test_networks_do_not_overlap_and_nothing_is_outside():
    figure = draw_graph(full_graph(5), 'title')
    axes = figure.axes[0]
    boxes = [patch for patch in axes.patches if type(patch).__name__ == 'FancyBboxPatch' and patch.get_width() > 0.5]
    assert len(boxes) == 6
    extents = [box.get_window_extent() for box in boxes]
    assert not any(a.overlaps(b) for a, b in permutations(extents, 2))
    page = figure.bbox
    for item in [*axes.texts, *axes.patches]:
        extent = item.get_window_extent()
        assert page.x0 <= extent.x0 and extent.x1 <= page.x1 and page.y0 <= extent.y0 and extent.y1 <= page.y1


def test_an_edge_and_its_answer_are_apart():
    model = dict(nodes=dict(a=network(20), b=network(20)), edges={'a->b': dict(loss=KL), 'b->a': dict(loss=KL)})
    shafts = [patch.get_path() for patch in draw_graph(model).axes[0].patches if patch.get_zorder() == 2]
    assert shafts[0].vertices[:, 1].min() > 0 > shafts[1].vertices[:, 1].max()


def test_self_edge_is_a_loop():
    model = dict(nodes=dict(a=network(20)), edges={'a->a': dict(loss=KL, views=dict(source='a', target='b'))})
    figure = draw_graph(model)
    assert any(len(p.get_path().vertices) == 4 for p in figure.axes[0].patches if p.get_zorder() == 2)
    assert 'KL · Through · a→b' in texts_of(figure)


def test_moving_average_is_dotted():
    model = dict(nodes=dict(a=network(20), b=network(20)), edges={'a->b': dict(type='EMAEdge', decay=0.999)})
    figure = draw_graph(model)
    assert {'EMA 0.999', 'moving average'} <= set(texts_of(figure))


@pytest.mark.parametrize('edges', [{}, {'b->a': dict(loss=KL, gate=gate('Own'))}])
def test_small_and_odd_graphs(edges):
    model = dict(nodes={'a': network(20), 'b': network(20), 'price in $': dict(type='EnsembleNode', members=['a'])})
    assert 'price in $' in texts_of(draw_graph(dict(model, edges=edges)))


def test_no_nodes():
    with pytest.raises(ConfigError, match=r'config has no model\.nodes'):
        draw_graph(dict(type='ImageClassifier'))


def run_tool(monkeypatch, *arguments):
    path = Path(__file__).parents[2] / 'tools' / 'draw_graph.py'
    spec = importlib.util.spec_from_file_location('draw_graph_tool', path)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    monkeypatch.setattr('sys.argv', ['draw_graph.py', *map(str, arguments)])
    tool.main()


def test_tool_draws_beside_the_caller(model, monkeypatch, tmp_path):
    (tmp_path / 'mine.py').write_text(f'model = {model!r}')
    monkeypatch.chdir(tmp_path)
    run_tool(monkeypatch, 'mine.py', '--cfg-options', 'model.target=net2')
    assert '>mine</text>' in (tmp_path / 'mine.svg').read_text()
    run_tool(monkeypatch, 'mine.py', '--out', 'mine.png')
    assert (tmp_path / 'mine.png').stat().st_size > 10_000


def test_tool_tells_mistakes_in_one_line(monkeypatch, tmp_path, capsys):
    (tmp_path / 'mine.py').write_text("model = dict(type='ImageClassifier')")
    with pytest.raises(SystemExit) as caught:
        run_tool(monkeypatch, tmp_path / 'mine.py')
    assert caught.value.code == 2
    printed = ''.join(capsys.readouterr())
    assert 'config has no model.nodes' in printed and 'Traceback' not in printed


def test_three_edges_of_one_node_do_not_cover_one_another():
    loop = dict(loss=KL, views=dict(source='weak', target='strong'), samples='unlabeled')
    edges = {'label->a': dict(loss=CE), 'a->a': loop, 'a->a:second': dict(loop, weight=2), 'a->b': dict(type='EMAEdge')}
    figure = draw_graph(dict(nodes=dict(a=network(20), b=network(20)), edges=edges))
    figure.canvas.draw()
    (axes,) = figure.axes
    named = ('CE · Through', 'label', 'EMA', 'ResNet-20')
    texts = [text for text in axes.texts if text.get_text() in named or 'weak' in text.get_text()]
    boxes = [text.get_window_extent() for text in texts]
    assert len(boxes) == 8  # EMA stands in the legend as well
    assert not any(one.overlaps(other) for i, one in enumerate(boxes) for other in boxes[:i])


def test_long_texts_of_two_edges_side_by_side_part():
    loop = dict(loss=KL, gate=gate('RampUp', length=0.4, shape='linear'), samples='unlabeled')
    figure = draw_graph(dict(nodes=dict(a=network(20)), edges={'label->a': dict(loss=CE), 'a->a': loop}))
    figure.canvas.draw()
    texts = [text for text in figure.axes[0].texts if text.get_text() == 'CE · Through' or 'linear' in text.get_text()]
    one, other = (text.get_window_extent() for text in texts)
    assert not one.overlaps(other)


@pytest.mark.parametrize(
    ('count', 'in_a_row', 'degrees'),
    [(1, True, [90]), (2, True, [52.5, 127.5]), (3, True, [52.5, 127.5, -90]), (3, False, [15, 90, 165])],
)
def test_more_than_two_edges_part_into_above_and_below(count, in_a_row, degrees):
    directions = [math.degrees(angle) for angle in _directions(count, math.pi / 2, in_a_row)]
    assert directions == pytest.approx(degrees)


def test_a_dollar_in_a_name_is_no_formula(tmp_path: Path) -> None:
    """And the powers of a logarithmic axis still are."""
    figure = Figure()
    axes = figure.subplots()
    axes.plot([1, 1e6], [0, 1])
    axes.set_xscale('log')
    axes.set_yticks([0, 1], labels=['$a_{', '$b$'])
    text = save_picture(figure, tmp_path / 'a.svg').read_text()
    assert '>$a_{</text>' in text and '>$b$</text>' in text and 'mathdefault{10^{0}}$</text>' not in text


def test_shared_modules_join_nodes_with_a_band():
    share = dict(node='b1', until='backbone.layer1')
    nodes = dict(b1=network(20), **{f'b{index}': network(20, share=share) for index in (2, 3, 4)})
    figure = draw_graph(dict(nodes=nodes))
    assert len(bands_of(figure)) == 3 + 1
    assert texts_of(figure).count('shares until layer1 with b1') == 3 and 'shared modules' in texts_of(figure)
    assert not bands_of(draw_graph(dict(nodes={name: network(20) for name in nodes})))


def test_a_source_that_is_taught_has_an_open_head():
    nodes = dict(a=network(20), b=network(20))
    edges = {'a->b': dict(loss=KL, detach=False), 'b->a': dict(loss=KL)}
    figure = draw_graph(dict(nodes=nodes, edges=edges))
    assert 'source taught as well' in texts_of(figure)
    first, _ = tails_of(figure)
    shaft = next(patch.get_path() for patch in figure.axes[0].patches if patch.get_zorder() == 2)
    assert first.get_xy()[0] == pytest.approx(shaft.vertices[0]), 'its tip is where the arrow begins'
    edges['a->b'].pop('detach')
    assert not tails_of(draw_graph(dict(nodes=nodes, edges=edges)))


def test_members_that_are_taught_have_an_open_head_and_others_are_dashed():
    nodes = dict(a=network(20), b=network(20))
    nodes['open'] = dict(type='EnsembleNode', members=['a', 'b'], detach=False)
    nodes['shut'] = dict(type='EnsembleNode', members=['a', 'b'])
    model = dict(nodes=nodes, edges={'label->open': dict(loss=CE), 'label->a': dict(loss=CE)})
    figure = draw_graph(model)
    assert len(tails_of(figure)) == 2 + 1
    assert {'member', 'member, taught as well'} <= set(texts_of(figure))
    model['edges'].pop('label->open')
    figure = draw_graph(model)
    assert not tails_of(figure) and 'member, taught as well' not in texts_of(figure)


def test_parts_that_learn_are_marked_and_the_mark_is_explained():
    class Hint(FeatureLoss):
        learns = True

    nodes, note = dict(a=network(20), b=network(20)), '⊕: has parts that learn'
    for loss, marked in ((Hint, True), (FeatureLoss, False)):
        figure = draw_graph(dict(nodes=nodes, edges={'a->b': dict(loss=dict(type=loss, layers='map'))}))
        assert (
            any('map ⊕' in text for text in texts_of(figure))
            == any(note in text for text in texts_of(figure))
            == marked
        )


def test_texts_keep_off_open_heads():
    names = ['b1', 'b2', 'b3']
    nodes = {name: network(20) for name in names} | dict(fusion=dict(type='EnsembleNode', members=names, detach=False))
    ends = [*(f'fusion->{name}' for name in names), 'b1->fusion']
    edges = {f'label->{name}': dict(loss=CE) for name in nodes} | {end: dict(loss=KL) for end in ends}
    repel = dict(loss=dict(type='ProbabilityCosine'), weight=5e-8, detach=False)
    figure = draw_graph(dict(nodes=nodes, edges=edges | {'b1->b2': repel, 'b2->b3': repel}))
    boxes = [patch for patch in figure.axes[0].patches if type(patch).__name__ == 'FancyBboxPatch']
    texts = [box.get_window_extent() for box in boxes if box.get_height() < 0.3]
    assert len(texts) == 6
    assert not any(text.overlaps(tail.get_window_extent()) for text in texts for tail in tails_of(figure))
