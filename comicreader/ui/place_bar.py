"""The line at the bottom: where one is in the book, how large the page is shown, and how the narrator is."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QSlider, QToolButton, QWidget

from comicreader.domain.book import Direction
from comicreader.services.narrator import NarratorPhase, NarratorState
from comicreader.ui.reading_session import Place
from comicreader.ui.theme import Theme

_SLIDER_PX = 420
_PROGRESS_PX = 64


class PlaceBar(QWidget):
    """Shows the place; its slider goes to pages.

    Signals:
        page_requested(int): a page, from 0.
        narrator_pressed(): the person wants to know about the narrator, or to choose another.
    """

    page_requested = Signal(int)
    narrator_pressed = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._narrator_state = NarratorState(NarratorPhase.ABSENT)
        self._place = QLabel()
        self._place.setObjectName("statusPlace")
        self._zoom = QLabel()
        self._zoom.setObjectName("statusZoom")
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setAccessibleName(self.tr("Page"))
        self._slider.setMaximumWidth(_SLIDER_PX)
        self._slider.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._slider.setPageStep(1)
        self._slider.valueChanged.connect(self._on_slider_moved)
        self._progress = QProgressBar()
        self._progress.setTextVisible(False)
        self._progress.setFixedWidth(_PROGRESS_PX)
        self._progress.setAccessibleName(self.tr("The narrator is loading"))
        self._narrator = QToolButton()
        self._narrator.setObjectName("narratorButton")
        self._narrator.setIconSize(QSize(16, 16))
        self._narrator.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._narrator.clicked.connect(self.narrator_pressed)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 3, 8, 3)
        row.setSpacing(14)
        row.addWidget(self._place)
        row.addWidget(self._slider, stretch=1)
        row.addStretch()
        for part in (self._zoom, self._progress, self._narrator):
            row.addWidget(part)
        self._is_narrator_on = True
        theme.changed.connect(lambda: self.show_narrator(self._narrator_state))
        self.clear()
        self.show_narrator(self._narrator_state)

    @property
    def text(self) -> str:
        """The place in words."""
        return self._place.text()

    @property
    def narrator_text(self) -> str:
        """How the narrator is, in words."""
        return self._narrator.text()

    def clear(self) -> None:
        """No book is open."""
        self._place.setText("")
        self._zoom.setText("")
        self._slider.hide()

    def show_place(self, place: Place, *, is_loading: bool) -> None:
        """Say where the reader is, and whether that page is still on its way."""
        text = self.tr("Page {page} of {count}").format(page=place.page_index + 1, count=place.page_count)
        if place.panel_index is not None and place.panel_count is not None:
            text += " · " + self.tr("Panel {panel} of {count}").format(
                panel=place.panel_index + 1, count=place.panel_count
            )
        self._place.setText(f"{text} · {self.tr('loading …')}" if is_loading else text)
        self._slider.setVisible(place.page_count > 1)
        was_blocked = self._slider.blockSignals(True)
        self._slider.setRange(1, place.page_count)
        self._slider.setValue(place.page_index + 1)
        self._slider.blockSignals(was_blocked)

    def show_direction(self, direction: Direction) -> None:
        """Let the slider run the way the book is read."""
        self._slider.setInvertedAppearance(direction is Direction.RIGHT_TO_LEFT)
        self._slider.setInvertedControls(direction is Direction.RIGHT_TO_LEFT)

    def show_zoom(self, zoom_frac: float) -> None:
        """Say how large the page is: 1 is one view pixel a page pixel."""
        self._zoom.setText(f"{round(zoom_frac * 100)} %")

    def set_narrator_on(self, is_on: bool) -> None:
        """Whether the narrator may write unasked."""
        self._is_narrator_on = is_on
        self.show_narrator(self._narrator_state)

    def show_narrator(self, state: NarratorState) -> None:
        """Say how the narrator is."""
        self._narrator_state = state
        text, icon = self._narrator_words(state)
        self._narrator.setText(text)
        self._narrator.setIcon(self._theme.icon(icon))
        self._narrator.setToolTip(state.message or text)
        self._narrator.setAccessibleName(f"{text}. {state.message}" if state.message else text)
        is_loading = state.kind is NarratorPhase.LOADING
        self._progress.setVisible(is_loading)
        if is_loading:
            self._progress.setRange(0, 0 if state.done_frac is None else 100)
            self._progress.setValue(round((state.done_frac or 0) * 100))

    def _narrator_words(self, state: NarratorState) -> tuple[str, str]:
        if state.kind is NarratorPhase.FAILED:
            return self.tr("Narrator failed"), "warning"
        if state.kind is NarratorPhase.LOADING:
            percent = "" if state.done_frac is None else f" {round(state.done_frac * 100)} %"
            return self.tr("Narrator is loading") + percent, "narrator"
        if not self._is_narrator_on:
            return self.tr("Narrator off"), "narrator"
        if state.kind is NarratorPhase.READY:
            return self.tr("Narrator ready"), "narrator"
        return self.tr("Narrator asleep"), "narrator"

    def _on_slider_moved(self, page: int) -> None:
        self.page_requested.emit(page - 1)
