"""The drawn outline: smoother, and nothing else."""

import itertools

import numpy as np
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from coverage.core.grid import Window
from coverage.core.polygons import label_patches, patch_polygons

# What squares are drawn as: nothing, likely blank, blank.
kinds = arrays(
    np.uint8,
    array_shapes(min_dims=2, max_dims=2, max_side=12),
    elements=st.integers(0, 2),
)
STAIR = np.tril(np.ones((8, 8), np.uint8))
CHECKERS = (np.indices((6, 6)).sum(axis=0) % 2).astype(np.uint8)
RING = np.pad(np.zeros((2, 2), np.uint8), 2, constant_values=2)


def drawn_and_exact(marks, column=216_000):
    window = Window(column, 131_000, marks.shape[1], marks.shape[0])
    found = []
    for kind in (1, 2):
        labels, patches = label_patches(marks == kind)
        for patch in patches:
            exact, drawn = patch_polygons(labels, patch, window, kinds=marks)
            found.append((drawn, exact))
    return found


@settings(max_examples=300, deadline=None)
@given(kinds)
@example(STAIR)
@example(CHECKERS)
@example(RING)
def test_an_outline_keeps_area_parts_and_holes(marks):
    for drawn, exact in drawn_and_exact(marks):
        assert drawn.is_valid
        # The bar is one per cent; on the grid it is exactly the same.
        assert drawn.area == pytest.approx(exact.area, rel=1e-4)
        assert len(drawn.geoms) == len(exact.geoms)
        assert sorted(len(p.interiors) for p in drawn.geoms) == sorted(
            len(p.interiors) for p in exact.geoms
        )


@settings(max_examples=200, deadline=None)
@given(kinds)
@example(STAIR)
@example(np.where(STAIR > 0, 1, 2).astype(np.uint8))
def test_neighbours_still_share_their_edges_and_nothing_more(marks):
    drawn = [pair[0] for pair in drawn_and_exact(marks)]
    exact = [pair[1] for pair in drawn_and_exact(marks)]
    for one, other in itertools.combinations(range(len(drawn)), 2):
        if drawn[one].intersects(drawn[other]):
            assert drawn[one].intersection(drawn[other]).area < 1e-15
            # Length in common: of a stair with steps of one, the slope is √½ of it.
            shared = drawn[one].intersection(drawn[other]).length
            before = exact[one].intersection(exact[other]).length
            assert shared >= 0.7 * before - 1e-9


@given(kinds, st.integers(-500, 500))
def test_an_outline_moves_with_its_squares(marks, east):
    here = [drawn for drawn, _ in drawn_and_exact(marks)]
    there = [drawn for drawn, _ in drawn_and_exact(marks, 216_000 + east)]
    assert [p.area for p in there] == pytest.approx([p.area for p in here])


def test_a_stair_becomes_one_slope():
    ((drawn, exact),) = drawn_and_exact(STAIR)
    assert len(shapely.get_coordinates(exact)) > 16
    assert len(shapely.get_coordinates(drawn)) <= 10


@given(kinds, st.integers(0, 11), st.integers(0, 11))
def test_what_changes_far_away_leaves_an_outline_as_it_is(marks, column, row):
    """A patch that is not touched need not be drawn anew."""
    wide = np.zeros((marks.shape[0], marks.shape[1] + 14), np.uint8)
    wide[:, : marks.shape[1]] = marks
    other = wide.copy()
    other[min(row, len(wide) - 1), marks.shape[1] + 2 + column] = 2
    before = {drawn.wkb for drawn, _ in drawn_and_exact(wide)}
    after = {drawn.wkb for drawn, _ in drawn_and_exact(other)}
    assert before <= after
