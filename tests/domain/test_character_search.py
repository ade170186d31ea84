import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from comicreader.domain.character_search import WHOLE, CharacterSearch, Seen, UnitBox
from comicreader.domain.colour_look import colour_look

GRASS, RED, BLUE = (120, 150, 90), (210, 30, 40), (40, 50, 200)
LEFT, RIGHT = UnitBox(0.1, 0.2, 0.4, 0.9), UnitBox(0.6, 0.2, 0.9, 0.9)


def panel(left=None, right=None, size=(300, 240), light=1.0):
    """Grass, and figures on it at LEFT and RIGHT."""
    width, height = size
    picture = np.full((height, width, 3), GRASS, np.uint8)
    for box, figure in ((LEFT, left), (RIGHT, right)):
        if figure is not None:
            centre = int((box.left + box.right) / 2 * width), int((box.top + box.bottom) / 2 * height)
            axes = int((box.right - box.left) / 2 * width), int((box.bottom - box.top) / 2 * height)
            cv2.ellipse(picture, centre, axes, 0, 0, 360, figure, -1)
    return (picture * light).astype(np.uint8)


def search(**pictures):
    return CharacterSearch({name: colour_look(picture) for name, picture in pictures.items()})


def names(proposals):
    return [proposal.seen.panel_id for proposal in proposals]


def test_a_figure_is_found_in_another_place_and_size():
    book = search(a=panel(RED), b=panel(BLUE), c=panel(None, RED, (200, 400), 0.93), d=panel())
    found = book.proposals([Seen("a", LEFT)])
    assert names(found)[0] == "c"
    assert found[0].likeness > found[1].likeness + 0.2
    box = found[0].seen.box
    assert box.left >= 0.4
    assert box.right > 0.6


def test_two_figures_in_one_panel_are_two():
    book = search(a=panel(RED, BLUE), b=panel(RED), c=panel(BLUE, RED), d=panel())
    assert names(book.proposals([Seen("a", LEFT)], [Seen("a", RIGHT)]))[:2] in (["b", "c"], ["c", "b"])
    # where the red one stands for certain somebody else is, the box does not lie on it
    others = [Seen("a", RIGHT), Seen("c", RIGHT)]
    (left_over,) = [one for one in book.proposals([Seen("a", LEFT)], others) if one.seen.panel_id == "c"]
    assert left_over.likeness < book.proposals([Seen("a", LEFT)])[0].likeness - 0.2
    assert "c" not in names(book.proposals([Seen("a", LEFT)], [Seen("c", WHOLE)]))


def test_nothing_known_gives_nothing():
    assert CharacterSearch({}).proposals([Seen("a", LEFT)]) == []
    assert search(a=panel(RED)).proposals([Seen("elsewhere", LEFT)]) == []
    assert search(a=panel(RED)).proposals([Seen("a", LEFT)]) == []


edges = st.floats(0, 1)


@given(
    st.lists(st.tuples(edges, edges, edges, edges), min_size=1, max_size=4), st.integers(1, 500), st.integers(1, 500)
)
def test_any_box_in_a_picture_of_any_shape_gives_boxes_inside_panels(corners, width, height):
    boxes = [UnitBox(min(x), min(y), max(x), max(y)) for *_, x, y in ((None, c[:2], c[2:]) for c in corners)]
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    book = search(a=noise, b=panel(RED), c=panel(BLUE, RED), d=noise[::-1])
    figure, others = [Seen("a", boxes[0])], [Seen(name, box) for name, box in zip("abc", boxes[1:], strict=False)]
    found = book.proposals(figure, others, {"d"})
    assert set(names(found)) <= {"b", "c"}
    for one in found:
        box = one.seen.box
        assert 0 <= box.left < box.right <= 1
        assert 0 <= box.top < box.bottom <= 1
        assert -1.001 <= one.likeness <= 1.001
