"""Finding the panels of a page: let its pixels vote, choose among what they vote for, then put them in reading order.

The flow: the page, or the windows of a very tall one (`page_windows`), at working size -> votes of its pixels
(`panel_net`) -> boxes that pixels agree on (`panel_votes`) or borders enclose (`panel_borders`) -> those with the most
votes (`panel_choice`) -> sides moved to the nearest edges (`edge_snapping`), slanted outlines (`panel_shapes`) ->
polygons in page pixels, in order (`reading_order`). What bare paper encloses (`panel_proposals`) is taken instead
where it clearly confirms the votes, since its edges are exact, and where there is no net or it finds nothing. A page
on which nothing is found is one panel: the whole page.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean

import cv2
import numpy as np

from comicreader.domain.book import Direction, RgbImage
from comicreader.domain.edge_snapping import snapped
from comicreader.domain.geometry import Box, Polygon, bounding_box
from comicreader.domain.page_windows import windows
from comicreader.domain.panel_borders import area_boxes, edge_shares, paper_outside
from comicreader.domain.panel_choice import choose, confidence_of
from comicreader.domain.panel_net import Floats, PanelNet, embedded_net
from comicreader.domain.panel_outlines import Corners, outline_of, outline_support
from comicreader.domain.panel_proposals import Proposal, best_proposal, propose_on
from comicreader.domain.panel_shapes import members, slanted_outline
from comicreader.domain.panel_votes import Voters, areas, candidate_boxes, insides, overlaps
from comicreader.domain.panels import Panel
from comicreader.domain.paper import Paper
from comicreader.domain.reading_order import fold_of, read_outlines

# Stored panels carry it: raise it whenever other panels may be found on the same page.
DETECTOR_VERSION = "votes-2"

# Narrower pictures hold no panels.
_LEAST_SIDE_PX = 24
# About 1000 pixels on the longer side of an ordinary page: a 4 px gutter of a 1400 px page is still seen.
_WORKING_PX = 720_000
# A page of which no channel varies more than this (standard deviation, of 255) is blank.
_BLANK_SPREAD = 2.0
# Paper is asked where it ends along this share of the outlines found; asking it takes as long as the net does.
_LEAST_PAPER_SUPPORT = 0.25
# It must end along this share of every outline for its panels to be taken instead of those voted for,
_CLEAR_SUPPORT = 0.95
# and each of those must be confirmed: the same panel overlaps this much,
_SAME_OVERLAP = 0.7
# or it is made up of several that lie this much within it and fill it so far.
_PART_FRAC = 0.85
_FILLED_FRAC = 0.8
_WHOLE: Floats = np.array([[0, 0, 1, 1]], dtype=np.float32)


@dataclass(frozen=True, slots=True)
class _Found:
    """A panel in an image's pixels.

    Attributes:
        outline: its corners.
        confidence: how sure it is, 0 to 1.
    """

    outline: Corners
    confidence: float


def find_panels(image: RgbImage, page_width: int, page_height: int, direction: Direction) -> tuple[Panel, ...]:
    """Find the panels of a page and put them in reading order.

    A panel's confidence tells how much the pixels in it agree and its sides lie on borders (without the net, the
    share of its outline along which art ends at bare paper); it is 0 for the whole page standing in where nothing
    was found.

    Args:
        image: the page's pixels, possibly decoded smaller than the page.
        page_width: full width of the page, page pixels.
        page_height: full height of the page, page pixels.
        direction: which way the page is read.

    Returns:
        The panels in page pixels, first read first; never empty.
    """
    return find_panels_with(embedded_net(), image, page_width, page_height, direction)


def find_panels_with(
    net: PanelNet | None, image: RgbImage, page_width: int, page_height: int, direction: Direction
) -> tuple[Panel, ...]:
    """Find panels with a net of one's own, or by bare paper alone; see `find_panels`."""
    height, width = image.shape[:2]
    found: list[_Found] = []
    for window in windows(image):
        part, offset = np.ascontiguousarray(image[window.y : window.bottom]), np.array([0, window.y])
        found += [_Found(panel.outline + offset, panel.confidence) for panel in _find(part, net)]
    return _to_panels(found, (width, height), (page_width, page_height), direction)


