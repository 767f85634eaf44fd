r"""Writes a picture as a LaTeX document with TikZ, for a paper: laid out as `svg.py` has it, in the fonts of the paper.

Labels are the user's text and are drawn literally: what TeX would read as a command is escaped. A character that
pdfLaTeX has no font for becomes a question mark there; LuaLaTeX and XeLaTeX draw it.
"""

from __future__ import annotations

from unicodedata import name as called

from ..graph.picture import SCALE, Card, Picture, title_parts
from ..layout.edge_routing import CARD_PADDING, LINE, Layout, lay_out, sign_width
from .dot import KIND_STYLE
from .svg import curve, label_place

MOST = 300  # cards: what is larger is no figure of a paper, and TeX runs out of memory

HEAD = r"""\documentclass[border=8pt]{standalone}
\usepackage{amssymb,iftex,tikz}
\usetikzlibrary{arrows.meta,svg.path}
\newcommand\other[1]{\ifPDFTeX?\else\symbol{#1}\fi}
\begin{document}
\begin{tikzpicture}[scale=0.75,yscale=-1,x=1pt,y=1pt,every node/.style={inner sep=0pt,anchor=base west,
  font=\ttfamily\fontsize{8}{9}\selectfont},edge/.style={draw=black!50,-{Latex[length=4pt,width=3.5pt]}},
  sign/.style={anchor=mid,text=white},local/.style={anchor=base east,text=slope,scale=0.85},
  frame/.style={draw=black!30,fill=black!4,rounded corners=5pt},good/.style={draw=green!50!black,very thick},
  bad/.style={draw=red!80!black,very thick},dead/.style=bad,exploding/.style=bad,vanishing/.style={},
"""
FORM = {"parameter": "rounded corners=6pt", "fold": "rounded corners=4pt", "result": "rounded corners=2pt"}
LINES = {"constant": "dashed", "fact": "dotted"}
MATHS = {"−": "-", "·": r"\cdot", "×": r"\times", "÷": r"\div", "∂": r"\partial", "²": "^2", "ᵀ": r"^{\top}"}
MATHS |= {"✓": r"\checkmark", "✗": r"\times"}
WORDS = {"\\": "backslash", "^": "asciicircum", "~": "asciitilde", "`": "asciigrave", "'": "quotesingle"}
ESCAPED = {c: f"\\{c}" for c in "#$%&_{}"} | {" ": "~", "…": r"\ldots{}"}
ESCAPED |= {c: f"${maths}$" for c, maths in MATHS.items()} | {c: f"\\text{word}{{}}" for c, word in WORDS.items()}


def tikz(picture: Picture) -> str:
    """Return a LaTeX document of the picture. Raises ValueError for more than 300 cards."""
    if (n := len(picture.cards)) > MOST:
        raise ValueError(f"TeX would run out of memory over {n:,} cards ({MOST} at most): save as .svg, or fold")
    layout, level = lay_out(picture), picture.direction == "LR"
    parts = [HEAD, ",".join(f"{kind}/.style={{{look(kind)}}}" for kind in KIND_STYLE), "]\n"]
    parts += [f"\\definecolor{{{kind}}}{{HTML}}{{{KIND_STYLE[kind][1][1:].upper()}}}\n" for kind in KIND_STYLE]
    parts += [f"\\definecolor{{{kind}line}}{{HTML}}{{{KIND_STYLE[kind][2][1:].upper()}}}\n" for kind in KIND_STYLE]
    parts += [f"\\definecolor{{heat{k}}}{{HTML}}{{{colour[1:].upper()}}}\n" for k, colour in enumerate(SCALE)]
    parts.append("\\definecolor{slope}{HTML}{8C3A10}\n")
    for group, (x, y, w, h) in zip(picture.groups, layout.groups, strict=True):
        parts.append(f"{box('frame', x, y, w, h)}{tikz_node('', x + 8, y + 13, group.title)}")
    for edge, points, run in zip(picture.edges, layout.edges, layout.runs, strict=True):
        parts.append(f"\\draw[edge] svg {{{curve(points, level, run)}}};\n")
        if edge.label:
            style = "local" if level else "local,anchor=base west"
            parts.append(tikz_node(style, *label_place(points, level), edge.label))
    parts += tikz_names(picture, layout)
    for card, place in zip(picture.cards, layout.cards, strict=True):
        parts += drawn(card, *place)
    for k, note in enumerate(picture.notes):
        parts.append(tikz_node("", 0, layout.size[1] + LINE * (k + 1), note))
    return "".join(parts) + "\\end{tikzpicture}\n\\end{document}\n"


def look(kind: str) -> str:
    """Return the style of the cards of a kind."""
    return ",".join(filter(None, (f"draw={kind}line", f"fill={kind}", FORM.get(kind), LINES.get(kind))))


def tikz_names(picture: Picture, layout: Layout) -> list[str]:
    """Return the names that stand for cards which are far away."""
    parts = []
    for k, (x, y, w, h) in layout.names.items():
        card = picture.cards[picture.edges[k].tail]
        parts.append(box(f"{card.kind},draw=none,solid,rounded corners=5pt", x, y, w, h))
        parts.append(tikz_node("anchor=base", x + w / 2, y + h / 2 + 4, card.title))
    return parts


def drawn(card: Card, x: float, y: float, w: float, h: float) -> list[str]:
    """Return one card: its form, the cell with its operation, its title and its rows."""
    style = ",".join(filter(None, (card.kind, card.mark, "" if card.heat is None else f"fill=heat{card.heat}")))
    parts = [box(style, x, y, w, h)]
    left = 0.0
    if card.sign:
        left = sign_width(card) if card.lines() else w
        parts.append(box(f"{card.kind},fill={card.kind}line", x, y, left, h))
        parts.append(tikz_node("sign", x + left / 2, y + h / 2, card.sign))
    at = y + (h - len(card.lines()) * LINE) / 2 + 11
    for k, line in enumerate(card.lines()):
        style = "text=slope" if line.startswith("grad ") and card.heat is None else ""
        parts.append(tikz_node(style, x + left + CARD_PADDING, at + k * LINE, line))
    return parts


def box(style: str, x: float, y: float, w: float, h: float) -> str:
    """Return a rectangle."""
    return f"\\draw[{style}] ({x:.0f},{y:.0f}) rectangle +({w:.0f},{h:.0f});\n"


def tikz_node(style: str, x: float, y: float, text: str) -> str:
    """Return a text whose first letter stands at a point, or whatever else its style says."""
    return f"\\node[{style}] at ({x:.0f},{y:.0f}) {{{tex_literal(text)}}};\n"


def tex_literal(text: str) -> str:
    """Return a text so that TeX prints it as it is, and a weight's name as one."""
    if text.isascii() and (found := title_parts(text)):
        return "${}_{{{}}}^{{{}}}$".format(*found)
    return "".join(ESCAPED.get(c) or (c if " " < c < "\x7f" else beyond(c)) for c in text)


def beyond(c: str) -> str:
    """Return a character that is not in ASCII as any TeX can print it, or says that it cannot."""
    kind, _, letter = called(c, "").replace("LAMDA", "LAMBDA").rpartition(" LETTER ")
    if kind == "GREEK SMALL" and letter.isalpha() and letter != "OMICRON":
        return f"$\\{letter.lower()}$"
    if c in "ΓΔΘΛΞΠΣΥΦΨΩ":  # those that do not look like Latin letters
        return f"$\\{letter.capitalize()}$"
    return c if kind.startswith("LATIN") and c < "\u0180" else f"\\other{{{ord(c)}}}"
