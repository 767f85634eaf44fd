"""Real signals and forks: state is whole, modes end with their blocks, and nobody waits for a lock for ever."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tinygrad_edu import Value, no_grad
from tinygrad_edu.core import commit

PACKAGE = Path(commit.__file__).parents[1]
CAMPAIGN = Path(__file__).parent / "campaigns" / "signals.py"
UNIX = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there are no timers that send signals")


@UNIX
@pytest.mark.slow
def test_state_is_whole_after_real_signals():
    done = subprocess.run([sys.executable, CAMPAIGN, "60"], capture_output=True, text=True, check=True, timeout=120)
    assert "torn 0" in done.stdout
    assert "left on 0" in done.stdout


@UNIX
def test_a_signal_handler_may_call_backward():
    """It interrupts a backward() of the same leaf in the same thread, and both gradients are added."""
    w, calls, random_time = Value(3.0), [0, 0], random.Random(0)

    def handler(*_):
        (w * w).backward()
        calls[0] += 1
        if calls[0] < 200:  # else it would keep the other from ever finding its leaf unchanged
            signal.setitimer(signal.ITIMER_REAL, random_time.uniform(1e-5, 2e-4))

    before = signal.signal(signal.SIGALRM, handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 1e-4)
        while calls[0] < 200:
            (w * w).backward()
            calls[1] += 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert w.grad == 6.0 * sum(calls)


def test_no_lock_is_waited_for_by_a_handler_that_interrupts_whoever_holds_it():
    for path in PACKAGE.rglob("*.py"):
        assert "threading.Lock(" not in path.read_text("utf-8"), f"{path}: an RLock lets the same thread in again"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("gil", [True, False])
def test_a_child_forked_while_threads_go_back_does_not_hang(gil, monkeypatch):
    monkeypatch.setattr(commit, "HAS_GIL", gil)
    w, over = Value(3.0), threading.Event()

    def work():
        while not over.is_set():
            (w * w).backward()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        codes = [forked() for _ in range(20)]
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert codes == [0] * 20


def forked():
    """Run backward() in a child; return its exit code, or None where it hangs."""
    child = os.fork()
    if not child:
        x = Value(2.0)
        (x * x).backward()
        os._exit(0 if x.grad == 4.0 else 1)
    for _ in range(1000):
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def test_an_interrupt_at_the_first_instruction_of_exit_does_not_leave_a_mode_on():
    kept = []  # as a notebook keeps the last traceback

    def interrupt(frame, event, _):
        if event == "call" and frame.f_code.co_name == "leave":
            raise KeyboardInterrupt

    block = no_grad()
    for context in (no_grad, lambda: block):  # made for one block, and shared
        try:
            with context():
                usual = sys.gettrace()
                sys.settrace(interrupt)
        except KeyboardInterrupt as error:
            kept.append(error)
        finally:
            sys.settrace(usual)
        assert (Value(1.0) * 2.0).op is not None
    assert len(kept) == 2
