"""The reading area: the page as a scene in page pixels, seen through a camera.

Zoom is the view's transform and never the items'. What lies over the page in view pixels (narration boxes) asks
`stage` where things will be once the camera rests.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QResizeEvent, QTransform
from PySide6.QtWidgets import QFrame, QGraphicsScene, QGraphicsView, QWidget

from comicreader.domain.framing import (
    CaptionRoom,
    Extent,
    Pose,
    fit_scale,
    frame_page,
    frame_panel,
    keep_in_sight,
    scroll_step,
)
from comicreader.domain.geometry import Box
from comicreader.domain.panels import Panel
from comicreader.ui.camera import Camera
from comicreader.ui.page_gestures import PageGestures
from comicreader.ui.page_item import PageItem
from comicreader.ui.page_picture import PagePicture
from comicreader.ui.panel_item import PanelItem
from comicreader.ui.theme import READING_AREA

_MAX_SCALE = 8.0
# A page can be shrunk to this part of its fitted size.
_MIN_OF_FIT = 0.5
_WHEEL_SCROLL_FRAC = 0.14  # of the view, a notch


class PageView(QGraphicsView):
    """Shows one page, as a whole or panel by panel.

    Signals:
        clicked(QPointF): a point of the page, page pixels.
        double_clicked(QPointF): the same.
        step_requested(bool): the wheel was turned where there is nothing to scroll; True is forward.
        stage_changed(): what `stage` says is different now.
        dragged(int, int): the page was moved by hand, view pixels right and down.
        sharpness_wanted(float): the page's longest side is shown this large, device pixels.
    """

    clicked = Signal(QPointF)
    double_clicked = Signal(QPointF)
    step_requested = Signal(bool)
    stage_changed = Signal()
    dragged = Signal(int, int)
    sharpness_wanted = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setScene(QGraphicsScene(self))
        self._page_item, self._panel_item = PageItem(), PanelItem()
        self.scene().addItem(self._page_item)
        self.scene().addItem(self._panel_item)
        self._camera = Camera(self)
        self._camera.moved.connect(self._on_camera_moved)
        self._panels: tuple[Panel, ...] = ()
        self._current: int | None = None
        self._is_panel_mode, self._fit_mode, self._room = True, "page", CaptionRoom()
        self._glides = True
        self._is_free = False  # zoomed or moved by hand: stays so until the next step
        self._notches = 0.0  # turned since the last step
        self._set_up_look()
        self._listen(PageGestures(self.viewport()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave keys to actions: a scroll area would push the page out of sight where no shortcut takes them."""
        event.ignore()

    def _set_up_look(self) -> None:
        self.setObjectName("pageView")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setBackgroundBrush(READING_AREA)
        self.setRenderHints(QPainter.RenderHint.SmoothPixmapTransform)
        # Everything moves at once when the camera does; and boxes that are children must not scroll with the page.
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.FullViewportUpdate)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setResizeAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAcceptDrops(False)  # the window takes what is dropped
        self.viewport().setAcceptDrops(False)

    def _listen(self, gestures: PageGestures) -> None:
        gestures.clicked.connect(lambda point: self.clicked.emit(self.mapToScene(point.toPoint())))
        gestures.double_clicked.connect(lambda point: self.double_clicked.emit(self.mapToScene(point.toPoint())))
        gestures.dragged.connect(self._on_dragged)
        gestures.drag_ended.connect(self._announce_stage)
        gestures.wheel_turned.connect(self._on_wheel_turned)
        gestures.zoomed.connect(self._on_zoomed)

    # What is shown

    def show_picture(self, picture: PagePicture) -> None:
        """Show another page, as a whole until its panels are set."""
        self._page_item.show_picture(picture)
        self._enter_page()

    def swap_picture(self, picture: PagePicture) -> None:
        """Show the same page from other pixels."""
        self._page_item.show_picture(picture)

    def show_problem(self, sentence: str) -> None:
        """Show why there is no page here."""
        self._page_item.show_problem(sentence)
        self._enter_page()

    def clear(self) -> None:
        """Show nothing."""
        self._page_item.clear()
        self._enter_page()

    def set_panels(self, panels: tuple[Panel, ...]) -> None:
        """Tell the page's panels, in reading order."""
        self._panels = panels

    def set_current(self, panel_index: int | None, *, glides: bool) -> None:
        """Mark a panel and, in panel mode, go there.

        Args:
            panel_index: the panel; None: the page as a whole.
            glides: whether the camera may take its time.
        """
        self._current = panel_index
        self._panel_item.mark(self.current_panel, is_spotlight=self._is_panel_mode)
        if self._is_panel_mode or not self._is_free:
            self._go_home(glides=glides)
        else:
            self.stage_changed.emit()

    def set_mode(self, *, is_panel_mode: bool) -> None:
        """Read panel by panel, or page by page."""
        if is_panel_mode != self._is_panel_mode:
            self._is_panel_mode = is_panel_mode
            self._panel_item.mark(self.current_panel, is_spotlight=is_panel_mode)
            self._go_home(glides=True)

    def set_fit_mode(self, fit_mode: str) -> None:
        """Fit the whole "page" or its "width"."""
        if fit_mode != self._fit_mode:
            self._fit_mode = fit_mode
            self._go_home(glides=True)

    def set_caption_room(self, room: CaptionRoom) -> None:
        """Leave room for narration boxes from now on."""
        if room != self._room:
            self._room = room
            if not self._is_free:
                self._go_home(glides=False)

    def set_framing(self, *, has_frame: bool) -> None:
        """Frame the current panel in page mode, or leave the page bare."""
        self._panel_item.set_framing(has_frame=has_frame)

    def set_gliding(self, glides: bool) -> None:
        """Allow the camera to glide."""
        self._glides = glides

    @property
    def current_panel(self) -> Panel | None:
        """The marked panel."""
        has_panel = self._current is not None and self._current < len(self._panels)
        return self._panels[self._current] if has_panel and self._current is not None else None

    @property
    def zoom_frac(self) -> float:
        """View pixels per page pixel once the camera rests."""
        return self._camera.goal.scale

    @property
    def is_dimmed(self) -> bool:
        """Whether all but the current panel is dimmed."""
        return self._is_panel_mode and self.current_panel is not None

    def place_of(self, box: Box) -> Box:
        """Where a part of the page will be once the camera rests, view pixels."""
        return self._camera.goal.to_view(box, self._extent())

    def page_place(self) -> Box:
        """Where the page will be once the camera rests, view pixels."""
        rect = self._page_item.page_rect
        return self.place_of(Box(0, 0, round(rect.width()), round(rect.height())))

    # Zoom and scrolling

    def zoom(self, steps: int) -> None:
        """Zoom in (above 0) or out around the middle of the view."""
        self._zoom_by(PageGestures.ZOOM_STEP**steps, self._camera.goal.x, self._camera.goal.y, glides=True)

    def fit(self) -> None:
        """Undo zooming and moving by hand."""
        self._go_home(glides=True)

    def scroll_page(self, *, forward: bool) -> bool:
        """Scroll a screenful; False where the page ends there already."""
        pose = scroll_step(self._camera.goal, self._page_extent(), self._extent(), forward)
        if pose is None:
            return False
        self._go_freely(pose, glides=True)
        return True

    # Qt

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Qt: the same part of the page stays in sight."""
        super().resizeEvent(event)
        if self._is_free:
            self._go_freely(self._camera.goal, glides=False)
        else:
            self._go_home(glides=False)

    def changeEvent(self, event: QEvent) -> None:
        """Qt: another screen may have other pixels."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._announce_stage()

    # The camera

    def _enter_page(self) -> None:
        self._panels, self._current = (), None
        rect = self._page_item.page_rect
        self._panel_item.set_page(rect)
        # Wide enough around the page that any pose can be reached by centring.
        self.setSceneRect(
            rect.adjusted(*(side * rect.width() for side in (-3, 0, 3, 0))).adjusted(
                *(side * rect.height() for side in (0, -3, 0, 3))
            )
        )
        self._go_home(glides=False)

    def _home_pose(self) -> Pose:
        page, view = self._page_extent(), self._extent()
        panel = self.current_panel
        if self._is_panel_mode and panel is not None:
            return frame_panel(panel.box, page, view, self._room)
        return frame_page(page, view, self._fit_mode, self._room)

    def _go_home(self, *, glides: bool) -> None:
        self._is_free = False
        self._camera.go(self._home_pose(), glides=glides and self._glides)
        self._announce_stage()

    def _go_freely(self, pose: Pose, *, glides: bool) -> None:
        self._is_free = True
        self._camera.go(keep_in_sight(pose, self._page_extent(), self._extent()), glides=glides and self._glides)
        self._announce_stage()

    def _zoom_by(self, factor: float, anchor_x: float, anchor_y: float, *, glides: bool) -> None:
        goal = self._camera.goal
        smallest = _MIN_OF_FIT * fit_scale(self._page_extent(), self._extent(), "page")
        scale = min(max(goal.scale * factor, smallest), _MAX_SCALE)
        self._go_freely(goal.zoomed(scale / goal.scale, anchor_x, anchor_y), glides=glides)

    def _on_zoomed(self, factor: float, point: QPointF) -> None:
        anchor = self.mapToScene(point.toPoint())
        self._zoom_by(factor, anchor.x(), anchor.y(), glides=False)

    def _on_dragged(self, right_px: float, down_px: float) -> None:
        pose, before = self._camera.pose, self.page_place()
        self._is_free = True
        moved = Pose(pose.x - right_px / pose.scale, pose.y - down_px / pose.scale, pose.scale)
        self._camera.go(keep_in_sight(moved, self._page_extent(), self._extent()), glides=False)
        after = self.page_place()
        self.dragged.emit(after.x - before.x, after.y - before.y)

    def _on_wheel_turned(self, notches: float) -> None:
        """Scroll what does not fit; where all is in sight, take one step a notch."""
        if self._overflows():
            goal = self._camera.goal
            down_px = -notches * _WHEEL_SCROLL_FRAC * self.viewport().height()
            self._go_freely(Pose(goal.x, goal.y + down_px / goal.scale, goal.scale), glides=False)
            return
        if self._notches * notches < 0:
            self._notches = 0.0
        self._notches += notches  # the fine steps of a touchpad add up
        if abs(self._notches) >= 1:
            self._notches = 0.0
            self.step_requested.emit(notches < 0)

    def _overflows(self) -> bool:
        """Whether there is more of the page to scroll to; in panel mode only after zooming by hand."""
        if self.is_dimmed and not self._is_free:
            return False
        return self.page_place().height > self.viewport().height() + 1

    def _on_camera_moved(self, pose: Pose, done_frac: float) -> None:
        self.setTransform(QTransform.fromScale(pose.scale, pose.scale))
        self.centerOn(pose.x, pose.y)
        self._panel_item.set_done_frac(done_frac)

    def _announce_stage(self) -> None:
        self.stage_changed.emit()
        rect = self._page_item.page_rect
        self.sharpness_wanted.emit(max(rect.width(), rect.height()) * self.zoom_frac * self.devicePixelRatioF())

    def _extent(self) -> Extent:
        return Extent(max(1, self.viewport().width()), max(1, self.viewport().height()))

    def _page_extent(self) -> Extent:
        rect = self._page_item.page_rect
        return Extent(max(1.0, rect.width()), max(1.0, rect.height()))
