"""Writes pieces of homework at random: nets, sizes, seeds, layouts, idioms, and mistakes that people make.

Every piece is written anew, line by line. A line of the backward pass may be written in several right ways and in
several wrong ones; the wrong ones are typed here and share nothing with the edits that the checker tries.
"""

import textwrap

import numpy as np


class Sheet:
    """A program that is being written. `wrong` has the mistakes: line number, text, what is mistaken."""

    def __init__(self, rng):
        self.rng, self.lines, self.mistakes, self.indent = rng, [], [], 0

    def add(self, text=""):
        """Add lines of the forward pass."""
        for line in textwrap.dedent(text).split("\n"):
            self.lines.append("    " * self.indent + line if line else "")

    def back(self, *right, wrong=()):
        """Add a line of the backward pass: one of several right ways, with the ways to get it wrong."""
        pad = "    " * self.indent
        self.lines.append(pad + self.pick(right))
        self.mistakes += [(len(self.lines), pad + text) for text in wrong]

    def pick(self, ways):
        """Return one of several ways."""
        return ways[int(self.rng.integers(len(ways)))]

    def size(self, low=2, high=6):
        """Return a size."""
        return int(self.rng.integers(low, high + 1))

    def right(self):
        """Return the program."""
        return "\n".join(self.lines) + "\n"

    def wrong(self, k):
        """Return the program with its k-th mistake, and the number of the wrong line."""
        number, text = self.mistakes[k]
        lines = list(self.lines)
        lines[number - 1] = text
        return "\n".join(lines) + "\n", number


def head(s, dtype):
    """Begin a program."""
    s.add("import numpy as np")
    s.add()
    s.add(f"rng = np.random.default_rng({s.size(0, 999)})")
    return f".astype(np.{dtype})" if dtype == "float32" else ""


ACTIVATIONS = {
    "relu": (
        ("np.maximum(0, {z})", "np.maximum({z}, 0.0)", "{z} * ({z} > 0)", "np.where({z} > 0, {z}, 0)"),
        ("{g} * ({z} > 0)", "{g} * ({a} > 0)", "np.where({z} > 0, {g}, 0)", "{g} * ({z} > 0).astype(float)"),
        ("{g}", "{g} * ({z} < 0)", "{g} * {z}", "{g} * ({g} > 0)", "np.where({z} > 0, 0, {g})", "np.maximum({g}, 0)"),
    ),
    "tanh": (
        ("np.tanh({z})",),
        ("{g} * (1 - {a}**2)", "(1 - {a} * {a}) * {g}", "{g} * (1 - np.tanh({z}) ** 2)", "{g} / np.cosh({z}) ** 2"),
        ("{g} * (1 - {a})", "{g} * (1 - {z}**2)", "{g} * (1 + {a}**2)", "{g}", "{g} * 1 - {a}**2", "{g} * {a} * (1 - {a})"),
    ),
    "sigmoid": (
        ("1 / (1 + np.exp(-{z}))", "1.0 / (1.0 + np.exp(-{z}))", "np.exp({z}) / (1 + np.exp({z}))"),
        ("{g} * {a} * (1 - {a})", "{a} * (1 - {a}) * {g}", "{g} * ({a} - {a}**2)", "np.multiply({g}, {a} * (1 - {a}))"),
        ("{g} * {a}", "{g} * (1 - {a})", "{g} * {z} * (1 - {z})", "{g} * {a} * (1 + {a})", "{g} * (1 - {a}**2)", "{g} * {a} * 1 - {a}"),
    ),
    "leaky": (
        ("np.where({z} > 0, {z}, 0.1 * {z})", "np.maximum({z}, 0.1 * {z})"),
        ("{g} * np.where({z} > 0, 1, 0.1)", "np.where({z} > 0, {g}, 0.1 * {g})"),
        ("{g} * ({z} > 0)", "{g} * np.where({z} > 0, 0.1, 1)", "{g}", "{g} * np.where({z} > 0, 1, 0.01)"),
    ),
}  # fmt: skip


