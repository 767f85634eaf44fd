"""Executes what an explanation says: every equation is read as text and computed, in order, by NumPy alone.

Definitions give names their values; an equation of known things is checked. Knows nothing of the graph.
"""

import re

import numpy as np

SIGNS = {"⊙": "*", "·": "*", "−": "-", "²": "**2", "ᵀ": ".T", "σ(": "sigmoid(", "≥": ">=", "≤": "<="}
NAME = r"[A-Za-z][A-Za-z0-9_]*(?:\^\(\w+\))?'*"
GRADIENT = rf"∂C/∂{NAME}|δ\^\(\w+\)|δ\d*_\d+"
INDEXED = re.compile(r"(?P<of>∂C/∂|)(?P<base>δ|[A-Za-z]+\d*)_(?P<letters>jk|kj|j|k)(?![a-z])(?P<high>\^\(\w+\))?")


def softmax(x, axis=-1):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


class OneHot:
    """What is taken from probabilities: rows with a 1 at the label, as wide as these."""

    __array_ufunc__ = None

    def __init__(self, labels):
        self.labels = labels

    def __rsub__(self, p):
        return p - np.eye(p.shape[-1])[self.labels]


FUNCTIONS = {
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "relu": lambda z: np.maximum(z, 0),
    "tanh": np.tanh,
    "softplus": lambda z: np.log1p(np.exp(z)),
    "leaky_relu": lambda z, slope=0.01: np.where(z > 0, z, slope * z),
    "where": np.where,
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "sum": np.sum,
    "mean": np.mean,
    "reshape": lambda x, shape: np.reshape(x, shape),
    "softmax": softmax,
    "log_softmax": lambda x, axis=-1: np.log(softmax(x, axis)),
    "cross_entropy": lambda x, y: -np.log(np.take_along_axis(softmax(x), np.asarray(y)[..., None], -1))[..., 0],
    "onehot": OneHot,
    "abs": np.abs,
    "sign": np.sign,
}


class Indexed:
    """An array with a letter an axis; sums, products and comparisons pair axes of one letter."""

    def __init__(self, data, letters):
        self.data = np.asarray(data)
        self.letters = letters

    def with_(self, other, function):
        other = other if isinstance(other, Indexed) else Indexed(other, "")
        letters = "".join(dict.fromkeys(self.letters + other.letters))
        pair = []
        for x in (self, other):
            order = [c for c in letters if c in x.letters]
            data = x.data.transpose([x.letters.index(c) for c in order])
            pair.append(data.reshape([data.shape[order.index(c)] if c in order else 1 for c in letters]))
        return Indexed(function(*pair), letters)

    def __mul__(self, other):
        return self.with_(other, np.multiply)

    def __add__(self, other):
        return self.with_(other, np.add)

    def __rsub__(self, other):
        return Indexed(other - self.data, self.letters)

    def __pow__(self, n):
        return Indexed(self.data**n, self.letters)

    def __gt__(self, other):
        return Indexed(1.0 * (self.data > other), self.letters)

    def summed(self, letter):
        assert letter in self.letters, f"a sum over {letter} of {self.letters}"
        return Indexed(self.data.sum(axis=self.letters.index(letter)), self.letters.replace(letter, ""))

    def laid_out(self, letters):
        assert sorted(letters) == sorted(self.letters), f"{self.letters} where {letters} was told"
        return self.data.transpose([self.letters.index(c) for c in letters])