def _find(image: RgbImage, net: PanelNet | None) -> list[_Found]:
    """The panels of an image, in its pixels and in no particular order."""
    if min(image.shape[:2]) < _LEAST_SIDE_PX:
        return []
    small = _working_image(image)
    if cv2.meanStdDev(small)[1].max() < _BLANK_SPREAD:
        return []
    found = [] if net is None else _voted(net, small)
    if not found:
        found = _enclosed(best_proposal(small))
    scale = np.array(image.shape[1::-1]) / small.shape[1::-1]
    return [_Found(panel.outline * scale, panel.confidence) for panel in found]


def _voted(net: PanelNet, image: RgbImage) -> list[_Found]:
    """The panels that an image's pixels vote for."""
    height, width = image.shape[:2]
    votes = net.look(image)
    voters = Voters.of(votes)
    candidates = np.concatenate([area_boxes(votes), candidate_boxes(voters), _WHOLE])
    choices = choose(candidates, edge_shares(votes, candidates), voters)
    boxes = candidates[[choice.index for choice in choices]].reshape(-1, 4)
    paper = paper_outside(image, votes)
    found = []
    for choice, box, own in zip(choices, boxes, members(boxes, voters), strict=True):
        outline = slanted_outline(box, voters.only(own), width, height)
        if outline is None:
            outline = outline_of(snapped(image, _in_pixels(box, width, height), paper))
        found.append(_Found(outline, confidence_of(choice.merit)))
    if paper is None or not _lie_on(paper, image, found):
        return found
    clear = propose_on(image, paper)
    return _enclosed(clear) if _agree(clear, found) else found


def _lie_on(paper: Paper, image: RgbImage, found: list[_Found]) -> bool:
    """Whether panels lie on bare paper, most of their outlines at least: else it has nothing to say about them."""
    mask = paper.mask(image)
    supports = [outline_support(mask, panel.outline) for panel in found]
    return bool(supports) and fmean(supports) >= _LEAST_PAPER_SUPPORT


def _enclosed(proposal: Proposal) -> list[_Found]:
    """The panels that bare paper encloses."""
    return [_Found(outline, support) for outline, support in zip(proposal.outlines, proposal.supports, strict=True)]


def _agree(clear: Proposal, found: list[_Found]) -> bool:
    """Whether paper encloses what was found, or parts of it, and each of its own panels so clearly that it is right."""
    if not found or len(clear.outlines) < len(found) or min(clear.supports) < _CLEAR_SUPPORT:
        return False
    boxes, enclosed = (_boxes([panel.outline for panel in panels]) for panels in (found, _enclosed(clear)))
    is_same = overlaps(boxes, enclosed) >= _SAME_OVERLAP  # (N, M)
    is_part = insides(enclosed, boxes).T >= _PART_FRAC
    filled = (is_part * areas(enclosed)).sum(axis=1) / np.maximum(areas(boxes), 1)
    return bool((is_same.any(axis=1) | (filled >= _FILLED_FRAC)).all())


def _boxes(outlines: list[Corners]) -> Floats:
    """Bounding boxes (N, 4): left, top, right, bottom."""
    return np.array([[*outline.min(axis=0), *outline.max(axis=0)] for outline in outlines], dtype=np.float32)


def _in_pixels(box: Floats, width: int, height: int) -> Box:
    left, top, right, bottom = np.rint(box * [width, height, width, height]).astype(int).tolist()
    return Box(left, top, max(0, right - left), max(0, bottom - top))


def _working_image(image: RgbImage) -> RgbImage:
    """The page at the size at which it is looked at; never enlarged."""
    height, width = image.shape[:2]
    scale = (_WORKING_PX / (width * height)) ** 0.5
    if scale >= 1:
        return np.ascontiguousarray(image)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _to_panels(
    found: list[_Found], size: tuple[int, int], page_size: tuple[int, int], direction: Direction
) -> tuple[Panel, ...]:
    """The panels in page pixels, in reading order; the whole page where there are none."""
    scale, limits = np.array(page_size) / size, np.array(page_size)
    polygons = [_polygon(np.clip(np.rint(panel.outline * scale), 0, limits)) for panel in found]
    kept = [number for number, polygon in enumerate(polygons) if bounding_box(polygon).area]
    if not kept:
        return (Panel(Box(0, 0, *page_size).corners, confidence=0.0),)
    order = read_outlines([polygons[number] for number in kept], direction, fold_of(*page_size)).indices
    return tuple(Panel(polygons[kept[i]], confidence=round(found[kept[i]].confidence, 3)) for i in order)


def _polygon(corners: Corners) -> Polygon:
    return tuple((int(x), int(y)) for x, y in corners)
