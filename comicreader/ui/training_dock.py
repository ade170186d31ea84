"""The panel for training a narrator: what it learns from and how, how the run goes, and the runs there were."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDockWidget,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from comicreader.services.narrator_choices import TrainedNarrator
from comicreader.services.run_history import RunSummary
from comicreader.services.training_estimate import estimated_gib, estimated_seconds, pace_of
from comicreader.services.training_presets import PRESETS, Preset
from comicreader.services.training_run import RunPhase, RunStatus
from comicreader.ui.config_form import ConfigForm
from comicreader.ui.dock_header import dock_header
from comicreader.ui.labels import quiet_label
from comicreader.ui.metric_chart import MetricChart
from comicreader.ui.theme import Theme
from comicreader.ui.training_presenter import TrainingChoices
from trainer.config import ConfigError, RlConfig, SftConfig
from trainer.events import Event, Metrics, Sample, in_words

# Asked for above the form, or set by the program.
_ELSEWHERE = frozenset({"data", "run", "model"})
_MIN_WIDTH_PX = 360
_MINUTES_TO_SAY = 100
_LOG_LINES = 2000
_LOG_HEIGHT_PX = 110
_RUNS_HEIGHT_PX = 150


class TrainingDock(QDockWidget):
    """Asks and shows; whoever wires it knows what follows.

    Signals:
        start_requested(str, Options, Path | None): kind, configuration, data set's folder (None: the person's own).
        folder_requested(): the person wants to choose a folder; `add_folder` brings it.
        smaller_requested(Path): go on with a run that had too little memory, in smaller portions.
        stop_requested(): end with a checkpoint.
        resume_requested(Path): go on with a run.
        use_requested(Path): let a run's best narrator write from now on.
        compare_requested(Path): put a run's best narrator beside the one that writes now.
        export_requested(Path): copy a run's best narrator elsewhere.
        note_requested(Path): write a note on a run.
        delete_requested(Path): take a run off the disk.
        close_requested(): the person wants the panel out of sight.
    """

    start_requested = Signal(str, object, object)
    folder_requested = Signal()
    stop_requested = Signal()
    resume_requested = Signal(object)
    smaller_requested = Signal(object)
    use_requested = Signal(object)
    compare_requested = Signal(object)
    export_requested = Signal(object)
    note_requested = Signal(object)
    delete_requested = Signal(object)
    close_requested = Signal()

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("training")
        self.setWindowTitle(self.tr("Training"))
        self.setFeatures(QDockWidget.DockWidgetFeature.DockWidgetMovable)
        self.setAllowedAreas(Qt.DockWidgetArea.LeftDockWidgetArea | Qt.DockWidgetArea.RightDockWidgetArea)
        hint = self.tr("Hide the training; it goes on")
        self.setTitleBarWidget(
            dock_header("captionsHeader", self.tr("Train a narrator"), hint, theme, self.close_requested.emit)
        )
        self._status: RunStatus | None = None
        self._first_samples: dict[str, str] = {}
        self._data = _combo(self.tr("Learn from"))
        self._start_model = _combo(self.tr("Start from"))
        self._preset = _combo(self.tr("How"))
        self._note = quiet_label()
        self._form = ConfigForm(_ELSEWHERE)
        self._problem, self._estimate = quiet_label(), quiet_label()
        self._captions: dict[str, int] = {}
        self._known_runs: tuple[RunSummary, ...] = ()
        self._smaller = QPushButton(self.tr("Go on in smaller portions"))
        self._start = QPushButton(self.tr("Start training"))
        self._state = QLabel()
        self._state.setWordWrap(True)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._detail = quiet_label()
        self._stop = QPushButton(self.tr("Pause"))
        self._resume = QPushButton(self.tr("Go on"))
        self.chart = MetricChart(theme)
        self._samples = quiet_label()
        self._log = QPlainTextEdit()
        self._runs = QListWidget()
        self._use = QPushButton(self.tr("Use as narrator"))
        self._compare = QPushButton(self.tr("Compare…"))
        self._export = QPushButton(self.tr("Export…"))
        self._note_on_run = QPushButton(self.tr("Note…"))
        self._go_on = QPushButton(self.tr("Go on"))
        self._delete = QPushButton(self.tr("Delete"))
        self._lay_out()
        self._join()
        self.setMinimumWidth(_MIN_WIDTH_PX)
        self.show_choices(TrainingChoices(0, ()))
        self._show_preset()
        self.show_status(None)

    # What is chosen

    def show_choices(self, choices: TrainingChoices) -> None:
        """What there is to learn from."""
        chosen = self._data.currentData()
        self._data.blockSignals(True)
        self._data.clear()
        if choices.captions:
            text = self.tr("My captions ({count})").format(count=choices.captions)
            self._data.addItem(text, "")
        self._captions = {"": choices.captions} | {str(folder): count for folder, count in choices.datasets}
        for folder, _count in choices.datasets:
            self._data.addItem(folder.name, str(folder))
        self._data.addItem(self.tr("Another folder…"), None)
        self._data.setCurrentIndex(max(0, self._data.findData(chosen) if chosen else 0))
        self._data.blockSignals(False)
        self._show_problem()

    def add_folder(self, folder: Path) -> None:
        """A folder that the person chose."""
        self._data.insertItem(0, folder.name, str(folder))
        self._data.setCurrentIndex(0)

    def show_narrators(self, narrators: tuple[TrainedNarrator, ...]) -> None:
        """What a training can start from."""
        chosen = self._start_model.currentData()
        self._start_model.clear()
        self._start_model.addItem(self.tr("The built-in narrator"), "embedded")
        for narrator in narrators:
            self._start_model.addItem(narrator.title, str(narrator.folder))
        self._start_model.setCurrentIndex(max(0, self._start_model.findData(chosen)))

    def _chosen_preset(self) -> Preset:
        return PRESETS[max(0, self._preset.currentIndex())]

    def _show_preset(self) -> None:
        preset = self._chosen_preset()
        self._note.setText(self.tr(preset.note))
        self._form.show_config(preset.config())
        self._show_problem()

    def _config(self) -> SftConfig | RlConfig:
        config = self._form.config(self._chosen_preset().config())
        return replace(config, model=self._start_model.currentData() or "embedded")

    def _show_problem(self) -> None:
        problem = ""
        if self._data.currentData() is None:
            problem = self.tr("There is nothing to learn from yet: correct captions with E, or choose a data set.")
        else:
            try:
                self._config()
            except ConfigError as error:
                problem = str(error)
        self._show_estimate(is_known=not problem)
        self._problem.setText(problem)
        self._problem.setVisible(bool(problem))
        self._start.setEnabled(not problem and (self._status is None or self._status.is_over))

    def _show_estimate(self, *, is_known: bool) -> None:
        """How long it will take; nothing where the data set's size is not known."""
        captions = self._captions.get(self._data.currentData() or "", 0)
        self._estimate.setVisible(is_known and captions > 0)
        if not is_known or not captions:
            return
        config = self._config()
        pace = pace_of(self._chosen_preset().kind, self._known_runs)
        minutes = max(1, round(estimated_seconds(config, captions, pace) / 60))
        text = self.tr("About {minutes} min at most").format(minutes=minutes)
        if minutes > _MINUTES_TO_SAY:
            text = self.tr("About {hours:.1f} h at most").format(hours=minutes / 60)
        basis = self.tr("at the pace of your last training") if pace.is_measured else self.tr("on a common processor")
        sentences = [f"{text}, {basis}."]
        if isinstance(config, SftConfig):
            gib = estimated_gib(config, captions)
            sentences.append(self.tr("It takes about {gib:.0f} GB of memory.").format(gib=gib))
        self._estimate.setText(" ".join(sentences))

    def _on_start(self) -> None:
        data = self._data.currentData()
        self.start_requested.emit(self._chosen_preset().kind, self._config(), Path(data) if data else None)

    # The run

    def begin_run(self, folder: Path) -> None:
        """Another run is shown from now on."""
        self.chart.clear()
        self._first_samples.clear()
        self._samples.setText("")
        self._log.clear()
        self._log.appendPlainText(folder.name)

    def tell(self, event: Event) -> None:
        """Show an event of the run."""
        if isinstance(event, Metrics):
            self.chart.add(event.step, event.values)
            return
        if isinstance(event, Sample):
            first = self._first_samples.setdefault(event.record_id, event.text)
            self._samples.setText(
                self.tr("A person wrote: {reference}\nAt the start: {first}\nNow, step {step}: {text}").format(
                    reference=event.reference, first=first, step=event.step, text=event.text
                )
            )
            return
        self._log.appendPlainText(in_words(event).rstrip())

    def show_preparing(self, text: str) -> None:
        """Something is done before the run can start."""
        self._state.setText(text)
        self._bar.setRange(0, 0)
        self._bar.setVisible(True)

    def show_status(self, status: RunStatus | None) -> None:
        """How the run stands; None where none is followed."""
        self._status = status
        is_on = status is not None and not status.is_over
        self._state.setText(self.tr("No training is going on.") if status is None else self._in_words(status))
        self._bar.setVisible(is_on)
        if status is not None:
            self._bar.setRange(0, status.total_steps if status.step else 0)
            self._bar.setValue(status.step)
            self._detail.setText(self._details(status))
        self._stop.setVisible(is_on)
        self._stop.setEnabled(status is not None and status.phase is not RunPhase.STOPPING)
        self._resume.setVisible(status is not None and status.can_resume)
        self._smaller.setVisible(status is not None and status.reason == "out_of_memory" and status.is_over)
        self._show_problem()

    def _in_words(self, status: RunStatus) -> str:
        words = {
            RunPhase.STARTING: self.tr("Starting…"),
            RunPhase.RUNNING: self.tr("Training."),
            RunPhase.STOPPING: self.tr("Pausing after this step…"),
            RunPhase.STOPPED: self.tr("Paused."),
            RunPhase.FINISHED: self.tr("Finished."),
            RunPhase.FAILED: self.tr("Failed."),
            RunPhase.DIED: self.tr("It ended unexpectedly; go on from the last checkpoint."),
        }[status.phase]
        told = status.message if status.phase is not RunPhase.DIED else ""
        return " ".join(part for part in (words, told, status.hint) if part)

    def _details(self, status: RunStatus) -> str:
        if not status.step:
            return status.device
        left = "" if status.eta_s is None else self.tr(" · about {minutes} min left").format(
            minutes=max(1, round(status.eta_s / 60))
        )  # fmt: skip
        return self.tr("Step {step} of {total}{left} · {device}").format(
            step=status.step, total=status.total_steps, left=left, device=status.device
        )

    # The runs

    def show_runs(self, runs: tuple[RunSummary, ...], notes: Mapping[str, str]) -> None:
        """The runs on this computer, newest first, and what the person noted on them."""
        chosen = self._run()
        self._known_runs = runs
        self._runs.clear()
        for run in runs:
            known = [name for name in ("loss", "chrf", "bleu") if name in run.figures]
            figures = ", ".join(f"{name} {run.figures[name]:.3g}" for name in known)
            if run.forgotten:
                figures += self.tr(", forgot {nats:.2g}").format(nats=run.forgotten)
            size = self.tr("{size} MB").format(size=max(1, run.size_bytes >> 20))
            parts = (run.name, run.status.phase.value, figures, size)
            lines = [" · ".join(part for part in parts if part), notes.get(run.name, "")]
            item = QListWidgetItem("\n".join(line for line in lines if line))
            item.setData(Qt.ItemDataRole.UserRole, run)
            self._runs.addItem(item)
            if chosen is not None and chosen.name == run.name:
                self._runs.setCurrentItem(item)
        self._show_run_buttons()

    def _run(self) -> RunSummary | None:
        item = self._runs.currentItem()
        run: RunSummary | None = None if item is None else item.data(Qt.ItemDataRole.UserRole)
        return run

    def _show_run_buttons(self) -> None:
        run = self._run()
        is_free = self._status is None or self._status.is_over
        for button in (self._use, self._compare, self._export):
            button.setEnabled(run is not None and run.best_model is not None)
        self._note_on_run.setEnabled(run is not None)
        self._go_on.setEnabled(run is not None and run.status.can_resume and is_free)
        self._delete.setEnabled(run is not None and run.status.is_over)

    def _of_run(self, emit: Callable[[Path], object]) -> Callable[[], None]:
        def press() -> None:
            run = self._run()
            if run is not None:
                emit(run.status.folder)

        return press

    def _on_use(self) -> None:
        run = self._run()
        if run is not None and run.best_model is not None:
            self.use_requested.emit(run.best_model)

    # Parts

    def _join(self) -> None:
        self._preset.currentIndexChanged.connect(self._show_preset)
        self._form.changed.connect(self._show_problem)
        self._data.activated.connect(lambda _index: self._on_data())
        self._data.currentIndexChanged.connect(lambda _index: self._show_problem())
        self._start.clicked.connect(self._on_start)
        self._stop.clicked.connect(self.stop_requested)
        self._resume.clicked.connect(self._on_resume)
        self._smaller.clicked.connect(self._on_smaller)
        self._runs.currentItemChanged.connect(lambda *_: self._show_run_buttons())
        self._use.clicked.connect(self._on_use)
        self._go_on.clicked.connect(self._of_run(self.resume_requested.emit))
        self._compare.clicked.connect(self._of_run(self.compare_requested.emit))
        self._export.clicked.connect(self._of_run(self.export_requested.emit))
        self._note_on_run.clicked.connect(self._of_run(self.note_requested.emit))
        self._delete.clicked.connect(self._of_run(self.delete_requested.emit))

    def _on_data(self) -> None:
        if self._data.currentData() is None:
            self.folder_requested.emit()

    def _on_resume(self) -> None:
        if self._status is not None:
            self.resume_requested.emit(self._status.folder)

    def _on_smaller(self) -> None:
        if self._status is not None:
            self.smaller_requested.emit(self._status.folder)

    def _lay_out(self) -> None:
        for preset in PRESETS:
            self._preset.addItem(self.tr(preset.name))
        self._start_model.addItem(self.tr("The built-in narrator"), "embedded")
        self._start.setProperty("role", "primary")
        self._log.setReadOnly(True)
        self._log.setMaximumBlockCount(_LOG_LINES)
        self._log.setFixedHeight(_LOG_HEIGHT_PX)
        self._log.setAccessibleName(self.tr("What the training says"))
        self._runs.setAccessibleName(self.tr("Trainings on this computer"))
        self._runs.setFixedHeight(_RUNS_HEIGHT_PX)
        self._runs.setWordWrap(True)
        choices = QFormLayout()
        for text, field in (
            (self.tr("Learn from"), self._data),
            (self.tr("Start from"), self._start_model),
            (self.tr("How"), self._preset),
        ):
            choices.addRow(text, field)
        column = QVBoxLayout()
        column.setContentsMargins(14, 12, 14, 14)
        column.setSpacing(9)
        column.addLayout(choices)
        for part in (
            self._note,
            _fold(self.tr("All settings"), self._form),
            self._problem,
            self._estimate,
            self._start,
            _line(),
            self._state,
            self._bar,
            self._detail,
            _row(self._stop, self._resume, self._smaller),
            self.chart,
            self._samples,
            _fold(self.tr("What it says"), self._log),
            _heading(self.tr("Trainings on this computer")),
            self._runs,
            _row(self._compare, self._use),
            _row(self._go_on, self._note_on_run, self._export, self._delete),
        ):
            column.addWidget(part)
        column.addStretch(1)
        body = QWidget()
        body.setObjectName("trainingBody")
        body.setLayout(column)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(body)
        self.setWidget(scroll)


