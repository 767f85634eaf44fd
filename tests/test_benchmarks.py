"""The benchmark compares the same computation: all its subjects have the same losses. No time is judged here."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

RUN = Path(__file__).parent.parent / "benchmarks" / "run.py"


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    out = tmp_path_factory.mktemp("benchmarks")
    done = subprocess.run(
        [sys.executable, RUN, "--quick", "--out", out], capture_output=True, text=True, env=os.environ, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, json.loads((out / "benchmarks.json").read_text())["tasks"]


@pytest.mark.slow
@pytest.mark.parametrize("task", ["micrograd-demo", "mlp-small", "mlp-large"])
def test_all_subjects_of_a_task_compute_the_same_losses(results, task):
    printed, tasks = results
    losses = {subject: found[0]["losses"] for subject, found in tasks[task].items() if "losses" in found[0]}
    assert {"tinygrad_edu"} <= set(losses)
    expected = losses["tinygrad_edu"]
    assert len(expected) == 3
    assert len(set(expected)) == 3  # the net is trained
    for subject, given in losses.items():
        assert given == pytest.approx(expected, rel=1e-9), subject
    for subject, found in tasks[task].items():
        assert "losses" in found[0] or f"| {subject} | skipped: {found[0]['skipped']} |" in printed


def test_what_is_not_installed_is_skipped_with_the_reason(results):
    printed, tasks = results
    torch = tasks["mlp-small"]["PyTorch"][0]
    assert "losses" in torch or "torch" in torch["skipped"]
    assert "| tinygrad_edu compiled |" in printed
