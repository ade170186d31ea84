"""Auto-play: moves on when a person of the chosen pace has looked at the panel and read its caption."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal

from comicreader.domain.narration import reading_seconds
from comicreader.ui.panel_caption import PanelCaption

# A caption that is still not there after this long is not waited for: the story must go on.
_PATIENCE_S = 8.0


class AutoPlay(QObject):
    """Decides when the next panel is due.

    Signals:
        step_due(): time for the next panel.
        playing_changed(bool): it was started or paused.
    """

    step_due = Signal()
    playing_changed = Signal(bool)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._is_playing = False
        self._words_per_minute = 180
        self._caption: PanelCaption | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.step_due)

    @property
    def is_playing(self) -> bool:
        """Whether it runs."""
        return self._is_playing

    def set_pace(self, words_per_minute: int) -> None:
        """The person's reading pace, from the next panel on."""
        self._words_per_minute = words_per_minute

    def set_playing(self, is_playing: bool) -> None:
        """Start, or pause."""
        if is_playing == self._is_playing:
            return
        self._is_playing = is_playing
        if is_playing:
            self._wait()
        else:
            self._timer.stop()
        self.playing_changed.emit(is_playing)

    def pause(self) -> None:
        """Stop moving on by itself."""
        self.set_playing(False)

    def follow(self, caption: PanelCaption | None) -> None:
        """Tell the caption of the current panel, again whenever it changes; None while there is no panel."""
        before, self._caption = self._caption, caption
        is_another = before is None or caption is None or before.panel_id != caption.panel_id
        became_whole = before is not None and caption is not None and caption.is_standing and not before.is_standing
        if self._is_playing and (is_another or became_whole):
            self._wait()

    def _wait(self) -> None:
        caption = self._caption
        if caption is not None and caption.is_standing:
            seconds = reading_seconds(caption.text, self._words_per_minute)
        elif caption is not None and not caption.is_coming:
            seconds = reading_seconds("", self._words_per_minute)
        else:
            seconds = _PATIENCE_S
        self._timer.start(round(seconds * 1000))
