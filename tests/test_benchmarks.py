"""The benchmark compares the same computation: all its subjects have the same losses. No time is judged here."""

import importlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent.parent
RUN = HERE / "benchmarks" / "run.py"
TASKS = ("micrograd-demo", "mlp-small", "mlp-medium", "mlp-large", "cnn")
POINTS = ("rows of a batch: 1", "width of layers: 8", "number of layers: 1", "nodes of a chain: 500")


@pytest.fixture
def page(monkeypatch):
    """A page of the benchmark as a module."""
    monkeypatch.syspath_prepend(str(RUN.parent))
    return importlib.import_module


@pytest.mark.slow
def test_a_quick_run_measures_everything_and_all_subjects_of_a_task_compute_the_same_losses(tmp_path):
    command = [sys.executable, RUN, "--quick", "--out", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ, check=False)
    assert done.returncode == 0, done.stderr
    content = json.loads((tmp_path / "results.json").read_text())
    tasks = {name: found["subjects"] for name, found in content["tasks"].items()}
    for task in (*TASKS, *POINTS):
        losses = {subject: found["losses"] for subject, found in tasks[task].items() if "losses" in found}
        expected = losses["tinygrad_edu"]
        assert len(set(expected)) == len(expected) == (2 if "chain" in task else 3)  # the net is trained
        for subject, given in losses.items():
            assert given == pytest.approx(expected, rel=1e-9), (task, subject)
        for subject in tasks[task].keys() - losses:
            reason = tasks[task][subject]["skipped"]
            assert "No module named" in reason or "not installed" in reason
            assert f"| {subject} | skipped: {reason} |" in done.stdout
    assert {"NumPy by hand", "tinygrad_edu", "tinygrad_edu compiled", "PyTorch", "JAX jit"} <= set(tasks["mlp-small"])
    made, walked, left = tasks["nodes of a chain: 500"]["tinygrad_edu"]["bytes"]
    assert 40 * 50 < made < walked  # the quick chain has 40 nodes
    assert left < made / 5  # and is gone once its last name is
    assert tasks["rows of a batch: 1"]["tinygrad_edu"]["memory"] >= 0
    assert set(tasks["import"]) == {"numpy", "tinygrad_edu"}
    assert tasks["pages of 1,000 nodes"]["picture"]["bytes"] > 10_000
    pytest.importorskip("matplotlib")
    for name in ("steps", "scaling"):
        assert "tinygrad_edu compiled" in (tmp_path / f"{name}.svg").read_text()


def test_different_losses_are_refused(page):
    disagreement = page("results").disagreement
    same = {"a": {"losses": [1.0, 2.0]}, "b": {"losses": [1.0, 2.0 + 1e-12]}, "c": {"skipped": "no"}}
    assert disagreement("task", same) is None
    assert "b has losses [1.0, 2.1]" in disagreement("task", same | {"b": {"losses": [1.0, 2.1]}})
    assert disagreement("task", same | {"b": {"losses": [1.0, float("nan")]}})


def test_ratios_are_of_turns_taken_in_the_same_round(page):
    results = page("results")
    rounds = {"a": [2.0, 20.0, 4.0], "b": [1.0, 10.0, 4.0]}
    tasks = {"t": {s: {"rounds": [{"step": [time, time / 2, 9]} for time in times]} for s, times in rounds.items()}}
    tasks["t"]["gone"] = {"rounds": tasks["t"]["a"]["rounds"], "failed": "it died"}
    assert results.ratio(tasks, "t", "a", "b") == 2.0
    assert results.median(tasks, "t", "a") == 4.0
    assert results.least(tasks, "t", "b") == 0.5
    assert results.spread(tasks, "t", "b") == 9 / 4
    assert results.ratio(tasks, "t", "a", "gone") is None


