"""Joins the window's list of pages with the book: pictures as they come into sight, marks as pages get on."""

from __future__ import annotations

from PySide6.QtCore import QObject

from comicreader.domain.panels import Panel
from comicreader.services.library_records import PanelsChange
from comicreader.ui.auto_play import AutoPlay
from comicreader.ui.book_presenter import BookPresenter
from comicreader.ui.main_window import MainWindow
from comicreader.ui.message_bar import MessageKind
from comicreader.ui.narration_presenter import NarrationPresenter
from comicreader.ui.page_desk import FoundPanels
from comicreader.ui.page_strip_presenter import PageStripPresenter
from comicreader.ui.panel_caption import PanelCaption
from comicreader.ui.panel_edit_presenter import PanelEditPresenter
from comicreader.ui.reader_presenter import ReaderPresenter
from comicreader.ui.reading_session import Place, ReadingSession


class PageStripFlow(QObject):
    """Passes the list's intents on and shows what `PageStripPresenter` brings."""

    def __init__(
        self,
        window: MainWindow,
        books: BookPresenter,
        reader: ReaderPresenter,
        narration: NarrationPresenter,
        panels: PanelEditPresenter,
        auto_play: AutoPlay,
        strip: PageStripPresenter,
    ) -> None:
        super().__init__(window)
        self._pages = window.pages
        self._reader = reader
        self._auto_play = auto_play
        self._strip = strip
        self._page_id = ""  # of the page on the screen
        self._told = 0
        books.opened.connect(self._on_opened)
        books.closed.connect(self._on_closed)
        reader.panels_found.connect(self._on_panels_found)
        reader.place_changed.connect(self._on_place_changed)
        narration.captions_changed.connect(self._on_captions_changed)
        panels.changed.connect(self._on_panels_changed)
        panels.revisited.connect(self._on_panels_changed)
        strip.picture_ready.connect(self._pages.set_picture)
        strip.status_changed.connect(self._pages.set_status)
        strip.failed.connect(lambda sentence: window.messages.say(sentence, MessageKind.ERROR))
        self._pages.page_picked.connect(self._on_page_picked)
        self._pages.pictures_wanted.connect(strip.bring)

    def _on_opened(self, session: ReadingSession) -> None:
        self._strip.begin(session)
        self._pages.set_page_count(session.page_count)

    def _on_closed(self) -> None:
        self._page_id = ""
        self._strip.end()
        self._pages.set_page_count(0)

    def _on_panels_found(self, found: FoundPanels) -> None:
        """The page that was left may have got on unseen: it was told ahead, or edited."""
        if self._page_id:
            self._strip.refresh(self._page_id)
        self._page_id = found.page_id
        self._strip.know(found.index, found.page_id)

    def _on_captions_changed(self, _panels: tuple[Panel, ...], captions: tuple[PanelCaption, ...]) -> None:
        told = sum(caption.is_standing for caption in captions)
        if told != self._told and self._page_id:
            self._strip.refresh(self._page_id)
        self._told = told

    def _on_panels_changed(self, change: PanelsChange) -> None:
        self._strip.refresh(change.page_id)

    def _on_place_changed(self, place: Place) -> None:
        self._pages.set_current(place.page_index)

    def _on_page_picked(self, page_index: int) -> None:
        self._auto_play.pause()
        self._reader.go_to_page(page_index)
