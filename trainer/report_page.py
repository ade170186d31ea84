"""The report of an evaluation as one HTML file: numbers, plots, and every picture with its captions.

Nothing is loaded from elsewhere: pictures are small JPEGs inside the file, plots are SVG (`plots`).
"""

from __future__ import annotations

import base64
import io
import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from html import escape
from pathlib import Path

from PIL import Image

from trainer.controls import open_picture, text_of
from trainer.dataset import Record
from trainer.decoding import Decoding
from trainer.metrics import signatures
from trainer.plots import bars
from trainer.report import MEASURES, Report, write_beside
from trainer.scoreboard import NARRATOR, PERSON
from trainer.significance import Difference, Estimate
from trainer.story_flow import FLOW_MEASURES

_LONGEST_PX = 240  # enough to recognise a panel; 400 pictures stay below 6 MB
_JPEG_QUALITY = 72
_SIGNIFICANT = 0.05

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2126; --dim: #616a75; --paper: #fbfaf8; --card: #fff; --rule: #dfdcd6;
  --bar: #a9b4c0; --main: #2f6fb0; --band: #4c9a6a33; --mark: #b03a2e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e4df; --dim: #9aa3ad; --paper: #16181b; --card: #1f2226;
  --rule: #353a40; --bar: #5b6672; --main: #6aa7e6; --band: #4c9a6a44; --mark: #ef8a7e; } }
body { margin: 0 auto; max-width: 76rem; padding: 2rem 1.25rem 4rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.7rem; margin: 0; } h2 { font-size: 1.2rem; margin: 2.5rem 0 .5rem; }
h3 { font-size: .95rem; margin: 0; }
p { max-width: 60rem; } .dim, figcaption, small { color: var(--dim); font-size: .85rem; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .7rem; border-bottom: 1px solid var(--rule); text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; } td small { display: block; font-size: .75rem; }
.sure { color: var(--main); font-weight: 700; } .plots + .wide { margin-top: 1rem; }
.plots { display: grid; grid-template-columns: repeat(auto-fill, minmax(24rem, 1fr)); gap: 1rem; }
.plots figure, .record { margin: 0; padding: .9rem 1rem; background: var(--card); border: 1px solid var(--rule);
  border-radius: .5rem; }
svg { width: 100%; height: auto; } svg text { fill: currentColor; font-size: 12px; } .bar { fill: var(--bar); }
.bar.main { fill: var(--main); } .band { fill: var(--band); } .whisker { stroke: currentColor; stroke-width: 1.5; }
.zero { stroke: var(--dim); } .mark { stroke: var(--mark); stroke-dasharray: 3 3; }
.record { display: grid; grid-template-columns: 240px 1fr; gap: 1rem; margin: .6rem 0; content-visibility: auto;
  contain-intrinsic-size: auto 220px; } .record img { max-width: 100%; border-radius: .25rem; }
dl { margin: 0; display: grid; align-content: start; gap: .2rem .9rem;
  grid-template-columns: minmax(7rem, max-content) 1fr; }
