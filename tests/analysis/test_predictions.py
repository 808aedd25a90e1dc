import numpy as np
import pytest
from matplotlib.colors import to_hex

from ktg_mm.analysis import (
    Predictions,
    analyse_calibration,
    analyse_diversity,
    analyse_mutual_kl,
    analyse_parameters,
    analyse_subsets,
    merge,
)
from ktg_mm.errors import UserError
from ktg_mm.visualization.chart import colours_of


def test_networks_and_ensembles(make_predictions):
    predictions = make_predictions(networks=3)
    assert predictions.networks == ('net1', 'net2', 'net3')
    assert predictions.parameters_of('net2') == 2000
    assert predictions.parameters_of('ensemble') == 6000


def test_an_ensemble_of_ensembles_has_the_parameters_of_each_network_once():
    nodes = dict(
        names=('a', 'b', 'ab', 'all'), parameters=(10, 20, 0, 0), members={'ab': ('a', 'b'), 'all': ('ab', 'b')}
    )
    predictions = Predictions(logits=np.zeros((4, 1, 2), np.float32), labels=np.array([0]), **nodes)
    assert predictions.parameters_of('all') == 30
    assert predictions.networks == ('a', 'b')


def test_what_a_node_says(make_predictions):
    predictions = make_predictions()
    exp = np.exp(predictions.logits[1].astype(float))
    assert np.allclose(predictions.probabilities('net2'), exp / exp.sum(axis=1, keepdims=True), rtol=1e-12)
    assert np.allclose(predictions.log_probabilities('net2'), np.log(exp / exp.sum(axis=1, keepdims=True)), rtol=1e-9)
    expected = [
        max(range(5), key=lambda c, row=row: row[c]) == y for row, y in zip(exp, predictions.labels, strict=True)
    ]
    assert predictions.correct('net2').tolist() == expected
    assert predictions.accuracy('net2') == pytest.approx(100 * sum(expected) / 60)


def test_log_probabilities_of_sure_networks_are_finite():
    logits = np.array([[[3e38, -3e38]]], dtype=np.float32)
    predictions = Predictions(('a',), logits, np.array([0]), (1,))
    assert np.isfinite(predictions.log_probabilities('a')).all()


def test_unknown_node(make_predictions):
    with pytest.raises(UserError, match=r"^no node is named 'net9'; did you mean 'net\d'\?$"):
        make_predictions().accuracy('net9')


def test_shapes_that_do_not_fit():
    logits = np.zeros((1, 2, 3), np.float32)
    with pytest.raises(ValueError, match=r'shape \(1, 2, 3\), but names and labels make it \(1, 3, C\)'):
        Predictions(('a',), logits, np.zeros(3, int), (1,))
    with pytest.raises(ValueError, match='1 names, but 2 numbers of parameters'):
        Predictions(('a',), logits, np.zeros(2, int), (1, 1))


def test_merge(make_predictions):
    one, two = make_predictions(), make_predictions()
    object.__setattr__(two, 'logits', two.logits[:, :, ::-1])
    object.__setattr__(two, 'attention', {'net1': np.ones((60, 2, 2))})
    both = merge([one, two], ['x', 'y'])
    assert both.names[3:5] == ('x/ensemble', 'y/net1')
    assert both.members == {
        'x/ensemble': ('x/net1', 'x/net2', 'x/net3'),
        'y/ensemble': ('y/net1', 'y/net2', 'y/net3'),
    }
    for name in one.names:
        assert both.accuracy(f'x/{name}') == one.accuracy(name)
        assert both.accuracy(f'y/{name}') == two.accuracy(name) != one.accuracy(name)
        assert both.parameters_of(f'y/{name}') == two.parameters_of(name)
    assert both.attention.keys() == {'y/net1'}
    assert len(both.networks) == 6


def test_runs_on_other_images_or_classes(make_predictions):
    one = make_predictions()
    with pytest.raises(UserError, match=r'^run y: its 50 images are not the 60 of run x, as their labels differ$'):
        merge([one, make_predictions(images=50)], ['x', 'y'])
    with pytest.raises(UserError, match=r'^run y: its 60 images are not the 60 of run x, as their labels differ$'):
        merge([one, make_predictions(seed=1)], ['x', 'y'])
    with pytest.raises(UserError, match=r'^run y: its classes are not those of run x; their nodes cannot be compared$'):
        merge([one, make_predictions(classes=4)], ['x', 'y'])
    other = make_predictions()
    object.__setattr__(other, 'classes', tuple('abcde'))
    with pytest.raises(UserError, match='its classes are not those'):
        merge([one, other], ['x', 'y'])
    with pytest.raises(ValueError, match='two runs have the same name'):
        merge([one, one], ['x', 'x'])


def test_runs_of_several_configs_have_their_colours_in_every_picture(make_predictions, tmp_path, check_picture):
    runs = [make_predictions(networks=2, seed=0), make_predictions(networks=2, seed=0)]
    object.__setattr__(runs[1], 'logits', runs[1].logits[:, :, ::-1])
    both = merge(runs, ['x', 'y'], ['ktg', 'dml'])
    assert both.configs == ('ktg',) * 3 + ('dml',) * 3 and both.config_of('y/net1') == 'dml'
    assert merge(runs, ['x', 'y'], ['ktg', 'ktg']).configs == ()
    for analyse in (analyse_calibration, analyse_diversity, analyse_mutual_kl, analyse_parameters, analyse_subsets):
        result = analyse(both)
        texts = ' '.join(text.get_text() for text in result.figure.legends[0].texts)
        assert 'ktg' in texts and 'dml' in texts
        assert '60 images' in result.figure.get_suptitle()
        shown = {to_hex(colour) for colour in _colours(result.figure.legends[0])}
        assert shown >= {colour.lower() for colour in colours_of(both.configs).values()}
        check_picture(result.save(tmp_path)[1])
        alone = analyse(merge(runs, ['x', 'y'])).figure.legends
        assert not any('ktg' in text.get_text() for legend in alone for text in legend.texts)


def _colours(legend):
    handles = legend.legend_handles
    return [one.get_facecolor() if hasattr(one, 'get_facecolor') else one.get_color() for one in handles]
