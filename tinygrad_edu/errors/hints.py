"""What to write instead of a name or a keyword that other libraries have and this one spells otherwise.

The tables are `foreign_names`. `missing_name` gives the words of the AttributeError: the hint of the table, or else the
nearest names that exist. Knows nothing of what the names stand for.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, NoReturn, ParamSpec, TypeVar

from .foreign_names import LEFT_OUT, PACKAGE, RENAMED, TENSOR
from .where import users_line

P = ParamSpec("P")
R = TypeVar("R")
TRANSPOSED_TO_ITSELF = (
    "t.transpose(0, 1) of two axes leaves them as they are: it takes the new order of all axes, as NumPy's does; "
    "PyTorch's transpose(0, 1) is t.T, or t.swapaxes(0, 1)"
)
TAKES_ANY = 0x08  # of co_flags: the function has **keywords


class Missing:
    """An attribute of a class that only tells what to write instead; `hasattr` says that it is not there."""

    def __init__(self, place: str, name: str, hints: dict[str, str]) -> None:
        self.message = missing_name(place, name, hints)

    def __get__(self, instance: object, owner: type) -> Any:
        raise AttributeError(self.message)


def hint(cls: type, place: str, hints: dict[str, str]) -> None:
    """Give a class a `Missing` attribute for every name of `hints` that it does not have."""
    for name in hints:
        if not hasattr(cls, name):
            setattr(cls, name, Missing(place, name, hints))


def keyword(name: str, given: Iterable[str], accepted: Collection[str] | None = None) -> TypeError | None:
    """Return the error for a call of `name` with a keyword of another library, if there is one that is known.

    accepted: the keywords that the function has; None where any may be.
    """
    for foreign in given:
        if accepted is not None and foreign in accepted:
            continue
        if accepted is None:
            known = [ours for theirs, ours in RENAMED.items() if theirs == foreign]
        else:
            known = [b for pair in RENAMED.items() for a, b in (pair, pair[::-1]) if a == foreign and b in accepted]
        if known:
            advice = f"write {known[0]}="
        elif foreign in LEFT_OUT:
            advice = f"leave it out: {LEFT_OUT[foreign]}"
        else:
            continue
        return TypeError(f"{name}() has no keyword {foreign!r}: {advice} (at {users_line()})")
    return None


def keywords_of(function: Any) -> Collection[str]:
    """Return the arguments of a function that is written in Python; none of one that takes any, or of other things."""
    code = getattr(function, "__code__", None)
    if code is None or code.co_flags & TAKES_ANY:
        return ()
    return code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]  # type: ignore[no-any-return]  # of a code object


def check_keywords(name: str, function: Any, given: Iterable[str]) -> None:
    """Raise TypeError for a keyword of another library where `function` has not the one that was given."""
    if (accepted := keywords_of(function)) and (error := keyword(name, given, accepted)) is not None:
        raise error


def refuse_keywords(name: str, given: Iterable[str], accepted: Collection[str]) -> NoReturn:
    """Raise TypeError for keywords that a function has not, in Python's words where nothing better is known."""
    raise keyword(name, given, accepted) or TypeError(
        f"{name}() got an unexpected keyword argument {next(iter(given))!r}"
    )


def tells_keywords(function: Callable[P, R]) -> Callable[P, R]:
    """Return a function of Python such that a call with a keyword of another library says what to write."""

    @functools.wraps(function)
    def call(*args: P.args, **keywords: P.kwargs) -> R:
        if keywords:
            check_keywords(function.__name__, function, keywords)
        return function(*args, **keywords)

    return call


def told(functions: Mapping[str, Any]) -> dict[str, Any]:
    """Return functions by name, of which those with a keyword that other libraries call otherwise say so."""
    renamed = {*RENAMED, *RENAMED.values()}
    return {name: tells_keywords(f) if not renamed.isdisjoint(keywords_of(f)) else f for name, f in functions.items()}


def missing_names(place: str, hints: dict[str, str], known: Iterable[str]) -> Callable[[str], Any]:
    """Return the `__getattr__` of a module that the user calls `place`: it raises what `missing_name` says."""

    def missing(name: str) -> Any:
        raise AttributeError(missing_name(place, name, hints, known))

    return missing


def missing_name(place: str, name: str, hints: dict[str, str], known: Iterable[str] = ()) -> str:
    """Return the message for an attribute that does not exist: `place` is how the user wrote its owner."""
    if name in hints:
        return f"{place} has no {name!r}: write {hints[name]}"
    import difflib  # here, because only a mistake needs it

    near = difflib.get_close_matches(name, list(known), n=3, cutoff=0.75)
    return f"{place} has no attribute {name!r}" + (f": did you mean {' or '.join(map(repr, near))}?" if near else "")


def foreign_function(library: str, name: str) -> str:
    """Return the message for a function of another library that was handed a tensor."""
    said = PACKAGE.get(name) or TENSOR.get(name) or "the function of that name in tg or np"
    return f"{library}.{name} does not work on a tensor of tinygrad_edu: write {said} (at {users_line()})"