class Reader:
    """Reads equations one after another. columns: whether examples are columns."""

    def __init__(self, values, columns=False):
        self.values = dict(values)
        self.columns = columns
        self.checked = 0

    def read(self, text):
        """Compute every side of an equation that has no name without a value; all must be equal."""
        left, *sides = text.split(" = ")
        indexed = INDEXED.search(text) is not None
        found = []
        for side in sides:
            if re.match(r"\[[\[\d −.-]", side) and ">" not in side:
                self.compare_shown(left, side)
                return
            if "∂" in side.replace("∂C/∂", ""):
                continue  # a derivative that the next side writes out
            value = self.of_indices(side) if indexed else self.of_arrays(side)
            if value is not None:
                found.append(value)
        assert found, f"nothing to compute in {text}"
        names = [left] + [side for side in sides if re.fullmatch(GRADIENT, side)]
        for name in names:
            for value in found:
                if indexed:
                    self.settle_indexed(name, value, text)
                else:
                    self.settle(name, value, text)

    def compare_shown(self, name, side):
        """Compare numbers as they are shown, to four digits."""
        shown = np.array(eval(side, {"__builtins__": {}}))
        value = self.values[name]
        np.testing.assert_allclose(shown, value, rtol=1e-3, atol=1e-4 * np.abs(value).max())
        self.checked += 1

    def settle(self, name, value, text):
        if name in self.values:
            np.testing.assert_allclose(self.values[name], value, rtol=1e-6, atol=1e-9, err_msg=text)
            self.checked += 1
        else:
            self.values[name] = value

    def settle_indexed(self, name, value, text):
        key, letters = self.key(INDEXED.fullmatch(name))
        batch = "n" if "n" in value.letters else ""
        order = letters + batch if self.columns else batch + letters
        data = value.laid_out(order)
        self.settle(key, data.reshape(np.shape(self.values.get(key, data))), text)  # a bias may be a column
        if key.startswith("δ"):
            self.values.setdefault(f"∂C/∂z{key[1:]}", self.values[key])

    def key(self, match):
        base = match["base"]
        if base == "w" and match["high"]:
            base = "W"
        return f"{match['of']}{base}{match['high'] or ''}", match["letters"]

    def of_arrays(self, side):
        """The value of a formula over whole arrays; None where it has a name without a value."""
        values, unknown = [], []

        def place(found):
            name = found[0]
            if name in ("True", "False", "None", "axis", "keepdims", "shape", "slope") or name in FUNCTIONS:
                return name
            if name not in self.values:
                unknown.append(name)
                return "0"
            values.append(self.values[name])
            return f"V{len(values) - 1}"

        side = side.replace("σ(", "sigmoid(")
        code = re.sub(rf"(?<![\w.])(?:{GRADIENT}|{NAME})", place, side)
        if unknown:
            return None
        for sign, typed in SIGNS.items():
            code = code.replace(sign, typed)
        code = re.sub(r"\[([^\[\]]+ [<>]=? [^\[\]]+)\]", r"((\1) * 1.0)", code)
        code = re.sub(r"(?<=[\w)\]]) (?=[\w(])", " @ ", code)
        names = {f"V{k}": value for k, value in enumerate(values)}
        return eval(code, {"__builtins__": {}}, {**FUNCTIONS, **names})

    def of_indices(self, side):
        """The value of a formula over single elements; None where it has a name without a value."""
        terms = re.split(r" \+ (?![^(]*\))", side)
        total = None
        for term in terms:
            value = self.of_term(term)
            if value is None:
                return None
            total = value if total is None else total + value
        return total

    def of_term(self, term):
        if found := re.match(r"Σ_(\w) |Σ over the examples of ", term):
            value = self.of_term(term[found.end() :])
            return value if value is None else value.summed(found[1] or "n")
        values, unknown = [], []

        def place(match):
            key, letters = self.key(match)
            data = self.values.get(key)
            if data is None:
                unknown.append(key)
                return "0"
            batch = "n" if np.ndim(data) > len(letters) else ""
            values.append(Indexed(data, letters + batch if self.columns else batch + letters))
            return f"V{len(values) - 1}"

        code = INDEXED.sub(place, term)
        if unknown:
            return None
        for sign, typed in SIGNS.items():
            code = code.replace(sign, typed)
        code = code.replace("[", "(").replace("]", ")")
        code = re.sub(r"(?<=[\w)]) (?=[\w(])", " * ", code)
        return eval(code, {"__builtins__": {}}, {f"V{k}": value for k, value in enumerate(values)})
