"""`tg.draw`: the computation graph of a node, one card a node and one edge for each use of an operand."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from ...core.backprop import history
from ...core.node import Node
from ...errors.failed_call import FailedNode
from ...nn.module import Module
from ..drawing import Drawing
from ..formats import dot, svg, tikz
from ..pages.page import Page, asset
from .builder import EVERYTHING, PictureBuilder, frame, is_computed, stale
from .collapse import Choice, collapsed, uses_in
from .gradient_health import mark_health
from .name_tags import name_tails, refer
from .picture import Picture, short_text
from .verdicts import add_unfinished, mark_verdicts


def draw(
    node: Node | Exception | FailedNode,
    *more: Node,
    names: Mapping[str, Any] | None = None,
    show: Collection[str] = EVERYTHING,
    direction: str = "LR",
    model: Module | None = None,
    collapse: Choice = None,
    heat: bool = False,
    report: Any = None,
) -> Drawing:
    """Draw everything that `node` (and `more`) was computed from, with data, gradients and local derivatives.

    names: what to call nodes that have no label, as in `names=locals()`.
    show: which of "data", "grad", "local", "shape" and "dtype" to draw. "local" is the local derivative, on each edge;
    between arrays that are not computed element by element, it is what the rule hands back, as in "g Wᵀ".
    direction: "LR" computes from left to right, "TB" from top to bottom.
    model: frames go around what each of its modules computed when it was last called.
    collapse: True draws what is used once with its user, and a batch as one example; False draws every node; None
    does so where there are more than 300; "idioms" draws what is written out, 1 / (1 + exp(−z)), as one sigmoid; a
    function returns of a node the title of the card it goes into, or None.
    report: a comparison with gradients derived by hand (`tg.compare`), whose verdicts are marked on the leaves.
    An error of an operation that could not be computed can be drawn too: it is shown in red at the end of its graph.
    heat: colour cards by the size of their gradient, and say which are dead, vanishing or exploding.
    Raises TypeError where `node` is not a node, ValueError for an unknown `show`, `direction` or `collapse`.
    """
    tried = node if isinstance(node, FailedNode) else getattr(node, "graph", None)
    roots = [x for x in tried.operands if isinstance(x, Node)] if isinstance(tried, FailedNode) else [node, *more]
    for root in roots:
        require_node(root)
    if unknown := set(show) - EVERYTHING:
        known, odd = ", ".join(sorted(EVERYTHING)), ", ".join(map(repr, sorted(unknown)))
        raise ValueError(f"draw(show=…) knows {known}, not {odd}")
    if isinstance(collapse, str) and collapse != "idioms":
        raise ValueError(f'draw(collapse=…) is True, False, None, "idioms" or a function, not {collapse!r:.60}')
    if direction not in ("LR", "TB"):
        raise ValueError(f'draw(direction=…) is "LR" or "TB", not {direction!r:.60}')
    order = sorted(history(*roots), key=is_computed)
    uses = uses_in(order)
    folds, notes = collapsed(order, uses, collapse)
    builder = PictureBuilder(show, {id(x): name for name, x in (names or {}).items() if isinstance(x, Node)})
    builder.picture.direction, builder.folds = direction, folds
    if folds:
        builder.add_folded(order, uses)
    else:
        builder.add(order)
        if model is not None:
            frame(builder, order, model)
    refer(builder.picture)
    name_tails(builder.picture)
    builder.picture.notes += [*notes, *stale(uses)]
    if isinstance(tried, FailedNode):
        add_unfinished(builder.picture, [builder.tail(x) for x in tried.operands], tried, short_text(tried.op.name))
    if report is not None:
        mark_verdicts(builder.picture, report)
    if heat:
        builder.picture.heated = True
        mark_health(builder.picture, builder.nodes)
    return Drawing(GraphRenderer(builder.picture))


@dataclass(slots=True)
class GraphRenderer:
    """A computation graph, for `Drawing`."""

    picture: Picture
    ours: bool = False

    def statements(self) -> list[str]:
        """Return the statements of a DOT digraph."""
        return dot.statements(self.picture)

    def svg(self) -> str:
        """Return the picture, laid out by this package."""
        return svg.svg(self.picture)

    def tex(self) -> str:
        """Return a LaTeX document of the picture."""
        return tikz.tikz(self.picture)

    def page(self) -> Page:
        """Return a page with the picture on it."""
        body = f'<div class="scroll" id="picture">{self.svg()}</div>'
        script = asset("zoom.js") + 'zoomable(document.getElementById("picture"));'
        return Page(self.alt(), body, styles=asset("zoom.css"), script=script)

    def alt(self) -> str:
        """Return what the picture shows, in a line."""
        return f"a computation graph of {len(self.picture.cards)} cards and {len(self.picture.edges)} edges"


def require_node(root: Any) -> None:
    """Raise TypeError where what is to be drawn is not a node."""
    if not isinstance(root, Node):
        what = type(root).__name__
        raise TypeError(f"draw() draws a Value or a Tensor, not {what}: hand it the result of a computation")