def _combo(name: str) -> QComboBox:
    combo = QComboBox()
    combo.setAccessibleName(name)
    combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    combo.setMinimumContentsLength(12)
    return combo


def _heading(text: str) -> QLabel:
    label = QLabel(text)
    font = label.font()
    font.setBold(True)
    label.setFont(font)
    return label


def _line() -> QWidget:
    line = QWidget()
    line.setFixedHeight(6)
    return line


def _row(*widgets: QWidget) -> QWidget:
    holder = QWidget()
    row = QHBoxLayout(holder)
    row.setContentsMargins(0, 0, 0, 0)
    for widget in widgets:
        row.addWidget(widget)
    row.addStretch(1)
    return holder


def _fold(title: str, content: QWidget) -> QWidget:
    """A line that shows or hides what is below it; hidden at first."""
    button = QToolButton()
    button.setText(title)
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    button.setArrowType(Qt.ArrowType.RightArrow)
    button.setCheckable(True)

    def show(is_open: bool) -> None:
        content.setVisible(is_open)
        button.setArrowType(Qt.ArrowType.DownArrow if is_open else Qt.ArrowType.RightArrow)

    button.toggled.connect(show)
    holder = QWidget()
    column = QVBoxLayout(holder)
    column.setContentsMargins(0, 0, 0, 0)
    column.addWidget(button)
    column.addWidget(content)
    content.setVisible(False)
    return holder
