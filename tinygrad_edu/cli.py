"""The command line, `tinygrad-edu COMMAND`; without a command it names three things to try.

Each command is a thin adapter: it reads its arguments, calls one floor, prints. A floor is imported only by the
command that needs it, so that `tinygrad-edu --help` answers at once.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .core.backprop import gradients
from .core.node import Node
from .errors import FormulaError, TinygradEduError
from .system.streams import shown

Command = Callable[[argparse.Namespace], int]  # returns the exit status


FIRST_STEPS = """\
Three things to try now:

  tinygrad-edu live "(sigmoid(w*x + b) - y)**2"    a page: drag a number, and every gradient follows
  tinygrad-edu pad "(sigmoid(w*x + b) - y)**2"     derive it by hand: every line is checked as you type
  tinygrad-edu explain "relu(w*x + b)" --at w=2,x=3,b=-1    the chain rule in words and numbers

tinygrad-edu --help names all commands."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0 done, 1 a check that failed, 2 a command that could not be done."""
    given = sys.argv[1:] if arguments is None else arguments
    with shown():
        return carried_out(given)


def carried_out(given: Sequence[str]) -> int:
    """Run one command and return its exit status."""
    if not given:
        print(FIRST_STEPS)
        return 0
    options = parser().parse_args([f" {text}" if starts_with_minus(text) else text for text in given])
    run: Command = options.run

    def say(message: object, *_: object, **__: object) -> None:
        print(f"tinygrad-edu {options.command}: {message}", file=sys.stderr)

    try:
        with warnings.catch_warnings():
            warnings.showwarning = say  # a line of this program would tell nobody anything
            status = run(options)
        sys.stdout.flush()
    except BrokenPipeError:  # who read has gone
        return 2
    except (TinygradEduError, OSError, ImportError) as error:
        say(error)
        return 2
    return status


def starts_with_minus(text: str) -> bool:
    """Tell whether an argument is a formula like -sin(x), which argparse would take for an option; a space helps."""
    option = text in ("-h", "-o") or (text.startswith("-o") and Path(text).suffix[1:].isalpha())
    return text.startswith("-") and not text.startswith("--") and len(text) > 1 and not option


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    whole = argparse.ArgumentParser(prog="tinygrad-edu", description="Automatic differentiation that shows its work.")
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
    adders = (
        add_demo,
        add_explain,
        add_check,
        add_exercise,
        add_grade,
        add_laws,
        add_draw,
        add_step,
        add_live,
        add_pad,
        add_playground,
        add_doctor,
    )
    for add in adders:
        add(commands)
    return whole


Commands = argparse._SubParsersAction  # what add_subparsers() returns; argparse gives it no public name


def add_command(commands: Commands[argparse.ArgumentParser], run: Command, name: str) -> argparse.ArgumentParser:
    """Add the command that `run` carries out; its docstring is the help."""
    summary = (run.__doc__ or "").strip().splitlines()[0]
    command = commands.add_parser(name, help=summary, description=run.__doc__)
    command.set_defaults(run=run)
    return command


# demo --------------------------------------------------------------------------------------------------------------


