"""The chain rule on a recorded graph, told in words, symbols and numbers, path by path or layer by layer."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..core.backprop import between, gradients, history
from ..core.node import Node
from ..core.tensor import Tensor
from ..errors import GradientError
from ..errors.gradients import no_gradient
from ..symbolic.formats.text import Text
from ..symbolic.formula import FORMATS, FormulaWriter, is_constant
from ..symbolic.formula import formula as formula_of
from ..symbolic.idioms import as_rows
from ..symbolic.layers import LayerMap
from ..symbolic.names import NodeNames, amount, expect_node, number_text, printed_label, tex_name, tex_number
from .backward import BackwardEquations
from .explanation import Equation, Explanation, Heading, Statement, Style, Words
from .layers import of_layers
from .local import local

MOST_PATHS = 6
MOST_LEAVES = 24  # by which derivatives are told, where none is named
MOST_STEPS = 24  # steps that are shown one by one; more are folded
Route = list[tuple[Node, int]]  # from a leaf to the result: each step, and as which operand it is entered


def explain(node: Node, wrt: Node | None = None, format: Style = "text") -> Explanation:  # noqa: A002  # the plain word for it
    """Explain how the derivative of `node` by `wrt` comes about: the chain rule in words, symbols and numbers.

    wrt: the node to differentiate by; without it every labelled leaf, or every leaf of a small graph.
    format: "text", "markdown" or "latex". A net of layers is told in the article's letters, layer by layer; a leaf
    that is used more than once path by path.
    Raises GradientError where there is no gradient to explain.
    """
    expect_node(node, "explain")
    if not node.requires_grad:
        raise GradientError(no_gradient(node, history(node)))
    rows, counterparts = as_rows(node) if np.ndim(node._data) == 0 and isinstance(node, Tensor) else (node, {})
    layers = LayerMap(rows)
    if layers.layers and (wrt is None or wrt in counterparts):
        leaves = [z for z in layers.order if z.op is None and z.requires_grad]
        chosen = [counterparts[wrt]] if wrt is not None else [z for z in leaves if z.label] or leaves[:8]
        return Explanation(of_layers(layers, chosen), format)
    notation = LayerMap(node)
    leaves = [z for z in notation.order if z.op is None and z.requires_grad]
    chosen = [wrt] if wrt is not None else [z for z in leaves if z.label] or leaves[:8]
    for leaf in chosen:
        if leaf not in notation.users and leaf is not node:
            raise GradientError(f"{node.title} was not made from {leaf.title}, so there is nothing to explain")
    names = NodeNames(notation.order, {node: result_name(node)})
    blocks: list[Statement] = [*beginning(node, notation, names)]
    for leaf in chosen[:MOST_LEAVES]:
        blocks += about(node, leaf, notation, names)
    if (more := len(chosen) - MOST_LEAVES) > 0:
        last = names[chosen[-1]]
        blocks.append(Words(f"… {more} more leaves, to {last}, are left out: name one to see it, as in explain(L, w)"))
    return Explanation(blocks, format)


def beginning(node: Node, notation: LayerMap, names: NodeNames) -> Iterator[Statement]:
    """Yield the formula, and the forward pass step by step."""
    yield Heading("The formula")
    name = result_name(node)
    written, tex = formula_of(node), formula_of(node, "latex")
    if node.op is None:
        yield Equation(f"{name} = {amount(node._data, 6)}", f"{tex_name(name)} = {amount(node._data, 6)}")
    elif "\n" not in written:
        yield Equation(f"{name} = {written} = {amount(node._data, 6)}", f"{tex_name(name)} = {tex}")
    steps = [z for z in notation.order if z.op is not None]
    if len(steps) > 1:
        yield Heading("Forward, from the inputs to the result")
        for z in folded(steps):
            if z is None:
                yield Words(f"  … {len(steps) - MOST_STEPS} steps of the same kinds are left out …")
                continue
            yield forward_step(z, names)


def folded(steps: list[Node]) -> list[Node | None]:
    """Return the steps to show; None where the middle of many is left out."""
    if len(steps) <= MOST_STEPS:
        return list(steps)
    half = MOST_STEPS // 2
    return [*steps[:half], None, *steps[-half:]]


def forward_step(z: Node, names: NodeNames) -> Equation:
    """Return one step: its name, what it computes, and with which numbers."""
    text, tex = FormulaWriter(names, Text(digits=6)), FormulaWriter(names, FORMATS["latex"])
    symbols = text.step(z, text.name).text
    result = amount(z._data, 6)
    if np.ndim(z._data):
        return Equation(f"{names[z]} = {symbols} = {result}", f"{names.tex(z)} = {tex.step(z, tex.name).text}")
    numbers = text.step(z, lambda x: text.constant(x._data)).text
    middle = f" = {numbers}" if numbers not in (symbols, result) else ""
    shown = tex_number(z._data) if np.ndim(z._data) == 0 else ""
    return Equation(
        f"{names[z]} = {symbols}{middle} = {result}", f"{names.tex(z)} = {tex.step(z, tex.name).text} = {shown}"
    )


def result_name(node: Node) -> str:
    """Return the name of the result: its label, or L."""
    return printed_label(node) or "L"


def about(node: Node, leaf: Node, notation: LayerMap, names: NodeNames) -> Iterator[Statement]:
    """Yield the derivative by one leaf: its paths, each one's product, and their sum."""
    whole, mine = result_name(node), names[leaf]
    title = f"∂{whole}/∂{mine}"
    yield Heading(title)
    if leaf is node:
        yield Words(f"{mine} is the result itself: it changes exactly as much as itself, {title} = 1.")
        return
    total = gradients(node, [leaf], None if np.size(node._data) == 1 else np.ones_like(node._data))[0]._data
    paths = paths_between(leaf, node, notation)
    scalar = all(np.ndim(z._data) == 0 for z, _ in (step for path in paths for step in path)) and not np.ndim(
        leaf._data
    )
    if len(paths) > MOST_PATHS or not scalar or max(map(len, paths), default=0) > MOST_STEPS:
        yield from backward_steps(node, leaf, notation, names)
        return
    shares = []
    if len(paths) > 1:
        count = "both paths" if len(paths) == 2 else f"all {len(paths)} paths"
        uses = len({(id(path[0][0]), path[0][1]) for path in paths})
        times = {1: "once", 2: "twice"}.get(uses, f"{uses} times")
        yield Words(f"{mine} is used {times}, and reaches {whole} along {len(paths)} paths: add {count}.")
    for k, path in enumerate(paths, 1):
        share, blocks = one_path(k if len(paths) > 1 else 0, path, leaf, whole, names)
        shares.append(share)
        yield from blocks
    if len(shares) > 1:
        added = " + ".join(f"({number_text(s, 6)})" if s < 0 else number_text(s, 6) for s in shares)
        tex = " + ".join(f"({tex_number(s)})" if s < 0 else tex_number(s) for s in shares)
        d = tex_derivative(whole, mine)
        yield Equation(f"{title} = {added} = {number_text(total, 6)}", f"{d} = {tex} = {tex_number(total)}")
    yield Words(in_words(whole, mine, float(total), bool(np.isfinite(node._data))))


