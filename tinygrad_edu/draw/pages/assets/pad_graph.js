// One graph of rows of the table, which holds the function of a sheet and every line of it; equal parts are one node.
// A node is { number }, { name }, or { row, rules, args, slope }, behind the nodes that it is made from; slope: whether it
// is the derivative of a row of one operand. places: where each row stands in ROWS.
function formula_graph(places) {
  const nodes = [], known = new Map();
  function node(key, made) {
    if (!known.has(key)) known.set(key, nodes.push(made) - 1);
    return known.get(key);
  }
  const variable = (name) => node(`$${name}`, { name });

  // The node of a tree. defined: trees that names stand for, each over the names before it
  function build(tree, defined) {
    if (typeof tree === "number") return node(`#${tree}`, { number: tree });
    if (typeof tree === "string") {
      if (!Object.hasOwn(defined, tree)) return variable(tree);
      const { [tree]: meaning, ...others } = defined;
      return build(meaning, others);
    }
    const slope = tree[0] === "'", row = slope ? tree[1] : tree[0];
    const args = tree.slice(slope ? 2 : 1).map((x) => build(x, defined)), rules = ROWS[places[row]];
    if (!rules) throw new Unread(`\`${row}\` cannot be computed here`, 0);
    const numbers = args.map((x) => nodes[x].number);
    if (!slope && numbers.every((x) => x !== undefined)) return build(rules[0](...numbers), defined);
    return node(`${slope ? "'" : ""}${row}(${args})`, { row, slope, rules, args });
  }

  function values(point) { // of all nodes, with these numbers for the variables
    const v = new Float64Array(nodes.length);
    nodes.forEach(({ number, name, slope, rules, args }, i) => {
      if (!args) { v[i] = number ?? point[name] ?? NaN; return; }
      const [a, b, c] = args.map((x) => v[x]);
      v[i] = slope ? rules[1](1, rules[0](a), a) : rules[0](a, b, c);
    });
    return v;
  }

  // Gradients of a node by all others. wrong: (node, operand) -> another rule, null for none, undefined for the right one.
  // sizes: where to add up the sizes of what was summed
  function gradients(root, v, wrong = () => undefined, sizes = null) {
    const g = new Float64Array(nodes.length);
    g[root] = 1;
    for (let i = root; i >= 0; i--) {
      const { args, slope, rules } = nodes[i];
      if (!args || g[i] === 0) continue;
      if (slope) { g[args[0]] += NaN; continue; } // of a slope no rule is known
      const operands = args.map((x) => v[x]);
      args.forEach((x, k) => {
        const other = wrong(i, k), rule = other === undefined ? rules[k + 1] : other;
        if (!rule || nodes[x].number !== undefined) return;
        const share = rule(g[i], v[i], ...operands);
        g[x] += share;
        if (sizes) sizes[x] += Math.abs(share);
      });
    }
    return g;
  }

  function below(root) { // the nodes that a node is made from, and itself
    const found = new Set([root]);
    for (let i = root; i >= 0; i--) if (found.has(i)) for (const x of nodes[i].args ?? []) found.add(x);
    return found;
  }
  return { nodes, variable, build, values, gradients, below };
}
