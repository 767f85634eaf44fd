// Computes a recorded graph of numbers anew, forward and backward, with the rows of the table: ROWS[k] is [forward,
// rule, rule, …]. A node is a card, and `made` lists [card, operation, operand, operand, …], oldest first.
function engine({ made, live }, count) {
  const v = new Float64Array(count), g = new Float64Array(count), given = new Float64Array(live.leaves.length);
  const rows = live.rows.map((k) => ROWS[k]), held = new Map(), needs = new Uint8Array(count), first = [];
  let edges = 0;
  live.leaves.forEach(([card, value, wanted], i) => { v[card] = given[i] = Number(value); needs[card] = wanted; });
  for (const [card, value] of live.constants) v[card] = Number(value);
  for (const [card, operation, ...uses] of made) {
    first.push(edges);
    edges += uses.length;
    if (rows[operation].length > 1 && uses.some((x, k) => needs[x] && rows[operation][k + 1])) needs[card] = 1;
  }
  const root = made.length ? made.at(-1)[0] : live.leaves[0][0];
  const shares = new Float64Array(edges), slopes = new Float64Array(edges), passing = new Uint8Array(edges), reached = new Uint8Array(count);

  function forward() {
    for (const [card, operation, a, b, c] of made) v[card] = held.has(card) ? held.get(card) : rows[operation][0](v[a], v[b], v[c]);
    return v[root];
  }

  // What the rule of operand k of the i-th computed node makes of a gradient
  const pulled = (i, k, gradient) => {
    const [card, operation, a, b, c] = made[i];
    return rows[operation][k + 1](gradient, v[card], v[a], v[b], v[c]);
  };
  const passes = (i, k) => {
    const [card, operation] = made[i];
    return needs[made[i][k + 2]] && rows[operation][k + 1] && !held.has(card);
  };

  function backward() {
    g.fill(0);
    reached.fill(0);
    passing.fill(0);
    g[root] = reached[root] = 1;
    for (let i = made.length - 1; i >= 0; i--) {
      const [card, , ...uses] = made[i];
      for (let k = 0; k < uses.length; k++) {
        if (!passes(i, k)) continue;
        slopes[first[i] + k] = pulled(i, k, 1);
        passing[first[i] + k] = 1;
        if (!reached[card]) continue;
        const share = shares[first[i] + k] = pulled(i, k, g[card]), x = uses[k];
        g[x] = reached[x] ? g[x] + share : share;
        reached[x] = 1;
      }
    }
  }

  function compute() {
    const value = forward();
    backward();
    return value;
  }

  // The steps of going back: [card, [operand, share, gradient then if it is another], …]
  const first_step = () => needs[root] ? [[root]] : [];
  function steps() {
    const now = new Float64Array(count), seen = new Uint8Array(count), found = first_step();
    for (let i = made.length - 1; i >= 0 && found.length; i--) {
      const [card, , ...uses] = made[i], step = [card];
      if (!reached[card] || held.has(card)) continue;
      uses.forEach((x, k) => { if (passes(i, k)) step.push(said(k, x, shares[first[i] + k], now, seen)); });
      found.push(step);
    }
    return found;
  }
  function said(k, x, share, now, seen) {
    const before = seen[x];
    now[x] = before ? now[x] + share : share;
    seen[x] = 1;
    return before ? [k, share, now[x]] : [k, share];
  }

  // Each use of a node followed at once, before all of its gradient has arrived; null where that is too many steps
  const MOST = 150;
  function naive() {
    const at = new Map(made.map(([card], i) => [card, i])), now = new Float64Array(count), seen = new Uint8Array(count);
    const found = first_step(), waiting = [[root, 0]];
    now[root] = seen[root] = 1;
    while (waiting.length && found.length) {
      const [card, k] = waiting.pop(), i = at.get(card);
      if (i === undefined || k >= made[i].length - 2) continue;
      if (found.length > MOST) return null;
      waiting.push([card, k + 1]);
      if (!passes(i, k) || !seen[card]) continue;
      const x = made[i][k + 2];
      found.push([card, said(k, x, pulled(i, k, now[card]), now, seen)]);
      waiting.push([x, 0]);
    }
    return { steps: found, wrong: live.leaves.some(([card, , wanted]) => wanted && now[card] !== g[card]) };
  }

  return { v, g, slopes, passes: passing, held, root, needs, given, compute, steps, naive };
}