def one_path(k: int, path: Route, leaf: Node, whole: str, names: NodeNames) -> tuple[float, list[Statement]]:
    """Return the product of the derivatives along one path, and the lines that show it."""
    factors, symbols, tex_symbols, left, tex_left = [], [], [], [], []
    before = leaf
    for z, i in path:
        step = local(z, i, names)
        after, of = names[z], names[before]
        factors.append(step.number)
        symbols.append(f"({step.text})" if loose(step.text) else step.text)
        tex_symbols.append(rf"({step.tex})" if loose(step.tex) else step.tex)
        left.append(f"∂{after}/∂{of}")
        tex_left.append(tex_derivative(after, of))
        before = z
    route = " → ".join([names[leaf], *(names[z] for z, _ in path)])
    share = float(np.prod(factors))
    title, d = f"∂{whole}/∂{names[leaf]}", tex_derivative(whole, names[leaf])
    if k:
        title, d = f"path {k}", rf"\mathrm{{path\ {k}}}"
    numbers = " · ".join(f"({number_text(f, 6)})" if f < 0 else number_text(f, 6) for f in reversed(factors))
    tex_numbers = r" \cdot ".join(rf"({tex_number(f)})" if f < 0 else tex_number(f) for f in reversed(factors))
    dot, pad = r" \cdot ", " " * len(title)
    lines = [
        (" · ".join(reversed(left)), dot.join(reversed(tex_left))),
        (" · ".join(reversed(symbols)), dot.join(reversed(tex_symbols))),
        (numbers, tex_numbers),
        (number_text(share, 6), tex_number(share)),
    ]
    lines = [line for line, before in zip(lines, [("", ""), *lines], strict=False) if line[0] != before[0]]
    if len(lines) > 2:  # the product and its value stand in one line
        lines[-2:] = [(f"{lines[-2][0]} = {lines[-1][0]}", f"{lines[-2][1]} = {lines[-1][1]}")]
    blocks: list[Statement] = [Words(f"{'path ' + str(k) + ': ' if k else ''}{route}")]
    blocks += [Equation(f"{pad if n else title} = {text}", f"{d} = {tex}") for n, (text, tex) in enumerate(lines)]
    return share, blocks


