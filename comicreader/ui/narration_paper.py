"""How the paper of a narration box is painted: shadow, sheet, edge, the panel's number and the narrator's star."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen

from comicreader.ui.theme import FAINT_INK, INK, PAPER, svg_pixmap

SHADOW_PX = 9
"""Room around the paper, all sides, for its shadow and the marks on its edge."""

PLAIN_EDGE = QPen(QColor("#b9b09a"), 1)
UNSURE_EDGE = QPen(FAINT_INK, 1.5, Qt.PenStyle.DotLine)
"""Around a caption to which the narrator itself gives little."""
FOCUS_EDGE = QPen(QColor("#2f5d9e"), 2)

_RADIUS_PX = 8
_SHADOWS = ((6, 16), (4, 26), (2, 40))  # pixels beyond the paper, darkness
_BADGE_PX = 18
_BADGE_FONT_PX = 11
_MARK_PX = 12


def paint_paper(painter: QPainter, paper: QRectF, edge: QPen) -> None:
    """The empty sheet on its shadow."""
    painter.setPen(Qt.PenStyle.NoPen)
    for spread, alpha in _SHADOWS:
        painter.setBrush(QColor(0, 0, 0, alpha))
        shadow = paper.adjusted(-spread, 2 - spread, spread, 2 + spread)
        painter.drawRoundedRect(shadow, _RADIUS_PX + spread, _RADIUS_PX + spread)
    painter.setBrush(PAPER)
    painter.setPen(edge)
    painter.drawRoundedRect(paper.adjusted(0.5, 0.5, -0.5, -0.5), _RADIUS_PX, _RADIUS_PX)


def paint_number(painter: QPainter, paper: QRectF, number: int) -> None:
    """The panel's number on the upper left corner."""
    badge = QRectF(paper.left() - 6, paper.top() - 7, _BADGE_PX, _BADGE_PX)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(INK)
    painter.drawEllipse(badge)
    font = QFont()
    font.setPixelSize(_BADGE_FONT_PX)
    font.setBold(True)
    painter.setFont(font)
    painter.setPen(PAPER)
    painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, str(number))


def paint_narrator_mark(painter: QPainter, paper: QRectF) -> None:
    """The narrator's small star in the lower right corner: a person's caption has none."""
    place = QRectF(paper.right() - _MARK_PX - 4, paper.bottom() - _MARK_PX - 3, _MARK_PX, _MARK_PX)
    mark = svg_pixmap("narrator", FAINT_INK.name(), _MARK_PX)
    painter.drawPixmap(place, mark, QRectF(mark.rect()))
