"""One function a command: it calls one floor with the options, prints, and returns the exit status.

A floor is imported only by the command that needs it, so that `tinygrad-edu --help` answers at once.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np

from ..core.backprop import gradients
from ..core.node import Node
from ..errors import FormulaError


def demo(options: argparse.Namespace) -> int:
    """Train on handwritten digits and check every gradient against formulas derived by hand."""
    from ..demo import run_demo

    return run_demo(seed=options.seed, epochs=options.epochs, out=options.out)


def explain(options: argparse.Namespace) -> int:
    """Show the chain rule on a formula, in words, symbols and numbers."""
    from ..explain.chain_rule import explain as explained
    from ..symbolic.formula import formula
    from ..symbolic.parser import parse_with

    expression, at = parse_with(options.expression, options.at)
    node, leaves = expression.record(at)
    if not leaves:
        raise FormulaError(f"{expression.text} has no variable to differentiate by: it is {node.numpy()}")
    if options.wrt and options.wrt not in leaves:
        raise FormulaError(f"`{options.wrt}` is no variable of the formula; there are: {', '.join(leaves) or 'none'}")
    if options.format != "json":
        print(explained(node, leaves.get(options.wrt), options.format))
        return 0
    slopes = dict(zip(leaves, (g.numpy() for g in gradients(node, leaves.values())), strict=True))
    text = explained(node, leaves.get(options.wrt))
    print_json({"formula": formula(node), "value": node.numpy(), "gradients": slopes, "explanation": text})
    return 0


def check(options: argparse.Namespace) -> int:
    """Compare a derivative worked out by hand with the automatic one, and name the mistake or the wrong line."""
    if options.expression.lower().endswith((".py", ".ipynb")) and not options.hand:
        return check_homework(options)
    if not options.hand:
        raise FormulaError('give the derivative too, as in --hand "2*x"; only a file can bring its own')
    from ..check.compare.formulas import compare_formulas, compare_in_file
    from ..symbolic.parser import assignments

    if options.expression.lower().endswith(".py"):
        report = compare_in_file(Path(options.expression), options.function, options.hand[0], options.seed)
    else:
        at = assignments(options.at)
        report = compare_formulas(options.expression, options.hand, options.wrt, at, options.seed, options.symbolic)
    print_report(report, options.format)
    return 0 if report.ok else 1


def check_homework(options: argparse.Namespace) -> int:
    """Check the gradients that a file computes, line by line."""
    from ..check.homework.check import check_code
    from ..classroom.sheets import judged_against

    path = Path(options.expression)
    function, appendix = judged_against(path, options.function)
    report = check_code(path, function=function, seed=options.seed, appendix=appendix)
    print_report(report, options.format)
    return 0 if report.right else 1


def print_report(report: Any, format: str) -> None:  # noqa: A002  # the plain word for it
    """Print a report in one of REPORT_FORMATS."""
    if format == "json":
        print_json(report.as_dict())
    else:
        print({"text": report.text, "markdown": report.markdown, "latex": report.latex}[format]())


def print_json(data: Any) -> None:
    """Print data as JSON; arrays become lists."""
    import json

    print(
        json.dumps(data, indent=2, ensure_ascii=False, default=lambda x: x.tolist() if hasattr(x, "tolist") else str(x))
    )


def exercise(options: argparse.Namespace) -> int:
    """Write an exercise: a sheet in Markdown and HTML, and a Python file whose backward pass is to be filled in."""
    from ..classroom.sheets import write_sheet

    paths = write_sheet(options.name, options.seed, options.out)
    for path in paths:
        print(path)
    print(f"fill in `backward` in {paths[-1]}, then: tinygrad-edu check {paths[-1]}", file=sys.stderr)
    return 0


def grade(options: argparse.Namespace) -> int:
    """Check every submission of a folder, and write marks, mistakes, wrong lines and a page for the class."""
    from ..classroom.grade import grade as graded

    def progress(done: int, count: int, name: str) -> None:
        print(f"{done}/{count} {name}", file=sys.stderr)

    marks = graded(options.folder, options.out, jobs=options.jobs, seconds=options.seconds, progress=progress)
    for status in ("right", "wrong", "unusable"):
        print(f"{status}: {sum(mark.status == status for mark in marks)}")
    print(options.out)
    return 0


def laws(options: argparse.Namespace) -> int:
    """Say which laws of differentiation an engine of your own keeps, and which it breaks."""
    from ..classroom.laws import engine_in, verdict

    said = verdict(engine_in(options.file))
    print(said)
    return 1 if "✗" in said else 0


def draw(options: argparse.Namespace) -> int:
    """Draw the graph of a formula, with its gradients."""
    from ..draw.graph.draw import draw as drawn

    print(drawn(differentiated(options)).save(options.out))
    return 0


def step(options: argparse.Namespace) -> int:
    """Write a page that walks through a formula forward and backward, one node at a time."""
    from ..draw.pages.stepper import stepper

    stepper(differentiated(options), options.out, typed=options.expression)
    print(options.out)
    return 0


def differentiated(options: argparse.Namespace) -> Node:
    """Return the formula of the command line as a node whose gradients have been computed."""
    from ..symbolic.parser import parse_with

    expression, at = parse_with(options.expression, options.at)
    node, _ = expression.record(at)
    if node.requires_grad:
        node.backward(np.ones(np.shape(node.numpy())) if np.ndim(node.numpy()) else None, retain_grad=True)
    return node


def live(options: argparse.Namespace) -> int:
    """Write a page of a formula that answers: drag a number, and every value and gradient follows."""
    from ..draw.pages.live import live as page_of
    from ..symbolic.parser import parse_with

    formula, at = parse_with(options.expression, options.at)
    node, _ = formula.record(dict.fromkeys(formula.variables, 1.0) | at)
    page_of(node, options.out, typed=options.expression)
    print(options.out)
    return 0


def pad(options: argparse.Namespace) -> int:
    """Write a page on which a derivative is worked out by hand, each line checked; or grade a sheet saved by it."""
    from ..classroom.pad import derivation_pad, grade_sheet

    if options.expression.endswith(".txt"):
        report = grade_sheet(options.expression)
        print(report.text())
        return 0 if report.ok else 1
    derivation_pad(options.expression, options.out, wrt=options.wrt)
    print(options.out)
    return 0


def playground(options: argparse.Namespace) -> int:
    """Write a page in which a net learns to tell points apart, while you move the points and build the net."""
    from ..draw.pages.playground import playground as page

    page(path=options.out)
    print(options.out)
    return 0


def doctor(options: argparse.Namespace) -> int:  # noqa: ARG001  # it has none
    """Tell the versions, the arithmetic library, the drawing engine that was found, and what to install."""
    from ..system.doctor import report

    print(report())
    return 0
