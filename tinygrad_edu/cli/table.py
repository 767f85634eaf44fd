"""The table of commands: the function that carries each out, whose name it has, and its arguments."""

from __future__ import annotations

from pathlib import Path

from . import commands
from .arguments import (
    AT,
    FORMAT,
    FORMULA,
    PICTURE_FORMATS,
    argument,
    integer_from,
    numbers_at,
    output,
    output_page,
    path_ending,
    seed_of,
    variable,
)

COMMAND_LINE = {
    commands.demo: (
        seed_of("the split, the weights and the batches"),
        argument("--epochs", type=integer_from(1), default=80, help="how often all examples are gone through (80)"),
        argument("--out", type=Path, default=Path("tinygrad-edu-demo"), help="the folder to write into"),
    ),
    commands.explain: (FORMULA, AT, variable("the variable to differentiate by (all of them)"), FORMAT),
    commands.check: (
        argument("expression", help='the function, like "x**2 * sin(x)", or a Python file or notebook'),
        argument(
            "--hand",
            action="append",
            default=[],
            help='its derivative as derived by hand, like "2*x*sin(x)"; for one of several variables "w = 2*x"; '
            "in a file, the name of the function that returns the gradient (without it, all that it computes)",
        ),
        variable("the variable of a derivative that does not say it"),
        argument("--symbolic", action="store_true", help="ask SymPy too, whether the formulas are equal"),
        argument("--function", default="", metavar="NAME", help="in a file, the function (the first one)"),
        numbers_at("a point to try; others are drawn around it"),
        seed_of("the points that are drawn"),
        FORMAT,
    ),
    commands.exercise: (
        argument(
            "name",
            help="single-neuron or used-twice, in plain numbers; golfer, neuron, two-paths, two-layers, columns, "
            "normalisation or recurrent, in arrays",
        ),
        seed_of("sizes and numbers"),
        output(Path, "the folder to write into (this one)", "."),
    ),
    commands.grade: (
        argument("folder", type=Path, help="with the submissions: .py files and notebooks, in folders or not"),
        output(path_ending(".csv"), "the marks; .json and .html lie beside it"),
        argument("--jobs", type=integer_from(1), default=None, help="how many at a time (one a processor)"),
        argument("--seconds", type=integer_from(1), default=30, help="that a submission may take (30)"),
    ),
    commands.laws: (argument("file", type=Path, help="a Python file with your own engine, a class Array; it is run"),),
    commands.draw: (FORMULA, AT, output(path_ending(*PICTURE_FORMATS), f"the picture: {', '.join(PICTURE_FORMATS)}")),
    commands.step: (FORMULA, AT, output(path_ending(".html"), "the page: .html")),
    commands.live: (FORMULA, numbers_at("the numbers to begin with (1 for each)"), output_page("live.html")),
    commands.pad: (
        argument("expression", help='a formula, like "(sigmoid(w*x + b) - y)**2", or a sheet saved by the page'),
        variable("the variable to begin with"),
        output_page("pad.html"),
    ),
    commands.playground: (output_page("playground.html"),),
    commands.doctor: (),
}
