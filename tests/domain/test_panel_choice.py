"""Boxes from the votes of pixels, and the choice among them, on built votes."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import pytest

from comicreader.domain.panel_borders import area_boxes, edge_shares
from comicreader.domain.panel_choice import choose, confidence_of
from comicreader.domain.panel_net import Votes
from comicreader.domain.panel_shapes import members, slanted_outline
from comicreader.domain.panel_votes import Voters, candidate_boxes, overlaps

ROWS, COLUMNS = 96, 72
Rectangle = tuple[float, float, float, float]

GRID: list[Rectangle] = [(0.05, 0.04, 0.48, 0.5), (0.52, 0.04, 0.95, 0.5), (0.05, 0.53, 0.95, 0.96)]
HOST, INSET = (0.1, 0.1, 0.9, 0.9), (0.55, 0.55, 0.85, 0.8)


def votes_for(boxes: Sequence[Rectangle], noise: float = 0.01) -> Votes:
    """The votes of a page with these panels, later ones on top of earlier ones."""
    y = (np.arange(ROWS)[:, None] + 0.5) / ROWS
    x = (np.arange(COLUMNS)[None] + 0.5) / COLUMNS
    inside = np.full((ROWS, COLUMNS), 0.05, np.float32)
    panel = np.zeros((ROWS, COLUMNS), np.uint8)
    voted = np.zeros((ROWS, COLUMNS, 4), np.float32)
    for number, box in enumerate(boxes, start=1):
        within = (x >= box[0]) & (x < box[2]) & (y >= box[1]) & (y < box[3])
        inside[within] = 0.95
        panel[within] = number
        voted[within] = box
    voted += np.random.default_rng(0).normal(0, noise, voted.shape)
    kernel = np.ones((3, 3), np.uint8)
    border = np.where(cv2.dilate(panel, kernel) != cv2.erode(panel, kernel), 0.9, 0.02).astype(np.float32)
    return Votes(inside, border, voted.clip(0, 1).astype(np.float32))


def chosen_boxes(votes: Votes, others: Sequence[Rectangle] = ()) -> np.ndarray:
    voters = Voters.of(votes)
    rivals = np.array(others, np.float32).reshape(-1, 4)
    candidates = np.concatenate([rivals, candidate_boxes(voters), area_boxes(votes)])
    found = choose(candidates, edge_shares(votes, candidates), voters)
    return candidates[[choice.index for choice in found]].reshape(-1, 4)


def assert_same(found: np.ndarray, wanted: Sequence[Rectangle]) -> None:
    assert len(found) == len(wanted)
    assert (overlaps(np.array(wanted, np.float32), found).max(axis=1) > 0.9).all()


@pytest.mark.parametrize("noise", [0.0, 0.01, 0.03])
def test_pixels_that_agree_make_panels(noise: float) -> None:
    assert_same(chosen_boxes(votes_for(GRID, noise)), GRID)


def test_insets_and_their_hosts_are_both_found() -> None:
    assert_same(chosen_boxes(votes_for([HOST, INSET])), [HOST, INSET])


def test_a_page_without_voters_has_no_panels() -> None:
    assert len(chosen_boxes(votes_for([]))) == 0
    assert len(chosen_boxes(votes_for([]), others=GRID)) == 0


def test_a_box_around_two_panels_loses_against_the_votes() -> None:
    joined = (0.05, 0.04, 0.95, 0.5)
    assert_same(chosen_boxes(votes_for(GRID), others=[joined]), GRID)


def test_merit_tells_clear_panels_from_doubtful_ones() -> None:
    clear, vague = votes_for(GRID[2:], noise=0.0), votes_for(GRID[2:], noise=0.08)
    confidences = []
    for votes in (clear, vague):
        boxes = np.array(GRID[2:], np.float32)
        found = choose(boxes, edge_shares(votes, boxes), Voters.of(votes))
        confidences.append(confidence_of(found[0].merit))
    assert 1 >= confidences[0] > confidences[1] >= 0


def test_sides_on_borders_tell_a_panel_from_half_of_it() -> None:
    votes = votes_for(GRID)
    half = (GRID[2][0], GRID[2][1], 0.5, GRID[2][3])
    shares = edge_shares(votes, np.array([GRID[2], half, (0, 0, 1, 1)], np.float32))
    assert shares[0] > 0.9
    assert shares[1] < 0.8
    assert shares[2] == 1


def test_areas_between_borders_are_candidates() -> None:
    found = area_boxes(votes_for(GRID))
    assert (overlaps(np.array(GRID, np.float32), found).max(axis=1) > 0.85).all()


def slanted_voters() -> Voters:
    """The voters of a panel whose right side leans."""
    votes = votes_for([(0.1, 0.1, 0.8, 0.7)], noise=0.0)
    x = (np.arange(COLUMNS)[None] + 0.5) / COLUMNS
    y = (np.arange(ROWS)[:, None] + 0.5) / ROWS
    votes.inside[(x > 0.45 + 0.35 * (y - 0.1) / 0.6) & (votes.inside > 0.5)] = 0.05
    return Voters.of(votes)


def test_slanted_panels_get_their_four_corners() -> None:
    outline = slanted_outline(np.array([0.1, 0.1, 0.8, 0.7], np.float32), slanted_voters(), 720, 960)
    assert outline is not None
    wanted = np.array([[72, 96], [324, 96], [576, 672], [72, 672]])
    assert np.abs(outline - wanted).max() < 30


def test_upright_panels_have_no_slanted_outline() -> None:
    voters = Voters.of(votes_for(GRID, noise=0.01))
    boxes = np.array(GRID, np.float32)
    for box, own in zip(boxes, members(boxes, voters), strict=True):
        assert slanted_outline(box, voters.only(own), 720, 960) is None
