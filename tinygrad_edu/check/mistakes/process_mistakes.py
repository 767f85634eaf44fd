"""Mistakes of procedure, which no wrong rule explains.

Weights updated too early, weight decay, a finite difference, or another quantity's gradient.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from ...core.types import Array
from ...symbolic.layers import GraphLayer, leaf_of
from ..compare.precheck import GradientPair
from ..replay.run import Edge, Recording, RuleChange, Run
from .catalogue import OTHER
from .diagnosis import DIGITS_NEEDED
from .explanation import Candidate
from .matching import Question
from .mutant import changed_rule

STEPS = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8)  # widths that people give finite differences
DEEPEST = 30  # layers that are updated one after the other: each goes back through all below it
SMALL = 400  # numbers for which finite differences are tried


def procedural(question: Question) -> list[Candidate]:
    """Return the explanations of what was derived by something done at the wrong time, or to the wrong thing."""
    with np.errstate(all="ignore"):
        found = [*decayed(question), *constant_kept(question), *stepped(question), *differenced(question)]
        for i, item in enumerate(question.items[0]):
            if not item.ok and not found:
                found += mistaken(question, i)
    return sorted(found, key=lambda c: c.rank)


def decayed(question: Question) -> Iterator[Candidate]:
    """Yield weight decay: what is too much is a multiple of the parameters themselves."""
    wrong = [item for item in question.items[0] if not item.ok]
    run = question.runs[0]
    if not wrong or any(item.node is None or item.node.op is not None for item in wrong):
        return
    excess = np.concatenate([np.ravel(item.hand - item.auto) for item in wrong])
    weights = np.concatenate([np.ravel(run.data[item.node]) for item in wrong if item.node is not None])
    if np.count_nonzero(weights) < 3:
        return
    c = float(excess @ weights) / float(weights @ weights)
    tolerance = np.concatenate([np.ravel(item.tolerance) for item in wrong])
    if c and np.all(np.abs(c * weights - excess) <= 10 * tolerance):
        names = ", ".join(item.name for item in wrong)
        yield Candidate(26, 1, names, f"what is too much is {c:.6g} times {names}, and the cost has no such term")


def constant_kept(question: Question) -> Iterator[Candidate]:
    """Yield a constant that was kept: every number of a gradient is too large by the same."""
    for i in question.wrong if len(question.wrong) == 1 else ():  # in every gradient it would be noise
        target = question.targets[i]
        excess = target.hand - target.auto
        c = float(np.mean(excess)) if excess.size else 0.0
        if (
            target.digits < DIGITS_NEEDED[2]
            or np.any(np.abs(excess - c) > target.tolerance)
            or np.ptp(target.auto) <= abs(c) * 1e-6
        ):
            continue
        name = question.names[i]
        yield Candidate(45, 1, name, f"every number of {name} is too large by {c:.6g}")


def stepped(question: Question) -> Iterator[Candidate]:
    """Yield weights that were updated too early: the learning rate is solved for, then everything must agree."""
    target, run, layers = question.whole, question.runs[0], question.notation.layers
    shared = len({layer.W for layer in layers}) < len(layers)  # as in a recurrent net, which has one W for all steps
    if len(question.runs) > 1 or len(layers) < 2 or shared or target.digits < DIGITS_NEEDED[3]:
        return
    if len(layers) > DEEPEST:
        question.exhausted = True
        return

    def predicted(rate: float) -> Array:
        grads = run.changed(early_updates(run, layers, rate))
        return np.concatenate([np.ravel(run.gradient(grads, node)) for node in question.nodes])

    rate, width, off = 0.0, 1e-6, np.inf
    for _ in range(12):
        now = predicted(rate)
        before, off = off, float(np.linalg.norm(now - target.hand))
        if off > 0.5 * before:
            return  # Newton's method gets close at once, or there is nothing to get close to
        if np.all(np.abs(now - target.hand) <= target.tolerance):
            if rate:
                yield Candidate(
                    22, 1, "the layers before the last", f"exactly the numbers with W − {rate:.6g}·∂C/∂W in place of W"
                )
            return
        slope = (predicted(rate + width) - now) / width
        if not slope.any() or not np.isfinite(slope).all():
            return
        rate += float((target.hand - now) @ slope) / float(slope @ slope)
        width = abs(rate) * 1e-6 or 1e-6


def early_updates(run: Run, layers: list[GraphLayer], rate: float) -> dict[Edge, RuleChange]:
    """Return the changes that make each layer pass its gradient on through weights already updated."""
    changes: dict[Edge, RuleChange] = {}
    for layer in reversed(layers):
        product = layer.product
        grads = run.changed(changes)
        if product not in run.recording.edges or layer.W not in grads:
            continue
        step = rate * run.gradient(grads, layer.W)
        for z, i in run.recording.edges[product]:
            if i < 2 and leaf_of(product.inputs[i]) is not layer.W:
                changed = step if product.inputs[1 - i] is layer.W else step.T
                right = z.op.rules[i]  # type: ignore[union-attr]  # a product was made by a row
                changes[z, i] = changed_rule(right, operand=(1 - i, partial(np.add, -changed)))
    return changes


def differenced(question: Question) -> Iterator[Candidate]:
    """Yield finite differences: the numbers are what (C(x + h) − C(x))/h gives, and no derivative."""
    target, run = question.whole, question.runs[0]
    error = 0.05 * float(np.sqrt(np.mean((target.hand - target.auto) ** 2)))  # much closer than the right gradient
    close = np.max(np.abs(target.hand - target.auto)) <= 0.05 * np.max(np.abs(target.auto))
    if (
        not close
        or len(question.runs) > 1
        or target.hand.size > SMALL
        or any(node.op is not None for node in question.nodes)
    ):
        return
    for width in STEPS:
        for sides, said in ((1, "(C(x + h) − C(x))/h"), (2, "(C(x + h) − C(x − h))/2h")):
            if agrees(question, run, width, sides, error):
                evidence = f"{said} with h = {width:g} gives these numbers"
                yield Candidate(
                    OTHER,
                    1,
                    "everywhere",
                    evidence,
                    "a finite difference is a check, not a derivation: derive the formula",
                )
                return


def agrees(question: Question, run: Run, width: float, sides: int, error: float) -> bool:
    """Tell whether the numbers are finite differences of this width; stops at the first that is not.

    Those that are farthest from the right gradient come first: there anything else shows at once.
    """
    hand, auto, output = question.whole.hand, question.whole.auto, question.recording.output
    places = [(node, place) for node in question.nodes for place in np.ndindex(np.shape(run.data[node]))]
    for i in np.argsort(-np.abs(hand - auto), kind="stable"):
        node, place = places[i]
        costs = []
        for h in (width, 0.0 if sides == 1 else -width):
            moved = np.array(run.data[node], dtype=float)
            moved[place] += h
            costs.append(float(Run(run.recording, {node: moved}).data[output]))
        if abs((costs[0] - costs[1]) / (sides * width) - hand[i]) > error:
            return False
    return True


def mistaken(question: Question, i: int) -> Iterator[Candidate]:
    """Yield the node of the graph whose gradient, or whose value, was given in place of the right gradient."""
    item = question.items[0][i]
    if not item.fits or len(question.runs) > 1 or item.hand.size < 2:
        return
    output = question.recording.output
    run = Run(Recording(output, [z for z in question.recording.order if z.op is None and z.requires_grad]))
    names = question.notation.names
    for node in sorted(question.recording.order, key=lambda node: (node not in names, -node.born)):
        for data, what in ((run.gradient(run.grads, node), "∂C/∂{}"), (np.asarray(run.data[node]), "{}")):
            for turned, mark in ((data, ""), (data.T, "ᵀ")):
                if node is not item.node and same_numbers(item, turned):
                    said = what.format(question.notation.name(node)) + mark
                    where = f"{item.name}; {said} was made at {node.where}"
                    yield Candidate(
                        OTHER,
                        1,
                        where,
                        f"that is {said}, not ∂C/∂{item.name}",
                        "take the gradient of the parameter itself",
                    )
                    return


def same_numbers(item: GradientPair, data: Array) -> bool:
    """Tell whether the numbers that were given are these."""
    return data.shape == item.given.shape and bool(np.all(np.abs(data - item.given) <= item.tolerance))
