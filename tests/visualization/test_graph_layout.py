import math

import numpy as np
import pytest

from ktg_mm.visualization.graph_layout import Box, arc, clear_arc, loop, place_text, ring, sampled, text_size


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


def point(x, y):
    return Box(x, y, 0, 0)


@pytest.mark.parametrize('bend', [0.0, 0.3, -1.2])
@pytest.mark.parametrize('margin', [0.04, 0.5])
def test_arc_is_a_part_of_the_whole_one_and_begins_and_ends_at_the_margin(bend, margin):
    left, right = Box(0, 0, 1, 1), Box(4, 1, 1, 0.6)
    whole = sampled(arc(point(0, 0), point(4, 1), bend, margin=0), 2001)
    middle = whole[1000] - (2, 0.5)
    assert middle == pytest.approx(bend * np.array([-1, 4]) / math.sqrt(17))
    points = sampled(arc(left, right, bend, margin))
    assert np.linalg.norm(points[:, None] - whole, axis=-1).min(axis=1).max() < 3e-3
    for box, end in ((left, points[0]), (right, points[-1])):
        assert np.abs((end - box.centre) / (box.size / 2 + margin)).max() == pytest.approx(1, abs=0.03)


def test_arcs_of_a_pair_bend_apart_and_start_outside_the_boxes():
    left, right = Box(0, 0, 1, 1), Box(4, 0, 1, 1)
    there, back = sampled(arc(left, right, 0.3), 30), sampled(arc(right, left, 0.3), 30)
    assert there[:, 1].min() > 0 > back[:, 1].max()
    for box in (left, right):
        assert not box.count_contains(there)


def test_arc_between_boxes_that_cover_one_another_is_the_whole_one():
    assert sampled(arc(Box(0, 0, 4, 4), Box(1, 1, 4, 4), 0), 2).tolist() == [[0, 0], [1, 1]]


def test_clear_arc_goes_round_and_else_takes_the_first():
    left, right = Box(0, 0, 1, 1), Box(6, 0, 1, 1)
    assert sampled(clear_arc(left, right, [0.2, 1.0], [Box(3, 0, 1, 1)]), 3)[1, 1] == pytest.approx(1, abs=1e-3)
    assert sampled(clear_arc(left, right, [0.2, 1.0], []), 3)[1, 1] == pytest.approx(0.2, abs=1e-3)


def test_loop_leaves_the_box_outward():
    box = Box(0, 0, 1, 1)
    points = sampled(loop(box, math.pi / 2), 20)
    assert not box.count_contains(points)
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
    curve = arc(point(0, 0), point(4, 0), 0, margin=0)
    first = place_text(curve, (0.5, 0.2), [], [], beside=False)
    second = place_text(curve, (0.5, 0.2), [first], [], beside=False)
    assert first.x < 2 and first.overlap(second) == 0


def test_text_beside_a_curve_leaves_it_visible():
    curve = arc(point(0, 0), point(4, 0), 0.3, margin=0)
    box = place_text(curve, (0.5, 0.2), [], [], beside=True)
    assert not box.padded(-0.03).count_contains(sampled(curve, 300))


def test_text_size():
    width, height = text_size('KL', 9)
    assert text_size('KL\nKL', 9) == (width, 2 * height)
    assert text_size('KL', 9, bold=True)[0] > width
    assert text_size('', 9)[0] == 0
    assert text_size('$a$', 9)[0] > text_size('a', 9)[0], 'a dollar sign is no formula'