def loose(text: str) -> bool:
    """Tell whether a factor needs brackets in a product."""
    depth = 0
    for i, letter in enumerate(text):
        depth += (letter in "({[") - (letter in ")}]")
        if not depth and ((letter in "+-" and (i == 0 or text[i - 1] == " ")) or letter in "<>="):
            return True
    return False


def tex_derivative(of: str, by: str) -> str:
    """Return ∂of/∂by in LaTeX."""
    return rf"\frac{{\partial {tex_name(of)}}}{{\partial {tex_name(by)}}}"


def in_words(whole: str, mine: str, slope: float, defined: bool) -> str:
    """State the meaning of a derivative; it has none where the result or the slope is no number.

    defined: whether the result is a finite number.
    """
    if not (defined and np.isfinite(slope)):
        what = f"{whole} has no slope" if defined else f"{whole} is not finite"
        return f"In words: {what} here, so this says nothing of what a little more of {mine} does."
    if slope == 0:
        return f"In words: {whole} does not change when {mine} changes a little."
    way = "grows" if slope > 0 else "falls"
    if abs(slope) == 1:
        return f"In words: when {mine} grows by a little, {whole} {way} by just as much."
    return f"In words: when {mine} grows by a little, {whole} {way} by {number_text(abs(slope), 4)} times as much."


def paths_between(leaf: Node, node: Node, notation: LayerMap) -> list[Route]:
    """Return the paths from a leaf to the result, oldest steps first.

    There is one more than are shown where there are more, and one that ends early where it is too long to show.
    """
    reaches = set(between([leaf], node))
    found: list[Route] = []
    open_paths: list[Route] = [[]]
    while open_paths and len(found) <= MOST_PATHS:
        path = open_paths.pop()
        here = path[-1][0] if path else leaf
        if here is node or len(path) > MOST_STEPS:
            found.append(path)
        else:
            open_paths += [[*path, step] for step in reversed(steps_from(here, reaches, notation))]
    return found


def steps_from(here: Node, reaches: set[Node], notation: LayerMap) -> Route:
    """Return the steps that use a node on the way to the result, with the operand that it is there."""
    return [
        (user, i)
        for user in notation.users.get(here, ())
        if user in reaches and user.requires_grad and user.op is not None
        for i, x in enumerate(user.inputs)
        if x is here and user.op.rules[i] is not None
    ]


def backward_steps(node: Node, leaf: Node, notation: LayerMap, names: NodeNames) -> Iterator[Statement]:
    """Yield the backward pass step by step, where paths are too many or numbers come in arrays."""
    whole, mine = names[node], names[leaf]
    path = [z for z in between([leaf], node) if z.requires_grad]
    uses = sum(x is leaf for z in path for x in z.inputs)
    if uses > 1:
        times, paths = ("twice", "both paths") if uses == 2 else (f"{uses} times", "all paths")
        yield Words(f"{mine} is used {times}: add {paths}.")
    yield Words(f"Backward, from {whole} to {mine}: each step multiplies what arrives by its own derivative.")
    told = BackwardEquations(node, {z: names[z] for z in notation.order if not is_constant(z)}, {}, {}, path)
    for x in folded([x for x in reversed(path) if x is not node]):
        if x is None:
            yield Words(f"  … {len(path) - 1 - MOST_STEPS} steps of the same kinds are left out …")
            continue
        equation = told.equation(x)
        shown = f" = {amount(told.grads[x], 6)}"
        if x is not leaf and np.size(told.grads[x]) <= 6 and not equation.text.endswith(shown):
            equation = Equation(f"{equation.text}{shown}", equation.tex)
        yield equation
    yield Equation(
        f"∂{whole}/∂{mine} = {amount(told.grads[leaf], 6)}",
        f"{tex_derivative(whole, mine)} = {tex_amount(told.grads[leaf])}",
    )


def tex_amount(data: object) -> str:
    """Return data in LaTeX: a number, or a small array, or a shape."""
    return tex_number(data) if np.ndim(data) == 0 else rf"\mathrm{{{amount(data, 6)}}}".replace(" ", r"\ ")  # type: ignore[arg-type]  # arrays and numbers
