"""The child process: sets its own limits, checks one file, writes its answer at the very end."""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any

from ...errors import TinygradEduError
from ...system import files
from .check import check_program
from .program import LearnerProgram


def main(arguments: list[str]) -> None:
    """Carry out one request, and leave without running what the learner's code has left behind."""
    request = json.loads(arguments[0])
    limit(request)
    sys.path.insert(0, str(Path(request["path"]).parent))
    sys.argv = [request["path"]]
    files.write(request["answer"], json.dumps(answer(request)))
    os._exit(0)


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Return the report on the file that is asked for, or why there is none."""
    path = Path(request["path"])
    program: LearnerProgram | None = None
    try:
        program = LearnerProgram.read(path)
        if request["appendix"]:
            program = program.with_appendix(request["appendix"])
        return {"report": check_program(program, request["function"], request["seed"]).as_dict()}
    except TinygradEduError as error:
        return {"error": str(error)}
    except BaseException as error:  # what a learner's program raises, SystemExit too
        return {"error": exception_text(error, program, path.name)}


def limit(request: dict[str, Any]) -> None:
    """Limit computing time, memory, the size of files and the number of open ones; Windows has no such limits."""
    try:
        import resource
    except ImportError:
        return
    seconds = int(request["seconds"]) + 1
    for kind, most in (
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_AS, request["memory"]),
        (resource.RLIMIT_FSIZE, request["written"]),
        (resource.RLIMIT_NOFILE, 128),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 256),
    ):
        _, hard = resource.getrlimit(kind)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        try:
            resource.setrlimit(kind, (most, most))
        except (ValueError, OSError):
            continue


def exception_text(error: BaseException, program: LearnerProgram | None, name: str) -> str:
    """Say what a learner's program raised, and at which of its lines."""
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if program is not None and frame.filename == program.filename and frame.lineno
    ]
    at = f" at {program.place(lines[-1])}" if program is not None and lines else ""
    if isinstance(error, EOFError):
        return f"{name} asks for input{at}: give the value in the file instead, or a default"
    if isinstance(error, MemoryError):
        return f"{name} needs more memory than it may have{at}: take a smaller example"
    if isinstance(error, SystemExit):
        return f"{name} ends the program{at}: leave exit() and quit() out"
    return f"{name} fails{at}: {type(error).__name__}: {error}"
