"""Panels and texts in the formats of other programs: written and read again, as others write them, and broken."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comicreader.domain.errors import ExchangeError
from comicreader.domain.geometry import Box, Polygon
from comicreader.domain.imported_panels import ImportedPage, ImportedPanel, match_pages, placed
from comicreader.domain.interchange import NarratedPage, NarratedPanel, narration_json
from comicreader.domain.narration import PERSON, Caption
from comicreader.domain.panel_files import ACBF, CBXY, GUIDED_NAVIGATION, panel_file, read_panel_file
from comicreader.domain.panels import Panel

WIDTH, HEIGHT = 1987, 3011
SLANTED = ((40, 20), (900, 120), (860, 1400), (40, 1290))
KEEPS_POLYGONS, KEEPS_TEXTS = (ACBF, CBXY), (ACBF, GUIDED_NAVIGATION)
FORMATS = (GUIDED_NAVIGATION, ACBF, CBXY)

boxes = st.builds(Box, st.integers(0, WIDTH - 60), st.integers(0, HEIGHT - 60), st.integers(1, 60), st.integers(5, 60))
texts = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp")), min_size=1, max_size=40)


def page(name: str, *panels: Polygon, told: tuple[str, ...] = ()) -> NarratedPage:
    captions = [Caption(text, PERSON) if text else None for text in told] + [None] * (len(panels) - len(told))
    narrated = tuple(NarratedPanel(Panel(p), caption) for p, caption in zip(panels, captions, strict=True))
    return NarratedPage(name, WIDTH, HEIGHT, narrated)


def read_again(file_format: str, *pages: NarratedPage) -> dict[str, tuple[tuple[Panel, str], ...]]:
    imported = read_panel_file(panel_file(file_format, "A title", pages))
    return {each.name: placed(each, WIDTH, HEIGHT) for each in imported}


def archive(**members: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return stream.getvalue()


class TestRoundTrips:
    @pytest.mark.parametrize("file_format", FORMATS)
    @given(st.lists(boxes, min_size=1, max_size=8))
    def test_boxes_come_back_exactly_and_in_order(self, file_format: str, found: list[Box]) -> None:
        back = read_again(file_format, page("1.jpg"), page("art/2.jpg", *(box.corners for box in found)))
        assert [panel.polygon for panel, _ in back["art/2.jpg"]] == [box.corners for box in found]

    @pytest.mark.parametrize("file_format", FORMATS)
    def test_a_slanted_panel_keeps_its_corners_where_the_format_can_hold_them(self, file_format: str) -> None:
        ((panel, _),) = read_again(file_format, page("1.jpg"), page("2.jpg", SLANTED))["2.jpg"]
        kept = SLANTED if file_format in KEEPS_POLYGONS else Panel(SLANTED).box.corners
        assert panel.polygon == kept

    @pytest.mark.parametrize("file_format", KEEPS_TEXTS)
    @given(st.lists(st.tuples(boxes, texts), min_size=1, max_size=5, unique_by=lambda pair: pair[0]))
    def test_texts_stay_with_their_panels(self, file_format: str, told: list[tuple[Box, str]]) -> None:
        written = page("a.jpg", *(box.corners for box, _ in told), told=tuple(text for _, text in told))
        back = read_again(file_format, page("cover.jpg"), written)["a.jpg"]
        assert [text for _, text in back] == [text for _, text in told]

    @pytest.mark.parametrize("file_format", KEEPS_TEXTS)
    def test_texts_of_a_host_and_of_its_inset_are_told_apart(self, file_format: str) -> None:
        host, inset = Box(0, 0, 900, 900).corners, Box(300, 700, 300, 190).corners
        written = page("1.jpg", host, inset, SLANTED, told=("The host.", "", "Slanted,\nin two lines."))
        back = read_again(file_format, page("cover.jpg"), written)["1.jpg"]
        assert [text for _, text in back] == ["The host.", "", "Slanted,\nin two lines."]

    @pytest.mark.parametrize("file_format", FORMATS)
    @pytest.mark.parametrize("name", ["a b.jpg", "é/日本 #1?.png", "100%.jpg", "a&b<c>.jpg", "page 1", "x:y.png"])
    def test_pages_of_any_name_are_found_again(self, file_format: str, name: str) -> None:
        assert name in read_again(file_format, page("cover.jpg", SLANTED), page(name, SLANTED))

    @pytest.mark.parametrize("file_format", FORMATS)
    def test_a_book_of_one_page_comes_back(self, file_format: str) -> None:
        ((panel, _),) = read_again(file_format, page("1.jpg", Box(0, 0, 9, 9).corners))["1.jpg"]
        assert panel.box == Box(0, 0, 9, 9)

    @pytest.mark.parametrize("file_format", FORMATS)
    def test_the_same_panels_make_the_same_file(self, file_format: str) -> None:
        pages = [page("1.jpg", SLANTED, told=("Told.",))]
        assert panel_file(file_format, "A", pages) == panel_file(file_format, "A", pages)

    def test_two_pictures_of_one_stem_do_not_share_their_panels(self) -> None:
        back = read_again(CBXY, page("1.jpg", SLANTED), page("1.png", Box(0, 0, 9, 9).corners))
        assert [panel.box for panel, _ in back["1.png"]] == [Box(0, 0, 9, 9)]
        assert [panel.polygon for panel, _ in back["1.jpg"]] == [SLANTED]

    def test_bytes_that_are_no_text_do_no_harm(self) -> None:
        for file_format in FORMATS:
            written = page("\udcfe.jpg", SLANTED, told=("a\x00b",))
            assert read_panel_file(panel_file(file_format, "bad \udcff\x01", [written, written]))


class TestOthersFiles:
    def test_guided_navigation_as_readium_writes_it(self) -> None:
        document = {
            "links": [],
            "guided": [
                {
                    "imgref": "page1.jpg#xywh=76,19,814,635",
                    "role": ["panel"],
                    "character": ["Pepper"],
                    "description": {"audioref": "a.mp3", "text": "Pepper walks away."},
                    "children": [{"role": ["speechBubble"], "imgref": "page1.jpg#xywh=1,1,2,2", "text": "Oh!"}],
                },
                {
                    "role": ["page"],
                    "imgref": "page%202.jpg",
                    "children": [
                        {
                            "role": ["panel"],
                            "imgref": "page%202.jpg#xywh=percent:10,10,60,40",
                            "description": "Sunset.",
                        },
                        {"imgref": "page%202.jpg#xywh=percent:70,50,30,50", "text": {"plain": "Night."}},
                    ],
                },
                {"audioref": "end.mp3"},
            ],
        }
        first, second = read_panel_file(json.dumps(document).encode())
        assert (first.name, second.name) == ("page1.jpg", "page 2.jpg")
        ((panel, text),) = placed(first, 1000, 1400)
        assert (panel.box, text) == (Box(76, 19, 814, 635), "Pepper walks away.")
        assert [(panel.box, text) for panel, text in placed(second, 1000, 1000)] == [
            (Box(100, 100, 600, 400), "Sunset."),
            (Box(700, 500, 300, 500), "Night."),
        ]

    @pytest.mark.parametrize("namespace", ["", 'xmlns="http://www.fictionbook-lib.org/xml/acbf/1.0"'])
    @pytest.mark.parametrize("href", ["a/1.jpg", "zip:book.cbz!/a/1.jpg", "#a/1.jpg", "file://a/1.jpg"])
    def test_acbf_of_any_version_and_reference(self, namespace: str, href: str) -> None:
        document = f"""<?xml version="1.0"?><ACBF {namespace}><meta-data><book-info><coverpage>
            <image href="cover.jpg"/><frame points="0,0 9,0 9,9 0,9"/></coverpage></book-info></meta-data>
            <body><page><title>One</title><image href="{href}"/>
            <text-layer lang="cs"><text-area points="1,1 5,1 5,5 1,5" type="speech"><p>Ahoj</p></text-area></text-layer>
            <text-layer lang="en"><text-area points="10,10 90,10 90,30 10,30" type="commentary">
                <p>Night <emphasis>falls</emphasis>.</p><p/><p>All sleep.</p></text-area></text-layer>
            <frame points="0,0 200,0 200,100 0,100" bgcolor="#000000"/><frame points="0,110 200,110 90.4,300"/>
            </page></body></ACBF>"""
        cover, first = read_panel_file(document.encode())
        assert (cover.name, first.name) == ("cover.jpg", "a/1.jpg")
        assert [(panel.polygon, text) for panel, text in placed(first, 500, 500)] == [
            (Box(0, 0, 200, 100).corners, "Night falls.\nAll sleep."),
            (((0, 110), (200, 110), (90, 300)), ""),
        ]

    def test_an_archive_may_hold_the_acbf_document(self) -> None:
        document = panel_file(ACBF, "A", [page("1.jpg", SLANTED)]).decode()
        assert read_panel_file(archive(**{"1.jpg": "picture", "book.acbf": document}))[0].name == "1.jpg"

    def test_a_box_that_another_program_moved_wins_over_the_polygon(self) -> None:
        moved = {"x": 0.5, "y": 0.5, "w": 0.25, "h": 0.25, "polygon": [[0, 0], [0.1, 0], [0.1, 0.1]]}
        (found,) = read_panel_file(archive(**{"1.json": json.dumps({"panels": [moved]})}))
        assert found.name == "1.json"
        assert placed(found, 400, 800)[0][0].box == Box(200, 400, 100, 200)

    def test_our_own_documents_come_back_at_any_size(self) -> None:
        told = page("a/1.jpg", SLANTED, Box(5, 5, 90, 90).corners, told=("Told.", ""))
        (found,) = read_panel_file(narration_json("A", "a.cbz", [told]))
        assert [(panel.polygon, text) for panel, text in placed(found, WIDTH, HEIGHT)] == [
            (SLANTED, "Told."),
            (Box(5, 5, 90, 90).corners, ""),
        ]
        assert placed(found, 2 * WIDTH, 2 * HEIGHT)[1][0].box == Box(10, 10, 180, 180)

    def test_hand_made_documents_need_only_boxes(self) -> None:
        document = {"book": "A", "pages": [{"name": "1.jpg", "panels": [{"box": [1, 2, 30, 40]}]}]}
        (found,) = read_panel_file(json.dumps(document).encode())
        assert placed(found, 100, 100)[0][0].box == Box(1, 2, 30, 40)


class TestBroken:
    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"no file of panels",
            b"{",
            b"[]",
            b"{}",
            b'{"guided": 1}',
            b'{"pages": [1]}',
            b'{"pages": [{"name": "1", "panels": [{"box": [1, 2, 3]}]}]}',
            b'{"pages": [{"name": "1", "panels": [{"polygon": [[1, 2], [3, "x"]]}]}]}',
            b"[" * 100_000,
            b'{"guided": [{"imgref": "1.jpg#xywh=1,2,3"}]}',
            b'{"guided": [{"imgref": "1.jpg#xywh=1,2,x,4"}]}',
            b'{"guided": [{"imgref": "1.jpg#xywh=percent:1,2,nan,1e999"}]}',
            b"<ACBF>",
            b"<html></html>",
            b'<!DOCTYPE a [<!ENTITY b "c">]><ACBF><body>&b;</body></ACBF>',
            b'<ACBF><body><page><image href="1"/><frame points="1,1 2,2"/></page></body></ACBF>',
            b'<ACBF><body><page><image href="1"/><frame points="1,1 2,2 3,inf"/></page></body></ACBF>',
            b"PK\x03\x04 and nothing more",
            archive(),
            archive(**{"1.json": "{"}),
            archive(**{"1.json": '{"page": "1", "panels": [{"x": 0}]}'}),
            archive(**{"1.json": '{"page": "1", "panels": [{"x": NaN, "y": 0, "w": 1, "h": 1}]}'}),
            archive(**{"1.json": "[1]"}),
            archive(**{"1.json": "x" * (2 << 20)}),
        ],
    )
    def test_what_is_no_file_of_panels_is_one_sentence(self, content: bytes) -> None:
        with pytest.raises(ExchangeError) as caught:
            read_panel_file(content)
        assert caught.value.sentence.endswith(".")
        assert "\n" not in caught.value.sentence

    def test_many_large_entries_are_refused_before_they_are_all_read(self) -> None:
        large = {f"{number}.json": '{"panels": []}' + " " * ((1 << 20) - 20) for number in range(70)}
        with pytest.raises(ExchangeError):
            read_panel_file(archive(**large))

    @given(st.data())
    def test_damage_never_does_more_than_fail(self, data: st.DataObject) -> None:
        good = panel_file(data.draw(st.sampled_from(FORMATS)), "A", [page("1.jpg", SLANTED, told=("Told.",))])
        start = data.draw(st.integers(0, len(good) - 1))
        broken = good[:start] + data.draw(st.binary(max_size=4)) + good[start + data.draw(st.integers(0, 40)) :]
        try:
            for found in read_panel_file(broken):
                for panel, _ in placed(found, WIDTH, HEIGHT):
                    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in panel.polygon)
        except ExchangeError:
            pass


class TestPlacing:
    def test_panels_are_cut_off_at_the_page_and_dropped_beyond_it(self) -> None:
        outlines = [
            [(-0.5, 0.5), (0.5, 0.5), (0.5, 1.5), (-0.5, 1.5)],
            [(2, 2), (3, 2), (3, 3)],
            [(0, 0), (1, 1), (0, 0)],
        ]
        imported = ImportedPage("1", tuple(ImportedPanel(tuple(outline)) for outline in outlines), (1.0, 1.0))
        ((panel, _),) = placed(imported, 100, 200)
        assert panel.box == Box(0, 100, 50, 100)

    def test_a_page_is_known_by_path_then_by_a_name_or_stem_that_only_it_has(self) -> None:
        names = ("a/1.jpg", "b/1.jpg", "b/2.jpg", "c/cover.png")
        panel = ImportedPanel(((0, 0), (1, 0), (1, 1)))

        def found(name: str) -> list[int]:
            return list(match_pages([ImportedPage(name, (panel,))], names))

        assert found("b/1.jpg") == [1]
        assert found("b\\1.jpg") == [1]
        assert found("./2.jpg") == [2]
        assert found("elsewhere/cover.json") == [3]
        assert found("1.jpg") == []
        assert found("9.jpg") == []

    def test_a_page_without_panels_says_nothing_about_the_books(self) -> None:
        empty, full = ImportedPage("1.jpg", ()), ImportedPage("1.jpg", (ImportedPanel(((0, 0), (1, 0), (1, 1))),))
        assert match_pages([empty, full, replace(full, extent=(1.0, 1.0))], ["1.jpg"]) == {0: full}
        assert match_pages([empty], ["1.jpg"]) == {}
