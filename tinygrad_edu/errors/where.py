"""The user's line: which file and line of the user's program is running, for messages and warnings."""

from __future__ import annotations

import os
import sys
import warnings
from types import CodeType, FrameType

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


class PackageFiles(dict[str, bool]):
    """File name -> whether the file is one of this package's; every name is looked at once."""

    def __missing__(self, name: str) -> bool:
        self[name] = name.startswith(_PACKAGE)
        return self[name]


package_files = PackageFiles()


def users_frame(skip: int = 1) -> FrameType:
    """Return the innermost frame that runs the user's code, not this package's.

    skip: how many of the innermost frames are known to be this package's.
    """
    frame = sys._getframe(1 + skip)
    while package_files[frame.f_code.co_filename] and (outer := frame.f_back) is not None:
        frame = outer
    return frame


def users_line() -> str:
    """Return `file:line` of the user's statement that is running now."""
    frame = users_frame()
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def line_of(code: CodeType | None, instruction: int) -> str:
    """Return `file:line` of an instruction, counted in bytes as in `frame.f_lasti`."""
    if code is None:
        return "an unknown line"
    line = code.co_firstlineno
    for start, stop, at in code.co_lines():
        if start <= instruction < stop and at is not None:
            line = at
    return f"{code.co_filename}:{line}"


def raised_by_signal_handler(error: BaseException) -> bool:
    """Return whether a signal handler of the user's raised an error, as for a limit of time: it is no fault of ours."""
    import signal

    handlers = [signal.getsignal(number) for number in signal.valid_signals()]
    codes = {getattr(getattr(handler, "__func__", handler), "__code__", None) for handler in handlers} - {None}
    part = error.__traceback__
    while part is not None and part.tb_frame.f_code not in codes:
        part = part.tb_next
    return part is not None


def warn(message: str, category: type[Warning]) -> None:
    """Warn at the user's line, where Python shows each warning once."""
    frame = users_frame()
    registry = frame.f_globals.setdefault("__warningregistry__", {})
    warnings.warn_explicit(message, category, frame.f_code.co_filename, frame.f_lineno, registry=registry)