def layered(s, dtype):
    """A net of layers, examples in rows, as a function that returns (loss, gradients)."""
    cast = head(s, dtype)
    depth, n = s.size(1, 3), s.size(4, 8)
    sizes = [s.size() for _ in range(depth)]
    last = s.pick(["softmax", "square", "binary"])
    classes = 1 if last == "binary" else s.size(2, 4)
    sizes.append(classes)
    kinds = [s.pick(list(ACTIVATIONS)) for _ in range(depth - 1)]
    reg = s.pick(["", "", "reg * np.sum({w} * {w})", "0.5 * reg * np.sum({w} ** 2)"])
    batch = s.pick(["N", "X.shape[0]", "len(X)"])
    s.add(f"X = rng.normal(size=({n}, {sizes[0]})){cast}")
    if last == "softmax":
        s.add(f"y = np.array({[int(k) for k in s.rng.integers(classes, size=n)]})")
    elif last == "binary":
        s.add(f"y = np.array({[[float(k)] for k in s.rng.integers(2, size=n)]}){cast}")
    else:
        s.add(f"y = rng.normal(size=({n}, {classes})){cast}")
    s.add("params = {")
    for k in range(depth):
        s.add(f'    "W{k + 1}": 0.7 * rng.normal(size=({sizes[k]}, {sizes[k + 1]})){cast},')
        s.add(f'    "b{k + 1}": 0.1 * rng.normal(size={sizes[k + 1]}){cast},')
    s.add("}")
    if reg:
        s.add("reg = 0.05")
    s.add()
    s.add()
    arguments = s.pick([", ".join(f"W{k + 1}, b{k + 1}" for k in range(depth)) + ", X, y", "params, X, y"])
    s.add(f"def loss_and_grads({arguments}):")
    s.indent = 1
    if arguments.startswith("params"):
        for k in range(depth):
            s.add(f'W{k + 1}, b{k + 1} = params["W{k + 1}"], params["b{k + 1}"]')
    if batch == "N":
        s.add(s.pick(["N = X.shape[0]", "N = len(X)", "N, _ = X.shape"]))
    before = "X"
    for k in range(1, depth):
        s.add(
            s.pick(
                [
                    f"z{k} = {before} @ W{k} + b{k}",
                    f"z{k} = np.dot({before}, W{k}) + b{k}",
                    f"z{k} = {before}.dot(W{k}) + b{k}",
                ]
            )
        )
        s.add(f"a{k} = " + s.pick(ACTIVATIONS[kinds[k - 1]][0]).format(z=f"z{k}"))
        before = f"a{k}"
    d = depth
    s.add(f"scores = {before} @ W{d} + b{d}")
    mean = s.pick([True, True, False])
    if last == "softmax":
        s.add(s.pick(["e = np.exp(scores - scores.max(axis=1, keepdims=True))", "e = np.exp(scores)"]))
        s.add(s.pick(["p = e / e.sum(axis=1, keepdims=True)", "p = e / np.sum(e, axis=1, keepdims=True)"]))
        reduce = "mean" if mean else "sum"
        s.add(
            s.pick(
                [
                    f"loss = -np.log(p[np.arange({batch}), y]).{reduce}()",
                    f"loss = np.{reduce}(-np.log(p[range({batch}), y]))",
                ]
            )
        )
    elif last == "binary":
        s.add("p = 1 / (1 + np.exp(-scores))")
        s.add(f"loss = -np.{'mean' if mean else 'sum'}(y * np.log(p) + (1 - y) * np.log(1 - p))")
    else:
        s.add(
            s.pick(["loss = np.sum((scores - y) ** 2)", "loss = ((scores - y) ** 2).sum()"])
            + (f" / {batch}" if mean else "")
        )
    if reg:
        s.add("loss += " + " + ".join(reg.format(w=f"W{k + 1}") for k in range(depth)))
    over = f" / {batch}" if mean else ""
    if last == "softmax":
        if s.rng.random() < 0.5:
            s.back(s.pick(["dscores = p.copy()", "dscores = np.array(p)"]))
            s.back(f"dscores[np.arange({batch}), y] -= 1", wrong=[
                f"dscores[np.arange({batch}), y] += 1", f"dscores[np.arange({batch}), y] -= 2", "dscores[:, y] -= 1",
                f"dscores[np.arange({batch}), y] = 1", f"dscores[np.arange({batch}), y] -= 0.5"])  # fmt: skip
            if mean:
                s.back(
                    f"dscores /= {batch}", f"dscores = dscores / {batch}", wrong=[f"dscores *= {batch}", "dscores /= 2"]
                )
        else:
            s.back(
                "onehot = np.eye(p.shape[1])[y]",
                wrong=["onehot = np.eye(p.shape[1])[y - 1]", "onehot = 1 - np.eye(p.shape[1])[y]"],
            )
            s.back(f"dscores = (p - onehot){over}", wrong=[f"dscores = (onehot - p){over}", f"dscores = (p + onehot){over}",
                   f"dscores = 2 * (p - onehot){over}", *([f"dscores = p - onehot{over}", "dscores = p - onehot"] if mean else [])])  # fmt: skip
    elif last == "binary":
        s.back(f"dscores = (p - y){over}", wrong=[f"dscores = (y - p){over}", f"dscores = (p - y) * p * (1 - p){over}",
               *([f"dscores = p - y{over}", "dscores = p - y"] if mean else ["dscores = (p - y) / 2"])])  # fmt: skip
    else:
        s.back(f"dscores = 2 * (scores - y){over}", f"dscores = 2.0 * (scores - y){over}",
               wrong=[f"dscores = (scores - y){over}", f"dscores = 2 * (y - scores){over}",
                      f"dscores = 2 * scores - y{over}", f"dscores = 2 * np.abs(scores - y){over}"])  # fmt: skip
    penalty, bad = "", [""]
    if reg:
        penalty = " + 2 * reg * {w}" if "0.5" not in reg else " + reg * {w}"
        bad = [
            " + reg * {w}" if "0.5" not in reg else " + 2 * reg * {w}",
            " - " + penalty[3:],
            "",
            " + reg * np.sum({w})",
            " + 2 * reg * {w} ** 2",
        ]
    g = "dscores"
    for k in range(depth, 0, -1):
        a, w = ("X" if k == 1 else f"a{k - 1}"), f"W{k}"
        now = penalty.format(w=w)
        s.back(f"dW{k} = {a}.T @ {g}{now}", f"dW{k} = np.dot({a}.T, {g}){now}", f"dW{k} = {a}.T.dot({g}){now}", f"dW{k} = ({g}.T @ {a}).T{now}",
               wrong=[f"dW{k} = {a}.T @ {g}{x.format(w=w)}" for x in bad if x.format(w=w) != now]
               + [f"dW{k} = -{a}.T @ {g}{now}", f"dW{k} = {a}.T @ {g} * 2{now}", f"dW{k} = {a}.T @ {g} / len(X){now}",
                  f"dW{k} = {a}.T @ ({g} ** 2){now}", f"dW{k} = np.abs({a}).T @ {g}{now}"]
               + ([f"dW{k} = z{k - 1}.T @ {g}{now}"] if k > 1 else []))  # fmt: skip
        s.back(f"db{k} = {g}.sum(axis=0)", f"db{k} = np.sum({g}, axis=0)", f"db{k} = np.ones(len(X)) @ {g}",
               wrong=[f"db{k} = {g}.mean(axis=0)", f"db{k} = {g}[0]", f"db{k} = -{g}.sum(axis=0)", f"db{k} = {g}.sum()",
                      f"db{k} = {g}.sum(axis=0) * b{k}", f"db{k} = {g}.max(axis=0)", f"db{k} = {g}.sum(axis=0) / len(X)"])  # fmt: skip
        if k > 1:
            da = f"da{k - 1}"
            wrongs = [f"{da} = {g} @ {w}.T * 2", f"{da} = -({g} @ {w}.T)", f"{da} = {g} @ np.abs({w}).T", f"{da} = {g} @ {w}.T / len(X)",
                      f"{da} = {g} @ np.ones_like({w}).T"]  # fmt: skip
            if sizes[k - 1] == sizes[k]:
                wrongs.append(f"{da} = {g} @ {w}")
            s.back(
                f"{da} = {g} @ {w}.T",
                f"{da} = np.dot({g}, {w}.T)",
                f"{da} = {g}.dot({w}.T)",
                f"{da} = np.matmul({g}, {w}.T)",
                wrong=wrongs,
            )
            _, slopes, bads = ACTIVATIONS[kinds[k - 2]]
            names = {"g": da, "z": f"z{k - 1}", "a": f"a{k - 1}"}
            s.back(
                *(f"dz{k - 1} = {x.format(**names)}" for x in slopes),
                wrong=[f"dz{k - 1} = {x.format(**names)}" for x in bads],
            )
            g = f"dz{k - 1}"
    pairs = [(f"W{k + 1}", f"b{k + 1}") for k in range(depth)]
    names = [n for pair in pairs for n in pair]
    s.add("return loss, " + s.pick([
        "{" + ", ".join(f'"{n}": d{n}' for n in names) + "}",
        "{" + ", ".join(f'"d{n}": d{n}' for n in names) + "}",
        "(" + ", ".join(f"d{n}" for n in names) + ")",
        "[" + ", ".join(f"d{n}" for n in names) + "]",
    ]))  # fmt: skip


