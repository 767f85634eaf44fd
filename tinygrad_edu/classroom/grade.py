"""Grading: every submission of a folder in a process of its own, several at a time; marks and a page for the class.

Results are kept after each submission, with a digest of its file, so that a run that was broken off goes on where it
was. How a line is judged this module must not know.
"""

from __future__ import annotations

import csv
import hashlib
import html
import io
import json
import os
import shutil
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from ..check.homework.process import checked_in_child
from ..check.homework.program import HomeworkError
from ..check.homework.report import CodeReport
from ..draw.pages.page import Page
from ..errors.printable import printable, table_cell
from ..system import files
from ..system.declared import declared
from .exercises import exercise
from .sheets import exercise_of_file, judged_against

FULL = 100  # marks
SECONDS = 30.0  # of wall time for a submission
CLASS_STYLE = "td,th{text-align:left}.bar{background:var(--blue);height:1em}.all td:last-child{min-width:18em}"


@dataclass(frozen=True, slots=True)
class Mark:
    """The result of one submission. status: right, wrong or unusable; kind: of the mistake, for counting."""

    submission: str
    mark: float
    status: str
    exercise: str
    seed: int | None
    right: tuple[str, ...]
    wrong: tuple[str, ...]
    line: int | None
    kind: str
    mistake: str
    seconds: float
    digest: str


def submissions(folder: Path) -> list[Path]:
    """Return the Python files and notebooks in a folder and the folders in it, those with hidden names left out."""
    found = [path for path in sorted(folder.rglob("*")) if path.suffix.lower() in (".py", ".ipynb") and path.is_file()]
    return [path for path in found if not any(part.startswith((".", "__")) for part in path.relative_to(folder).parts)]


def grade(
    folder: Path, out: Path, *, jobs: int | None = None, seconds: float = SECONDS,
    progress: Callable[[int, int, str], None] = lambda done, count, name: None,
) -> list[Mark]:  # fmt: skip
    """Grade all submissions, write marks as CSV, JSON and a page beside it, and return them.

    out: the .csv file; the JSON and the page are named alike. seconds: of wall time for each. progress: called with
    how many are done, how many there are, and the one that was done last. Raises HomeworkError for an empty folder.
    """
    if not folder.is_dir():
        raise HomeworkError(f"there is no folder {folder}")
    paths = submissions(folder)
    if not paths:
        raise HomeworkError(f"{folder} holds no submission: no .py or .ipynb file")
    kept = {mark.submission: mark for mark in read_marks(out.with_suffix(".json"))}
    marks: dict[str, Mark] = {}
    waiting = []
    for path in paths:
        name = path.relative_to(folder).as_posix()
        if name in kept and kept[name].digest == digest(path):
            marks[name] = kept[name]
        else:
            waiting.append((name, path))
    with ThreadPoolExecutor(jobs or os.cpu_count() or 1) as pool:
        running = {pool.submit(marked, name, path, seconds): name for name, path in waiting}
        for future in as_completed(running):
            marks[running[future]] = future.result()
            write_json(out.with_suffix(".json"), list(marks.values()))
            progress(len(marks), len(paths), running[future])
    ordered = [marks[path.relative_to(folder).as_posix()] for path in paths]
    write_json(out.with_suffix(".json"), ordered)
    write_csv(out, ordered)
    files.write(out.with_suffix(".html"), class_page(ordered))
    return ordered


def marked(name: str, path: Path, seconds: float) -> Mark:
    """Return the mark of one submission."""
    start = time.monotonic()
    known = exercise_of_file(path)
    title, seed = known or ("", None)
    try:
        report = report_on(path, seconds)
    except (HomeworkError, OSError) as error:
        why, took = unusable(str(error)), round(time.monotonic() - start, 2)
        return Mark(name, 0, "unusable", title, seed, (), (), None, why, str(error), took, digest(path))
    took = round(time.monotonic() - start, 2)
    expected = exercise(title).parameters if known is not None else tuple(report.parameters)
    right = tuple(p for p in expected if p in report.parameters and report.parameters[p].ok)
    wrong = tuple(p for p in expected if p not in right)
    mistake = report.mistake or ""
    if report.mend and mistake.endswith(":"):
        mistake = f"{mistake} {report.mend.strip()}"
    if missing := [p for p in expected if p not in report.parameters]:
        mistake = f"{mistake} No gradient was returned for {', '.join(missing)}.".strip()
    kind = "right" if not wrong else report.kind or ("a gradient is missing" if report.right else "another mistake")
    mark = round(FULL * len(right) / max(1, len(expected)), 1)
    status = "wrong" if wrong else "right"
    return Mark(name, mark, status, title, seed, right, wrong, report.line, kind, mistake, took, digest(path))


