// The name of a mistake: one of the catalogue whose numbers are exactly the ones given, at every point. WRONG holds wrong
// rules by row, operand and kind of the last operand. Returns a sentence; empty where no mistake fits.
function mistake_finder({ nodes, variable, gradients, below }, { variables, catalogue }) {
  const OPPOSITE = 5, ONE_PATH_LOST = 23, PART_LOST = 24; // rows of the catalogue
  const last = ([number], [other]) => catalogue[number][2] - catalogue[other][2]; // the likeliest first

  // rows: of each point the values v of all nodes, the right slope, the one given, and the size of what is summed in it
  return (rows, root, x, by) => {
    const as_given = (predicted) => rows.every(({ given }, i) =>
      Math.abs(predicted[i] - given) <= 1e-7 * (Math.abs(given) + Math.abs(predicted[i]) + 1e-300));
    const is_wrong = (predicted) => rows.some(({ right, size }, i) => Math.abs(predicted[i] - right) > 1e-6 * (Math.abs(right) + size));
    const fits = (predicted) => as_given(predicted) && is_wrong(predicted);

    if (fits(rows.map(({ right }) => -right))) return `${catalogue[OPPOSITE][0]}: everywhere the opposite sign. ${catalogue[OPPOSITE][1]}`;
    const other = variables.find((name) => name !== by && fits(rows.map(({ v }) => gradients(root, v)[variable(name)])));
    const taken = other ? `these are the numbers of ∂L/∂${other}` : "";

    const found = [];
    function attempt(number, said, wrong) {
      if (fits(rows.map(({ v }) => gradients(root, v, wrong)[x]))) found.push([number, said]);
    }
    const uses = new Map();
    for (const i of below(root)) {
      const { row, args = [] } = nodes[i], constant = args.length ? nodes[args.at(-1)].number : undefined;
      const kind = constant === undefined ? "" : row === "power" && constant === 2 ? "2" : "c";
      args.forEach((y, k) => {
        uses.set(y, [...uses.get(y) ?? [], [i, k]]);
        for (const [number, said, rule] of WRONG[`${row} ${k} ${kind}`] ?? []) {
          attempt(number, said, (j, m) => j === i && m === k ? rule : undefined);
          attempt(number, said, (j, m) => nodes[j].row === row && m === k ? rule : undefined);
        }
      });
    }
    for (const [y, edges] of uses) {
      if (nodes[y].number !== undefined) continue;
      for (const [i, k] of edges) attempt(edges.length > 1 ? ONE_PATH_LOST : PART_LOST, "", (j, m) => j === i && m === k ? null : undefined);
    }
    if (found.length) {
      const [number, said] = found.sort(last)[0], [name, mend] = catalogue[number];
      return `${name}${said ? ` (${said})` : ""}: ${mend}${taken ? `; ${taken}` : ""}`;
    }
    const factor = rows.map(({ right, given }) => given / right).find(Number.isFinite);
    if (factor && fits(rows.map(({ right }) => factor * right))) return `everywhere ${digits(factor)} times what it should be: look for a constant factor`;
    return taken;
  };
}
