import csv
import importlib.util
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmpretrain.registry import MODELS

from ktg_mm.analysis import Predictions
from ktg_mm.analysis.embed_attention import (
    analyse_embedding,
    check_method,
    draw_embedding,
    embed,
    normalized_maps,
    separation_of,
)
from ktg_mm.apis import load_config
from ktg_mm.errors import UserError

REPOSITORY = Path(__file__).parents[2]
DIGITS = REPOSITORY / 'configs' / 'ktg' / 'ens_3node_digits.py'


def predictions(**attention: np.ndarray) -> Predictions:
    """Of the nodes that have maps, and of an ensemble, which has none."""
    names, number = (*attention, 'ensemble'), len(next(iter(attention.values())))
    labels = np.arange(number) % 3
    members = dict(ensemble=tuple(attention))
    return Predictions(
        names, np.zeros((len(names), number, 3)), labels, (1,) * len(names), members, attention, ('x', 'y', 'z')
    )


def two_kinds(number: int = 12) -> Predictions:
    """a looks to the left, b to the right, and each more or less sharply."""
    noise = np.random.default_rng(0).random((2, number, 3, 4))
    left = np.array([9.0, 9.0, 0.0, 0.0])
    return predictions(a=noise[0] + left, b=noise[1] + left[::-1])


def test_maps_are_vectors_of_length_one() -> None:
    a, b = np.array([[[3.0, 0.0], [0.0, 4.0]]]), np.array([[[0.0, 0.0], [0.0, 0.0]]])
    expected = [[0.6, 0.0, 0.0, 0.8], [0.0] * 4]
    np.testing.assert_allclose(normalized_maps(predictions(a=a, b=b)), expected)
    np.testing.assert_allclose(normalized_maps(predictions(a=100 * a, b=b)), expected)


def test_separation_by_hand() -> None:
    found = separation_of(np.array([[0.0], [1.0], [10.0], [11.0]]), nodes=2)
    assert found is not None
    # The outer points are 1 from their own and 10.5 from the others on average, the inner ones 1 and 9.5.
    assert found.silhouette == pytest.approx((9.5 / 10.5 + 8.5 / 9.5) / 2)
    assert (found.same_node, found.chance) == pytest.approx((100, 100 / 3))
    mixed = separation_of(np.array([[0.0], [10.0], [1.0], [11.0]]), nodes=2)
    assert mixed is not None and mixed.same_node == 0 and mixed.silhouette < 0
    assert separation_of(np.zeros((5, 1)), nodes=1) is None
    assert separation_of(np.zeros((3, 1)), nodes=3) is None


def test_nodes_that_do_not_differ_are_at_chance() -> None:
    points = np.random.default_rng(0).random((900, 4))
    found = separation_of(points, nodes=3)
    assert found is not None and abs(found.silhouette) < 0.02
    # Four standard deviations of 900 draws, which are nearly independent.
    assert found.same_node == pytest.approx(found.chance, abs=100 * 4 * np.sqrt(2 / 9 / 900))


def test_result(tmp_path: Path) -> None:
    indices = list(range(100, 112))
    result = analyse_embedding(two_kinds(), indices, 'made up')
    assert result.name == 'attention_tsne'
    assert [(row['node'], row['image'], row['label']) for row in result.rows] == [
        (node, index, place % 3) for node in 'ab' for place, index in enumerate(indices)
    ]
    places = np.array([[row['x'], row['y']] for row in result.rows])
    assert separation_of(places, nodes=2).same_node == 100
    about, separation, note = result.summary.splitlines()
    assert about == '24 maps, 12 each of a, b'
    assert separation.endswith('nearest map of the same node 100.0 % (chance: 47.8 %)')
    assert note == 'left out, as they have no attention map: ensemble'
    again = analyse_embedding(two_kinds(), indices, 'made up')
    assert again.rows == result.rows
    assert analyse_embedding(two_kinds(), indices, 'made up', seed=1).rows[0].keys() == result.rows[0].keys()


def test_each_node_has_its_own_marker_and_all_points_are_drawn() -> None:
    rows = [dict(node=f'run{i}/net{i}', image=0, label=0, x=float(i), y=float(j)) for i in range(16) for j in range(3)]
    figure = draw_embedding(rows, 'many', 'below')
    figure.canvas.draw()
    (axes,), (legend,) = figure.axes, figure.legends
    drawn = {(line.get_color(), line.get_marker()) for line in axes.lines if len(line.get_xdata())}
    assert len(drawn) == 16 and sum(len(line.get_xdata()) for line in axes.lines) == len(rows)
    assert [text.get_text() for text in legend.texts] == [f'run{i}/net{i}' for i in range(16)]
    # The legend is on the sheet.
    box = legend.get_window_extent()
    assert box.x0 >= 0 and box.x1 <= figure.bbox.x1 and box.y0 >= 0


