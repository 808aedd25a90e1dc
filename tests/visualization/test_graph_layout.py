import math

import numpy as np
import pytest

from ktg_mm.visualization.graph_layout import Box, Curve, arc, clear_arc, loop, place_text, ring, text_size


def test_boxes_overlap_by_area():
    box = Box(0, 0, 2, 1)
    assert box.overlap(Box(1, 0.5, 2, 1)) == pytest.approx(0.5)
    assert box.overlap(Box(0, 0, 1, 0.5)) == pytest.approx(0.5)
    assert box.overlap(Box(5, 0, 2, 1)) == 0


@pytest.mark.parametrize('angle', [0.0, 0.3, 1.0, math.pi / 2, 2.5, -1.2])
def test_border_lies_on_the_box_in_the_direction(angle):
    box = Box(1, 2, 3, 1)
    point = box.border(angle)
    assert np.abs((point - (1, 2)) / (1.5, 0.5)).max() == pytest.approx(1)
    assert math.atan2(point[1] - 2, point[0] - 1) == pytest.approx(angle)


@pytest.mark.parametrize('points', [3, 4])
def test_part_of_a_curve_is_that_part(points):
    curve = Curve(np.random.default_rng(0).normal(size=(points, 2)))
    t = np.linspace(0, 1, 7)
    np.testing.assert_allclose(curve.part(0.2, 0.7).points(t), curve.points(0.2 + 0.5 * t), atol=1e-12)


def test_length_and_its_parameter():
    curve = Curve(np.array([[0.0, 0.0], [0.5, 0.0], [3.0, 0.0]]))
    assert curve.length() == pytest.approx(3)
    assert curve.points(np.array([curve.at_length(0.5)]))[0, 0] == pytest.approx(1.5, abs=1e-3)
    assert len(curve.path().vertices) == 3


def test_arcs_of_a_pair_bend_apart_and_start_outside_the_boxes():
    left, right = Box(0, 0, 1, 1), Box(4, 0, 1, 1)
    there = arc(left.centre, right.centre, 0.3).between(left, right)
    back = arc(right.centre, left.centre, 0.3).between(right, left)
    t = np.linspace(0, 1, 30)
    assert there.points(t)[:, 1].min() > 0 > back.points(t)[:, 1].max()
    for box in (left, right):
        assert not box.inside(there.points(t)).any()


def test_between_boxes_that_touch_keeps_the_curve():
    curve = arc(np.zeros(2), np.ones(2), 0)
    assert curve.between(Box(0, 0, 4, 4), Box(1, 1, 4, 4)) is curve


def test_clear_arc_goes_round_and_else_takes_the_first():
    left, right = Box(0, 0, 1, 1), Box(6, 0, 1, 1)
    half = np.array([0.5])
    assert clear_arc(left, right, [0.2, 1.0], [Box(3, 0, 1, 1)]).points(half)[0, 1] == pytest.approx(1)
    assert clear_arc(left, right, [0.2, 1.0], []).points(half)[0, 1] == pytest.approx(0.2)


def test_loop_leaves_the_box_outward():
    box = Box(0, 0, 1, 1)
    points = loop(box, math.pi / 2).points(np.linspace(0, 1, 20))
    assert not box.inside(points).any()
    assert points[:, 1].max() > 0.9


@pytest.mark.parametrize('count', range(1, 9))
def test_ring_keeps_neighbours_apart(count):
    spots = np.array([spot[:2] for spot in ring(count, 1.0, 0.5)])
    distances = np.linalg.norm(spots[:, None] - spots[None], axis=-1) + 9 * np.eye(count)
    assert distances.min() >= 1.5 - 1e-9
    if count > 2:
        assert (spots[:, 1] < spots[:, 1].min() + 1e-6).sum() == 2, 'two nodes, not one, at the bottom'


def test_ring_of_none():
    assert ring(0, 1.0, 1.0) == []


def test_text_moves_away_from_what_is_there():
    curve = arc(np.zeros(2), np.array([4.0, 0.0]), 0)
    first = place_text(curve, (0.5, 0.2), [], [], beside=False)
    second = place_text(curve, (0.5, 0.2), [first], [], beside=False)
    assert first.x < 2 and first.overlap(second) == 0


def test_text_beside_a_curve_leaves_it_visible():
    curve = arc(np.zeros(2), np.array([4.0, 0.0]), 0.3)
    box = place_text(curve, (0.5, 0.2), [], [], beside=True)
    assert not box.inside(curve.points(np.linspace(0, 1, 300)), -0.03).any()


def test_text_size():
    width, height = text_size('KL', 9)
    assert text_size('KL\nKL', 9) == (width, 2 * height)
    assert text_size('KL', 9, bold=True)[0] > width
    assert text_size('', 9)[0] == 0
    assert text_size('$a$', 9)[0] > text_size('a', 9)[0], 'a dollar sign is no formula'