def test_a_promise_is_met_or_not_or_was_not_measured(page):
    budgets, seconds = page("budgets"), {"micrograd": 1.0, "tinygrad_edu": 0.02, "tinygrad_edu compiled": 0.1}
    tasks = {"micrograd-demo": {s: {"rounds": [{"step": [t, t, 1]}]} for s, t in seconds.items()}}
    for length in budgets.CHAINS:
        times = {"forward": [2e-6 * length, 0, 1], "backward": [1e-6 * length, 0, 1]}
        found = {"rounds": [times], "bytes": [100 * length, 200 * length, 0]}
        tasks[f"nodes of a chain: {length:,}"] = {"tinygrad_edu": found}
    met = {(promise.work, promise.target): promise.met(tasks) for promise in budgets.budgets()}
    assert met["micrograd-demo, eager", "≥ 30 × quicker than micrograd"] is True
    assert met["micrograd-demo, compiled", "≥ 10,000 × quicker than micrograd"] is False
    assert met["chains of 10³ to 10⁶ scalar nodes", "time a node even within 1.3 ×"] is True
    assert met["chains of 10³ to 10⁶ scalar nodes", "≤ 250 bytes a node"] is True
    assert {met[key] for key in met if key[0].startswith("mlp")} == {None}
    found["rounds"][0]["forward"][0] *= 1.5  # now the longest chain is slow
    found["bytes"][1] *= 2
    met = {(promise.work, promise.target): promise.met(tasks) for promise in budgets.budgets()}
    assert met["chains of 10³ to 10⁶ scalar nodes", "time a node even within 1.3 ×"] is False
    assert met["chains of 10³ to 10⁶ scalar nodes", "≤ 250 bytes a node"] is False


def test_compiling_pays_once_the_first_step_is_caught_up_with(page):
    times = {"tinygrad_edu": 0.003, "tinygrad_edu compiled": 0.001}
    tasks = {"cnn": {s: {"first": 0.0101, "rounds": [{"step": [t, t, 1]}]} for s, t in times.items()}}
    (line,) = page("tables").paying(tasks).splitlines()[2:]
    assert line == "| cnn | 10.1 ms | 3 ms | 1 ms | 5 steps |  |"  # 10.1 + 4 · 1 < 5 · 3, and 10.1 + 3 · 1 > 4 · 3
    tasks["cnn"]["tinygrad_edu"]["rounds"][0]["step"][0] = 0.001
    assert "never" in page("tables").paying(tasks)


def test_a_net_that_diverges_is_not_measured(page):
    losses = iter([3.0, 2.0, 1.0, 0.5, float("nan")])
    about, once = page("tasks").trained(lambda: next(losses))
    assert about["losses"] == [3.0, 2.0, 1.0]
    assert once()["step"] >= 0
    with pytest.raises(ArithmeticError, match="no longer finite"):
        once()


def test_a_subject_that_dies_is_told_and_the_others_go_on(page, monkeypatch):
    turns = page("turns")
    racer = turns.Racer("numpy", "import")
    racer.get_ready()
    racer.take(0.0)
    assert racer.runs
    racer.process.kill()
    racer.take(0.0)
    assert not racer.runs
    assert "failed" in racer.found
    assert len(racer.found["rounds"]) == 1
    racer.end()


def test_a_run_that_was_broken_off_goes_on(page, tmp_path, monkeypatch):
    results, run = page("results"), page("run")
    kept = results.Kept(tmp_path / "results.json")
    kept.go_on_here()
    kept.keep("mlp-small", {"a": {"losses": [1.23456789], "rounds": [{"step": [0.123456, 0.1, 3]}]}}, [1.0, 2.0])
    again = results.Kept(tmp_path / "results.json")
    assert again.tasks["mlp-small"]["a"] == {"losses": [1.23456789], "rounds": [{"step": [0.1235, 0.1, 3]}]}
    assert run.chosen(["mlp", "cnn"], again, missing=True) == ["mlp-medium", "mlp-large", "cnn"]
    assert run.chosen(["mlp-s"], again, missing=False) == ["mlp-small"]
    again.go_on_here()
    monkeypatch.setattr(results.blas, "processor", lambda: "another one")
    with pytest.raises(SystemExit, match=r"of another machine: processor was .*, is 'another one'. Move it away"):
        again.go_on_here()
    with pytest.raises(SystemExit, match="no task begins with 'x'"):
        run.chosen(["x"], again, missing=False)


def test_the_page_on_performance_shows_what_was_measured(page):
    content = json.loads((RUN.parent / "results.json").read_text())
    tables, text = page("tables"), (HERE / "docs" / "performance.md").read_text()
    assert f"{tables.BEGIN}\n{tables.measured(content)}\n{tables.END}" in text, (
        "run `benchmarks/run.py --tasks --write`"
    )
    for picture in re.findall(r"\(images/(\w+\.svg)\)", text):
        assert (HERE / "docs" / "images" / picture).exists()