dt { color: var(--dim); font-size: .85rem; } dd { margin: 0; } dd.main { font-weight: 600; }
@media (max-width: 40rem) { .record, dl { grid-template-columns: 1fr; } }
"""


def write_page(report: Report, file: Path) -> None:
    """Write the report as a page of its own."""
    write_beside(file, lambda scratch: scratch.write_text(page(report), encoding="utf-8"))


def page(report: Report) -> str:
    """The whole page."""
    title = f"{report.model} on “{report.split}”"
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>",
        f"<h1>{escape(title)}</h1>",
        f'<p class="dim">{escape(_subtitle(report))}</p>',
        "<h2>At a glance</h2>",
        _plots(report, [name for name in MEASURES if name not in FLOW_MEASURES]),
        "<h2>Every measure</h2><p class='dim'>Value and 95 % interval, bootstrapped over books.</p>",
        _scores_table(report),
        "<h2>The narrator against the others</h2>",
        "<p class='dim'>Narrator minus the other on the same books, 95 % interval and two-sided p; "
        "bold where p is below 0.05. “person” is the reference texts.</p>",
        _differences_table(report),
        *_flow(report),
        "<h2>Pictures and captions</h2>",
        *_captions(report),
        _notes(),
        "</body></html>",
    ]
    return "\n".join(parts)


def _subtitle(report: Report) -> str:
    against = f", against {report.against}" if report.against else ""
    usual = asdict(Decoding())
    changed = [f"{name} {value}" for name, value in asdict(report.decoding).items() if value != usual[name]]
    decoding = ", ".join(changed) or "greedy, as by default"
    return f"{len(report.records)} records of {report.books} books{against}. Decoding: {decoding}."


def _plots(report: Report, names: Iterable[str]) -> str:
    figures = []
    for name in names:
        measure = MEASURES[name]
        rows = {system: scores[name] for system, scores in report.board.scores.items() if name in scores}
        if not rows:
            continue
        band, chance = report.board.bands.get(name), report.board.chance.get(name)
        drawn = bars(measure.label, rows, NARRATOR, measure.digits, (band.low, band.high) if band else None, chance)
        note = measure.note + ("" if chance is None else f" Dashed: chance, {chance:.3f}.")
        figures.append(f"<figure><h3>{measure.label}</h3>{drawn}<figcaption>{escape(note)}</figcaption></figure>")
    return f'<div class="plots">{"".join(figures)}</div>'


def _scores_table(report: Report) -> str:
    systems = list(report.board.scores)
    rows = [
        [measure.label, *(_score(report.board.scores[system].get(name), measure.digits) for system in systems)]
        for name, measure in MEASURES.items()
        if name in report.board.scores[NARRATOR]
    ]
    return _table(["", *map(escape, systems)], rows)


def _differences_table(report: Report) -> str:
    others = list(report.board.differences)
    rows = [
        [measure.label, *(_difference(report.board.differences[other].get(name), measure.digits) for other in others)]
        for name, measure in MEASURES.items()
        if name in report.board.scores[NARRATOR]
    ]
    return _table(["narrator minus", *map(escape, others)], rows)


def _flow(report: Report) -> list[str]:
    if not report.board.bands:
        return []
    rows = [
        [MEASURES[name].label, *(f"{value:.3f}" for value in (band.low, band.median, band.high, band.inside_frac))]
        for name, band in report.board.bands.items()
    ]
    heads = ["", "human 5 %", "human median", "human 95 %", "narrator's books inside"]
    return [
        "<h2>Story flow</h2>",
        "<p class='dim'>Shaded: where nine of ten human books lie. More is not better; a narrator should lie where "
        "people do. Values are means of books of at least four texts.</p>",
        _plots(report, FLOW_MEASURES),
        _table(heads, rows),
    ]


def _captions(report: Report) -> list[str]:
    parts = []
    places = itertools.groupby(range(len(report.records)), key=lambda place: report.records[place].book)
    for book, members in places:
        parts.append(f"<h3>{escape(book)}</h3>")
        for place in members:
            texts = [(system, captions[place]) for system, captions in report.systems.items()]
            parts.append(_record(report.records[place], texts))
    return parts


def _record(record: Record, texts: Sequence[tuple[str, str]]) -> str:
    lines = [f"<dt>{PERSON}</dt><dd>{escape(text_of(record))}</dd>"]
    for system, text in texts:
        kind = ' class="main"' if system == NARRATOR else ""
        lines.append(f"<dt>{escape(system)}</dt><dd{kind}>{escape(text)}</dd>")
    picture = f'<img src="{_data_uri(record.image)}" alt="" loading="lazy">'
    return (
        f'<div class="record"><div>{picture}<br><small>{escape(record.id)}</small></div><dl>{"".join(lines)}</dl></div>'
    )


def _notes() -> str:
    lines = [f"<dt>{measure.label}</dt><dd>{escape(measure.note)}</dd>" for measure in MEASURES.values()]
    signed = "; ".join(f"{name}: {signature}" for name, signature in signatures().items())
    return f'<h2>What the measures are</h2><dl>{"".join(lines)}</dl><p class="dim">sacreBLEU {escape(signed)}</p>'


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of cells that are HTML already."""
    head = "".join(f"<th>{cell}</th>" for cell in heads)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _score(score: Estimate | None, digits: int) -> str:
    if score is None or math.isnan(score.value):
        return "–"
    return f"{score.value:z.{digits}f}<small>{score.low:z.{digits}f} to {score.high:z.{digits}f}</small>"


def _difference(found: Difference | None, digits: int) -> str:
    if found is None or math.isnan(found.value):
        return "–"
    kind = ' class="sure"' if found.p < _SIGNIFICANT else ""
    interval = f"{found.low:+z.{digits}f} to {found.high:+z.{digits}f}, p = {found.p:.3f}"
    return f"<span{kind}>{found.value:+z.{digits}f}</span><small>{interval}</small>"


def _data_uri(file: Path) -> str:
    picture = open_picture(file)
    picture.thumbnail((_LONGEST_PX, _LONGEST_PX), Image.Resampling.LANCZOS)
    jpeg = io.BytesIO()
    picture.save(jpeg, "JPEG", quality=_JPEG_QUALITY, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(jpeg.getvalue()).decode("ascii")
