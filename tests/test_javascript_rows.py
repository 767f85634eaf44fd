"""Every scalar row in JavaScript: run in a browser, beside Python, at ordinary and awkward points."""

import itertools
import math
import operator
import random
from base64 import b64decode, b64encode

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.core.op import BUILT_IN, TABLE, Op, VariadicRule
from tinygrad_edu.draw.javascript.rows import RowTable
from tinygrad_edu.draw.javascript.spellings import TranslationError

SCALAR = [TABLE[name] for name in sorted(BUILT_IN) if TABLE[name].scalar is not None]
PARAMS = {
    "polygamma": [{"n": 0}, {"n": 1}, {"n": 3}],
    "sinc": [{}, {"order": 1}, {"order": 2}],
    "i0": [{}, {"order": 2}],
}
PARAMS |= {
    "leaky_relu": [{}, {"slope": 0.2}],
    "elu": [{}, {"alpha": 2.0}],
    "hardtanh": [{}, {"low": -0.5, "high": 2.5}],
}
AWKWARD = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, -1.5, 2.5, -2.5, 2.0, -3.0, 1e-300, -5e-324, 1e300, -1e300]
AWKWARD += [math.inf, -math.inf, math.nan, 30.0, -750.0, 0.1, -7.25]
PAIRED = [x for x in AWKWARD if x not in (1.5, -1.5, 0.5, 1e300, -5e-324, -2.5, 30.0)]
FEW = [0.0, -0.0, 1.0, -1.0, 2.5, -0.3, math.inf, -math.inf, math.nan]
RUN = """(asked) => asked.map(([k, points, count]) => {
  const bytes = Uint8Array.from(atob(points), (c) => c.charCodeAt(0));
  const xs = new Float64Array(bytes.buffer), wide = count + 1, out = [];
  const [forward, ...rules] = TABLE[k];
  for (let at = 0; at < xs.length; at += wide) {
    const [g, ...operands] = xs.subarray(at, at + wide), z = forward(...operands);
    out.push(z, ...rules.map((rule) => rule ? rule(g, z, ...operands) : 0));
  }
  return btoa(Array.from(new Uint8Array(Float64Array.from(out).buffer), (b) => String.fromCharCode(b)).join(""));
})"""


def operands_of(row: Op) -> int:
    return row.arity or (1 if isinstance(row.rules, VariadicRule) else row.text.count("{}"))


def points(count: int) -> list[tuple[float, ...]]:
    rng = random.Random(count)
    ordinary = [tuple(rng.uniform(-4, 4) for _ in range(count)) for _ in range(60)]
    ordinary += [tuple(rng.uniform(0, 1) for _ in range(count)) for _ in range(20)]
    return [*ordinary, *itertools.product({1: AWKWARD, 2: PAIRED}.get(count, FEW), repeat=count)]


def by_python(row: Op, operands: tuple[float, ...], g: float, params: dict) -> list[float]:
    leaves = [tg.Value(x) for x in operands]
    z = row(*leaves, **params)
    if z.requires_grad:
        z.backward(g)
    return [z.data, *(0.0 if x.grad is None else x.grad for x in leaves)]


def alike(mine: float, theirs: float, scale: float) -> bool:
    if math.isnan(theirs) or math.isinf(theirs) or theirs == 0:
        same = math.isnan(mine) if math.isnan(theirs) else mine == theirs
        return same and (math.isnan(mine) or math.copysign(1, mine) == math.copysign(1, theirs))
    return math.isclose(mine, theirs, rel_tol=1e-12, abs_tol=scale)


@pytest.mark.browser
@pytest.mark.filterwarnings("ignore")
def test_every_scalar_row_computes_in_a_browser_as_in_python(browser):
    table, tried, sent = RowTable(), [], []
    for row in SCALAR:
        for params in PARAMS.get(row.name, [{}]):
            count, rng = operands_of(row), random.Random(row.name)
            asked = [(rng.choice([-1.5, 0.25, 3.0]), *at) for at in points(count)]
            tried.append((row, params, asked))
            sent.append([table.place(row, count, params), b64encode(np.array(asked).tobytes()).decode(), count])
    page, wrong, compared = browser.new_page(), [], 0
    page.goto("about:blank")
    page.add_script_tag(content=table.script() + "window.TABLE = ROWS;")
    for (row, params, asked), found in zip(tried, page.evaluate(RUN, sent), strict=True):
        got = np.frombuffer(b64decode(found)).reshape(len(asked), -1)
        for (g, *operands), mine in zip(asked, got.tolist(), strict=True):
            theirs = by_python(row, tuple(operands), g, params)
            compared += len(theirs)
            for k, (a, b) in enumerate(zip(mine, theirs, strict=True)):
                if not alike(a, b, 1e-14 if row.name in ("lgamma", "polygamma") else 0.0):
                    wrong.append((row.name, params, operands, g, "value" if k == 0 else f"operand {k - 1}", a, b))
    page.close()
    assert wrong == [], f"{len(wrong)} of {compared} differ, as {random.Random(0).sample(wrong, min(12, len(wrong)))}"
    assert compared > 25_000


def test_a_row_that_cannot_be_spelled_is_refused_by_name():
    cases = {
        "reads_a_file": (lambda x: float(open("x").read()) + x, lambda g, z, x: g),  # noqa: SIM115
        "decides": (lambda x: x * 2, lambda g, z, x: g * 2 if x > 0 else g),
        "reads_data": (lambda x: x * 2, lambda g, z, x: g * x.data),
        "numpys": (lambda x: float(np.sinc(x)), lambda g, z, x: g),
        "not_there": (operator.itemgetter(0), lambda g, z, x: g),
    }
    for name, (scalar, rule) in cases.items():
        row = Op.__new__(Op)
        row.name, row.scalar, row.rules = name, scalar, (rule,)
        with pytest.raises(TranslationError, match=f"^{name}: "):
            RowTable().place(row, 1, {})


def test_a_users_row_is_translated_from_its_source():
    def steps(x, n=3):
        """Add a few powers."""
        total = 0.0
        for k in range(1, n + 1):
            total += x**k if k % 2 else -abs(x)
        if total > 100 or total != total:
            return 100.0
        while total > 10:
            total = total / 2
        return total

    row = Op.__new__(Op)
    row.name, row.scalar, row.rules = "steps", steps, (lambda g, z, x, n=3: g * tg.sin(x) * n,)
    table = RowTable()
    assert table.place(row, 1, {"n": 4}) == table.place(row, 1, {"n": 4}) == 0
    assert table.place(row, 1, {}) == 1
    assert "Math.sin" in table.script()
