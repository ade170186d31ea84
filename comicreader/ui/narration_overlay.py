"""The narration over the page: which boxes are there, what they show, and which of them is being edited.

In panel mode the current panel's box is there; in page mode all boxes up to the current one, like notes in the margin.
A box keeps its place until the view changes: boxes that hop about cannot be read.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from comicreader.domain.box_placement import DetailMap
from comicreader.domain.framing import CaptionRoom
from comicreader.domain.panels import Panel
from comicreader.ui.narration_box import NarrationBox
from comicreader.ui.narration_places import BoxMeasures, NarrationPlaces
from comicreader.ui.page_view import PageView
from comicreader.ui.panel_caption import CaptionState, PanelCaption


class NarrationOverlay(QObject):
    """Shows the narration boxes over a page view.

    Signals:
        picked(str): a box was clicked; its panel's id.
        edit_requested(str): the person wants to edit that panel's caption.
        save_requested(str, str, float): panel id, new text, seconds spent.
        edit_closed(): no box is being edited any more.
    """

    picked = Signal(str)
    edit_requested = Signal(str)
    save_requested = Signal(str, str, float)
    edit_closed = Signal()

    def __init__(self, view: PageView) -> None:
        super().__init__(view)
        self._view = view
        self._places = NarrationPlaces(view)
        self._panels: tuple[Panel, ...] = ()
        self._captions: tuple[PanelCaption, ...] = ()
        self._current: int | None = None
        self._is_on, self._is_panel_mode, self._fades = True, True, True
        self._font_scale = 1.0
        self._boxes: dict[str, NarrationBox] = {}
        self._editing = ""  # id of the panel whose caption is being edited
        view.stage_changed.connect(self._on_stage_changed)
        view.dragged.connect(self._on_dragged)

    # What is told

    def set_page(self, detail: DetailMap) -> None:
        """Another page: no boxes until its captions are set."""
        self._panels, self._captions, self._current = (), (), None
        self._places.set_detail(detail)
        self._refresh()

    def set_captions(self, panels: tuple[Panel, ...], captions: tuple[PanelCaption, ...]) -> None:
        """Tell the page's panels and their captions, both in reading order."""
        if panels != self._panels:
            self._places.forget_all()
        self._panels, self._captions = panels, captions
        self._refresh()

    def set_current(self, panel_index: int | None) -> None:
        """Tell which panel is being read; None: none yet."""
        self._current = panel_index
        self._refresh()

    def set_visible(self, is_on: bool) -> None:
        """Show the narration, or the bare page."""
        self._is_on = is_on
        self._on_stage_changed()

    def set_mode(self, *, is_panel_mode: bool) -> None:
        """Show one box, or all up to the current one."""
        self._is_panel_mode = is_panel_mode
        self._on_stage_changed()

    def set_look(self, *, font_scale: float, fades: bool) -> None:
        """Choose the size of letters, 1 being the usual, and whether boxes fade in."""
        self._font_scale, self._fades = font_scale, fades
        self._on_stage_changed()

    # Editing

    @property
    def is_editing(self) -> bool:
        """Whether a caption is being edited in its box."""
        return bool(self._editing)

    def begin_edit(self, panel_id: str) -> None:
        """Open the editor of a panel of this page; a caption that is being edited is submitted first."""
        index = next((index for index, caption in enumerate(self._captions) if caption.panel_id == panel_id), None)
        if index is None or self._editing == panel_id:
            return
        self.submit_edit()
        if self._editing:
            return  # it is still being saved
        self._editing = panel_id
        box = self._box_of(panel_id)
        self._fill(box, self._captions[index])
        box.begin_edit()
        self._places.forget(panel_id)
        self._refresh()
        box.raise_()

    def submit_edit(self) -> None:
        """Ask for saving what is being written, if anything is."""
        if self._editing:
            self._boxes[self._editing].submit_edit()

    def finish_edit(self, panel_id: str) -> None:
        """The text is safe: close its editor."""
        if self._editing == panel_id:
            self._boxes[panel_id].finish_edit()

    def fail_edit(self, panel_id: str, sentence: str) -> None:
        """The text could not be saved: its editor stays open and says why."""
        if self._editing == panel_id:
            self._boxes[panel_id].fail_edit(sentence)

    # Layout

    def _on_stage_changed(self) -> None:
        """Everything may have moved: find places anew."""
        self._view.set_caption_room(self._measures().room if self._is_on else CaptionRoom())
        self._places.forget_all()
        self._refresh()

    def _on_dragged(self, right_px: int, down_px: int) -> None:
        """The boxes go along with the page until the hand lets go."""
        for panel_id, box in self._boxes.items():
            if panel_id != self._editing:
                box.move(box.x() + right_px, box.y() + down_px)

    def _refresh(self) -> None:
        """Show, fill and place the boxes that should be there; drop the others."""
        shown = self._indices_shown()
        wanted = {self._captions[index].panel_id for index in shown} | {self._editing}
        for panel_id in set(self._boxes) - wanted:
            self._drop(panel_id)
        measures = self._measures()
        # What the person writes comes first, then the current panel, then those before it.
        shown.sort(key=lambda index: (self._captions[index].panel_id != self._editing, -index))
        for index in shown:
            box = self._box_of(self._captions[index].panel_id)
            self._fill(box, self._captions[index])
            insists = index == self._current or box.is_editing
            self._places.claim(box, self._panels[index], measures, insists=insists)
        for index in shown:
            box = self._box_of(self._captions[index].panel_id)
            if self._places.settle(box, self._panels[index], measures):
                box.appear(fades=self._fades)
            else:
                box.hide()

    def _indices_shown(self) -> list[int]:
        editing = [index for index, caption in enumerate(self._captions) if caption.panel_id == self._editing]
        if not self._is_on or self._current is None or self._current >= len(self._captions):
            return editing
        first = self._current if self._is_panel_mode else 0
        told = [
            index
            for index in range(first, self._current + 1)
            if self._captions[index].text or self._captions[index].state is CaptionState.WAITING
        ]
        return sorted({*told, *editing})

    def _fill(self, box: NarrationBox, caption: PanelCaption) -> None:
        shows_number = not self._is_panel_mode and len(self._captions) > 1
        box.show_caption(caption, font_px=self._measures().font_px, shows_number=shows_number)

    def _measures(self) -> BoxMeasures:
        return BoxMeasures.of(self._view, self._font_scale)

    # Boxes

    def _box_of(self, panel_id: str) -> NarrationBox:
        if panel_id not in self._boxes:
            box = NarrationBox(self._view.viewport())
            box.hide()
            box.picked.connect(self.picked)
            box.edit_requested.connect(self.edit_requested)
            box.save_requested.connect(self.save_requested)
            box.text_grew.connect(self._refresh)
            box.closed.connect(self._on_edit_closed)
            self._boxes[panel_id] = box
        return self._boxes[panel_id]

    def _drop(self, panel_id: str) -> None:
        self._places.forget(panel_id)
        box = self._boxes.pop(panel_id)
        box.hide()
        box.deleteLater()

    def _on_edit_closed(self, _panel_id: str) -> None:
        self._editing = ""
        self._view.setFocus()
        self.edit_closed.emit()
        self._on_stage_changed()
