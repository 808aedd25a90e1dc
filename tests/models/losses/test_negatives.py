import pytest
import torch
from scipy.stats import chisquare

from ktg_mm.models.losses.negatives import draw_negatives

CLASSES = torch.tensor([2, 0, 1, -1, 2, 0, 0, 1, -1, 2, 2])  # of classes 0, 1, 2: 3, 2, 4; two are not known


def draw(labels, number, seed=0, classes=CLASSES, num_classes=3):
    generator = torch.Generator().manual_seed(seed)
    uniform = torch.rand(len(labels), number + 1, generator=generator, dtype=torch.float64)
    return draw_negatives(classes, labels, num_classes, uniform)


@pytest.mark.parametrize('number', [1, 3, 7, 8, 30])
def test_none_is_of_the_own_class_and_none_comes_twice(number):
    labels = torch.tensor([0, 1, 2]).repeat(200)
    drawn = draw(labels, number)
    assert drawn.shape == (600, number)
    for label, places in zip(labels.tolist(), drawn.tolist(), strict=True):
        others = {place for place in range(11) if CLASSES[place] != label}
        assert set(places) <= others
        if number <= len(others):
            assert len(set(places)) == number
        if number == len(others):
            assert set(places) == others


@pytest.mark.parametrize('number', [1, 2, 4, 5, 7, 20])
@pytest.mark.parametrize('label', [0, 1, 2])
def test_all_others_are_equally_likely(label, number):
    drawn = draw(torch.full((4000,), label), number)
    counts = torch.bincount(drawn.flatten(), minlength=11)[label != CLASSES]
    # Fewer at a time vary less than the test expects: it is on the safe side.
    assert chisquare(counts.numpy()).pvalue > 1e-3


def test_each_place_of_a_draw_may_be_any():
    drawn = draw(torch.full((4000,), 1), 3)
    for column in drawn.T:
        counts = torch.bincount(column, minlength=11)[CLASSES != 1]
        assert chisquare(counts.numpy()).pvalue > 1e-3


def test_the_ends_of_the_random_numbers():
    highest = 1 - 2.0**-53
    for value in (0.0, highest):
        for number in (4, 7, 40):
            drawn = draw_negatives(CLASSES, torch.tensor([0, 1, 2]), 3, torch.full((3, number + 1), value).double())
            for label, places in enumerate(drawn):
                assert not (CLASSES[places] == label).any()


def test_all_of_one_class_gives_some():
    drawn = draw(torch.tensor([1, 1]), 4, classes=torch.ones(5, dtype=torch.long))
    assert drawn.min() >= 0 and drawn.max() < 5


def test_many_samples_of_many_classes():
    generator = torch.Generator().manual_seed(0)
    classes = torch.randint(100, (50000,), generator=generator)
    labels = torch.randint(100, (8,), generator=generator)
    drawn = draw(labels, 16384, classes=classes, num_classes=100)
    assert not (classes[drawn] == labels.unsqueeze(1)).any()
    assert all(len(row.unique()) == 16384 for row in drawn)
