"""Labels, file names and other text of users, escaped so that a terminal or a page shows it and does not obey it."""

from __future__ import annotations

from unicodedata import category

MARKDOWN = {c: f"\\{c}" for c in "*_"} | {c: f"&#{ord(c)};" for c in "\\`<&[|$~"}
JOINERS = "\u200c\u200d"  # invisible, but letters of Persian and families of emoji are joined and parted by them


def printable(text: str, keep: str = "") -> str:
    """Return `text` with control characters, changes of direction and lone surrogates as Python escapes them.

    keep: characters to leave as they are, like line breaks.
    """
    if text.isprintable():
        return text
    kept = JOINERS + keep
    return "".join(c if c.isprintable() or c in kept or category(c) == "Zs" else escape(c) for c in text)


def markdown_text(text: str) -> str:
    """Return `text` as Markdown that shows it as it is, in a paragraph or in a cell of a table."""
    return "".join(MARKDOWN.get(c, c) for c in printable(text))


def table_cell(x: object) -> object:
    """Return a cell of a table that a spreadsheet shows as it is: a text that it would take for a formula is quoted."""
    quote = "'" if isinstance(x, str) and x.startswith(("=", "+", "-", "@")) else ""
    return quote + printable(x) if isinstance(x, str) else x


def escape(c: str) -> str:
    r"""Return a character by its name in Python: \n, \x1b, \u202e."""
    return c.encode("unicode_escape").decode("ascii")