def columns(s, dtype):
    """A deep net in columns, with dicts of parameters and caches, in loops over layers."""
    cast = head(s, dtype)
    n, sizes = s.size(4, 8), [s.size(2, 5) for _ in range(s.size(2, 4))] + [1]
    s.add(f"X = rng.normal(size=({sizes[0]}, {n})){cast}")
    s.add(f"Y = (rng.random((1, {n})) > 0.5).astype(float)")
    s.add(f"layer_dims = {sizes}")
    s.add()
    s.add()
    s.add(f"""\
        def initialize_parameters(layer_dims):
            parameters = {{}}
            for l in range(1, len(layer_dims)):
                parameters["W" + str(l)] = 0.6 * rng.normal(size=(layer_dims[l], layer_dims[l - 1])){cast}
                parameters["b" + str(l)] = 0.1 * rng.normal(size=(layer_dims[l], 1)){cast}
            return parameters


        parameters = initialize_parameters(layer_dims)


        def L_model_forward(X, parameters):
            caches = []
            A = X
            L = len(parameters) // 2
            for l in range(1, L):
                A_prev = A
                W, b = parameters["W" + str(l)], parameters["b" + str(l)]
                Z = np.dot(W, A_prev) + b
                A = np.maximum(0, Z)
                caches.append((A_prev, W, b, Z))
            W, b = parameters["W" + str(L)], parameters["b" + str(L)]
            Z = np.dot(W, A) + b
            AL = 1 / (1 + np.exp(-Z))
            caches.append((A, W, b, Z))
            return AL, caches


        def compute_cost(AL, Y):
            m = Y.shape[1]
            cost = -np.sum(Y * np.log(AL) + (1 - Y) * np.log(1 - AL)) / m
            return np.squeeze(cost)


        def linear_backward(dZ, cache):
            A_prev, W, b = cache
            m = A_prev.shape[1]""")
    s.indent = 1
    s.back("dW = np.dot(dZ, A_prev.T) / m", "dW = 1 / m * np.dot(dZ, A_prev.T)", "dW = (1.0 / m) * dZ @ A_prev.T",
           wrong=["dW = np.dot(dZ, A_prev.T)", "dW = np.dot(dZ, A_prev.T) * m", "dW = -np.dot(dZ, A_prev.T) / m", "dW = np.dot(dZ, A_prev.T) / (m - 1)"])  # fmt: skip
    s.back("db = np.sum(dZ, axis=1, keepdims=True) / m", "db = 1 / m * np.sum(dZ, axis=1, keepdims=True)", "db = np.mean(dZ, axis=1, keepdims=True)",
           wrong=["db = np.sum(dZ, axis=1, keepdims=True)", "db = np.sum(dZ) / m * np.ones_like(b)", "db = np.sum(dZ, axis=1, keepdims=True) / m * b"])  # fmt: skip
    s.back(
        "dA_prev = np.dot(W.T, dZ)",
        "dA_prev = W.T @ dZ",
        wrong=["dA_prev = np.dot(W.T, dZ) / m", "dA_prev = -np.dot(W.T, dZ)", "dA_prev = 2 * np.dot(W.T, dZ)"],
    )
    s.add("return dA_prev, dW, db")
    s.indent = 0
    s.add("\n\ndef L_model_backward(AL, Y, caches):")
    s.indent = 1
    s.add("grads = {}\nL = len(caches)\nY = Y.reshape(AL.shape)")
    if s.rng.random() < 0.5:
        s.back("dAL = -(np.divide(Y, AL) - np.divide(1 - Y, 1 - AL))", "dAL = -Y / AL + (1 - Y) / (1 - AL)",
               wrong=["dAL = np.divide(Y, AL) - np.divide(1 - Y, 1 - AL)", "dAL = -(np.divide(Y, AL) + np.divide(1 - Y, 1 - AL))",
                      "dAL = -(np.divide(Y, AL) - np.divide(1 - Y, AL))"])  # fmt: skip
        s.add("A_prev, W, b, Z = caches[L - 1]")
        s.add("sig = 1 / (1 + np.exp(-Z))")
        s.back(
            "dZ = dAL * sig * (1 - sig)",
            wrong=["dZ = dAL * (1 - sig)", "dZ = dAL * sig", "dZ = dAL", "dZ = dAL * Z * (1 - Z)"],
        )
    else:
        s.add("A_prev, W, b, Z = caches[L - 1]")
        s.back(
            "dZ = AL - Y", wrong=["dZ = Y - AL", "dZ = AL + Y", "dZ = (AL - Y) * AL * (1 - AL)", "dZ = (AL - Y) / 2"]
        )
    s.add('dA, grads["dW" + str(L)], grads["db" + str(L)] = linear_backward(dZ, (A_prev, W, b))')
    s.add("for l in reversed(range(L - 1)):")
    s.indent = 2
    s.add("A_prev, W, b, Z = caches[l]")
    s.back("dZ = np.array(dA, copy=True)")
    s.back(
        "dZ[Z <= 0] = 0",
        wrong=[
            "dZ[Z > 0] = 0",
            "dZ[dA <= 0] = 0",
            "dZ[Z <= 0] = 1",
            "dZ[W[:, :1] @ np.ones((1, Z.shape[1])) <= 0] = 0",
        ],
    )
    s.add("dA, dW, db = linear_backward(dZ, (A_prev, W, b))")
    s.add('grads["dW" + str(l + 1)] = dW')
    s.back(
        'grads["db" + str(l + 1)] = db', wrong=['grads["db" + str(l + 1)] = 2 * db', 'grads["db" + str(l + 1)] = -db']
    )
    s.indent = 1
    s.add("return grads")


def network(s, dtype):
    """A class with weights and biases and a method backprop, for one example in a column."""
    cast = head(s, dtype)
    sizes = [s.size(2, 5) for _ in range(s.size(2, 4))] + [s.size(2, 4)]
    s.add("""

        def sigmoid(z):
            return 1.0 / (1.0 + np.exp(-z))


        def sigmoid_prime(z):""")
    s.indent = 1
    s.back(
        "return sigmoid(z) * (1 - sigmoid(z))",
        wrong=["return sigmoid(z) * (1 + sigmoid(z))", "return 1 - sigmoid(z)", "return sigmoid(z) * (1 - z)"],
    )
    s.indent = 0
    s.add(f"""

        class Network:
            def __init__(self, sizes):
                self.num_layers = len(sizes)
                self.sizes = sizes
                self.biases = [rng.normal(size=(y, 1)){cast} for y in sizes[1:]]
                self.weights = [rng.normal(size=(y, x)){cast} for x, y in zip(sizes[:-1], sizes[1:])]

            def feedforward(self, a):
                for b, w in zip(self.biases, self.weights):
                    a = sigmoid(np.dot(w, a) + b)
                return a

            def backprop(self, x, y):
                nabla_b = [np.zeros(b.shape) for b in self.biases]
                nabla_w = [np.zeros(w.shape) for w in self.weights]
                activation = x
                activations = [x]
                zs = []
                for b, w in zip(self.biases, self.weights):
                    z = np.dot(w, activation) + b
                    zs.append(z)
                    activation = sigmoid(z)
                    activations.append(activation)""")
    s.indent = 2
    s.back("delta = self.cost_derivative(activations[-1], y) * sigmoid_prime(zs[-1])",
           wrong=["delta = self.cost_derivative(activations[-1], y)", "delta = self.cost_derivative(activations[-1], y) * sigmoid(zs[-1])",
                  "delta = self.cost_derivative(activations[-1], y) * sigmoid_prime(activations[-1])"])  # fmt: skip
    s.back(
        "nabla_b[-1] = delta",
        wrong=["nabla_b[-1] = 2 * delta", "nabla_b[-1] = delta * self.biases[-1]", "nabla_b[-1] = -delta"],
    )
    s.back("nabla_w[-1] = np.dot(delta, activations[-2].transpose())", "nabla_w[-1] = delta @ activations[-2].T", "nabla_w[-1] = np.outer(delta, activations[-2])",
           wrong=["nabla_w[-1] = np.dot(delta, activations[-2].transpose()) / 2",
                  *(["nabla_w[-1] = np.dot(delta, zs[-2].transpose())"] if len(sizes) > 2 else [])])  # fmt: skip
    s.add("for l in range(2, self.num_layers):")
    s.indent = 3
    s.add("z = zs[-l]")
    s.back("sp = sigmoid_prime(z)", wrong=["sp = sigmoid(z)", "sp = sigmoid_prime(sigmoid(z))", "sp = 1 - sigmoid(z)"])
    s.back("delta = np.dot(self.weights[-l + 1].transpose(), delta) * sp",
           wrong=["delta = np.dot(self.weights[-l + 1].transpose(), delta)", "delta = -np.dot(self.weights[-l + 1].transpose(), delta) * sp",
                  "delta = np.dot(self.weights[-l + 1].transpose(), delta) + sp"])  # fmt: skip
    s.back("nabla_b[-l] = delta", wrong=["nabla_b[-l] = delta * sp", "nabla_b[-l] = sp", "nabla_b[-l] += delta / 2"])
    s.back("nabla_w[-l] = np.dot(delta, activations[-l - 1].transpose())", wrong=[
        "nabla_w[-l] = np.dot(delta, activations[-l - 1].transpose()) * sp", "nabla_w[-l] = -np.dot(delta, activations[-l - 1].transpose())"])  # fmt: skip
    s.indent = 2
    s.add("return (nabla_b, nabla_w)")
    s.indent = 1
    s.add("\ndef cost_derivative(self, output_activations, y):")
    s.indent = 2
    s.back(
        "return output_activations - y",
        "return (output_activations - y)",
        wrong=["return y - output_activations", "return output_activations + y", "return 2 * (output_activations - y)"],
    )
    s.indent = 0
    s.add(f"\n\nnet = Network({sizes})")
    s.add(f"x = rng.normal(size=({sizes[0]}, 1)){cast}")
    s.add(f"y = rng.random(size=({sizes[-1]}, 1)){cast}")


