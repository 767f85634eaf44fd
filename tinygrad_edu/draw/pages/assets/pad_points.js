// The points at which lines are compared: ordinary ones first, then whatever lies on another side of some kink.
// Returns the points, whether they lie on both sides of a kink, and the rows of which they reach one side only.
function points_of({ nodes, values, gradients, below }, root, { variables, ranges, at }) {
  const EDGES = { relu: [0], leaky_relu: [0], elu: [0], absolute: [0], sign: [0], hardtanh: [-1, 1] };
  const EXTREMES = ["maximum", "minimum", "fmax", "fmin", "clip"];
  const ORDINARY = 12, MOST = 36, TRIED = 4000;
  const parts = [...below(root)], random = generator(20), points = [], met = new Map();

  function side(i, v) { // on which side of its kinks a node is; "" of one that has none
    const { row, args } = nodes[i], is = (test) => test ? "+" : "-";
    if (Object.hasOwn(EDGES, row ?? "")) return EDGES[row].map((edge) => is(v[args[0]] > edge)).join("");
    if (row === "where") return is(v[args[0]]);
    return EXTREMES.includes(row) ? args.slice(1).map((x) => is(v[args[0]] > v[x])).join("") : "";
  }
  for (let k = 0; k < TRIED && points.length < MOST; k++) {
    const point = {};
    for (const name of variables) {
      const [low, high] = ranges[k < 40 ? k % 2 : Math.floor(random() * ranges.length)];
      point[name] = at[name] ?? low + random() * (high - low);
    }
    const v = values(point), g = gradients(root, v), sides = parts.map((i) => side(i, v)), key = sides.join();
    if (!parts.every((i) => Number.isFinite(v[i]) && Number.isFinite(g[i]))) continue;
    if (points.length >= ORDINARY && met.has(key)) continue;
    met.set(key, sides);
    points.push(point);
  }
  const one_sided = (n) => {
    const reached = new Set([...met.values()].map((sides) => sides[n]));
    return reached.size === 1 && !reached.has("");
  };
  const missing = [...new Set(parts.filter((_, n) => one_sided(n)).map((i) => nodes[i].row))];
  return { points, missing, kinked: !missing.length && met.size > 1 };
}
