"""The camera's way from one pose to the next: a short glide that any new order interrupts at once."""

from __future__ import annotations

from PySide6.QtCore import QAbstractAnimation, QEasingCurve, QObject, QVariantAnimation, Signal

from comicreader.domain.framing import Pose

# Long enough to see where the next panel lies, short enough never to be waited for.
_GLIDE_MS = 250


class Camera(QObject):
    """Holds the pose and moves it.

    Signals:
        moved(Pose, float): the pose now, and how much of the way to the goal is done, 0 to 1.
    """

    moved = Signal(object, float)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._start = self._goal = self._pose = Pose(0.0, 0.0, 1.0)
        self._glide = QVariantAnimation(self)
        self._glide.setDuration(_GLIDE_MS)
        self._glide.setStartValue(0.0)
        self._glide.setEndValue(1.0)
        self._glide.setEasingCurve(QEasingCurve.Type.InOutCubic)
        self._glide.valueChanged.connect(self._on_glide_moved)

    @property
    def pose(self) -> Pose:
        """Where the camera is."""
        return self._pose

    @property
    def goal(self) -> Pose:
        """Where it will be when it rests."""
        return self._goal

    @property
    def is_gliding(self) -> bool:
        """Whether it is on its way."""
        return self._glide.state() == QAbstractAnimation.State.Running

    def go(self, goal: Pose, *, glides: bool) -> None:
        """Move to a pose, from wherever the camera is now."""
        self._glide.stop()
        self._start, self._goal = self._pose, goal
        if glides and goal != self._pose:
            self._glide.start()
        else:
            self._move_to(goal, 1.0)

    def _on_glide_moved(self, done_frac: float) -> None:
        # `start` reports the start value once more while the goal is already another
        self._move_to(self._goal if done_frac >= 1.0 else self._start.toward(self._goal, done_frac), done_frac)

    def _move_to(self, pose: Pose, done_frac: float) -> None:
        self._pose = pose
        self.moved.emit(pose, done_frac)