def script(s, dtype):
    """A script with batch normalisation and a softmax, back through every step."""
    cast = head(s, dtype)
    n, d, h, c = s.size(5, 9), s.size(2, 4), s.size(2, 5), s.size(2, 4)
    s.add(f"""\
        n = {n}
        Xb = rng.normal(size=({n}, {d})){cast}
        Yb = rng.integers(0, {c}, size={n})
        W1 = rng.normal(size=({d}, {h})){cast}
        b1 = (0.1 * rng.normal(size={h})){cast}
        bngain = (1 + 0.1 * rng.normal(size=(1, {h}))){cast}
        bnbias = (0.1 * rng.normal(size=(1, {h}))){cast}
        W2 = (0.5 * rng.normal(size=({h}, {c}))){cast}
        b2 = (0.1 * rng.normal(size={c})){cast}

        hprebn = Xb @ W1 + b1
        bnmeani = 1 / n * hprebn.sum(0, keepdims=True)
        bndiff = hprebn - bnmeani
        bndiff2 = bndiff**2
        bnvar = 1 / (n - 1) * bndiff2.sum(0, keepdims=True)
        bnvar_inv = (bnvar + 1e-5) ** -0.5
        bnraw = bndiff * bnvar_inv
        hpreact = bngain * bnraw + bnbias
        h = np.tanh(hpreact)
        logits = h @ W2 + b2
        logit_maxes = logits.max(1, keepdims=True)
        norm_logits = logits - logit_maxes
        counts = np.exp(norm_logits)
        counts_sum = counts.sum(1, keepdims=True)
        counts_sum_inv = counts_sum**-1
        probs = counts * counts_sum_inv
        logprobs = np.log(probs)
        loss = -logprobs[range(n), Yb].mean()
        """)
    s.back("dlogprobs = np.zeros_like(logprobs)")
    s.back(
        "dlogprobs[range(n), Yb] = -1.0 / n",
        wrong=["dlogprobs[range(n), Yb] = 1.0 / n", "dlogprobs[range(n), Yb] = -1.0", "dlogprobs[:, Yb] = -1.0 / n"],
    )
    s.back(
        "dprobs = (1.0 / probs) * dlogprobs",
        "dprobs = dlogprobs / probs",
        wrong=["dprobs = probs * dlogprobs", "dprobs = -dlogprobs / probs", "dprobs = dlogprobs / probs**2"],
    )
    s.back("dcounts_sum_inv = (counts * dprobs).sum(1, keepdims=True)", wrong=["dcounts_sum_inv = (counts * dprobs).sum(0).sum() * np.ones((n, 1))",
           "dcounts_sum_inv = (probs * dprobs).sum(1, keepdims=True)", "dcounts_sum_inv = (counts * dprobs).mean(1, keepdims=True)"])  # fmt: skip
    s.back(
        "dcounts = counts_sum_inv * dprobs",
        wrong=[
            "dcounts = counts_sum * dprobs",
            "dcounts = -counts_sum_inv * dprobs",
            "dcounts = counts_sum_inv**2 * dprobs",
        ],
    )
    s.back("dcounts_sum = (-counts_sum**-2) * dcounts_sum_inv", wrong=["dcounts_sum = (counts_sum**-2) * dcounts_sum_inv",
           "dcounts_sum = (-counts_sum**-1) * dcounts_sum_inv", "dcounts_sum = (-counts_sum**-3) * dcounts_sum_inv"])  # fmt: skip
    s.back(
        "dcounts += np.ones_like(counts) * dcounts_sum",
        "dcounts = dcounts + dcounts_sum",
        wrong=["dcounts = np.ones_like(counts) * dcounts_sum", "dcounts -= np.ones_like(counts) * dcounts_sum"],
    )
    s.back(
        "dnorm_logits = counts * dcounts",
        "dnorm_logits = np.exp(norm_logits) * dcounts",
        wrong=["dnorm_logits = norm_logits * dcounts", "dnorm_logits = dcounts", "dnorm_logits = probs * dcounts"],
    )
    s.back("dlogits = dnorm_logits.copy()", wrong=["dlogits = -dnorm_logits", "dlogits = dnorm_logits * 2"])
    s.back("dlogit_maxes = (-dnorm_logits).sum(1, keepdims=True)")
    s.back("dlogits += np.eye(logits.shape[1])[logits.argmax(1)] * dlogit_maxes")
    s.back("dh = dlogits @ W2.T", wrong=["dh = dlogits @ W2.T * 0.5", "dh = -dlogits @ W2.T"])
    s.back("dW2 = h.T @ dlogits", wrong=["dW2 = hpreact.T @ dlogits", "dW2 = h.T @ dlogits / n"])
    s.back("db2 = dlogits.sum(0)", wrong=["db2 = dlogits.mean(0)", "db2 = dlogits[0]"])
    s.back(
        "dhpreact = (1.0 - h**2) * dh",
        wrong=[
            "dhpreact = (1.0 - h) * dh",
            "dhpreact = (1.0 - hpreact**2) * dh",
            "dhpreact = dh",
            "dhpreact = 1.0 - h**2 * dh",
        ],
    )
    s.back(
        "dbngain = (bnraw * dhpreact).sum(0, keepdims=True)",
        wrong=[
            "dbngain = (hpreact * dhpreact).sum(0, keepdims=True)",
            "dbngain = dhpreact.sum(0, keepdims=True)",
            "dbngain = (bnraw * dhpreact).mean(0, keepdims=True)",
        ],
    )
    s.back(
        "dbnraw = bngain * dhpreact",
        wrong=["dbnraw = dhpreact", "dbnraw = bnbias * dhpreact", "dbnraw = dhpreact / bngain"],
    )
    s.back(
        "dbnbias = dhpreact.sum(0, keepdims=True)",
        wrong=["dbnbias = dhpreact.mean(0, keepdims=True)", "dbnbias = -dhpreact.sum(0, keepdims=True)"],
    )
    s.back(
        "dbndiff = bnvar_inv * dbnraw",
        wrong=["dbndiff = bnvar * dbnraw", "dbndiff = dbnraw / bnvar_inv", "dbndiff = bnvar_inv**2 * dbnraw"],
    )
    s.back(
        "dbnvar_inv = (bndiff * dbnraw).sum(0, keepdims=True)",
        wrong=[
            "dbnvar_inv = (bndiff2 * dbnraw).sum(0, keepdims=True)",
            "dbnvar_inv = (bnraw * dbnraw).sum(0, keepdims=True)",
        ],
    )
    s.back("dbnvar = (-0.5 * (bnvar + 1e-5) ** -1.5) * dbnvar_inv", wrong=["dbnvar = (0.5 * (bnvar + 1e-5) ** -1.5) * dbnvar_inv",
           "dbnvar = (-0.5 * (bnvar + 1e-5) ** -0.5) * dbnvar_inv", "dbnvar = (-(bnvar + 1e-5) ** -1.5) * dbnvar_inv"])  # fmt: skip
    s.back("dbndiff2 = (1.0 / (n - 1)) * np.ones_like(bndiff2) * dbnvar", "dbndiff2 = np.ones_like(bndiff2) * dbnvar / (n - 1)",
           wrong=["dbndiff2 = (1.0 / n) * np.ones_like(bndiff2) * dbnvar", "dbndiff2 = np.ones_like(bndiff2) * dbnvar"])  # fmt: skip
    s.back(
        "dbndiff += (2 * bndiff) * dbndiff2",
        "dbndiff = dbndiff + 2 * bndiff * dbndiff2",
        wrong=[
            "dbndiff += bndiff * dbndiff2",
            "dbndiff = (2 * bndiff) * dbndiff2",
            "dbndiff += 2 * dbndiff2",
            "dbndiff += (2 * bndiff2) * dbndiff2",
        ],
    )
    s.back("dhprebn = dbndiff.copy()", wrong=["dhprebn = dbndiff * 0.5"])
    s.back("dbnmeani = (-dbndiff).sum(0)", wrong=["dbnmeani = dbndiff.sum(0)", "dbnmeani = (-dbndiff).mean(0)"])
    s.back(
        "dhprebn += 1.0 / n * (np.ones_like(hprebn) * dbnmeani)",
        wrong=["dhprebn += np.ones_like(hprebn) * dbnmeani", "dhprebn -= 1.0 / n * (np.ones_like(hprebn) * dbnmeani)"],
    )
    s.back("dW1 = Xb.T @ dhprebn", wrong=["dW1 = Xb.T @ dhprebn * 2", "dW1 = Xb.T @ dbndiff"])
    s.back("db1 = dhprebn.sum(0)", wrong=["db1 = dbnbias[0] + 1"])


