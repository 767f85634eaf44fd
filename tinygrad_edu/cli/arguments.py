"""Arguments of the command line: how each is spelled, read and described. Knows no command."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

REPORT_FORMATS = ("text", "markdown", "latex", "json")
PICTURE_FORMATS = (".svg", ".html", ".png", ".pdf", ".dot", ".tex")


class Argument(NamedTuple):
    """One argument: its names, and the keywords of `ArgumentParser.add_argument`."""

    names: tuple[str, ...]
    settings: dict[str, Any]


def argument(*names: str, **settings: Any) -> Argument:
    """Return an argument of these names; the keywords are argparse's."""
    return Argument(names, settings)


def integer_from(least: int) -> Callable[[str], int]:
    """Return the reader of an argument that is a whole number from `least` up."""

    def number(text: str) -> int:
        try:
            n = int(text)
        except ValueError:
            n = least - 1
        if n < least:
            raise argparse.ArgumentTypeError(f"{text.strip()!r} is not a whole number from {least} up")
        return n

    return number


def path_ending(*suffixes: str) -> Callable[[str], Path]:
    """Return the reader of a path that ends in one of `suffixes`."""

    def path(text: str) -> Path:
        if Path(text).suffix.lower() not in suffixes:
            raise argparse.ArgumentTypeError(f"{text!r} does not end in {' or '.join(suffixes)}")
        return Path(text)

    return path


def seed_of(what: str) -> Argument:
    """Return `--seed`, of random numbers for `what`."""
    return argument("--seed", type=integer_from(0), default=0, help=f"of {what} (0)")


def output(read: Callable[[str], Path], what: str, default: str | None = None) -> Argument:
    """Return `-o`, the path to write to; without a default it must be given."""
    path = None if default is None else Path(default)
    return argument("-o", "--out", type=read, default=path, required=default is None, help=what)


def output_page(name: str) -> Argument:
    """Return `-o`, the HTML page to write, called `name` unless it is given."""
    return output(path_ending(".html"), f"the page ({name})", name)


def numbers_at(what: str) -> Argument:
    """Return `--at`, the numbers of variables."""
    return argument("--at", default="", metavar="NAME=NUMBER,…", help=what)


def variable(what: str) -> Argument:
    """Return `--wrt`, the variable of a derivative."""
    return argument("--wrt", default="", metavar="NAME", help=what)


FORMULA = argument("expression", help='a formula, like "relu(w*x + b)"')
AT = numbers_at("the numbers to put in, like w=2,x=3,b=-1")
FORMAT = argument("--format", choices=REPORT_FORMATS, default="text", help="of what is printed (text)")
