"""A process of its own for a learner's code, with limits of time, memory, files and processes.

SECURITY.md says what this promises: such code costs itself only. It is no sandbox: files can be read. Nothing that it
leaves behind is trusted: neither names in its folder, nor the answer that lies there.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Any

from ...errors.printable import printable
from ...system import files
from .program import HomeworkError
from .report import CodeReport

IMPORT = "from tinygrad_edu.check.homework.child import main"
PROGRAM = f"import sys; sys.path.insert(0, sys.argv[1]); {IMPORT}; main(sys.argv[2:])"
ROOT = Path(__file__).resolve().parents[3]
MEMORY = 4 << 30  # bytes of address space
WRITTEN = 64 << 20  # bytes of the largest file that may be written
ANSWER = 4 << 20  # bytes of an answer, at most
PRINTED, LINES = 2000, 10  # bytes and lines of output that are kept


def checked_in_child(
    path: Path, function: str, seed: int, seconds: float, folder: Path | None = None, appendix: str = ""
) -> CodeReport:
    """Return the report on a file, made in a process of its own. Raises HomeworkError where there is none.

    seconds: of wall time; after that the process and all it has started are killed. folder: where it runs (the
    file's). appendix: code that is run after the file's own.
    """
    path = path.resolve()
    if not path.is_file():
        raise HomeworkError(f"there is no file {path.name}")
    with files.scratch_folder("homework-") as scratch, (scratch / "output.txt").open("w+b") as output:
        answer = scratch / "answer.json"
        request = {"path": str(path), "function": function, "seed": seed, "answer": str(answer), "appendix": appendix}
        request |= {"seconds": seconds, "memory": MEMORY, "written": WRITTEN}
        status = run_child(request, output, folder or path.parent, seconds)
        data = answered(answer)
        if data is not None and "report" in data:
            try:
                return CodeReport.from_dict(data["report"])
            except (KeyError, TypeError, AttributeError):
                raise HomeworkError(f"{path.name} wrote an answer in the place of the checker's") from None
        if data is not None and "error" in data:
            raise HomeworkError(printable(str(data["error"]), keep="\n"))
        raise HomeworkError(f"{path.name} {ended(status, seconds)}{printed(output)}")


def run_child(request: dict[str, Any], output: IO[bytes], folder: Path, seconds: float) -> int | None:
    """Run the child, and return its exit status; None if it was killed because its time was over."""
    arguments = [sys.executable, "-I", "-X", "faulthandler=0", "-c", PROGRAM, str(ROOT), json.dumps(request)]
    scratch = str(Path(request["answer"]).parent)
    environment = {name: os.environ.get(name, "") for name in ("PATH", "SYSTEMROOT")}
    environment |= {"HOME": scratch, "TMPDIR": scratch, "MPLCONFIGDIR": scratch, "MPLBACKEND": "Agg"}
    environment |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    environment |= {"PYTHONIOENCODING": "utf-8", "PYTHONDONTWRITEBYTECODE": "1"}
    child = subprocess.Popen(
        arguments, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, cwd=folder, env=environment,
        start_new_session=True,
    )  # fmt: skip
    try:
        return child.wait(seconds)
    except subprocess.TimeoutExpired:
        return None
    finally:
        kill(child)


def kill(child: subprocess.Popen[bytes]) -> None:
    """End a child and all that it has started."""
    if hasattr(os, "killpg"):
        for _ in range(3):  # a process that forks while it is killed may leave one
            try:
                os.killpg(child.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                break
            time.sleep(0.01)
    else:  # pragma: no cover  # Windows, which has no groups of processes
        child.kill()
    child.wait()


def answered(answer: Path) -> dict[str, Any] | None:
    """Return the child's answer; None if it is missing or incomplete."""
    try:
        data = json.loads(files.read_regular(answer, ANSWER))
    except (OSError, ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


def ended(status: int | None, seconds: float) -> str:
    """Say how a process ended that gave no answer."""
    if status is None:
        return (
            f"was still running after {seconds:g} s and was stopped: keep training and plots out of the module, under "
            'if __name__ == "__main__":'
        )
    if status == 0:
        return "ended the process before it could be checked: it calls exit(), quit() or os._exit()"
    if status < 0:
        name = next((known.name for known in signal.Signals if known == -status), f"signal {-status}")
        reason = {"SIGXCPU": "it used up its computing time", "SIGKILL": "it was killed, as for want of memory"}.get(
            name
        )
        return f"was ended by {name}{f': {reason}' if reason else ''}"
    return f"ended with status {status}"


def printed(output: IO[bytes]) -> str:
    """Return the end of what the process printed; by the file that was handed to it, whatever its name is now."""
    output.seek(max(0, output.seek(0, os.SEEK_END) - PRINTED))
    lines = output.read(PRINTED).decode(errors="replace").strip().splitlines()
    text = "\n".join(lines[-LINES:])
    return f"\nIts output ends:\n{printable(text, keep=chr(10))}" if text else ""