def recurrent(s, dtype):
    """A recurrent net on characters, with gradients of module-level weights."""
    cast = head(s, dtype)
    h, v, t = s.size(3, 6), s.size(3, 5), s.size(3, 5)
    s.add(f"""\
        hidden_size, vocab_size = {h}, {v}
        Wxh = rng.normal(size=({h}, {v})){cast} * 0.5
        Whh = rng.normal(size=({h}, {h})){cast} * 0.5
        Why = rng.normal(size=({v}, {h})){cast} * 0.5
        bh = np.zeros(({h}, 1))
        by = np.zeros(({v}, 1))
        inputs = {[int(k) for k in s.rng.integers(v, size=t)]}
        targets = {[int(k) for k in s.rng.integers(v, size=t)]}
        hprev = np.zeros(({h}, 1))


        def lossFun(inputs, targets, hprev):
            xs, hs, ys, ps = {{}}, {{}}, {{}}, {{}}
            hs[-1] = np.copy(hprev)
            loss = 0
            for t in range(len(inputs)):
                xs[t] = np.zeros((vocab_size, 1))
                xs[t][inputs[t]] = 1
                hs[t] = np.tanh(np.dot(Wxh, xs[t]) + np.dot(Whh, hs[t - 1]) + bh)
                ys[t] = np.dot(Why, hs[t]) + by
                ps[t] = np.exp(ys[t]) / np.sum(np.exp(ys[t]))
                loss += -np.log(ps[t][targets[t], 0])
            dWxh, dWhh, dWhy = np.zeros_like(Wxh), np.zeros_like(Whh), np.zeros_like(Why)
            dbh, dby = np.zeros_like(bh), np.zeros_like(by)
            dhnext = np.zeros_like(hs[0])
            for t in reversed(range(len(inputs))):""")
    s.indent = 2
    s.back("dy = np.copy(ps[t])")
    s.back(
        "dy[targets[t]] -= 1",
        wrong=["dy[targets[t]] += 1", "dy[inputs[t]] -= 1", "dy[targets[t]] -= 2", "dy[targets[t]] = 1"],
    )
    s.back(
        "dWhy += np.dot(dy, hs[t].T)",
        wrong=["dWhy += np.dot(dy, hs[t - 1].T)", "dWhy = np.dot(dy, hs[t].T)", "dWhy -= np.dot(dy, hs[t].T)"],
    )
    s.back("dby += dy", wrong=["dby = dy", "dby += dy * by", "dby -= dy"])
    s.back(
        "dh = np.dot(Why.T, dy) + dhnext",
        wrong=[
            "dh = np.dot(Why.T, dy)",
            "dh = np.dot(Why.T, dy) - dhnext",
            "dh = np.dot(Why.T, dy) * dhnext + dhnext",
            "dh = np.dot(Why.T, dy) + 0.5 * dhnext",
        ],
    )
    s.back(
        "dhraw = (1 - hs[t] * hs[t]) * dh",
        "dhraw = (1 - hs[t] ** 2) * dh",
        wrong=[
            "dhraw = (1 - hs[t]) * dh",
            "dhraw = (1 - hs[t - 1] * hs[t - 1]) * dh",
            "dhraw = dh",
            "dhraw = hs[t] * (1 - hs[t]) * dh",
        ],
    )
    s.back("dbh += dhraw", wrong=["dbh = dhraw", "dbh += dh", "dbh += dhraw / len(inputs)"])
    s.back(
        "dWxh += np.dot(dhraw, xs[t].T)",
        wrong=[
            "dWxh += np.dot(dh, xs[t].T)",
            "dWxh = np.dot(dhraw, xs[t].T)",
            "dWxh += np.dot(dhraw, xs[t - 1].T) if t else 0",
        ],
    )
    s.back(
        "dWhh += np.dot(dhraw, hs[t - 1].T)",
        wrong=[
            "dWhh += np.dot(dhraw, hs[t].T)",
            "dWhh = np.dot(dhraw, hs[t - 1].T)",
            "dWhh += np.dot(dh, hs[t - 1].T)",
        ],
    )
    s.back(
        "dhnext = np.dot(Whh.T, dhraw)",
        wrong=[
            "dhnext = np.dot(Whh, dhraw)",
            "dhnext = np.dot(Whh.T, dh)",
            "dhnext = dhraw",
            "dhnext = np.dot(Whh.T, dhraw) / 2",
            "dhnext += np.dot(Whh.T, dhraw)",
        ],
    )
    s.indent = 1
    if s.rng.random() < 0.5:
        s.add("for dparam in [dWxh, dWhh, dWhy, dbh, dby]:\n    np.clip(dparam, -50, 50, out=dparam)")
    s.add("return loss, dWxh, dWhh, dWhy, dbh, dby, hs[len(inputs) - 1]")