def test_one_node_alone() -> None:
    result = analyse_embedding(predictions(a=np.random.default_rng(0).random((6, 2, 2))), range(6), 'one')
    assert 'separation of the nodes: needs two of them' in result.summary


@pytest.mark.parametrize(
    ('maps', 'message'),
    [
        (
            dict(a=np.ones((2, 4, 4)), b=np.ones((2, 2, 2))),
            r'^the attention maps have different sizes: a 4x4, b 2x2; attention_layer',
        ),
        (dict(a=np.ones((2, 1, 1)), b=np.ones((2, 1, 1))), r'^the attention maps have one cell each'),
        (dict(a=np.full((2, 2, 2), np.nan), b=np.ones((2, 2, 2))), r'^the attention maps are not finite'),
        (dict(a=np.ones((2, 2, 2)), b=2 * np.ones((2, 2, 2))), r'^the attention maps are all the same'),
    ],
)
def test_maps_that_cannot_be_embedded(maps: dict[str, np.ndarray], message: str) -> None:
    with pytest.raises(UserError, match=message):
        analyse_embedding(predictions(**maps), [0, 1], 'bad')


def test_umap_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, 'find_spec', lambda name: None)
    check_method('tsne')
    message = r'^--method umap: needs umap-learn, which is not installed; pip install umap-learn$'
    with pytest.raises(UserError, match=message):
        check_method('umap')


def test_umap_is_asked_for_what_it_takes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A stand-in: umap-learn is an extra that the tests do without."""
    (tmp_path / 'umap.py').write_text(
        'class UMAP:\n'
        '    def __init__(self, n_neighbors, random_state, n_jobs):\n'
        '        self.settings = [n_neighbors, random_state, n_jobs]\n'
        '    def fit_transform(self, points):\n'
        '        return points[:, :2] * 0 + self.settings[:2]\n'
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, 'umap', raising=False)
    check_method('umap')
    assert embed(np.eye(9), 'umap', seed=4).tolist() == [[8, 4]] * 9
    assert embed(np.eye(99), 'umap', seed=4).tolist() == [[15, 4]] * 99
    monkeypatch.delitem(sys.modules, 'umap')


def test_tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    cfg = load_config(DIGITS)
    paths = [tmp_path / 'seed0.pth', tmp_path / 'seed1.pth']
    for seed, path in enumerate(paths):
        torch.manual_seed(seed)
        graph = MODELS.build(dict(cfg.model, data_preprocessor=cfg.data_preprocessor))
        torch.save(dict(state_dict=graph.state_dict()), path)

    def run(*arguments: object) -> int:
        tool = REPOSITORY / 'tools' / 'analysis' / 'embed_attention.py'
        monkeypatch.setattr(sys, 'argv', list(map(str, ['embed_attention.py', DIGITS, *arguments])))
        try:
            runpy.run_path(str(tool), run_name='__main__')
        except SystemExit as end:
            return int(end.code or 0)
        return 0

    def read(folder: str) -> list[dict[str, str]]:
        (path,) = (tmp_path / folder).glob('attention_tsne_ens_3node_digits_*.csv')
        with path.open(newline='') as file:
            return list(csv.DictReader(file))

    assert run(*paths, '--samples', 10, '--seed', 3, '--out', tmp_path / 'two') == 0
    printed = capfd.readouterr().out
    assert '60 maps, 10 each of seed0/net1, seed0/net2, seed0/net3, seed1/net1, seed1/net2, seed1/net3\n' in printed
    assert 'nearest map of the same node' in printed
    two = read('two')
    assert sorted(int(row['label']) for row in two[:10]) == list(range(10))
    for folder in ('one', 'again'):
        assert run(paths[0], '--samples', 10, '--seed', 4, '--out', tmp_path / folder) == 0
    one = read('one')
    assert read('again') == one
    assert [row['node'] for row in one] == [f'net{i}' for i in (1, 2, 3) for _ in range(10)]
    assert {row['image'] for row in one} != {row['image'] for row in two}
    capfd.readouterr()

    assert run(paths[0], '--samples', 4) == 2
    assert capfd.readouterr().err.splitlines()[-1] == 'error: --samples must be at least 5, got 4'
    layer = 'model.nodes.net1.attention_layer=backbone.layer1'
    assert run(paths[0], '--samples', 5, '--out', tmp_path / 'no', '--cfg-options', layer) == 2
    expected = 'error: the attention maps have different sizes: net1 8x8, net2 2x2, net3 2x2; attention_layer'
    assert capfd.readouterr().err.splitlines()[-1].startswith(expected)
    assert not (tmp_path / 'no').exists()
