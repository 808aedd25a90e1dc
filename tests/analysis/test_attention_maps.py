import csv
import math
import re
import runpy
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmpretrain.registry import DATASETS, MODELS
from PIL import Image

from ktg_mm.analysis import Predictions
from ktg_mm.analysis.attention_figure import draw_attention_maps, draw_overlay
from ktg_mm.analysis.attention_maps import analyse_attention_maps, attention_table, map_entropy, note_left_out
from ktg_mm.analysis.chosen_images import (
    ChosenImages,
    choose_evenly,
    draw_sample,
    seen_pixels,
    undo_normalization,
    with_images,
)
from ktg_mm.apis import load_config
from ktg_mm.errors import ConfigError, UserError
from ktg_mm.visualization.chart import colours_of, sheet

REPOSITORY = Path(__file__).parents[2]
DIGITS = REPOSITORY / 'configs' / 'ktg' / 'ens_3node_digits.py'


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the untrained graph of the digits."""
    cfg = load_config(DIGITS)
    torch.manual_seed(0)
    graph = MODELS.build(dict(cfg.model, data_preprocessor=cfg.data_preprocessor))
    path = tmp_path_factory.mktemp('run') / 'epoch_0.pth'
    torch.save(dict(state_dict=graph.state_dict()), path)
    return path


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    def run(*args: object) -> int:
        path = REPOSITORY / 'tools' / 'analysis' / 'attention_maps.py'
        monkeypatch.setattr(sys, 'argv', [path.name, *map(str, args)])
        try:
            runpy.run_path(str(path), run_name='__main__')
        except SystemExit as end:
            return int(end.code or 0)
        return 0

    return run


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline='') as file:
        return list(csv.DictReader(file))


def made_up() -> Predictions:
    """Two networks and their ensemble, two images; b's maps have another size."""
    logits = np.log([[[0.75, 0.25], [0.75, 0.25]], [[0.5, 0.5], [0.1, 0.9]], [[0.4, 0.6], [0.3, 0.7]]])
    maps = dict(
        a=np.array([[[1.0, 0.0], [3.0, 0.0]], [[2.0, 2.0], [2.0, 2.0]]]), b=np.array([[[0.0, 0.0, 5.0]], [[0.0] * 3]])
    )
    return Predictions(
        ('a', 'b', 'both'), logits, np.array([0, 1]), (5, 6, 0), dict(both=('a', 'b')), maps, ('cat', 'dog')
    )


def test_table_by_hand() -> None:
    skewed = -(0.25 * math.log(0.25) + 0.75 * math.log(0.75))
    expected = [
        # image, label, node, predicted, probability, peak's row and column, map's rows and columns, entropy
        (7, 0, 'a', 0, 0.75, 1, 0, 2, 2, skewed),
        (7, 0, 'b', 0, 0.5, 0, 2, 1, 3, 0.0),
        (4, 1, 'a', 0, 0.75, 0, 0, 2, 2, math.log(4)),
        (4, 1, 'b', 1, 0.9, 0, 0, 1, 3, math.nan),
    ]
    rows = attention_table(made_up(), [7, 4])
    columns = ['image', 'label', 'node', 'predicted', 'probability', 'peak_row', 'peak_column', 'rows', 'columns']
    assert list(rows[0]) == [*columns, 'entropy_nats']
    for row, values in zip(rows, expected, strict=True):
        assert list(row.values()) == pytest.approx(list(values), nan_ok=True)


def test_entropy_is_that_of_shares() -> None:
    maps = np.random.default_rng(0).random((5, 3, 4)).astype(np.float32)
    assert map_entropy(1000 * maps) == pytest.approx(map_entropy(maps), rel=1e-6)
    assert map_entropy(np.ones((1, 7, 7)))[0] == pytest.approx(math.log(49))