def gated(s, dtype):
    """An LSTM over a few steps, with one matrix for all gates."""
    cast = head(s, dtype)
    d, h, t = s.size(2, 4), s.size(2, 4), s.size(2, 4)
    s.add(f"""\
        xs = rng.normal(size=({t}, {d})){cast}
        W = 0.6 * rng.normal(size=({4 * h}, {d + h})){cast}
        b = 0.1 * rng.normal(size={4 * h}){cast}
        v = rng.normal(size={h}){cast}


        def sigmoid(z):
            return 1 / (1 + np.exp(-z))


        def lstm(W, b, v, xs):
            H = {h}
            h, c = np.zeros(H), np.zeros(H)
            loss, steps = 0.0, []
            for x in xs:
                hx = np.concatenate([x, h])
                z = W @ hx + b
                i, f, o, g = sigmoid(z[:H]), sigmoid(z[H : 2 * H]), sigmoid(z[2 * H : 3 * H]), np.tanh(z[3 * H :])
                c_prev, c = c, f * c + i * g
                tc = np.tanh(c)
                h = o * tc
                steps.append((hx, i, f, o, g, c_prev, tc, h))
                loss = loss + 0.5 * (v @ h) ** 2
            dW, db, dv = np.zeros_like(W), np.zeros_like(b), np.zeros_like(v)
            dh_next, dc_next = np.zeros(H), np.zeros(H)
            for hx, i, f, o, g, c_prev, tc, h in reversed(steps):""")
    s.indent = 2
    s.back("dv += (v @ h) * h", wrong=["dv += (v @ h) * tc", "dv = (v @ h) * h", "dv += h"])
    s.back(
        "dh = (v @ h) * v + dh_next",
        wrong=["dh = (v @ h) * v", "dh = v + dh_next", "dh = (v @ h) * h + dh_next", "dh = (v @ h) * v - dh_next"],
    )
    s.back("do = dh * tc", wrong=["do = dh * c_prev", "do = dh", "do = dh * tc * o"])
    s.back(
        "dc = dc_next + dh * o * (1 - tc**2)",
        wrong=[
            "dc = dh * o * (1 - tc**2)",
            "dc = dc_next + dh * o",
            "dc = dc_next + dh * o * (1 - tc)",
            "dc = dc_next + dh * (1 - tc**2)",
            "dc = dc_next * f + dh * o * (1 - tc**2)",
        ],
    )
    s.back("di = dc * g", wrong=["di = dc * i", "di = dc"])
    s.back("df = dc * c_prev", wrong=["df = dc * tc", "df = dc * f", "df = dh * c_prev"])
    s.back("dg = dc * i", wrong=["dg = dc * g", "dg = dc * f"])
    s.back("dz = np.concatenate([di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g**2)])", wrong=[
        "dz = np.concatenate([di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * g * (1 - g)])",
        "dz = np.concatenate([di * i * (1 - i), df * f * (1 + f), do * o * (1 - o), dg * (1 - g**2)])",
        "dz = np.concatenate([di * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g**2)])",
        "dz = np.concatenate([df * i * (1 - i), di * f * (1 - f), do * o * (1 - o), dg * (1 - g**2)])"])  # fmt: skip
    s.back(
        "dW += np.outer(dz, hx)",
        wrong=["dW = np.outer(dz, hx)", "dW -= np.outer(dz, hx)", "dW += 2 * np.outer(dz, hx)"],
    )
    s.back("db += dz", wrong=["db = dz", "db += dz * b", "db += dz / len(xs)"])
    s.back("dhx = W.T @ dz", wrong=["dhx = W.T @ dz * 2", "dhx = -W.T @ dz"])
    s.back(
        "dh_next = dhx[-H:]",
        f"dh_next = dhx[{d}:]",
        wrong=[
            "dh_next = dhx[:H]" if d >= h else "dh_next = dhx[-H:] + dh_next",
            "dh_next = dhx[-H:] * o",
            "dh_next = dh",
        ],
    )
    s.back(
        "dc_next = dc * f",
        wrong=["dc_next = dc", "dc_next = dc * i", "dc_next = dc * f * (1 - f)", "dc_next = dc_next * f"],
    )
    s.indent = 1
    s.add('return loss, {"W": dW, "b": db, "v": dv}')


def normalised(s, dtype):
    """Forward and backward of a normalisation layer, the steps one by one or in one formula."""
    cast = head(s, dtype)
    n, d = s.size(5, 9), s.size(3, 5)
    axis = s.pick([0, 1])
    size = d
    s.add(f"""\
        x = 2 * rng.normal(size=({n}, {d})){cast} + 1
        gamma = 1 + 0.2 * rng.normal(size={size}){cast}
        beta = 0.1 * rng.normal(size={size}){cast}


        def norm_forward(x, gamma, beta, eps=1e-5):
            mu = x.mean(axis={axis}, keepdims=True)
            xmu = x - mu
            var = np.mean(xmu**2, axis={axis}, keepdims=True)
            std = np.sqrt(var + eps)
            xhat = xmu / std
            out = gamma * xhat + beta
            cache = (xhat, gamma, xmu, std)
            return out, cache


        def norm_backward(dout, cache):
            xhat, gamma, xmu, std = cache
            N = dout.shape[{axis}]""")
    s.indent = 1
    s.back("dbeta = dout.sum(axis=0)", wrong=["dbeta = dout.mean(axis=0)", "dbeta = -dout.sum(axis=0)"])
    s.back(
        "dgamma = np.sum(dout * xhat, axis=0)",
        wrong=[
            "dgamma = np.sum(dout * xmu, axis=0)",
            "dgamma = np.sum(dout, axis=0)",
            "dgamma = np.sum(dout * xhat, axis=0) * gamma",
            "dgamma = np.mean(dout * xhat, axis=0)",
        ],
    )
    s.back("dxhat = dout * gamma", wrong=["dxhat = dout", "dxhat = dout / gamma", "dxhat = dout * gamma**2"])
    k = f"axis={axis}, keepdims=True"
    if s.rng.random() < 0.5:
        s.back(f"dx = (dxhat - dxhat.mean({k}) - xhat * (dxhat * xhat).mean({k})) / std", wrong=[
            f"dx = (dxhat - dxhat.mean({k})) / std", f"dx = (dxhat - dxhat.mean({k}) + xhat * (dxhat * xhat).mean({k})) / std",
            f"dx = (dxhat - dxhat.mean({k}) - xhat * (dxhat * xhat).sum({k})) / std", f"dx = dxhat - dxhat.mean({k}) - xhat * (dxhat * xhat).mean({k}) / std",
            f"dx = (dxhat - dxhat.mean({k}) - (dxhat * xhat).mean({k})) / std", f"dx = (dxhat - dxhat.mean({k}) - xhat * (dxhat * xhat).mean({k})) * std"])  # fmt: skip
    else:
        s.back(
            f"dstd = np.sum(-dxhat * xmu / std**2, {k})",
            f"dstd = -np.sum(dxhat * xmu, {k}) / std**2",
            wrong=[
                f"dstd = np.sum(dxhat * xmu / std**2, {k})",
                f"dstd = np.sum(-dxhat * xmu / std, {k})",
                f"dstd = np.sum(-dxhat * xhat / std**2, {k})",
            ],
        )
        s.back(
            "dvar = 0.5 * dstd / std",
            wrong=[
                "dvar = dstd / std",
                "dvar = 0.5 * dstd * std",
                "dvar = -0.5 * dstd / std",
                "dvar = 0.5 * dstd / std**2",
            ],
        )
        s.back(
            "dxmu = dxhat / std + 2 * xmu * dvar / N",
            wrong=[
                "dxmu = dxhat / std",
                "dxmu = dxhat / std + xmu * dvar / N",
                "dxmu = dxhat / std + 2 * xmu * dvar",
                "dxmu = dxhat * std + 2 * xmu * dvar / N",
                "dxmu = dxhat / std - 2 * xmu * dvar / N",
            ],
        )
        s.back(
            f"dmu = -dxmu.sum({k})", wrong=[f"dmu = dxmu.sum({k})", f"dmu = -dxhat.sum({k})", f"dmu = -dxmu.mean({k})"]
        )
        s.back(
            "dx = dxmu + dmu / N",
            wrong=["dx = dxmu + dmu", "dx = dxmu - dmu / N", "dx = dxmu", "dx = dxmu + dmu / (N - 1)"],
        )
    s.add("return dx, dgamma, dbeta")


