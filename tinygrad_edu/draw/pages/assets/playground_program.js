// The Python program that does what the playground did: the same points, first weights, batches and steps.
function program({ begin, steps }, points, { eta, momentum, batch, kind }, modules) {
  const list = (x) => JSON.stringify(x).replaceAll(",", ", ");
  const module = ({ w, name }) => `    tg.nn.Linear(${w[0].length}, ${w.length}),${name ? ` tg.nn.${modules[name]}(),` : ""}`;
  const cost = { square: "((a - y) ** 2).mean()", softplus: "tg.softplus(-y * a).mean()", relu: "tg.relu(1 - y * a).mean()" }[kind];
  return [
    "import numpy as np", "import tinygrad_edu as tg", "",
    `x = np.array(${list(points.map((p) => [p.x, p.y]))})`,
    `y = np.array(${list(points.map((p) => p.side))}, dtype=float)`,
    "net = tg.nn.Sequential(", ...begin.map(module), ")",
    `start = ${list(begin.map(({ w, b }) => [w, b]))}`,
    "for layer, (weight, bias) in zip([m for m in net.modules() if isinstance(m, tg.nn.Linear)], start):",
    "    layer.weight.assign(np.array(weight))",
    "    layer.bias.assign(np.array(bias))",
    `optimizer = tg.nn.SGD(net.parameters(), lr=${eta}, momentum=${momentum})`, "", "",
    "def cost(x, y):",
    "    a = net(x)[:, 0]",
    `    return ${cost}`, "", "",
    `for step in range(${steps}):`,
    `    batch = (step * ${batch} + np.arange(min(${batch}, len(x)))) % len(x)`,
    "    optimizer.zero_grad()",
    "    cost(x[batch], y[batch]).backward()",
    "    optimizer.step()",
    "print(cost(x, y).item())", "",
  ].join("\n");
}
