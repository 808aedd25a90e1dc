import numpy as np
import pytest

from ktg_mm.analysis import merge
from ktg_mm.analysis.wrong_images import wrong_images
from ktg_mm.errors import UserError


def test_they_are_wrong_and_evenly_chosen(make_predictions):
    predictions = make_predictions(images=400)
    found = wrong_images(predictions, 'net2', 10)
    assert found.node == 'net2' and len(set(found.indices)) == 10
    assert not predictions.correct('net2')[found.indices].any()
    assert np.bincount(predictions.labels[found.indices]).tolist() == [2] * 5
    number = (~predictions.correct('net2')).sum()
    assert found.note == f'net2 gets {number} of 400 images wrong: 10 of them are drawn'
    assert wrong_images(predictions, 'net2', 10, seed=1).indices != found.indices


def test_fewer_than_asked_for(make_predictions):
    predictions = make_predictions()
    wrong = np.flatnonzero(~predictions.correct('ensemble')).tolist()
    found = wrong_images(predictions, 'ensemble', 50)
    assert sorted(found.indices) == wrong
    expected = f'ensemble gets {len(wrong)} of 60 images wrong, fewer than the 50 asked for: all are drawn'
    assert found.note == expected
    assert wrong_images(predictions, 'ensemble', len(wrong)).note == (
        f'ensemble gets {len(wrong)} of 60 images wrong: all are drawn'
    )


def test_of_several_runs_the_first_or_the_named_one(make_predictions):
    one, two = make_predictions(), make_predictions()
    object.__setattr__(two, 'logits', two.logits[:, :, ::-1])
    both = merge([one, two], ['x', 'y'])
    assert wrong_images(both, 'net1', 99)[:2] == ('x/net1', wrong_images(one, 'net1', 99).indices)
    assert wrong_images(both, 'y/net1', 99)[:2] == ('y/net1', wrong_images(two, 'net1', 99).indices)


def test_none_and_no_such_node(make_predictions):
    predictions = make_predictions()
    object.__setattr__(predictions, 'labels', predictions.predicted('net2'))
    with pytest.raises(UserError, match=r'^--wrong: net2 gets none of the 60 images wrong; name another node$'):
        wrong_images(predictions, 'net2', 3)
    with pytest.raises(UserError, match=r"^--wrong: no node is named 'z/net1'; did you mean 'net1'\?$"):
        wrong_images(predictions, 'z/net1', 3)
