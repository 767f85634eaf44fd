// The playground: settings and buttons on one side, net, plane and loss on the other.
(() => {
  const $ = (id) => document.getElementById(id), content = JSON.parse($("data").textContent);
  const button = (name) => document.querySelector(`[data-do="${name}"]`);
  const row = (name) => ROWS[content.rows[name]];
  const { colours, look, paint } = brush();
  const plane = point_plane($("plane"), { colours, paint }, seen);
  const board = neuron_board($("board"), paint, (which) => { neuron = which; tell(); });
  const training = () => plane.points.filter((point) => !point.test), testing = () => plane.points.filter((point) => point.test);
  let net = null, neuron = null, edges = "w"; // neuron: [layer, number] of the one that is chosen

  // Settings -----------------------------------------------------------------------------------------------------

  const seed = () => Math.round(numeric($("seed").value)) || 0;
  const settings = () => ({
    eta: numeric(button("eta").value),
    momentum: numeric($("momentum").value) || 0,
    batch: Math.max(1, Math.round(numeric($("batch").value)) || 1),
    kind: $("kind").value,
  });
  function sizes() {
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
  function load() { // the chosen points with noise, shuffled, a quarter of them for testing
    const random = generator(seed()), noise = Number($("noise").value);
    const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    const points = content.sets[$("set").value].map(([x, y, side]) => ({ x: four(x + noise * normal()), y: four(y + noise * normal()), side }));
    for (let i = points.length - 1; i > 0; i--) {
      const j = Math.floor(random() * (i + 1));
      [points[i], points[j]] = [points[j], points[i]];
    }
    points.forEach((point, i) => { point.test = points.length >= 20 && i % 4 === 3; });
    plane.points = points;
  }
  function renew() { // a net as the settings have it; the user's own net keeps its first weights
    const wanted = sizes(), own = content.net?.length === wanted.length && content.net.every(([w], c) => w.length === wanted[c].count);
    const layers = own ? content.net.map(([w, b], c) => ({ w: w.map((each) => [...each]), b: [...b], name: wanted[c].name }))
      : random_layers(wanted, generator(seed() + 1));
    net = learning_net(layers, row);
    neuron = null;
    board.build(net.layers);
    seen();
  }

  // What is seen ---------------------------------------------------------------------------------------------------

  function seen() {
    show(false);
  }
  function show(playing) {
    const all = training(), { kind, batch } = settings(), value = net.loss(all, kind);
    const shown = edges === "w" ? net.layers : all.length ? net.backward(all, kind).grads : net.zeros();
    const { outputs } = net.forward(plane.grid(board.SIDE));
    board.draw(outputs, shown, edges === "w" ? "w" : "∂w", playing);
    plane.draw(outputs.at(-1)[0]);
    refine();
    $("loss").textContent = digits(value);
    $("loss").dataset.value = String(value);
    $("test").textContent = testing().length ? digits(net.loss(testing(), kind)) : "·";
    $("counts").textContent = `step ${net.steps}, epoch ${(net.steps * batch / (all.length || 1)).toFixed(1)}`;
    const start = net.curve[0]?.[0] ?? value;
    $("news").textContent = !Number.isFinite(value) && all.length ? "It has diverged: the steps are too large. Reset, and make η smaller."
      : value > 10 * start + 1 ? "The loss grows: the steps are too large." : "";
    draw_curve(net.curve);
    tell();
    if ($("code").open) $("code").querySelector("pre").textContent = program(net, all, settings(), content.modules);
  }
  // The plane is drawn from the numbers of the neurons' pictures, and once nothing has changed for a moment from finer
  // ones, which are computed in parts of a few milliseconds
  let refining = null;
  function refine() {
    const PART = 250, MOMENT = 80, LONG = 6; // numbers, and milliseconds
    const part = (x, y, fine, at) => {
      for (const until = performance.now() + LONG; at < fine.length && performance.now() < until; at += PART)
        fine.set(net.forward([x.subarray(at, at + PART), y.subarray(at, at + PART)]).outputs.at(-1)[0], at);
      if (at < fine.length) refining = setTimeout(part, 0, x, y, fine, at); else plane.draw(fine);
    };
    clearTimeout(refining);
    refining = setTimeout(() => { const [x, y] = plane.grid(); part(x, y, new Float64Array(x.length), 0); }, MOMENT);
  }

  function draw_curve(curve) { // 300 places of it
    const n = curve.length - 1, thin = Math.ceil(curve.length / 300);
    const kept = curve.length < 2 ? [] : Array.from({ length: Math.ceil(n / thin) + 1 }, (_, k) => Math.min(n, k * thin));
    const most = Math.max(...kept.flatMap((at) => curve[at]).filter(Number.isFinite), 1e-9);
    [...$("curve").querySelectorAll("polyline")].forEach((line, i) => {
      const seen = kept.filter((at) => Number.isFinite(curve[at][i]));
      line.setAttribute("points", seen.map((at) => `${(5 + 290 * at / n).toFixed(1)},${(74 - 66 * Math.min(1, curve[at][i] / most)).toFixed(1)}`).join(" "));
    });
    $("curve").querySelector("text").toggleAttribute("hidden", !kept.length);
  }

  // The arithmetic of the chosen neuron for the chosen point, and the average over all
  const name = (letter, below, above) => `<i>${letter}</i><sub>${below}</sub>${above ? `<sup>(${above})</sup>` : ""}`;
  function tell() {
    board.mark(neuron);
    const point = plane.chosen;
    if (!neuron || !point) return;
    const [c, j] = neuron, layer = net.layers[c - 1], { eta, kind } = settings();
    const one = net.backward([point], kind), all = training().length ? net.backward(training(), kind) : one, average = all.grads[c - 1];
    const a = one.outputs[c - 1].map(([x]) => x), z = one.sums[c - 1][j][0], out = one.outputs[c][j][0], δ = one.deltas[c - 1][j][0];
    const line = (weight, comes, w, input, slope, mean) => [weight, digits(w), comes, digits(input), digits(w * input), digits(slope), digits(-eta * slope), digits(-eta * mean)];
    const rows = layer.w[j].map((w, k) =>
      line(name("w", `${j + 1}${k + 1}`, c), c === 1 ? name("x", k + 1) : name("a", k + 1, c - 1), w, a[k], δ * a[k], average.w[j][k]));
    rows.push(line(name("b", j + 1, c), "", layer.b[j], 1, δ, average.b[j]));
    const activated = layer.name ? `${layer.name}(${digits(z)})` : name("z", j + 1, c);
    $("told").innerHTML = `<p>${name("z", j + 1, c)} = Σ w a + b = <b>${digits(z)}</b>, ${name("a", j + 1, c)} = ${activated} = <b>${digits(out)}</b>, `
      + `${name("δ", j + 1, c)} = ∂C₀/∂z = <b>${digits(δ)}</b> for the point (${digits(point.x)}, ${digits(point.y)}), wanted ${point.side > 0 ? "+1" : "−1"}`
      + "<table><thead><tr><th></th><th>weight</th><th></th><th>comes in</th><th>product</th><th>∂C₀/∂w = δ·a</th><th>nudge of this point</th><th>average nudge</th></tr></thead><tbody>"
      + `${rows.map((cells) => `<tr>${cells.map((cell, i) => i ? `<td>${cell}</td>` : `<th scope="row">${cell}</th>`).join("")}</tr>`).join("")}</tbody></table>`;
  }

  // Buttons --------------------------------------------------------------------------------------------------------

  const step = () => net.step(training(), testing(), settings());
  let timer = null;
  function play(on) {
    const stops = timer !== null && !on;
    cancelAnimationFrame(timer);
    timer = null;
    button("play").setAttribute("aria-pressed", on);
    button("play").textContent = on ? "❚❚ pause" : "▶ play";
    const frame = () => { step(); show(true); if (Number.isFinite(net.loss(training(), settings().kind))) timer = requestAnimationFrame(frame); else play(false); };
    if (on) timer = requestAnimationFrame(frame);
    if (stops) seen();
  }
  const actions = {
    play: () => play(button("play").getAttribute("aria-pressed") !== "true"),
    step: () => { play(false); step(); seen(); },
    epoch: () => { play(false); for (let k = Math.ceil(training().length / settings().batch); k > 0; k--) step(); seen(); },
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
  function exclusive(attribute, act) { // buttons of which one is pressed; of the animations, one or none
    const all = [...document.querySelectorAll(`[data-${attribute}]`)];
    for (const each of all) each.addEventListener("click", () => {
      const on = each.getAttribute("aria-pressed") !== "true";
      for (const other of all) other.setAttribute("aria-pressed", other === each && (on || attribute !== "way"));
      act(each.dataset[attribute], on);
    });
  }
  exclusive("edges", (what) => { edges = what; seen(); });
  exclusive("way", (way, on) => { $("board").className = on ? way : ""; });
  exclusive("side", (value) => { plane.side = Number(value); });
  $("remove").addEventListener("click", plane.remove);
  $("code").addEventListener("toggle", seen);
  $("copy").addEventListener("click", () => navigator.clipboard?.writeText(program(net, training(), settings(), content.modules)).catch(() => {}));
  for (const media of ["(prefers-color-scheme: dark)", "print"]) matchMedia(media).addEventListener("change", () => { look(); seen(); });
  addEventListener("resize", () => { board.build(net.layers); seen(); });

  for (const each of Object.keys(content.sets)) $("set").append(new Option(each, each));
  content.layers.forEach(([count, each], c) => $("layers").append(layer_line(count, each, c === content.layers.length - 1)));
  load();
  renew();
})();