def convolution(s, dtype):
    """A convolution with loops, forward and backward."""
    cast = head(s, dtype)
    n, c, f, size, k, stride = s.size(1, 3), s.size(1, 2), s.size(1, 3), s.size(5, 6), s.size(2, 3), s.size(1, 2)
    pad = s.size(0, 1)
    s.add(f"""\
        x = rng.normal(size=({n}, {c}, {size}, {size})){cast}
        w = rng.normal(size=({f}, {c}, {k}, {k})){cast}
        b = rng.normal(size={f}){cast}
        conv_param = {{"stride": {stride}, "pad": {pad}}}


        def conv_forward(x, w, b, conv_param):
            stride, pad = conv_param["stride"], conv_param["pad"]
            N, C, H, W = x.shape
            F, _, HH, WW = w.shape
            xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), mode="constant")
            Ho, Wo = 1 + (H + 2 * pad - HH) // stride, 1 + (W + 2 * pad - WW) // stride
            out = np.zeros((N, F, Ho, Wo))
            for i in range(Ho):
                for j in range(Wo):
                    window = xp[:, :, i * stride : i * stride + HH, j * stride : j * stride + WW]
                    for k in range(F):
                        out[:, k, i, j] = np.sum(window * w[k], axis=(1, 2, 3)) + b[k]
            cache = (x, w, b, conv_param)
            return out, cache


        def conv_backward(dout, cache):
            x, w, b, conv_param = cache
            stride, pad = conv_param["stride"], conv_param["pad"]
            N, F, Ho, Wo = dout.shape
            HH, WW = w.shape[2:]
            xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), mode="constant")
            dxp, dw = np.zeros_like(xp), np.zeros_like(w)""")
    s.indent = 1
    s.back(
        "db = dout.sum(axis=(0, 2, 3))",
        "db = np.sum(dout, axis=(0, 2, 3))",
        wrong=["db = dout.mean(axis=(0, 2, 3))", "db = dout.sum(axis=(0, 2, 3)) * b"],
    )
    s.add("for i in range(Ho):\n    for j in range(Wo):")
    s.indent = 3
    s.add("hs, ws = i * stride, j * stride")
    s.back(
        "window = xp[:, :, hs : hs + HH, ws : ws + WW]",
        wrong=[
            "window = xp[:, :, i : i + HH, j : j + WW]"
            if stride > 1
            else "window = xp[:, :, ws : ws + HH, hs : hs + WW]"
        ],
    )
    s.add("for k in range(F):")
    s.indent = 4
    s.back("dw[k] += np.sum(window * dout[:, k, i, j][:, None, None, None], axis=0)", wrong=[
        "dw[k] = np.sum(window * dout[:, k, i, j][:, None, None, None], axis=0)", "dw[k] += np.mean(window * dout[:, k, i, j][:, None, None, None], axis=0) * 2",
        "dw[k] -= np.sum(window * dout[:, k, i, j][:, None, None, None], axis=0)"])  # fmt: skip
    s.back("dxp[:, :, hs : hs + HH, ws : ws + WW] += w[k] * dout[:, k, i, j][:, None, None, None]", wrong=[
        "dxp[:, :, hs : hs + HH, ws : ws + WW] = w[k] * dout[:, k, i, j][:, None, None, None]",
        "dxp[:, :, hs : hs + HH, ws : ws + WW] += w[k][:, ::-1, ::-1] * dout[:, k, i, j][:, None, None, None]",
        "dxp[:, :, hs : hs + HH, ws : ws + WW] += w[k] * dout[:, k, j, i][:, None, None, None]"])  # fmt: skip
    s.indent = 1
    if pad:
        s.back(
            "dx = dxp[:, :, pad:-pad, pad:-pad]",
            wrong=["dx = dxp[:, :, : -2 * pad, : -2 * pad]", "dx = dxp[:, :, 2 * pad :, 2 * pad :]"],
        )
    else:
        s.back("dx = dxp", wrong=["dx = dxp / N * 2", "dx = -dxp"])
    s.add("return dx, dw, db")


def hinge(s, dtype):
    """A linear classifier with a margin or a softmax, in loops or at once."""
    cast = head(s, dtype)
    n, d, c = s.size(5, 8), s.size(3, 5), s.size(3, 4)
    s.add(f"""\
        X = rng.normal(size=({n}, {d})){cast}
        y = np.array({[int(k) for k in s.rng.integers(c, size=n)]})
        W = rng.normal(size=({d}, {c})){cast}
        reg = 0.1

        """)
    kind = s.pick(["svm loop", "svm", "softmax loop"])
    if kind == "svm":
        s.add("""\
            def svm_loss_vectorized(W, X, y, reg):
                num_train = X.shape[0]
                scores = X.dot(W)
                correct = scores[np.arange(num_train), y][:, np.newaxis]
                margins = np.maximum(0, scores - correct + 1)
                margins[np.arange(num_train), y] = 0
                loss = np.sum(margins) / num_train + reg * np.sum(W * W)""")
        s.indent = 1
        s.back(
            "mask = (margins > 0).astype(float)",
            "mask = np.where(margins > 0, 1.0, 0.0)",
            wrong=["mask = (margins < 0).astype(float)", "mask = (scores > 0).astype(float)", "mask = margins"],
        )
        s.back(
            "mask[np.arange(num_train), y] = -mask.sum(axis=1)",
            "mask[np.arange(num_train), y] -= np.sum(mask, axis=1)",
            wrong=["mask[np.arange(num_train), y] = mask.sum(axis=1)", "mask[np.arange(num_train), y] = -1"],
        )
        s.back("dW = X.T.dot(mask) / num_train", wrong=["dW = X.T.dot(mask)", "dW = X.T.dot(mask) / num_train**2"])
        s.back("dW += 2 * reg * W", wrong=["dW += reg * W", "dW += 2 * W", "dW -= 2 * reg * W"])
    elif kind == "svm loop":
        s.add("""\
            def svm_loss_naive(W, X, y, reg):
                dW = np.zeros(W.shape)
                num_classes, num_train = W.shape[1], X.shape[0]
                loss = 0.0
                for i in range(num_train):
                    scores = X[i].dot(W)
                    for j in range(num_classes):
                        if j == y[i]:
                            continue
                        margin = scores[j] - scores[y[i]] + 1
                        if margin > 0:
                            loss += margin""")
        s.indent = 4
        s.back("dW[:, j] += X[i]", wrong=["dW[:, j] -= X[i]", "dW[:, j] = X[i]", "dW[:, j] += 2 * X[i]"])
        s.back(
            "dW[:, y[i]] -= X[i]",
            wrong=["dW[:, y[i]] += X[i]", "dW[:, j] -= X[i]", "dW[:, y[i]] -= X[i] / num_classes"],
        )
        s.indent = 1
        s.add("loss = loss / num_train + reg * np.sum(W * W)")
        s.back("dW /= num_train", "dW = dW / num_train", wrong=["dW /= num_classes"])
        s.back("dW += 2 * reg * W", wrong=["dW += reg * W", "dW = 2 * reg * W", "dW += 2 * reg * W * W"])
    else:
        s.add("""\
            def softmax_loss_naive(W, X, y, reg):
                dW = np.zeros_like(W)
                num_train, num_classes = X.shape[0], W.shape[1]
                loss = 0.0
                for i in range(num_train):
                    scores = X[i].dot(W)
                    scores = scores - np.max(scores)
                    p = np.exp(scores) / np.sum(np.exp(scores))
                    loss += -np.log(p[y[i]])
                    for j in range(num_classes):""")
        s.indent = 3
        s.back(
            "dW[:, j] += X[i] * (p[j] - (j == y[i]))",
            "dW[:, j] += (p[j] - int(j == y[i])) * X[i]",
            wrong=[
                "dW[:, j] += X[i] * p[j]",
                "dW[:, j] += X[i] * (p[j] + (j == y[i]))",
                "dW[:, j] = X[i] * (p[j] - (j == y[i]))",
                "dW[:, j] -= X[i] * (p[j] - (j == y[i]))",
            ],
        )
        s.indent = 1
        s.add("loss = loss / num_train + 0.5 * reg * np.sum(W * W)")
        s.back("dW /= num_train", wrong=["dW /= num_classes"])
        s.back("dW += reg * W", wrong=["dW += 2 * reg * W", "dW += reg", "dW += 0.5 * reg * W"])
    s.indent = 1
    s.add("return loss, dW")