def report_on(path: Path, seconds: float) -> CodeReport:
    """Check a copy of a submission, in a folder that is gone afterwards. Raises HomeworkError, OSError."""
    function, appendix = judged_against(path)
    with files.scratch_folder("grade-") as scratch:
        copy = scratch / path.name
        shutil.copyfile(path, copy)
        return checked_in_child(copy, function, 0, seconds, scratch, appendix)


UNUSABLE = {  # words of a problem, and how it is counted
    "still running": "does not end",
    "to be filled in": "not filled in",
    "no Python": "no Python",
    "asks for input": "asks for input",
    "nothing to check": "nothing to check",
    "memory": "too much memory",
}


def unusable(problem: str) -> str:
    """Return in two or three words why a submission could not be checked."""
    for mark, words in UNUSABLE.items():
        if mark in problem:
            return words
    return "fails"


def digest(path: Path) -> str:
    """Return a digest of a file; of one that cannot be read, nothing."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    except OSError:
        return ""


def read_marks(path: Path) -> list[Mark]:
    """Return the marks that an earlier run has kept; none if there are none, or they cannot be read."""
    try:
        found = [row["mark"] for row in json.loads(path.read_text(encoding="utf-8"))["submissions"]]
        return [declared(Mark(**{**row, "right": tuple(row["right"]), "wrong": tuple(row["wrong"])})) for row in found]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return []


def write_json(path: Path, marks: list[Mark]) -> None:
    """Write marks for autograders: for each submission a score and one test a gradient, in Gradescope's words."""
    files.write(path, json.dumps({"submissions": [as_result(mark) for mark in marks]}, indent=2))


def as_result(mark: Mark) -> dict[str, Any]:
    """Return the result of one submission for an autograder."""
    share = FULL / max(1, len(mark.right) + len(mark.wrong))
    tests = [
        {"name": f"∂L/∂{p}", "score": share if p in mark.right else 0, "max_score": share,
         "status": "passed" if p in mark.right else "failed"}
        for p in (*mark.right, *mark.wrong)
    ]  # fmt: skip
    return {
        "name": mark.submission,
        "score": mark.mark,
        "max_score": FULL,
        "output": mark.mistake,
        "tests": tests,
        "mark": asdict(mark),
    }


def write_csv(path: Path, marks: list[Mark]) -> None:
    """Write marks as a table. A cell that a spreadsheet would take for a formula begins with an apostrophe."""
    table = io.StringIO(newline="")
    rows = csv.writer(table)
    rows.writerow(field.name for field in fields(Mark))
    for mark in marks:
        shown = asdict(mark) | {"right": " ".join(mark.right), "wrong": " ".join(mark.wrong)}
        rows.writerow(map(table_cell, shown.values()))
    files.write(path, table.getvalue())


def class_page(marks: list[Mark]) -> str:
    """Return a page with how often each mistake was made, and the marks."""
    kinds = Counter(mark.kind for mark in marks)
    values = Counter(int(mark.mark // 10 * 10) for mark in marks)
    bars = "".join(bar(kind, n, len(marks)) for kind, n in kinds.most_common())
    lows = range(FULL, -1, -10)
    ranges = [(f"{low} to {low + 9}" if low < FULL else str(FULL), values[low]) for low in lows]
    steps = "".join(bar(name, n, len(marks)) for name, n in ranges)
    rows = "".join(
        f"<tr><td>{html_of(m.submission)}</td><td>{m.mark:g}</td><td>{html_of(m.kind)}</td>"
        f"<td>{m.line or ''}</td><td>{html_of(m.mistake)}</td></tr>"
        for m in marks
    )
    average = sum(m.mark for m in marks) / len(marks)
    body = (
        f"<h1>{len(marks)} submissions, {average:.0f} of {FULL} on average</h1><h2>Mistakes</h2><table>{bars}</table>"
        f"<h2>Marks</h2><table>{steps}</table><h2>Submissions</h2>"
        '<div class="scroll"><table class="all">'
        f"<tr><th>submission</th><th>mark</th><th>mistake</th><th>line</th><th>in words</th></tr>{rows}</table></div>"
    )
    return Page("Marks", body, styles=CLASS_STYLE).html


def html_of(text: str) -> str:
    """Return a text as HTML that shows it as it is."""
    return html.escape(printable(text))


def bar(name: str, n: int, of: int) -> str:
    """Return a row of a histogram."""
    width = f"min({20 * n / max(1, of):.1f}em,{50 * n / max(1, of):.0f}vw)"
    return f'<tr><td>{html_of(name)}</td><td>{n}</td><td><div class="bar" style="width:{width}"></div></td></tr>'
