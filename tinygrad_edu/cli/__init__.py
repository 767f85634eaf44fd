"""The command line, `tinygrad-edu COMMAND`; without a command it names three things to try.

`table.py` has a row for each command, `commands.py` its function, `arguments.py` what they are given.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

from ..errors import TinygradEduError
from ..system.streams import shown
from .table import COMMAND_LINE

FIRST_STEPS = """\
Three things to try now:

  tinygrad-edu live "(sigmoid(w*x + b) - y)**2"    a page: drag a number, and every gradient follows
  tinygrad-edu pad "(sigmoid(w*x + b) - y)**2"     derive it by hand: every line is checked as you type
  tinygrad-edu explain "relu(w*x + b)" --at w=2,x=3,b=-1    the chain rule in words and numbers

A page is a file that is written here: open it in a browser. tinygrad-edu --help names all commands."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0 done, 1 a check that failed, 2 a command that could not be done."""
    given = sys.argv[1:] if arguments is None else arguments
    with shown():
        return carried_out(given)


def carried_out(given: Sequence[str]) -> int:
    """Run one command and return its exit status."""
    if not given:
        print(FIRST_STEPS)
        return 0
    if [*given] == ["--version"]:
        from importlib import metadata

        print(f"tinygrad-edu {metadata.version('tinygrad-edu')}")
        return 0
    options, more = parser().parse_known_args([f" {text}" if starts_with_minus(text) else text for text in given])
    if more:
        numbers = all("=" in text and not text.startswith("-") for text in more)
        parser().error(
            f"unrecognized arguments: {' '.join(more)}"
            + (f"; the numbers of variables are one argument: --at {','.join(['w=2', *more])}" if numbers else "")
        )

    def say(message: object, *_: object, **__: object) -> None:
        print(f"tinygrad-edu {options.command}: {message}", file=sys.stderr)

    try:
        with warnings.catch_warnings():
            warnings.showwarning = say  # a line of this program would tell nobody anything
            status: int = options.run(options)
        sys.stdout.flush()
    except BrokenPipeError:  # who read has gone
        return 2
    except (TinygradEduError, OSError, ImportError) as error:
        say(error)
        return 2
    return status


def starts_with_minus(text: str) -> bool:
    """Tell whether an argument is a formula like -sin(x), which argparse would take for an option; a space helps."""
    option = text in ("-h", "-o") or (text.startswith("-o") and Path(text).suffix[1:].isalpha())
    return text.startswith("-") and not text.startswith("--") and len(text) > 1 and not option


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line. The docstring of a command's function is its help."""
    whole = argparse.ArgumentParser(prog="tinygrad-edu", description="Automatic differentiation that shows its work.")
    whole.add_argument("--version", action="store_true", help="print the version, by itself")
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for run, arguments in COMMAND_LINE.items():
        command = commands.add_parser(run.__name__, help=run.__doc__, description=run.__doc__)
        command.set_defaults(run=run)
        for names, settings in arguments:
            command.add_argument(*names, **settings)
    return whole
