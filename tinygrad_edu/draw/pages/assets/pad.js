// A sheet on which a derivative is worked out line by line. Every line is computed at points on both sides of every
// kink, beside the gradient by the rows' own rules; a wrong line is compared with the catalogue of mistakes.
(() => {
  "use strict";
  const $ = (id) => document.getElementById(id), content = JSON.parse($("data").textContent);
  const reader = formulas(content.words), sheet = $("sheet");
  const escape = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;");

  // One graph holds the function and every line; equal parts are one node ----------------------------------------

  const nodes = [], places = new Map();
  function node(key, made) {
    if (!places.has(key)) places.set(key, nodes.push(made) - 1);
    return places.get(key);
  }
  function build(tree, defined) {
    if (typeof tree === "number") return node(`#${tree}`, { number: tree });
    if (typeof tree === "string") return tree in defined ? build_defined(tree, defined) : node(`$${tree}`, { name: tree });
    const slope = tree[0] === "'", row = slope ? tree[1] : tree[0], args = tree.slice(slope ? 2 : 1).map((x) => build(x, defined));
    const place = content.rows[row];
    if (place === undefined) throw new reader.Unread(`\`${row}\` cannot be computed here`, 0);
    if (!slope && args.every((x) => nodes[x].number !== undefined)) return build(ROWS[place][0](...args.map((x) => nodes[x].number)), defined);
    return node(`${slope ? "'" : ""}${row}(${args})`, { row, slope, rules: ROWS[place], args });
  }
  function build_defined(name, defined) {
    const { [name]: tree, ...others } = defined; // a name is defined by earlier ones only
    return build(tree, others);
  }
  // Values of all nodes at a point; a node stands behind its operands
  function values(point) {
    const v = new Float64Array(nodes.length);
    nodes.forEach((z, i) => {
      const [a, b, c] = (z.args ?? []).map((x) => v[x]);
      v[i] = z.number ?? (z.name !== undefined ? point[z.name] ?? NaN : z.slope ? z.rules[1](1, z.rules[0](a), a) : z.rules[0](a, b, c));
    });
    return v;
  }
  // Gradients of a node by all others. wrong: (node, operand) -> another rule, null for none; sizes: what was summed
  function gradients(root, v, wrong = () => undefined, sizes = null) {
    const g = new Float64Array(nodes.length);
    g[root] = 1;
    for (let i = root; i >= 0; i--) {
      const z = nodes[i];
      if (!z.args || !g[i] && !Number.isNaN(g[i])) continue;
      if (z.slope) { g[z.args[0]] += NaN; continue; }
      z.args.forEach((x, k) => {
        const other = wrong(i, k), rule = other === undefined ? z.rules[k + 1] : other;
        if (!rule || nodes[x].number !== undefined) return;
        const [a, b, c] = z.args.map((y) => v[y]), share = rule(g[i], v[i], a, b, c);
        g[x] += share;
        if (sizes) sizes[x] += Math.abs(share);
      });
    }
    return g;
  }

  const L = build(reader.parse(content.notation), {}), parts = below(L);
  function below(root) {
    const found = new Set([root]);
    for (let i = root; i >= 0; i--) if (found.has(i)) for (const x of nodes[i].args ?? []) found.add(x);
    return found;
  }

  // Points: ordinary ones first, then whatever lies on another side of some kink -----------------------------------

  const EDGES = { relu: [0], leaky_relu: [0], elu: [0], absolute: [0], sign: [0], hardtanh: [-1, 1] };
  const sides = (v) => [...parts].map((i) => {
    const { row, args } = nodes[i];
    if (row in EDGES) return EDGES[row].map((edge) => v[args[0]] > edge ? "+" : "-").join("");
    if (row === "where") return v[args[0]] ? "+" : "-";
    return ["maximum", "minimum", "fmax", "fmin", "clip"].includes(row) ? args.slice(1).map((x) => v[args[0]] > v[x] ? "+" : "-").join("") : "";
  });
  const random = generator(20);
  const points = [], met = new Set();
  for (let k = 0; k < 4000 && points.length < 36; k++) {
    const point = {};
    for (const name of content.variables) {
      const [low, high] = content.ranges[k < 40 ? k % 2 : Math.floor(random() * content.ranges.length)];
      point[name] = content.at[name] ?? low + random() * (high - low);
    }
    const v = values(point), g = gradients(L, v), side = sides(v).join();
    if (![...parts].every((i) => Number.isFinite(v[i]) && Number.isFinite(g[i]))) continue;
    if (points.length >= 12 && met.has(side)) continue;
    met.add(side);
    points.push(point);
  }
  function missing_sides() {
    return [...parts].flatMap((i, n) => {
      const here = new Set(points.map((point) => sides(values(point))[n]));
      return here.size === 1 && !here.has("") ? [nodes[i].row] : [];
    });
  }
  const missing = missing_sides(), kinked = !missing.length && met.size > 1;

  // Reading a line -------------------------------------------------------------------------------------------------

  const names = () => new Set([...content.variables, ...Object.keys(defined)]);
  let defined = {}, target = null, reads = null;
  const SLOPE = /^\(?[d∂]\s*([\p{L}_]\w*)?\s*\/\s*[d∂]\s*([\p{L}_]\w*)\)?$/u;
  const on_paper = (text) => text.replaceAll("**", "^").replaceAll("*", "·"), bare = (text) => on_paper(text).replaceAll("−", "-").replace(/\s/g, "");
  function split(text) {
    const at = text.search(/(?<![<>=!:])=(?!=)/);
    return at < 0 ? [null, text] : [text.slice(0, at).trim(), text.slice(at + 1)];
  }
  function meant(left) { // what a line is about: {of, by}, {define}, or null for what the line before was about
    if (!left) return null;
    const slope = left.match(SLOPE) ?? left.match(/^()[d∂]_?([\p{L}_]\w*)$/u) ?? (/^[\p{L}]['′]$/u.test(left) && content.variables.length === 1 ? [0, "", content.variables[0]] : null);
    if (slope) return { of: slope[1] in defined ? slope[1] : "", by: slope[2] };
    return /^[\p{L}_][\p{L}\p{N}_]*$/u.test(left) ? { define: left } : { odd: left };
  }

  function judge(text) { // a verdict: kind "right", "wrong", "note" or "odd", and what to say
    const [left, right] = split(text);
    let claim = meant(left);
    try {
      const { notation, tree } = reader.read(right, names());
      reads = notation;
      const strange = reader.variables(tree).filter((name) => !names().has(name));
      if (strange.length) return { kind: "odd", say: `${strange[0]} is not in L: there are ${[...names()].join(", ")}. A line "${strange[0]} = …" before this one gives a part of L that name` };
      if (claim?.odd) return { kind: "odd", say: `what stands left of = should be a derivative like ∂L/∂${content.variables[0]}, or a name` };
      if (claim?.define && !content.variables.includes(claim.define)) {
        defined = { ...defined, [claim.define]: tree };
        return { kind: "note", say: `${claim.define} stands for this from now on` };
      }
      claim = claim?.by ? claim : target ?? { of: "", by: $("by").value };
      target = claim;
      return compared(build(tree, defined), claim);
    } catch (error) {
      if (!(error instanceof reader.Unread)) throw error;
      return { kind: "odd", say: error.message };
    }
  }

  function compared(mine, { of, by }) {
    const root = of ? build(of, defined) : L, x = by in defined ? build(by, defined) : node(`$${by}`, { name: by });
    if (!below(root).has(x)) return { kind: "odd", say: `${by} is no part of ${of || "L"} as it was written` };
    const rows = points.map((point) => {
      const v = values(point), sizes = new Float64Array(nodes.length), g = gradients(root, v, undefined, sizes);
      return { point, v, right: g[x], given: v[mine], size: sizes[x] };
    });
    const near = ({ right, given, size }, part = 1e-8) => Math.abs(given - right) <= part * (Math.abs(given) + Math.abs(right) + size) || (given === right);
    const off = rows.find((row) => !near(row));
    if (!off) return { kind: "right", say: `✓ right, at ${rows.length} points${kinked ? ", on both sides of every kink" : ""}` };
    const at = `at ${content.variables.map((name) => `${name} = ${digits(off.point[name], 3)}`).join(", ")} it is ${digits(off.given)}, and ∂${of || "L"}/∂${by} is ${digits(off.right)}`;
    if (rows.every((row) => near(row, 6e-4))) return { kind: "note", say: `right to the digits you gave; ${at}` };
    return { kind: "wrong", say: `✗ ${at}`, why: cause(rows, root, x, by) };
  }

  // The name of a mistake: one whose numbers are exactly the ones given, at every point -----------------------------

  function cause(rows, root, x, by) {
    const fits = (predicted) => rows.every((row, i) => Math.abs(predicted[i] - row.given) <= 1e-7 * (Math.abs(row.given) + Math.abs(predicted[i]) + 1e-300))
      && rows.some((row, i) => Math.abs(predicted[i] - row.right) > 1e-6 * (Math.abs(row.right) + row.size));
    const found = [], all = [...below(root)];
    const attempt = (number, said, wrong) => {
      if (fits(rows.map(({ v }) => gradients(root, v, wrong)[x]))) found.push([number, said]);
    };
    const other = content.variables.find((name) => name !== by && fits(rows.map(({ v }) => gradients(root, v)[node(`$${name}`, { name })])));
    const taken = other ? `these are the numbers of ∂L/∂${other}` : "";
    const factor = rows.map((row) => row.given / row.right).find(Number.isFinite);
    if (factor === -1 && fits(rows.map((row) => -row.right))) return `${content.catalogue[5][0]}: everywhere the opposite sign. ${content.catalogue[5][1]}`;
    const uses = new Map();
    for (const i of all) (nodes[i].args ?? []).forEach((y, k) => {
      const constant = nodes[nodes[i].args.at(-1)].number, kind = constant === undefined ? "" : nodes[i].row === "power" && constant === 2 ? "2" : "c";
      uses.set(y, [...uses.get(y) ?? [], [i, k]]);
      for (const [number, said, rule] of WRONG[`${nodes[i].row} ${k} ${kind}`] ?? []) {
        attempt(number, said, (j, m) => j === i && m === k ? rule : undefined);
        attempt(number, said, (j, m) => nodes[j].row === nodes[i].row && m === k ? rule : undefined);
      }
    });
    for (const [y, edges] of uses) if (nodes[y].number === undefined) for (const [i, k] of edges) {
      attempt(edges.length > 1 ? 23 : 24, "", (j, m) => j === i && m === k ? null : undefined);
    }
    if (found.length) {
      const [number, said] = found.sort((a, b) => content.catalogue[a[0]][2] - content.catalogue[b[0]][2])[0], [name, mend] = content.catalogue[number];
      return `${name}${said ? ` (${said})` : ""}: ${mend}${taken ? `; ${taken}` : ""}`;
    }
    if (factor && fits(rows.map((row) => factor * row.right))) return `everywhere ${digits(factor)} times what it should be: look for a constant factor`;
    return taken;
  }

  // The sheet -------------------------------------------------------------------------------------------------------

  const lines = () => [...sheet.querySelectorAll("input")];
  function line(text = "", after = null) {
    const row = document.createElement("li");
    row.innerHTML = '<input spellcheck="false" autocomplete="off" autocapitalize="off" aria-label="a line of the derivation"><output></output>';
    if (after) after.after(row); else sheet.append(row);
    const input = row.firstChild;
    input.value = text;
    if (!lines().length || input === lines()[0]) input.placeholder = `∂L/∂${$("by").value} = …`;
    input.addEventListener("input", later);
    input.addEventListener("keydown", (event) => {
      const all = lines(), at = all.indexOf(input);
      if (event.key === "Enter") { check(); line("", row).focus(); event.preventDefault(); }
      else if (event.key === "ArrowDown") all[at + 1]?.focus();
      else if (event.key === "ArrowUp") all[at - 1]?.focus();
      else if (event.key === "Backspace" && !input.value && all.length > 1) { row.remove(); (all[at - 1] ?? all[1]).focus(); check(); event.preventDefault(); }
    });
    return input;
  }
  let waiting = null;
  function later() {
    clearTimeout(waiting);
    waiting = setTimeout(check, 350);
  }
  function check() {
    clearTimeout(waiting);
    defined = {};
    target = null;
    let bad = null, last = null;
    for (const input of lines()) {
      const output = input.nextSibling, row = input.parentNode;
      row.className = "";
      if (!input.value.trim()) { output.innerHTML = ""; continue; }
      reads = null;
      const { kind, say, why } = judge(input.value), first = kind === "wrong" && !bad;
      if (kind === "wrong") bad ??= input;
      if (kind === "right") last = input;
      const telling = kind !== "right" || /[,/]/.test(split(input.value)[1]); // where the way it was read may surprise
      const plain = telling && reads && bare(reads) !== bare(split(input.value)[1]) ? `<span class="soft">read as ${escape(on_paper(reads))}</span>` : "";
      const words = kind === "wrong" && !first ? "✗ wrong as well" : say;
      const html = `<span class="said">${escape(words)}</span>${first && why ? `<b>${escape(why)}</b>` : ""}${plain}`;
      if (output.innerHTML !== html) output.innerHTML = html;
      row.className = kind + (first ? " first" : "");
      input.toggleAttribute("aria-invalid", kind === "wrong" || kind === "odd");
    }
    const news = bad ? `line ${lines().indexOf(bad) + 1} is the first wrong one: ${bad.nextSibling.textContent}` : last ? "every line is right" : "";
    if ($("news").textContent !== news) $("news").textContent = news;
    $("done").hidden = !(last && !bad && lines().filter((x) => x.value.trim()).at(-1) === last);
    if (self === top) history.replaceState(null, "", `#${encodeURIComponent(lines().map((x) => x.value).join("\n"))}`);
  }

  // Hints: the way from the variable to L, the slope of each step, their numbers, the answer ---------------------------

  let stage = 0;
  $("hint").addEventListener("click", () => {
    const by = $("by").value, hints = content.hints[by];
    stage = Math.min(stage + 1, hints.length);
    $("hints").innerHTML = hints.slice(0, stage).map((hint) => `<li>${hint}</li>`).join("");
    $("hint").textContent = stage === hints.length ? "no more hints" : stage === hints.length - 1 ? "show the answer" : "next hint";
    $("hint").disabled = stage === hints.length;
  });
  $("by").addEventListener("change", () => {
    stage = 0;
    $("hints").innerHTML = "";
    $("hint").disabled = false;
    $("hint").textContent = "hint";
    check();
  });
  $("save").addEventListener("click", () => {
    check();
    const text = [`# L = ${content.typed}`, ...lines().map((x) => x.value).filter((x) => x.trim()), `# ${$("news").textContent}; hints: ${stage}`].join("\n");
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([`${text}\n`], { type: "text/plain" }));
    link.download = "derivation.txt";
    link.click();
    URL.revokeObjectURL(link.href);
  });

  const start = decodeURIComponent(location.hash.slice(1)).split("\n");
  for (const text of start) line(text);
  if (missing.length) $("limits").textContent = `Not tested: the other side of ${[...new Set(missing)].join(", ")}, which no point reached.`;
  if (!points.length) $("limits").textContent = "L is finite at no point that was tried: nothing can be checked.";
  check();
})();
