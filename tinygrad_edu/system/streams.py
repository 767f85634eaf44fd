"""Output streams of the command line: each shows every text, whatever its encoding and whatever is in the text."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any, TextIO

from ..errors.printable import printable


class Shown:
    """A stream that writes what can be seen: what would act on a terminal, or is not in the encoding, is escaped.

    keep: characters that may act. It has no `fileno`, so nobody takes it for a file to write colours to.
    """

    def __init__(self, stream: TextIO, keep: str) -> None:
        self.stream = stream
        self.keep = keep
        self.encoding = getattr(stream, "encoding", None) or "utf-8"

    def write(self, text: str) -> int:
        """Write a text and return its length."""
        seen = printable(text, self.keep)
        self.stream.write(seen.encode(self.encoding, "backslashreplace").decode(self.encoding))
        return len(text)

    def flush(self) -> None:
        """Hand on what has been written."""
        self.stream.flush()

    def isatty(self) -> bool:
        """Return whether it is a terminal."""
        return self.stream.isatty()

    def empty(self) -> None:
        """Hand on what has been written; where nobody takes it, drop it, or Python would complain at its end."""
        try:
            self.stream.flush()
        except OSError:
            with contextlib.suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), self.stream.fileno())


@contextlib.contextmanager
def shown() -> Iterator[None]:
    """Print through `Shown` inside; a progress bar may go back to the beginning of its line on the stream of errors."""
    out: Any = Shown(sys.stdout, "\n\t")
    err: Any = Shown(sys.stderr, "\n\t\r")
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            yield
        finally:
            out.empty()
