"""Which catalogued mistake explains the numbers that somebody derived: every candidate predicts, the numbers decide.

A candidate is a mistake of the recorded graph, a constant factor, or both. It is named only if what it predicts is
what was derived, number for number, if that differs from what is right by more than rounding, and if those are more
numbers than could agree by accident.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from .catalogue import OTHER, fix_for
from .constant_factors import Factors, named_factors, naming
from .explanation import Candidate
from .matching import Match, Question, Target
from .wrong_rules import RIGHT_FORMULAS

DIGITS_NEEDED = (6.0, 6.0, 9.0, 30.0)  # decimal digits that must agree, by how much freedom a candidate of a level has
OF_ALL = frozenset((1, 4, 27))  # mistakes that show in every gradient: of one alone they are not the cause
FACTOR = "a constant factor"
FAR_FETCHED = 3  # a level that explains one gradient alone is not told of


def diagnose(question: Question) -> list[Candidate]:
    """Return the explanations of what was derived, likeliest first; none is an honest answer.

    Where no single mistake explains all gradients, each wrong one is explained by itself.
    """
    with np.errstate(all="ignore"):
        factors = named_factors(question.recording, question.notation)
        found = simplest(list(explanations(question, factors, question.whole, None)))
        if found or len(question.targets) == 1:
            return found
        for i in question.wrong:
            alone = simplest(list(explanations(question, factors, question.targets[i], i)))
            name = question.names[i]
            found += [replace(c, of=name, where=placed(c.where, name)) for c in alone if c.level < FAR_FETCHED]
    return found


def placed(where: str, name: str) -> str:
    """Return the place of a mistake that explains one gradient alone."""
    return name if where in ("", name) else f"{name} alone; {where}"


def simplest(found: list[Candidate]) -> list[Candidate]:
    """Return the candidates of the simplest level that explains anything, one a row, the likeliest first."""
    best: dict[int, Candidate] = {}
    for candidate in sorted(found, key=lambda c: c.rank):
        best.setdefault(candidate.number, candidate)
    if {23, 26, 31} & best.keys():
        best.pop(24, None)  # a path that was left out is a branch treated as constant, in other words
    level = min((c.level for c in best.values()), default=0)
    return [c for c in best.values() if c.level <= level]


def explanations(question: Question, factors: Factors, target: Target, i: int | None) -> Iterator[Candidate]:
    """Yield every candidate whose prediction is what was derived: of all gradients, or of the i-th alone."""
    if np.all(target.hand == 0):
        yield Candidate(24, 0, "" if i is None else question.names[i], "every number is 0")
        return
    constants = list(of_constants(question, factors, target, i))
    yield from constants
    if constants and i is not None:
        return  # a mistake in the graph would have shown in the other gradients too
    for match in question.matches:
        if match.of == i:
            yield from of_match(question, factors, target, match)


def of_constants(question: Question, factors: Factors, target: Target, i: int | None) -> Iterator[Candidate]:
    """Yield constant factors: of every gradient, or of those that are wrong while the others are right."""
    wrong = question.wrong if i is None else [i]
    if len(wrong) < len(question.targets) and i is None:
        target = question.joined(wrong)
    r = target.ratio(target.auto)
    if r is None or target.digits < DIGITS_NEEDED[0]:
        return
    names = [question.names[k] for k in wrong]
    everywhere = len(wrong) == len(question.targets)
    where = "everywhere" if everywhere and len(names) > 1 else ", ".join(names)
    subject = "every number is" if everywhere else f"{where} {'is' if len(names) == 1 else 'are'}"
    rest = ", and the others are right" if i is None and not everywhere else ""
    told = naming(r, factors)
    bias = all(any(layer.b is question.nodes[k] for layer in question.notation.layers) for k in wrong)
    evidence = f"{subject} {r:.6g} times the right one{rest}"
    if not everywhere:
        told = [(number, said) for number, said in told if number not in OF_ALL]
    for number, said in told:
        row = 8 if bias and number == 3 and not everywhere else number
        yield Candidate(row, 1, where, f"{evidence}: {said}")
    if not told and (target.digits >= DIGITS_NEEDED[3] or (not everywhere and naming(r, factors))):
        level = 3 if everywhere else 1 if naming(r, factors) else 2
        fix = f"the factor {r:.6g} is in this gradient alone: look at the line that computes it"
        yield Candidate(OTHER, level, where, evidence, "a constant factor is wrong" if everywhere else fix, name=FACTOR)


def of_match(question: Question, factors: Factors, target: Target, match: Match) -> Iterator[Candidate]:
    """Yield a mistake of the graph that predicts what was derived, with the factor that it takes."""
    r = match.factor
    if match.share is not None:
        told = naming(match.share, factors)
        if target.digits >= DIGITS_NEEDED[2 if told else 3]:
            said = f": {told[0][1]}" if told else ""
            yield candidate(question, match, 2 if told else 3, f"times {match.share:.6g}{said}")
    elif r == 1.0:
        if target.digits >= DIGITS_NEEDED[1]:
            yield candidate(question, match, 1, "")
    elif (told := naming(r, factors)) and target.digits >= DIGITS_NEEDED[2]:
        yield candidate(question, match, 2, f", and all of it times {r:.6g}: {told[0][1]}")
    elif target.digits >= DIGITS_NEEDED[3]:
        yield candidate(question, match, 3, f", and all of it times {r:.6g}")


def candidate(question: Question, match: Match, level: int, factor: str) -> Candidate:
    """Return a mistake of the graph as an explanation in the article's letters."""
    mutant, notation = match.mutant, question.notation
    node = mutant.node
    layer = next((x for x in notation.layers if any(node is y for y in (x.product, x.z, x.a, x.W, x.b))), None)
    where = notation.name(node) if node is not None else "wherever it could be made"
    if node is not None and layer is not None and node is layer.product:
        parameter = layer.W
        if layer.b is not None and any(z.inputs[i] is layer.b for z, i in mutant.changes):
            parameter = layer.b  # the row that computes both product and bias
        where = f"layer {layer.number}, {notation.name(parameter)}"
    if node is not None and node.op is not None and node.code is not None and not node.where.startswith("<"):
        where += f" at {node.where}"
    row = node.op.name if node is not None and node.op else ""
    number, said = mutant.number, f"exactly the numbers that this gives: {mutant.said}{factor}"
    if match.share is not None:
        number, said = 35, f"exactly the numbers that come of one summand {factor}"
    fix = fix_for(number, layer.number if layer else None, RIGHT_FORMULAS.get(row, "see the table of derivatives"))
    return Candidate(number, level, where, said, fix, size=len(mutant.changes) + len(mutant.masks))