def attention(s, dtype):
    """One head of attention over a sequence, with an embedding before it."""
    cast = head(s, dtype)
    v, t, d, k = s.size(4, 6), s.size(3, 5), s.size(2, 4), s.size(2, 4)
    tokens = [int(x) for x in s.rng.integers(v, size=t)]
    tokens[-1] = tokens[0]
    s.add(f"""\
        tokens = np.array({tokens})
        target = rng.normal(size=({t}, {k})){cast}
        E = rng.normal(size=({v}, {d})){cast}
        Wq, Wk, Wv = (rng.normal(size=({d}, {k})){cast} for _ in range(3))


        def attention_loss(E, Wq, Wk, Wv, tokens, target):
            X = E[tokens]
            Q, K, V = X @ Wq, X @ Wk, X @ Wv
            scale = np.sqrt(Q.shape[1])
            S = Q @ K.T / scale
            P = np.exp(S - S.max(axis=1, keepdims=True))
            P = P / P.sum(axis=1, keepdims=True)
            O = P @ V
            loss = 0.5 * np.sum((O - target) ** 2)""")
    s.indent = 1
    s.back("dO = O - target", wrong=["dO = target - O", "dO = 2 * (O - target)", "dO = (O - target) ** 2"])
    s.back("dP = dO @ V.T", wrong=["dP = -dO @ V.T", "dP = dO @ V.T * P"])
    s.back("dV = P.T @ dO", wrong=["dV = P @ dO", "dV = S.T @ dO"])
    s.back("dS = P * (dP - np.sum(dP * P, axis=1, keepdims=True))", wrong=["dS = P * dP", "dS = P * (dP - np.sum(dP * P, axis=0, keepdims=True))", "dS = P * (dP - np.sum(dP, axis=1, keepdims=True))",
           "dS = P * (1 - P) * dP", "dS = P * (dP + np.sum(dP * P, axis=1, keepdims=True))", "dS = dP - np.sum(dP * P, axis=1, keepdims=True)"])  # fmt: skip
    s.back("dS = dS / scale", "dS /= scale", wrong=["dS = dS * scale", "dS = dS / scale**2"])
    s.back("dQ = dS @ K", wrong=["dQ = dS.T @ K", "dQ = dS @ Q", "dQ = 2 * dS @ K"])
    s.back("dK = dS.T @ Q", wrong=["dK = dS @ Q", "dK = dS.T @ K", "dK = -dS.T @ Q"])
    s.back("dWq = X.T @ dQ", wrong=["dWq = X.T @ dK", "dWq = X.T @ dQ / len(X)"])
    s.back("dWk = X.T @ dK", wrong=["dWk = X.T @ dQ", "dWk = 2 * X.T @ dK"])
    s.back("dWv = X.T @ dV", wrong=["dWv = X.T @ dO", "dWv = -X.T @ dV"])
    s.back(
        "dX = dQ @ Wq.T + dK @ Wk.T + dV @ Wv.T",
        wrong=[
            "dX = dQ @ Wq.T + dK @ Wk.T",
            "dX = dQ @ Wq.T - dK @ Wk.T + dV @ Wv.T",
            "dX = dQ @ Wk.T + dK @ Wq.T + dV @ Wv.T",
            "dX = dQ @ Wq.T + dK @ Wk.T + dO @ Wv.T",
        ],
    )
    s.add("dE = np.zeros_like(E)")
    if s.rng.random() < 0.5:
        s.back(
            "np.add.at(dE, tokens, dX)", wrong=["dE[tokens] += dX", "dE[tokens] = dX", "np.subtract.at(dE, tokens, dX)"]
        )
    else:
        s.add("for i, token in enumerate(tokens):")
        s.indent = 2
        s.back(
            "dE[token] += dX[i]",
            wrong=["dE[token] = dX[i]", "dE[i % len(E)] += dX[i]", "dE[token] += dX[i] / len(tokens)"],
        )
        s.indent = 1
    s.add("return loss, (dE, dWq, dWk, dWv)")


def single(s, dtype):
    """One neuron, or two, in single numbers."""
    s.add("import math")
    s.add()
    w = [round(float(x), 2) for x in s.rng.normal(size=8)]
    kind = s.pick(["sigmoid", "tanh"])
    s.add(f"""

        def neuron(w1={w[0]}, w2={w[1]}, b={w[2]}, v={w[3]}, x1={w[4]}, x2={w[5]}, t={w[6]}):
            z = w1 * x1 + w2 * x2 + b""")
    s.indent = 1
    s.add("a = 1 / (1 + math.exp(-z))" if kind == "sigmoid" else "a = math.tanh(z)")
    s.add("o = v * a\nloss = (o - t) ** 2")
    s.back("do = 2 * (o - t)", wrong=["do = o - t", "do = 2 * (t - o)", "do = 2 * o - t"])
    s.back("dv = do * a", wrong=["dv = do * z", "dv = do * v", "dv = do"])
    s.back("da = do * v", wrong=["da = do * a", "da = do", "da = do / v"])
    if kind == "sigmoid":
        s.back(
            "dz = da * a * (1 - a)",
            wrong=["dz = da * (1 - a)", "dz = da * a * (1 + a)", "dz = da * z * (1 - z)", "dz = da"],
        )
    else:
        s.back(
            "dz = da * (1 - a**2)",
            "dz = da * (1 - a * a)",
            wrong=["dz = da * (1 - a)", "dz = da * (1 + a**2)", "dz = da * 1 - a**2"],
        )
    s.back("dw1 = dz * x1", wrong=["dw1 = dz * w1", "dw1 = dz", "dw1 = da * x1"])
    s.back("dw2 = dz * x2", wrong=["dw2 = dz * x1", "dw2 = -dz * x2", "dw2 = dz / x2"])
    s.back("db = dz", wrong=["db = dz * b", "db = da", "db = 1.0"])
    s.add("return loss, " + s.pick(['{"w1": dw1, "w2": dw2, "b": db, "v": dv}', "(dw1, dw2, db, dv)"]))


STYLES = (
    layered,
    layered,
    columns,
    network,
    script,
    recurrent,
    gated,
    normalised,
    convolution,
    hinge,
    attention,
    single,
)


def sheet(seed, dtype=None):
    """Return a piece of homework, written from a seed; every second one in float32."""
    rng = np.random.default_rng(seed)
    s = Sheet(rng)
    style = STYLES[seed % len(STYLES)]
    style(s, dtype or ("float32" if (seed // len(STYLES)) % 2 else "float64"))
    s.style = style.__name__
    return s