def add_demo(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add `demo` to the commands."""
    command = add_command(commands, demo, "demo")
    command.add_argument(
        "--seed", type=integer_from(0), default=0, help="of the split, the weights and the batches (0)"
    )
    command.add_argument(
        "--epochs", type=integer_from(1), default=80, help="how often all examples are gone through (80)"
    )
    command.add_argument("--out", type=Path, default=Path("tinygrad-edu-demo"), help="the folder to write into")


def demo(options: argparse.Namespace) -> int:
    """Train on handwritten digits and check every gradient against formulas derived by hand."""
    from .demo import run_demo

    return run_demo(seed=options.seed, epochs=options.epochs, out=options.out)


def integer_from(least: int) -> Callable[[str], int]:
    """Return the reader of an argument that is a whole number from `least` up."""

    def number(text: str) -> int:
        try:
            n = int(text)
        except ValueError:
            n = least - 1
        if n < least:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {least} up")
        return n

    return number


# explain, check ----------------------------------------------------------------------------------------------------


FORMATS = ("text", "markdown", "latex", "json")


def add_explain(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add `explain` to the commands."""
    command = add_command(commands, explain, "explain")
    command.add_argument("expression", help='a formula, like "relu(w*x + b)"')
    command.add_argument("--at", default="", metavar="NAME=NUMBER,…", help="the numbers to put in, like w=2,x=3,b=-1")
    command.add_argument("--wrt", default="", metavar="NAME", help="the variable to differentiate by (all of them)")
    command.add_argument("--format", choices=FORMATS, default="text", help="of what is printed (text)")


def explain(options: argparse.Namespace) -> int:
    """Show the chain rule on a formula, in words, symbols and numbers."""
    from .explain.chain_rule import explain as explained
    from .symbolic.formula import formula
    from .symbolic.parser import assignments, parse

    node, leaves = parse(options.expression).record(assignments(options.at))
    if options.wrt and options.wrt not in leaves:
        raise FormulaError(f"`{options.wrt}` is no variable of the formula; there are: {', '.join(leaves) or 'none'}")
    if options.format != "json":
        print(explained(node, leaves.get(options.wrt), options.format))
        return 0
    slopes = dict(zip(leaves, (g.numpy() for g in gradients(node, leaves.values())), strict=True))
    text = explained(node, leaves.get(options.wrt))
    print_json({"formula": formula(node), "value": node.numpy(), "gradients": slopes, "explanation": text})
    return 0


def add_check(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add `check` to the commands."""
    command = add_command(commands, check, "check")
    command.add_argument("expression", help='the function, like "x**2 * sin(x)", or a Python file or notebook')
    command.add_argument(
        "--hand",
        action="append",
        default=[],
        help='its derivative as derived by hand, like "2*x*sin(x)"; for one of several variables "w = 2*x"; '
        "in a file, the name of the function that returns the gradient (without it, all gradients that it computes)",
    )
    command.add_argument("--wrt", default="", metavar="NAME", help="the variable of a derivative that does not say it")
    command.add_argument("--symbolic", action="store_true", help="ask SymPy too, whether the formulas are equal")
    command.add_argument("--function", default="", metavar="NAME", help="in a file, the function (the first one)")
    command.add_argument("--at", default="", metavar="NAME=NUMBER,…", help="a point to try; others are drawn around it")
    command.add_argument("--seed", type=integer_from(0), default=0, help="of the points that are drawn (0)")
    command.add_argument("--format", choices=FORMATS, default="text", help="of what is printed (text)")


def check(options: argparse.Namespace) -> int:
    """Compare a derivative worked out by hand with the automatic one, and name the mistake or the wrong line."""
    if options.expression.endswith((".py", ".ipynb")) and not options.hand:
        return check_homework(options)
    if not options.hand:
        raise FormulaError('give the derivative too, as in --hand "2*x"; only a file can bring its own')
    from .check.compare.formulas import compare_formulas, compare_in_file
    from .symbolic.parser import assignments

    if options.expression.endswith(".py"):
        report = compare_in_file(Path(options.expression), options.function, options.hand[0], options.seed)
    else:
        at = assignments(options.at)
        report = compare_formulas(options.expression, options.hand, options.wrt, at, options.seed, options.symbolic)
    if options.format == "json":
        print_json(report.as_dict())
    else:
        print({"text": report.text, "markdown": report.markdown, "latex": report.latex}[options.format]())
    return 0 if report.ok else 1


def check_homework(options: argparse.Namespace) -> int:
    """Check the gradients that a file computes, line by line."""
    from .check.homework.check import check_code
    from .classroom.exercises import judged_against

    path = Path(options.expression)
    function, appendix = judged_against(path, options.function)
    report = check_code(path, function=function, seed=options.seed, appendix=appendix)
    if options.format == "json":
        print_json(report.as_dict())
    else:
        print({"text": report.text, "markdown": report.markdown, "latex": report.latex}[options.format]())
    return 0 if report.right else 1


def add_exercise(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add `exercise` to the commands."""
    command = add_command(commands, exercise, "exercise")
    command.add_argument("name", help="golfer, neuron, two-paths, two-layers, columns, normalisation or recurrent")
    command.add_argument("--seed", type=integer_from(0), default=0, help="of sizes and numbers (0)")
    command.add_argument("-o", "--out", type=Path, default=Path(), help="the folder to write into (this one)")


def exercise(options: argparse.Namespace) -> int:
    """Write an exercise: a sheet in Markdown and HTML, and a Python file whose backward pass is to be filled in."""
    from .classroom.exercises import write_sheet

    for path in write_sheet(options.name, options.seed, options.out):
        print(path)
    return 0


def add_grade(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add `grade` to the commands."""
    command = add_command(commands, grade, "grade")
    command.add_argument("folder", type=Path, help="with the submissions: .py files and notebooks, in folders or not")
    command.add_argument(
        "-o", "--out", type=ending(".csv"), required=True, help="the marks; .json and .html lie beside it"
    )
    command.add_argument("--jobs", type=integer_from(1), default=None, help="how many at a time (one a processor)")
    command.add_argument("--seconds", type=integer_from(1), default=30, help="that a submission may take (30)")


def grade(options: argparse.Namespace) -> int:
    """Check every submission of a folder, and write marks, mistakes, wrong lines and a page for the class."""
    from .classroom.grade import grade as graded

    def progress(done: int, count: int, name: str) -> None:
        print(f"{done}/{count} {name}", file=sys.stderr)

    marks = graded(options.folder, options.out, jobs=options.jobs, seconds=options.seconds, progress=progress)
    for status in ("right", "wrong", "unusable"):
        print(f"{status}: {sum(mark.status == status for mark in marks)}")
    print(options.out)
    return 0


def add_laws(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add `laws` to the commands."""
    command = add_command(commands, laws, "laws")
    command.add_argument("file", type=Path, help="a Python file with a class Array, an engine of your own; it is run")


def laws(options: argparse.Namespace) -> int:
    """Say which laws of differentiation an engine of your own keeps, and which it breaks."""
    from .classroom.laws import engine_in, verdict

    said = verdict(engine_in(options.file))
    print(said)
    return 1 if "✗" in said else 0


def print_json(data: Any) -> None:
    """Print data as JSON; arrays become lists."""
    import json

    print(
        json.dumps(data, indent=2, ensure_ascii=False, default=lambda x: x.tolist() if hasattr(x, "tolist") else str(x))
    )


# draw, step --------------------------------------------------------------------------------------------------------


def add_draw(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add `draw` to the commands."""
    command = add_command(commands, draw, "draw")
    command.add_argument("expression", help='a formula, like "relu(w*x + b)"')
    command.add_argument("--at", default="", metavar="NAME=NUMBER,…", help="the numbers to put in, like w=2,x=3,b=-1")
    kinds = (".svg", ".html", ".png", ".pdf", ".dot", ".tex")
    command.add_argument("-o", "--out", type=ending(*kinds), required=True, help=f"the picture: {', '.join(kinds)}")


def draw(options: argparse.Namespace) -> int:
    """Draw the graph of a formula, with its gradients."""
    from .draw.graph.draw import draw as drawn

    print(drawn(differentiated(options)).save(options.out))
    return 0


def ending(*suffixes: str) -> Callable[[str], Path]:
    """Return the reader of a path that ends in one of `suffixes`."""

    def path(text: str) -> Path:
        if Path(text).suffix.lower() not in suffixes:
            raise argparse.ArgumentTypeError(f"{text!r} does not end in {' or '.join(suffixes)}")
        return Path(text)

    return path


def differentiated(options: argparse.Namespace) -> Node:
    """Return the formula of the command line as a node whose gradients have been computed."""
    from .symbolic.parser import assignments, parse

    node, _ = parse(options.expression).record(assignments(options.at))
    if node.requires_grad:
        node.backward(np.ones(np.shape(node.numpy())) if np.ndim(node.numpy()) else None, retain_grad=True)
    return node


def add_step(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add `step` to the commands."""
    command = add_command(commands, step, "step")
    command.add_argument("expression", help='a formula, like "relu(w*x + b)"')
    command.add_argument("--at", default="", metavar="NAME=NUMBER,…", help="the numbers to put in, like w=2,x=3,b=-1")
    command.add_argument("-o", "--out", type=ending(".html"), required=True, help="the page: .html")


def step(options: argparse.Namespace) -> int:
    """Write a page that walks through a formula forward and backward, one node at a time."""
    from .draw.pages.stepper import stepper

    stepper(differentiated(options), options.out)
    print(options.out)
    return 0


def add_live(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add `live` to the commands."""
    command = add_command(commands, live, "live")
    command.add_argument("expression", help='a formula, like "relu(w*x + b)"')
    command.add_argument("--at", default="", metavar="NAME=NUMBER,…", help="the numbers to begin with (1 for each)")
    command.add_argument("-o", "--out", type=ending(".html"), default=Path("live.html"), help="the page (live.html)")


def live(options: argparse.Namespace) -> int:
    """Write a page of a formula that answers: drag a number, and every value and gradient follows."""
    from .draw.pages.live import live as page_of
    from .symbolic.parser import assignments, parse

    formula = parse(options.expression)
    node, _ = formula.record(dict.fromkeys(formula.variables, 1.0) | assignments(options.at))
    page_of(node, options.out, typed=options.expression)
    print(options.out)
    return 0


# pad ---------------------------------------------------------------------------------------------------------------


def add_pad(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add `pad` to the commands."""
    command = add_command(commands, pad, "pad")
    command.add_argument("expression", help='a formula, like "(sigmoid(w*x + b) - y)**2", or a sheet saved by the page')
    command.add_argument("--wrt", default="", metavar="NAME", help="the variable to begin with")
    command.add_argument("-o", "--out", type=ending(".html"), default=Path("pad.html"), help="the page (pad.html)")


def pad(options: argparse.Namespace) -> int:
    """Write a page on which a derivative is worked out by hand, each line checked; or grade a sheet saved by it."""
    from .classroom.pad import derivation_pad, grade_sheet

    if options.expression.endswith(".txt"):
        report = grade_sheet(options.expression)
        print(report.text())
        return 0 if report.ok else 1
    derivation_pad(options.expression, options.out, wrt=options.wrt)
    print(options.out)
    return 0


# playground --------------------------------------------------------------------------------------------------------


def add_playground(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add `playground` to the commands."""
    command = add_command(commands, playground, "playground")
    command.add_argument(
        "-o", "--out", type=ending(".html"), default=Path("playground.html"), help="the page (playground.html)"
    )


def playground(options: argparse.Namespace) -> int:
    """Write a page in which a net learns to tell points apart, while you move the points and build the net."""
    from .draw.pages.playground import playground as page

    page(path=options.out)
    print(options.out)
    return 0


# doctor ------------------------------------------------------------------------------------------------------------


def add_doctor(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add `doctor` to the commands."""
    add_command(commands, doctor, "doctor")


def doctor(options: argparse.Namespace) -> int:  # noqa: ARG001  # it has none
    """Tell the versions, the arithmetic library, the drawing engine that was found, and what to install."""
    from .system.doctor import report

    print(report())
    return 0
