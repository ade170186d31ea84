import json

from comicreader.domain.interchange import NarratedPage, NarratedPanel, narration_json, page_story
from comicreader.domain.narration import PERSON, Caption
from comicreader.domain.panels import Panel

_PANEL = Panel(((10, 20), (110, 25), (110, 220), (10, 220)), id="a")
_CAPTION = Caption("“Wait!” she called – à bientôt.", PERSON)


def test_the_document_has_the_promised_shape() -> None:
    page = NarratedPage("p/01.jpg", 800, 1200, (NarratedPanel(_PANEL, _CAPTION), NarratedPanel(_PANEL)))
    assert json.loads(narration_json("A title", "a.cbz", [page])) == {
        "book": "A title",
        "file": "a.cbz",
        "pages": [
            {
                "name": "p/01.jpg",
                "width": 800,
                "height": 1200,
                "panels": [
                    {
                        "box": [10, 20, 100, 200],
                        "polygon": [[10, 20], [110, 25], [110, 220], [10, 220]],
                        "confidence": 1.0,
                        "caption": {"text": "“Wait!” she called – à bientôt.", "source": "person"},
                    },
                    {
                        "box": [10, 20, 100, 200],
                        "polygon": [[10, 20], [110, 25], [110, 220], [10, 220]],
                        "confidence": 1.0,
                    },
                ],
            }
        ],
    }


def test_a_page_that_failed_says_why() -> None:
    document = json.loads(narration_json("A", "a", [NarratedPage("x.jpg", error="It is empty.")]))
    assert document["pages"] == [
        {"name": "x.jpg", "width": None, "height": None, "panels": [], "error": "It is empty."}
    ]


def test_a_page_tells_how_long_its_panels_took_and_how_sure_their_order_is() -> None:
    page = NarratedPage("a", 1, 1, (NarratedPanel(_PANEL),), ms=12.345, order_confidence=0.7)
    (value,) = json.loads(narration_json("A", "a", [page]))["pages"]
    assert (value["ms"], value["order_confidence"]) == (12.3, 0.7)


def test_a_book_without_pages_is_still_a_document() -> None:
    assert json.loads(narration_json("A", "a", [])) == {"book": "A", "file": "a", "pages": []}


def test_names_that_are_no_text_are_still_json() -> None:
    document = narration_json("bad \udcff name", "a", [NarratedPage("\udcfe.jpg")])
    assert json.loads(document)["pages"][0]["name"] == "\udcfe.jpg"


def test_text_is_readable_in_the_document() -> None:
    page = NarratedPage("a", 1, 1, (NarratedPanel(_PANEL, _CAPTION),))
    assert "à bientôt" in narration_json("A", "a", [page]).decode()


def test_a_story_has_a_heading_and_a_paragraph_for_each_panel_that_has_a_text() -> None:
    silent = NarratedPanel(_PANEL, Caption("", PERSON))
    page = NarratedPage("a", 1, 1, (NarratedPanel(_PANEL, _CAPTION), silent, NarratedPanel(_PANEL)))
    assert page_story(3, page) == "Page 3\n\n“Wait!” she called – à bientôt.\n"


def test_a_story_says_where_something_is_missing() -> None:
    assert page_story(1, NarratedPage("a", error="It is empty.")) == "Page 1\n\n[It is empty.]\n"
