"""Several devices and several processes: the same numbers as one, and an error where they cannot be."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import tinygrad_edu as tg

pytest.importorskip("jax", reason="JAX is not installed: pip install tinygrad-edu[xla]")
from test_xla import Run, all_close, batches  # which needs JAX too

HERE = Path(__file__).parent


def start(rank, processes, address, path):
    paths = os.pathsep.join([str(HERE.parent), str(HERE), os.environ.get("PYTHONPATH", "")])
    return subprocess.Popen(
        [sys.executable, str(HERE / "xla_workers.py"), str(rank), str(processes), address, str(path)],
        env=os.environ | {"PYTHONPATH": paths, "JAX_PLATFORMS": "cpu"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def said(worker):
    """What a worker says, line by line; the last is how JAX itself ended it, where it did."""
    try:
        out, err = worker.communicate(timeout=300)
    finally:
        worker.kill()
    lines = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    assert lines, err[-2000:]
    return [*lines, {"error": err}] if "another task died" in err else lines


def together(path):
    """Two workers on this machine, of two devices each."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    return [start(rank, 2, address, path) for rank in range(2)]


def test_four_devices_give_what_the_plain_engine_gives_with_uneven_batches_too():
    (found,) = said(start(0, 1, "-", ""))
    assert found["apart"] < 1e-12
    parameters = sum(p.size for p in Run("both", "momentum", None).model.parameters())
    batch_norm = 16  # numbers of each sum over the batch: mean, variance, and their gradients
    assert parameters <= found["reduced"] <= parameters + 10 * batch_norm  # what docs/scale.md reckons with


def test_two_processes_agree_and_one_that_is_lost_ends_the_run_which_a_checkpoint_resumes(tmp_path):
    left, lost = together(tmp_path / "run.safetensors")
    (found,) = said(lost)
    assert found["apart"] < 1e-12
    found, error = said(left)
    assert found["apart"] < 1e-12
    assert any(
        reason in error["error"]
        for reason in (
            "start all processes again from the last checkpoint",  # the sum over processes failed
            "another task died",  # or waited, until JAX missed the other's heartbeats
        )
    )
    assert left.returncode
    saved = tg.load(tmp_path / "run.safetensors")
    data = batches("both", 3, 32) + batches("both", 2, 33)
    resumed, whole = (Run("both", "momentum", None, 0.05) for _ in range(2))
    whole.train(data)
    resumed.model.load_state_dict(saved["model"])
    resumed.optimizer.load_state_dict(saved["optimizer"])
    all_close(resumed.model.state_dict().values(), whole.model.state_dict().values(), 1e-12)
    assert resumed.optimizer.steps == whole.optimizer.steps


def test_other_weights_in_one_process_are_an_error():
    for worker in together(""):
        (found,) = said(worker)
        assert "the processes begin with other weights, seeds or batches" in found["error"]
