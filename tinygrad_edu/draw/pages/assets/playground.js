// A net that learns in the page. Layers are columns of numbers, one an example; activations and losses are rows of the
// table: ROWS[PLACES.tanh] is [forward, rule].
(() => {
  "use strict";
  const $ = (id) => document.getElementById(id), content = JSON.parse($("data").textContent);
  const button = (name) => document.querySelector(`[data-do="${name}"]`);
  const row = (name) => ROWS[content.rows[name]], LINEAR = [(x) => x, (g) => g];
  const activation = (name) => name ? row(name) : LINEAR;
  const SIDE = 36, WIDE = 100; // of the picture of a neuron, and of the plane

  // Random numbers that are the same everywhere: mulberry32 ---------------------------------------------------------

  function generator(seed) {
    return () => {
      seed = seed + 0x6d2b79f5 | 0;
      let t = Math.imul(seed ^ seed >>> 15, 1 | seed);
      t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t;
      return ((t ^ t >>> 14) >>> 0) / 4294967296;
    };
  }
  const four = (x) => Number(x.toFixed(4));

  // Data and net ---------------------------------------------------------------------------------------------------

  let points = [], net = [], begin = [], velocity = [], steps = 0, curve = [], chosen = null, neuron = null, edges = "w";
  const settings = () => ({
    eta: numeric(button("eta").value),
    momentum: numeric($("momentum").value) || 0,
    batch: Math.max(1, Math.round(numeric($("batch").value)) || 1),
    kind: $("kind").value,
  });
  const training = () => points.filter((point) => !point.test), testing = () => points.filter((point) => point.test);

  function load() {
    const random = generator(Math.round(numeric($("seed").value)) || 0), noise = Number($("noise").value);
    const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    const moved = ([x, y, side]) => ({ x: four(x + noise * normal()), y: four(y + noise * normal()), side });
    points = content.sets[$("set").value].map(moved);
    for (let i = points.length - 1; i > 0; i--) { // shuffled
      const j = Math.floor(random() * (i + 1));
      [points[i], points[j]] = [points[j], points[i]];
    }
    points.forEach((point, i) => { point.test = points.length >= 20 && i % 4 === 3; });
    chosen = points.length ? 0 : null;
  }
  function fresh() { // weights of a net as the settings have it; the user's own net keeps its first weights
    const random = generator((Math.round(numeric($("seed").value)) || 0) + 1), sizes = shape();
    const own = content.net?.length === sizes.length && content.net.every(([w], c) => w.length === sizes[c].count);
    net = sizes.map(({ count, name }, c) => {
      const before = c ? sizes[c - 1].count : 2, reach = Math.sqrt(3 / before);
      if (own) return { w: content.net[c][0].map((each) => [...each]), b: [...content.net[c][1]], name };
      const weights = () => Array.from({ length: before }, () => four((2 * random() - 1) * reach));
      return { w: Array.from({ length: count }, weights), b: new Array(count).fill(0), name };
    });
    begin = copy(net);
    velocity = zero();
    steps = 0;
    curve = [];
    seen();
  }
  const copy = (layers) => layers.map(({ w, b, name }) => ({ w: w.map((each) => [...each]), b: [...b], name }));
  const zero = () => net.map(({ w, b }) => ({ w: w.map((each) => each.map(() => 0)), b: b.map(() => 0) }));

  function forward(inputs) { // all layers' sums and activations, each a column of one number an example
    const sums = [], outputs = [inputs], n = inputs[0].length;
    for (const { w, b, name } of net) {
      const before = outputs.at(-1), [f] = activation(name);
      const z = w.map((weights, j) => {
        const column = new Float64Array(n).fill(b[j]);
        weights.forEach((x, k) => { const a = before[k]; for (let i = 0; i < n; i++) column[i] += x * a[i]; });
        return column;
      });
      sums.push(z);
      outputs.push(name ? z.map((column) => column.map((x) => f(x))) : z);
    }
    return { sums, outputs };
  }
  const columns = (some) => [Float64Array.from(some, (p) => p.x), Float64Array.from(some, (p) => p.y)];
  // What the loss of one example is a function of, and its slope by the output
  const MEANT = {
    square: [(a, y) => a - y, () => 1],
    softplus: [(a, y) => -y * a, (y) => -y],
    relu: [(a, y) => 1 - y * a, (y) => -y],
  };
  function loss(some) {
    if (!some.length) return NaN;
    const out = forward(columns(some)).outputs.at(-1)[0], { kind } = settings(), [inner] = MEANT[kind], [f] = row(kind);
    return some.reduce((sum, point, i) => sum + f(inner(out[i], point.side)), 0) / some.length;
  }
  function backward(some) { // gradients of the mean loss, and δ of every neuron for every example
    const { sums, outputs } = forward(columns(some)), n = some.length;
    const { kind } = settings(), [inner, by] = MEANT[kind], [f, rule] = row(kind);
    let arriving = [Float64Array.from(some, ({ side }, i) => {
      const u = inner(outputs.at(-1)[0][i], side);
      return rule(1, f(u), u) * by(side);
    })];
    const grads = zero(), deltas = [];
    for (let c = net.length - 1; c >= 0; c--) {
      const { w, name } = net[c], [, slope] = activation(name), before = outputs[c];
      const delta = deltas[c] = arriving.map((g, j) => g.map((x, i) => slope(x, outputs[c + 1][j][i], sums[c][j][i])));
      const share = (k, i) => w.reduce((sum, weights, j) => sum + weights[k] * delta[j][i], 0);
      arriving = before.map((_, k) => Float64Array.from({ length: n }, (__, i) => share(k, i)));
      delta.forEach((d, j) => {
        before.forEach((a, k) => {
          let sum = 0;
          for (let i = 0; i < n; i++) sum += d[i] * a[i];
          grads[c].w[j][k] = sum / n;
        });
        grads[c].b[j] = d.reduce((sum, x) => sum + x, 0) / n;
      });
    }
    return { sums, outputs, deltas, grads };
  }
  function step() {
    const all = training(), { eta, momentum, batch } = settings();
    if (!all.length || !(eta > 0)) return;
    if (!curve.length) curve.push([loss(all), loss(testing())]);
    const first = steps * batch % all.length, count = Math.min(batch, all.length);
    const some = Array.from({ length: count }, (_, i) => all[(first + i) % all.length]);
    const { grads } = backward(some);
    net.forEach((layer, c) => {
      layer.w.forEach((weights, j) => {
        weights.forEach((_, k) => {
          const v = velocity[c].w[j][k] = momentum * velocity[c].w[j][k] + grads[c].w[j][k];
          weights[k] -= eta * v;
        });
        const v = velocity[c].b[j] = momentum * velocity[c].b[j] + grads[c].b[j];
        layer.b[j] -= eta * v;
      });
    });
    steps++;
    curve.push([loss(all), loss(testing())]);
  }
  const epoch = () => { for (let k = Math.ceil(training().length / settings().batch); k > 0; k--) step(); };

  // What is seen -----------------------------------------------------------------------------------------------------

  let colours = {};
  function look() {
    const style = getComputedStyle(document.body), pen = document.createElement("canvas").getContext("2d");
    const rgb = (name) => {
      pen.fillStyle = style.getPropertyValue(name).trim();
      return pen.fillStyle.match(/[\da-f]{2}/g).map((h) => parseInt(h, 16));
    };
    colours = { paper: rgb("--paper"), 1: rgb("--blue"), "-1": rgb("--orange"), ink: style.getPropertyValue("--ink") };
  }
  function bounds() {
    const reach = Math.max(1.2, ...points.flatMap((p) => [Math.abs(p.x), Math.abs(p.y)])) * 1.12;
    return Number.isFinite(reach) ? Math.min(reach, 20) : 2;
  }
  function grid(side) {
    const r = bounds(), at = (i) => -r + (i + 0.5) / side * 2 * r, n = side * side;
    const column = (f) => Float64Array.from({ length: n }, (_, i) => f(i));
    return [column((i) => at(i % side)), column((i) => -at(Math.floor(i / side)))];
  }
  function paint(canvas, side, values, scale) {
    const pen = canvas.getContext("2d"), image = pen.createImageData(side, side);
    values.forEach((v, i) => {
      const part = Number.isFinite(v) ? 0.85 * Math.min(1, Math.abs(v) / scale) : 0, tone = colours[v < 0 ? "-1" : "1"];
      for (let c = 0; c < 3; c++) image.data[4 * i + c] = colours.paper[c] + part * (tone[c] - colours.paper[c]);
      image.data[4 * i + 3] = 255;
    });
    if (canvas.width === side) pen.putImageData(image, 0, 0);
    else {
      const small = new OffscreenCanvas(side, side);
      small.getContext("2d").putImageData(image, 0, 0);
      pen.imageSmoothingEnabled = true;
      pen.drawImage(small, 0, 0, canvas.width, canvas.height);
    }
  }
  function place(point) {
    const r = bounds(), w = $("plane").width;
    return [(point.x / r + 1) / 2 * w, (1 - point.y / r) / 2 * w];
  }
  function seen() {
    const { outputs } = forward(grid(SIDE));
    board.cells.forEach(({ canvas, c, j }) => {
      const values = outputs[c][j], most = values.reduce((m, v) => Math.max(m, Math.abs(v)), 1e-9);
      paint(canvas, SIDE, values, most);
    });
    const plane = $("plane"), big = forward(grid(WIDE)).outputs.at(-1)[0], pen = plane.getContext("2d");
    paint(plane, WIDE, big, 1.2);
    points.forEach((point, i) => {
      const [x, y] = place(point);
      pen.beginPath();
      if (point.side > 0) pen.arc(x, y, 4, 0, 7); else pen.rect(x - 3.6, y - 3.6, 7.2, 7.2);
      pen.fillStyle = `rgb(${colours[point.side > 0 ? "1" : "-1"]})`;
      pen.globalAlpha = point.test ? 0.45 : 1;
      pen.fill();
      pen.globalAlpha = 1;
      pen.lineWidth = i === chosen ? 3 : 1;
      pen.strokeStyle = i === chosen ? colours.ink : `rgb(${colours.paper})`;
      pen.stroke();
    });
    const all = training(), value = loss(all), { grads } = all.length ? backward(all) : { grads: zero() };
    board.lines.forEach(({ path, c, j, k, layer }) => {
      const show = (edges === "w" ? net : grads)[c].w, x = show[j][k], most = Math.max(1e-12, ...show.flat().map(Math.abs));
      path.setAttribute("stroke-width", (0.4 + 4.4 * Math.abs(x) / most).toFixed(2));
      path.setAttribute("stroke-opacity", (0.2 + 0.7 * Math.abs(x) / most).toFixed(2));
      path.classList.toggle("neg", x < 0);
      path.firstChild.textContent = `${edges === "w" ? "w" : "∂w"}_${j + 1}${k + 1}^(${layer}) = ${digits(x)}`;
    });
    $("loss").textContent = digits(value);
    $("loss").dataset.value = String(value);
    $("test").textContent = testing().length ? digits(loss(testing())) : "·";
    $("counts").textContent = `step ${steps}, epoch ${(steps * settings().batch / (all.length || 1)).toFixed(1)}`;
    const start = curve[0]?.[0] ?? value;
    $("news").textContent = !Number.isFinite(value) && all.length ? "It has diverged: the steps are too large. Reset, and make η smaller."
      : value > 10 * start + 1 ? "The loss grows: the steps are too large." : "";
    draw_curve();
    tell();
    if ($("code").open) $("code").querySelector("pre").textContent = code();
  }
  function draw_curve() {
    const most = Math.max(...curve.flat().filter(Number.isFinite), 1e-9);
    const n = Math.max(1, curve.length - 1), thin = Math.ceil(curve.length / 300);
    const line = (i) => curve.map((pair, at) => [at, pair[i]]).filter(([at, y]) => (at % thin === 0 || at === n) && Number.isFinite(y))
      .map(([at, y]) => `${(5 + 290 * at / n).toFixed(1)},${(74 - 66 * Math.min(1, y / most)).toFixed(1)}`).join(" ");
    $("curve").innerHTML = curve.length < 2 ? "" : `<polyline points="${line(0)}"/><polyline class="test" points="${line(1)}"/><text x="5" y="87">training, and dashed: test</text>`;
  }

  // The net as a board of neurons, each with its own picture of the plane -----------------------------------------------

  let board = { cells: [], lines: [] };
  function build() {
    const box = $("board"), counts = [2, ...net.map(({ b }) => b.length)], high = Math.max(4, ...counts) * 50 + 26;
    const wide = Math.max(300, box.clientWidth || 600);
    const at = (c, j) => [30 + (wide - 60) * c / (counts.length - 1), 26 + (high - 26) / 2 + (j - (counts[c] - 1) / 2) * 50];
    box.style.height = `${high}px`;
    const titles = counts.map((_, c) => {
      const title = c === 0 ? "inputs" : c === net.length ? "output" : `layer ${c}`, name = c && net[c - 1].name;
      return `<span style="left:${Math.min(wide - 34, Math.max(34, at(c, 0)[0]))}px;top:0">${title}${name ? ` · ${name}` : ""}</span>`;
    });
    box.innerHTML = `<svg></svg>${titles.join("")}`;
    board = { cells: [], lines: [] };
    const svg = box.firstChild;
    net.forEach(({ w }, c) => w.forEach((weights, j) => weights.forEach((_, k) => {
      const [x, y] = at(c, k), [u, v] = at(c + 1, j), path = document.createElementNS(svg.namespaceURI, "path");
      path.setAttribute("d", `M${x + 20} ${y}L${u - 20} ${v}`);
      path.append(document.createElementNS(svg.namespaceURI, "title"));
      svg.append(path);
      board.lines.push({ path, c, j, k, layer: c + 1 });
    })));
    counts.forEach((count, c) => {
      for (let j = 0; j < count; j++) {
        const [x, y] = at(c, j), cell = document.createElement("button"), canvas = document.createElement("canvas");
        canvas.width = canvas.height = SIDE;
        cell.append(canvas);
        cell.style.left = `${x - 21}px`;
        cell.style.top = `${y - 21}px`;
        cell.setAttribute("aria-label", c ? `neuron ${j + 1} of layer ${c}` : `input ${j + 1}`);
        cell.setAttribute("aria-pressed", false);
        cell.addEventListener("click", () => { neuron = c ? [c, j] : null; tell(); });
        box.append(cell);
        board.cells.push({ canvas, cell, c, j });
      }
    });
    neuron = null;
  }

  // The arithmetic of one neuron for one example, and the average over all ------------------------------------------------

  const name = (letter, below, above) => `<i>${letter}</i><sub>${below}</sub>${above ? `<sup>(${above})</sup>` : ""}`;
  function tell() {
    for (const { cell, c, j } of board.cells) cell.setAttribute("aria-pressed", !!neuron && c === neuron[0] && j === neuron[1]);
    if (!neuron || chosen === null || !points[chosen]) return;
    const [c, j] = neuron, layer = net[c - 1], point = points[chosen], { eta } = settings();
    const one = backward([point]), all = training().length ? backward(training()) : one;
    const a = one.outputs[c - 1].map(([x]) => x), z = one.sums[c - 1][j][0], out = one.outputs[c][j][0], d = one.deltas[c - 1][j][0];
    const rows = layer.w[j].map((w, k) => [name("w", `${j + 1}${k + 1}`, c), digits(w), c === 1 ? name("x", k + 1) : name("a", k + 1, c - 1), digits(a[k]), digits(w * a[k]),
      digits(d * a[k]), digits(-eta * d * a[k]), digits(-eta * all.grads[c - 1].w[j][k])]);
    rows.push([name("b", j + 1, c), digits(layer.b[j]), "", "1", digits(layer.b[j]), digits(d), digits(-eta * d), digits(-eta * all.grads[c - 1].b[j])]);
    $("told").innerHTML = `<p>${name("z", j + 1, c)} = Σ w a + b = <b>${digits(z)}</b>, ${name("a", j + 1, c)} = ${layer.name ? `${layer.name}(${digits(z)})` : name("z", j + 1, c)} = <b>${digits(out)}</b>, `
      + `${name("δ", j + 1, c)} = ∂C₀/∂z = <b>${digits(d)}</b> for the point (${digits(point.x)}, ${digits(point.y)}), wanted ${point.side > 0 ? "+1" : "−1"}`
      + `<table><thead><tr><th></th><th>weight</th><th></th><th>comes in</th><th>product</th><th>∂C₀/∂w = δ·a</th><th>nudge of this point</th><th>average nudge</th></tr></thead><tbody>`
      + `${rows.map((cells) => `<tr>${cells.map((cell, i) => i ? `<td>${cell}</td>` : `<th scope="row">${cell}</th>`).join("")}</tr>`).join("")}</tbody></table>`;
  }

  // The same in Python ---------------------------------------------------------------------------------------------------

  function code() {
    const { eta, momentum, batch, kind } = settings(), all = training(), list = (x) => JSON.stringify(x).replaceAll(",", ", ");
    const modules = begin.map(({ w, name }) => `    tg.nn.Linear(${w[0].length}, ${w.length}),${name ? ` tg.nn.${content.modules[name]}(),` : ""}`).join("\n");
    const cost = { square: "((a - y) ** 2).mean()", softplus: "tg.softplus(-y * a).mean()", relu: "tg.relu(1 - y * a).mean()" }[kind];
    return [
      "import numpy as np", "import tinygrad_edu as tg", "",
      `x = np.array(${list(all.map((p) => [p.x, p.y]))})`,
      `y = np.array(${list(all.map((p) => p.side))}, dtype=float)`,
      "net = tg.nn.Sequential(", modules, ")",
      `start = ${list(begin.map(({ w, b }) => [w, b]))}`,
      "for layer, (weight, bias) in zip([m for m in net.modules() if isinstance(m, tg.nn.Linear)], start):",
      "    layer.weight.assign(np.array(weight))",
      "    layer.bias.assign(np.array(bias))",
      `optimizer = tg.nn.SGD(net.parameters(), lr=${eta}, momentum=${momentum})`, "", "",
      "def cost(x, y):", "    a = net(x)[:, 0]", `    return ${cost}`, "", "",
      `for step in range(${steps}):`,
      `    batch = (step * ${batch} + np.arange(min(${batch}, len(x)))) % len(x)`,
      "    optimizer.zero_grad()", "    cost(x[batch], y[batch]).backward()", "    optimizer.step()",
      "print(cost(x, y).item())", "",
    ].join("\n");
  }

  // Hands ------------------------------------------------------------------------------------------------------------------

  function shape() {
    const count = (line) => Math.min(16, Math.max(1, Math.round(numeric(line.firstChild.value)) || 1));
    return [...$("layers").children].map((line) => ({ count: count(line), name: line.lastChild.value }));
  }
  function layer_line(count, name, last) {
    const line = document.createElement("div");
    const choices = content.activations.map((each) => `<option value="${each}">${each || "linear"}</option>`);
    line.innerHTML = `<input inputmode="numeric" aria-label="neurons"${last ? " disabled" : ""}>`
      + `<select aria-label="activation">${choices.join("")}</select>`;
    line.firstChild.value = count;
    line.lastChild.value = name;
    line.addEventListener("change", renew);
    return line;
  }
  function renew() { fresh(); build(); seen(); }
  let timer = null;
  function play(on) {
    cancelAnimationFrame(timer);
    button("play").setAttribute("aria-pressed", on);
    button("play").textContent = on ? "❚❚ pause" : "▶ play";
    const frame = () => { step(); seen(); if (Number.isFinite(loss(training()))) timer = requestAnimationFrame(frame); else play(false); };
    if (on) timer = requestAnimationFrame(frame);
  }
  const actions = {
    play: () => play(button("play").getAttribute("aria-pressed") !== "true"),
    step: () => { play(false); step(); seen(); },
    epoch: () => { play(false); epoch(); seen(); },
    reset: () => { play(false); renew(); },
  };
  for (const each in actions) button(each).addEventListener("click", actions[each]);
  for (const id of ["set", "noise", "seed"]) $(id).addEventListener("change", () => { load(); renew(); });
  for (const input of [button("eta"), $("momentum"), $("batch"), $("kind")]) input.addEventListener("change", seen);
  $("deeper").addEventListener("click", () => {
    if ($("layers").children.length >= 5) return;
    $("layers").lastChild.before(layer_line(4, "tanh", false));
    renew();
  });
  $("shallower").addEventListener("click", () => {
    if ($("layers").children.length <= 1) return;
    $("layers").lastChild.previousSibling.remove();
    renew();
  });
  function exclusive(attribute, act) {
    const all = [...document.querySelectorAll(`[data-${attribute}]`)];
    for (const each of all) each.addEventListener("click", () => {
      const on = each.getAttribute("aria-pressed") !== "true";
      for (const other of all) other.setAttribute("aria-pressed", other === each && (on || attribute !== "way"));
      act(each.dataset[attribute], on);
    });
  }
  let side = 1;
  exclusive("edges", (what) => { edges = what; seen(); });
  exclusive("way", (way, on) => { $("board").className = on ? way : ""; });
  exclusive("side", (value) => { side = Number(value); });
  const plane = $("plane");
  let held = false;
  const where = (event) => {
    const box = plane.getBoundingClientRect(), r = bounds();
    return { x: four(((event.clientX - box.left) / box.width * 2 - 1) * r), y: four((1 - (event.clientY - box.top) / box.height * 2) * r) };
  };
  plane.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    const at = where(event), r = bounds();
    const [near] = points.map((p, i) => [Math.hypot(p.x - at.x, p.y - at.y), i]).sort((a, b) => a[0] - b[0]);
    if (near && near[0] < 0.07 * r) chosen = near[1];
    else chosen = points.push({ ...at, side, test: false }) - 1;
    held = true;
    plane.setPointerCapture(event.pointerId);
    seen();
  });
  plane.addEventListener("pointermove", (event) => { if (held) { Object.assign(points[chosen], where(event)); seen(); } });
  plane.addEventListener("pointerup", () => { held = false; });
  plane.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
  function remove() {
    if (chosen === null || !points[chosen]) return;
    points.splice(chosen, 1);
    chosen = points.length ? Math.min(chosen, points.length - 1) : null;
    seen();
  }
  $("remove").addEventListener("click", remove);
  plane.addEventListener("keydown", (event) => {
    const way = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key], point = points[chosen];
    if (way && point) { point.x = four(point.x + 0.05 * way[0]); point.y = four(point.y + 0.05 * way[1]); }
    else if (event.key === "n" || event.key === "p") {
      const next = (chosen ?? -1) + (event.key === "n" ? 1 : -1) + points.length;
      chosen = points.length ? next % points.length : null;
    }
    else if (event.key === "Enter") chosen = points.push({ x: 0, y: 0, side, test: false }) - 1;
    else if (event.key === "Delete" || event.key === "Backspace") { remove(); event.preventDefault(); return; }
    else return;
    event.preventDefault();
    seen();
  });
  $("code").addEventListener("toggle", seen);
  $("copy").addEventListener("click", () => navigator.clipboard?.writeText(code()).catch(() => {}));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { look(); seen(); });
  addEventListener("resize", () => { build(); seen(); });

  for (const each of Object.keys(content.sets)) $("set").append(new Option(each, each));
  content.layers.forEach(([count, each], c) => $("layers").append(layer_line(count, each, c === content.layers.length - 1)));
  look();
  load();
  renew();
})();
