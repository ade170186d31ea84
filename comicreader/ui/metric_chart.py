"""Curves of a training run as it goes on: one group of measures at a time."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QComboBox, QVBoxLayout, QWidget

from comicreader.ui.theme import Theme

_GROUPS = {
    "Loss": ("train/loss", "eval/loss"),
    "Quality": ("eval/chrf", "eval/bleu"),
    "Likeness": ("eval/similarity", "eval/distinct_2"),
    "Reward": ("reward/",),
    "Drift": ("train/kl", "train/entropy"),
}
"""What is drawn together: names of measures, or beginnings of names that end in a slash."""

# Told apart by people who see few colours too (Okabe & Ito 2008).
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#999999")
_PLOT_HEIGHT_PX = 210


class MetricChart(QWidget):
    """Draws measures over steps. The drawing library is loaded when the first point comes."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._points: dict[str, list[tuple[int, float]]] = {}
        self._plot: Any = None
        self._group = QComboBox()
        self._group.setAccessibleName(self.tr("Which curves"))
        for name in _GROUPS:
            self._group.addItem(self.tr(name), name)
        self._group.currentIndexChanged.connect(self._draw)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.addWidget(self._group)
        theme.changed.connect(self._restyle)

    @property
    def points(self) -> dict[str, list[tuple[int, float]]]:
        """Step and value, by measure."""
        return self._points

    def clear(self) -> None:
        """Another run."""
        self._points.clear()
        self._draw()

    def add(self, step: int, values: dict[str, float]) -> None:
        """Take in measures of a step; steps that were gone back to replace what followed them."""
        for name, value in values.items():
            row = self._points.setdefault(name, [])
            while row and row[-1][0] >= step:
                row.pop()
            row.append((step, value))
        self._draw()

    def _shown(self) -> list[str]:
        """The measures of the chosen group that there are."""
        wanted = _GROUPS[self._group.currentData()]
        return [
            name
            for name in self._points
            if any(name == want or (want.endswith("/") and name.startswith(want)) for want in wanted)
            and not name.startswith("reward/raw_")
        ]

    def _draw(self) -> None:
        if self._plot is None:
            if not self._points:
                return
            self._make_plot()
        import pyqtgraph as pg

        self._plot.clear()
        legend = self._plot.addLegend(offset=(-6, 6), labelTextColor=self._theme.colors.text)
        legend.clear()
        for number, name in enumerate(self._shown()):
            steps, values = zip(*self._points[name], strict=True)
            colour = _COLOURS[number % len(_COLOURS)]
            is_dev = name.startswith("eval/")
            self._plot.plot(
                list(steps), list(values), name=name, pen=pg.mkPen(colour, width=2),
                symbol="o" if is_dev or len(steps) == 1 else None, symbolSize=6, symbolBrush=colour, symbolPen=None,
            )  # fmt: skip

    def _make_plot(self) -> None:
        import pyqtgraph as pg

        self._plot = pg.PlotWidget()
        self._plot.setAccessibleName(self.tr("Curves of the training"))
        self._plot.setMouseEnabled(x=False, y=False)
        self._plot.setFixedHeight(_PLOT_HEIGHT_PX)
        self._plot.hideButtons()
        self._plot.setMenuEnabled(False)
        self._plot.setLabel("bottom", self.tr("step"))
        self._column.addWidget(self._plot, stretch=1)
        self._restyle()

    def _restyle(self) -> None:
        if self._plot is None:
            return
        colors = self._theme.colors
        self._plot.setBackground(colors.surface)
        for side in ("bottom", "left"):
            axis = self._plot.getAxis(side)
            axis.setPen(colors.border_strong)
            axis.setTextPen(colors.muted)
        self._draw()