def test_result(tmp_path: Path) -> None:
    pixels = [np.full((4, 4, 3), 0.5)] * 2
    result = analyse_attention_maps(made_up(), pixels, [7, 4], 'two images')
    table, note = result.summary.splitlines()[:-1], result.summary.splitlines()[-1]
    assert note == 'left out, as they have no attention map: both'
    assert [cell.strip() for cell in table[2].split('|')[1:4]] == ['a', '1 of 2', '2x2']
    files = result.save(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {'attention_maps.csv', 'attention_maps.png'}
    assert len(read(tmp_path / 'attention_maps.csv')) == 4
    with Image.open(next(path for path in files if path.suffix == '.png')) as picture:
        assert len(picture.convert('RGB').getcolors(maxcolors=1 << 24)) > 50


def test_no_maps() -> None:
    some = made_up()
    none = Predictions(some.names, some.logits, some.labels, some.parameters, some.members)
    with pytest.raises(UserError, match=r'^no network has an attention map, as a, b give no feature map; name a layer'):
        note_left_out(none)


def test_picture_says_who_is_right() -> None:
    figure = draw_attention_maps([np.zeros((4, 4, 3))] * 2, made_up(), [7, 4], 'two images')
    texts = [[text.get_text() for text in axes.texts] for axes in figure.axes]
    # Two rows of an image and two maps, then the colour bar.
    assert texts == [
        ['cat', 'image 7'], ['✓ cat, 0.75'], ['✓ cat, 0.50'], ['dog', 'image 4'], ['✗ cat, 0.75'], ['✓ dog, 0.90'], [],
    ]  # fmt: skip
    assert [axes.get_title() for axes in figure.axes[:3]] == ['image', 'a', 'b']
    right, wrong = figure.axes[1].texts[0], figure.axes[4].texts[0]
    assert right.get_color() != wrong.get_color() and wrong.get_weight() == 'bold'


def test_names_that_are_long_or_look_like_formulas() -> None:
    logits = np.array([[[0.0, 9.0]]])
    predictions = Predictions(
        ('seed0/$net$',),
        logits,
        np.array([0]),
        (1,),
        attention={'seed0/$net$': np.ones((1, 2, 2))},
        classes=('$x^', 'a_breed_with_a_very_long_name'),
    )
    figure = draw_attention_maps([np.zeros((4, 4, 3))], predictions, [0], '$')
    figure.canvas.draw()
    assert figure.axes[1].texts[0].get_text() == '✗ a breed with a ve…\n1.00'
    assert figure.axes[1].get_title() == 'seed0\n$net$'


@pytest.mark.parametrize('attention', [[[2.0, 6.0], [4.0, 2.0]], [[3.0, 3.0], [3.0, 3.0]]])
def test_overlay_scales_each_map_and_covers_the_image(attention: list[list[float]]) -> None:
    _, ((axes,),) = sheet(3.0)
    draw_overlay(axes, np.random.default_rng(0).random((8, 6, 3)), np.array(attention))
    image, overlay = axes.images
    assert image.get_extent() == overlay.get_extent() == [-0.5, 5.5, 7.5, -0.5]
    expected = [[0, 1], [0.5, 0]] if attention[0][0] == 2 else [[0, 0], [0, 0]]
    assert overlay.get_array().tolist() == expected


def test_choice_is_even_and_seeded() -> None:
    labels = np.random.default_rng(0).permutation(np.repeat([0, 1, 2, 5], [50, 3, 20, 20]))
    chosen = choose_evenly(labels, 20, seed=3)
    assert np.bincount(labels[chosen]).tolist() in ([6, 3, 6, 0, 0, 5], [6, 3, 5, 0, 0, 6], [5, 3, 6, 0, 0, 6])
    assert len(set(chosen)) == 20 and sorted(labels[chosen]) == labels[chosen].tolist()
    assert np.array_equal(chosen, choose_evenly(labels, 20, seed=3))
    assert not np.array_equal(chosen, choose_evenly(labels, 20, seed=4))
    # Which classes come up where there are fewer images than classes is drawn, too.
    assert {int(labels[choose_evenly(labels, 1, seed)][0]) for seed in range(50)} == {0, 1, 2, 5}
    assert sorted(choose_evenly(labels, 1000)) == list(range(93))


def test_sample_of_a_split() -> None:
    cfg = load_config(DIGITS)
    labels = DATASETS.build(dict(type='Digits', split='val')).get_gt_labels()
    assert np.bincount(labels[draw_sample(cfg, 'val', 30)]).tolist() == [3] * 10
    assert draw_sample(cfg, 'val', 30, limit=15).tolist() == sorted(range(15), key=lambda i: (labels[i], i))
    cfg.pop('val_dataloader')
    with pytest.raises(ConfigError, match=r'^val_dataloader: is missing; the config has no such data$'):
        draw_sample(cfg, 'val', 30)


def test_chosen_images_are_those_of_the_data_set(mmpretrain_scope: None) -> None:
    cfg = load_config(DIGITS)
    before = cfg.to_dict()
    smaller = with_images(cfg, 'test', [9, 2])
    assert cfg.to_dict() == before
    chosen, whole = (DATASETS.build(one.test_dataloader.dataset) for one in (smaller, cfg))
    assert [torch.equal(chosen[i]['inputs'], whole[j]['inputs']) for i, j in ((0, 9), (1, 2))] == [True] * 2
    with pytest.raises(UserError, match=r'^--indices 360: there is no such image; they are 0 to 359$'):
        ChosenImages(dict(type='Digits', split='test'), [0, 360])


def test_pixels_of_grey_images() -> None:
    cfg = load_config(DIGITS)
    digits = DATASETS.build(dict(type='Digits', split='test'))
    for seen, index in zip(seen_pixels(cfg, 'test', [5, 0]), (5, 0), strict=True):
        assert seen.shape == (8, 8, 3)
        np.testing.assert_allclose(seen, np.repeat(digits[index]['img'][..., None], 3, axis=2) / 255, atol=1e-6)


@pytest.mark.parametrize('to_rgb', [False, True])
def test_pixels_of_colour_images_have_the_networks_order_and_padding(to_rgb: bool) -> None:
    preprocessor = MODELS.build(
        dict(
            type='ClsDataPreprocessor',
            mean=[100.0, 110.0, 120.0],
            std=[50.0, 60.0, 70.0],
            to_rgb=to_rgb,
            pad_size_divisor=4,
        )
    )
    image = torch.randint(0, 256, (3, 3, 4), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    seen = undo_normalization(preprocessor, image)
    expected = (image.flip(0) if to_rgb else image).permute(1, 2, 0).numpy()
    np.testing.assert_allclose(seen[:3], expected, atol=1e-4)
    np.testing.assert_allclose(seen[3], np.broadcast_to([100, 110, 120], (4, 3)), atol=1e-4)


def test_pixels_of_unnormalised_floats() -> None:
    cfg = Config(load_config(DIGITS).to_dict())
    cfg.data_preprocessor = dict(num_classes=10)
    step = dict(type='Normalize', mean=[0.0], std=[255.0], to_rgb=False)
    cfg.test_dataloader.dataset.pipeline = [step, dict(type='PackInputs')]
    (seen,) = seen_pixels(cfg, 'test', [0])
    (plain,) = seen_pixels(load_config(DIGITS), 'test', [0])
    np.testing.assert_allclose(seen, plain, atol=1e-6)


def test_images_that_an_ensemble_gets_wrong_say_what_it_predicts() -> None:
    pixels = [np.zeros((4, 4, 3))] * 2
    figure = analyse_attention_maps(made_up(), pixels, [7, 4], 'two images', wrong='both').figure
    assert [text.get_text() for text in figure.axes[0].texts] == ['cat', 'image 7', 'both\n✗ dog, 0.60']
    assert figure.texts[0].get_text() == 'Attention maps: two images that both gets wrong'
    figure = analyse_attention_maps(made_up(), pixels, [7, 4], 'two images', wrong='b').figure
    assert [text.get_text() for text in figure.axes[0].texts] == ['cat', 'image 7']


def test_runs_of_two_configs_have_two_colours_and_a_legend() -> None:
    some = made_up()
    both = Predictions(
        some.names, some.logits, some.labels, some.parameters, some.members, some.attention, some.classes, {},
        ('ktg', 'dml', 'dml'),
    )  # fmt: skip
    figure = draw_attention_maps([np.zeros((4, 4, 3))] * 2, both, [7, 4], 'two images')
    assert [axes.title.get_color() for axes in figure.axes[1:3]] == list(colours_of(['ktg', 'dml']).values())
    figure.canvas.draw()
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.texts] == ['ktg', 'dml']
    box, bar = legend.get_window_extent(), figure.axes[-1].get_tightbbox()
    assert box.y0 >= 0 and box.y1 <= bar.y0


def test_tool(run: Callable[..., int], checkpoint: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    again = ('--images', 2, '--seed', 1)
    assert run(DIGITS, checkpoint, '--out', tmp_path / 'a', *again) == 0
    printed = capfd.readouterr()
    assert f'left out, as they have no attention map: ensemble\n{tmp_path}/a/' in printed.out
    expected = 'warning: the maps of net1, net2, net3 have 2x2 cells, too few to show where a network looks; '
    assert printed.err.splitlines()[-1] == expected + 'take --layer backbone.layer1 (8x8)'
    name = f'attention_maps_ens_3node_digits_{checkpoint.parent.name}_epoch_0'
    rows = read(tmp_path / 'a' / f'{name}.csv')
    cfg = load_config(DIGITS)
    graph = MODELS.build(dict(cfg.model, data_preprocessor=cfg.data_preprocessor)).eval()
    graph.load_state_dict(torch.load(checkpoint, weights_only=True)['state_dict'])
    digits = DATASETS.build(dict(type='Digits', split='test'))
    assert len(rows) == 6 and len({row['label'] for row in rows}) == 2
    for row in rows:
        sample = digits[int(row['image'])]
        assert int(row['label']) == sample['gt_label']
        image = torch.tensor(sample['img'])[None, None].float()
        network = graph.nodes[row['node']].network
        with torch.no_grad():
            inputs = (image - 77.758) / 95.797
            scores, features = network(inputs).softmax(dim=1)[0], network.backbone(inputs)[-1]
        assert int(row['predicted']) == int(scores.argmax())
        assert float(row['probability']) == pytest.approx(float(scores.max()), rel=1e-4)
        attention = features.square().sum(dim=1)[0]
        assert (int(row['rows']), int(row['columns'])) == attention.shape
        assert attention[int(row['peak_row']), int(row['peak_column'])] == attention.max()
        shares = attention / attention.sum()
        assert float(row['entropy_nats']) == pytest.approx(-float((shares * shares.log()).sum()), rel=1e-3)

    assert run(DIGITS, checkpoint, '--out', tmp_path / 'b', *again) == 0
    for ending in ('.csv', '.png'):
        first, again = (tmp_path / folder / f'{name}{ending}' for folder in 'ab')
        assert first.read_bytes() == again.read_bytes()


def test_tool_on_what_a_node_gets_wrong(
    run: Callable[..., int], checkpoint: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    arguments = [DIGITS, checkpoint, '--out', tmp_path, '--images', 3, '--limit', 40, '--layer', 'backbone.layer1']
    assert run(*arguments, '--wrong', 'net2') == 0
    printed = capfd.readouterr()
    assert re.search(r'net2 gets \d+ of 40 images wrong: 3 of them are drawn$', printed.out.strip())
    assert 'warning' not in printed.err
    (path,) = tmp_path.glob('*.csv')
    rows = [row for row in read(path) if row['node'] == 'net2']
    assert len(rows) == 3 and all(int(row['image']) < 40 and row['predicted'] != row['label'] for row in rows)
    assert {row['rows'] for row in read(path)} == {'8'}


def test_tool_on_chosen_images_of_two_runs(run: Callable[..., int], checkpoint: Path, tmp_path: Path) -> None:
    other = tmp_path / 'other.pth'
    other.write_bytes(checkpoint.read_bytes())
    layer = 'model.nodes.net1.attention_layer=backbone.layer1'
    arguments = ['--split', 'val', '--indices', 8, 3, 5, '--limit', 2, '--out', tmp_path, '--cfg-options', layer]
    assert run(DIGITS, checkpoint, '--against', DIGITS, other, *arguments) == 0
    (path,) = tmp_path.glob('attention_maps_ens_3node_digits_*_vs_ens_3node_digits_*.csv')
    rows = read(path)
    assert [row['image'] for row in rows] == ['8'] * 6 + ['3'] * 6
    ends = [(row['node'].split('/')[-1], row['rows']) for row in rows[:6]]
    assert ends == [('net1', '8'), ('net2', '2'), ('net3', '2')] * 2
    assert len({row['node'] for row in rows}) == 6


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['--images', '0'], '--images and --indices take 1 to 100 images'),
        (['--indices', *map(str, range(101))], '--images and --indices take 1 to 100 images'),
        (['--indices', '3', '360'], '--indices 360: there is no such image; they are 0 to 359'),
        (['--seed', '-1'], 'argument --seed: must be a whole number, from 0 to 4294967295'),
        (['--limit', '0'], '--limit must be at least 1, got 0'),
        (['--indices', '3', '--limit', '-1'], '--limit must be at least 1, got -1'),
        (
            ['--indices', '3', '--split', 'val', '--cfg-options', 'val_dataloader=None'],
            'val_dataloader: is missing; the config has no such data',
        ),
        (['--against', str(DIGITS)], f'--against {DIGITS}: give the checkpoints of its runs after it'),
        (
            ['--cfg-options', 'model.nodes.net1.attention_layer=backbone.layer9'],
            'model.nodes.net1.attention_layer: the network has no module',
        ),
        (['--wrong', 'net9'], "--wrong: no node is named 'net9'; did you mean 'net"),
        (['--indices', '3', '--wrong'], '--wrong: chooses the images itself; leave out --indices, or --wrong'),
        (['--layer', 'net9=backbone.layer1'], "--layer net9=backbone.layer1: no network is named 'net9'; did you mean"),
        (
            ['--layer', 'backbone.layer9'],
            '--layer backbone.layer9: model.nodes.net1.attention_layer: the network has no',
        ),
    ],
)
def test_bad_input(
    run: Callable[..., int],
    checkpoint: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    assert run(DIGITS, checkpoint, '--out', tmp_path / 'out', *arguments) == 2
    error = capfd.readouterr().err.splitlines()[-1]
    assert error.startswith(f'error: {message}')
    assert not (tmp_path / 'out').exists()


def test_no_checkpoint(run: Callable[..., int], tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(DIGITS, tmp_path / 'no.pth', '--images', 1) == 2
    assert capfd.readouterr().err.splitlines()[-1] == f'error: checkpoint {tmp_path}/no.pth: no such file'
