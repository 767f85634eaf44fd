"""Writes a picture in the DOT language, so that Graphviz can lay it out and anybody can work on it.

Labels are the user's text and are drawn literally: every character that DOT, its records or its escapes would read
as syntax is escaped, and nodes go by numbers, never by text.
"""

from __future__ import annotations

from ..graph.picture import SCALE, Card, Picture

KIND_STYLE = {  # kind -> shape, fill, line, style
    "parameter": ("Mrecord", "#e4f1fb", "#0072b2", "filled"),
    "input": ("record", "#e3f5ee", "#009e73", "filled"),
    "constant": ("record", "#ffffff", "#7b8591", "filled,dashed"),
    "result": ("record", "#fafbfc", "#4b5563", "filled"),
    "fact": ("record", "#fafbfc", "#7b8591", "filled,dotted"),
    "fold": ("Mrecord", "#f3eef8", "#6b5a8e", "filled,bold"),
}
HEATED = "Cards are the redder the larger their gradient: pale below 1e−6, red from 1."
MARKS = {"bad": "#cc2222", "dead": "#cc2222", "exploding": "#cc2222", "good": "#00795a"}
IN_RECORD = str.maketrans({c: f"\\{c}" for c in "\\{}|<> "} | {'"': '\\"'})
IN_LABEL = str.maketrans({"\\": "\\\\", '"': '\\"'})


def statements(picture: Picture) -> list[str]:
    """Return the statements of a digraph, a line each."""
    across = picture.direction == "LR"
    lines = [
        f"\trankdir={picture.direction} bgcolor=white ranksep=0.45 nodesep=0.18\n",
        '\tnode [fontname="Courier" fontsize=10 margin="0.09,0.04" width=0.3 height=0.3]\n',
        '\tedge [fontname="Courier" fontsize=9 color="#7b8794" fontcolor="#8c3a10" arrowsize=0.6]\n',
    ]
    notes = [HEATED, *picture.notes] if picture.heated else picture.notes
    if notes:
        lines.append(f'\tlabel="{quoted(chr(10).join(notes))}" labelloc=b fontname="Courier" fontsize=10\n')
    inside: dict[int | None, list[str]] = {}
    for i, card in enumerate(picture.cards):
        inside.setdefault(card.group, []).append(dot_node(i, card, across))
    for k, edge in enumerate(picture.edges):
        if edge.by_name:
            inside.setdefault(picture.cards[edge.head].group, []).append(name(k, picture.cards[edge.tail]))
    lines += nested_clusters(picture, inside, None, "\t")
    for k, edge in enumerate(picture.edges):
        label = f' [label="{quoted(edge.label)}"]' if edge.label else ""
        tail = f"r{k}" if edge.by_name else f"n{edge.tail}"
        lines.append(f"\t{tail} -> n{edge.head}{label}\n")
    return lines


def nested_clusters(picture: Picture, inside: dict[int | None, list[str]], group: int | None, indent: str) -> list[str]:
    """Return the nodes of a group, and those of the groups in it as clusters."""
    lines = [indent + line for line in inside.get(group, [])]
    for g, inner in enumerate(picture.groups):
        if inner.parent == group:
            lines.append(f"{indent}subgraph cluster_{g} {{\n")
            lines.append(
                f'{indent}\tlabel="{quoted(inner.title)}" labeljust=l style="rounded,filled" '
                'color="#b8c2cc" fillcolor="#f4f6f8" fontname="Courier" fontsize=10\n'
            )
            lines += [*nested_clusters(picture, inside, g, indent + "\t"), f"{indent}}}\n"]
    return lines


def dot_node(i: int, card: Card, across: bool) -> str:
    """Return the statement of one card: a record of its operation and its lines."""
    shape, fill, line, style = KIND_STYLE[card.kind]
    cells = "|".join(text.translate(IN_RECORD) for text in card.lines())
    label = "|".join(part for part in (card.sign.translate(IN_RECORD), f"{{{cells}}}" if cells else "") if part)
    label = f"{{{label}}}" if across else label  # a record's outer fields lie along the layers
    fill = fill if card.heat is None else SCALE[card.heat]
    mark = f'penwidth=2.4 color="{MARKS[card.mark]}"' if card.mark in MARKS else f'color="{line}"'
    return f'n{i} [label="{label}" shape={shape} style="{style}" fillcolor="{fill}" {mark}]\n'


def name(k: int, card: Card) -> str:
    """Return the statement of a name that stands for its card as the tail of edge `k`."""
    fill = KIND_STYLE[card.kind][1]
    return f'r{k} [label="{quoted(card.title)}" shape=box style="filled,rounded" color="{fill}" fillcolor="{fill}"]\n'


def quoted(text: str) -> str:
    """Return a text that is drawn as it is, each line of it centred."""
    return text.translate(IN_LABEL).replace("\n", "\\n")
