// Shows a training run that Python recorded: one frame a moment. Nothing is computed here but colours.
(() => {
  const $ = (id) => document.getElementById(id);
  const run = JSON.parse($("data").textContent);
  const SVG = "http://www.w3.org/2000/svg", WIDE = 300;
  const COLOURS = [[213, 94, 0], [0, 114, 178], [0, 158, 115], [204, 121, 167], [230, 159, 0], [86, 180, 233], [240, 228, 66]];
  let at = 0, timer = null;

  function numbers([unit, text]) {
    const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    return Float32Array.from(new Int8Array(bytes.buffer), (n) => n * unit);
  }
  function signed(value, largest) { // white is zero, blue positive, orange negative
    const part = Math.min(1, Math.abs(value) / (largest || 1)), [r, g, b] = value < 0 ? COLOURS[0] : COLOURS[1];
    return [255 + (r - 255) * part, 255 + (g - 255) * part, 255 + (b - 255) * part];
  }
  function paint(canvas, wide, high, colour) {
    canvas.width = wide;
    canvas.height = high;
    const image = new ImageData(wide, high);
    for (let i = 0; i < wide * high; i++) image.data.set([...colour(i), 255], 4 * i);
    canvas.getContext("2d").putImageData(image, 0, 0);
  }
  function element(parent, name, attributes) {
    const made = parent.appendChild(document.createElementNS(SVG, name));
    for (const key in attributes) made.setAttribute(key, attributes[key]);
    return made;
  }

  // The plane: what the net says, the examples, and the neurons' lines
  const [left, right, bottom, upper] = run.box ?? [0, 1, 0, 1];
  const across = (x) => (x - left) / (right - left) * WIDE, down = (y) => (upper - y) / (upper - bottom) * WIDE;
  function plane() {
    const grid = numbers(run.grids[at]), largest = grid.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
    const several = run.classes > 2;
    paint($("grid"), run.side, run.side, (i) => several
      ? COLOURS[Math.round(grid[i]) % COLOURS.length].map((c) => 255 + (c - 255) * 0.45) : signed(grid[i], largest * 1.3));
    const over = $("over");
    for (const line of over.querySelectorAll("line")) line.remove();
    for (const [u, v, b] of run.lines[at]) {
      const ends = [];
      for (const x of [left, right]) if (v) ends.push([x, -(u * x + b) / v]);
      for (const y of [bottom, upper]) if (u) ends.push([-(v * y + b) / u, y]);
      const inside = ends.filter(([x, y]) => x >= left - 1e-9 && x <= right + 1e-9 && y >= bottom - 1e-9 && y <= upper + 1e-9);
      if (inside.length < 2) continue;
      const [p, q] = [inside[0], inside.at(-1)];
      element(over, "line", { x1: across(p[0]), y1: down(p[1]), x2: across(q[0]), y2: down(q[1]) });
    }
  }

  // The loss
  const loss = $("loss"), known = run.losses.filter((y) => y !== null);
  const high = Math.max(...known), low = Math.min(...known, 0), count = run.losses.length;
  const lx = (step) => 44 + 361 * step / Math.max(1, count), ly = (y) => 212 - 192 * (y - low) / (high - low || 1);
  function curve() {
    const every = Math.max(1, Math.floor(count / 800));
    const points = run.losses.map((y, i) => [i + 1, y]).filter(([i, y]) => y !== null && (i % every === 0 || i === 1));
    const label = (text, x, y, anchor) => { element(loss, "text", { x, y, "text-anchor": anchor }).textContent = text; };
    for (const part of [0, 0.5, 1]) {
      const y = low + (high - low) * part, step = Math.round(count * part);
      element(loss, "line", { class: "axis", x1: lx(0), x2: lx(count), y1: ly(y), y2: ly(y) });
      label(Number(y.toPrecision(3)), 38, ly(y) + 4, "end");
      label(part ? step.toLocaleString("en") : "step 0", lx(step), 232, part === 1 ? "end" : "middle");
    }
    element(loss, "path", { d: points.map(([i, y], k) => `${k ? "L" : "M"}${lx(i).toFixed(1)} ${ly(y).toFixed(1)}`).join("") });
    element(loss, "line", { y1: 12, y2: 212, id: "cursor" });
    element(loss, "circle", { r: 4, id: "here" });
  }

  // The network
  const edges = [...document.querySelectorAll("#net path.w")].map((path) => [path, path.dataset.at.split(" ").map(Number)]);
  const images = [...document.querySelectorAll("#net image[data-j]")], canvas = document.createElement("canvas");
  function network() {
    const weights = run.weights[at].map(numbers);
    const largest = weights.map((layer) => layer.reduce((most, w) => Math.max(most, Math.abs(w)), 0));
    for (const [path, [layer, j, k]] of edges) {
      const w = weights[layer][j * run.shapes[layer][1] + k], part = Math.abs(w) / (largest[layer] || 1);
      path.setAttribute("stroke-width", (0.5 + 4.5 * part * (edges.length > 120 ? 0.6 : 1)).toFixed(2));
      path.setAttribute("stroke-opacity", (0.2 + 0.65 * part).toFixed(2));
      path.classList.toggle("neg", w < 0);
    }
    const pixels = run.shapes[0][1], side = Math.sqrt(pixels);
    for (const image of images) {
      paint(canvas, side, side, (i) => signed(weights[0][image.dataset.j * pixels + i], largest[0]));
      image.setAttribute("href", canvas.toDataURL());
    }
  }

  function go(to) {
    at = Math.max(0, Math.min(run.steps.length - 1, to));
    const step = run.steps[at], y = run.losses[Math.max(0, step - 1)];
    $("slide").value = at;
    $("count").textContent = `step ${step}` + (step && y !== null ? `, loss ${y.toPrecision(4)}` : "");
    if (run.grids.length) plane();
    if (run.weights.length) network();
    if (known.length) {
      for (const name of ["x1", "x2"]) $("cursor").setAttribute(name, lx(step));
      $("here").setAttribute("cx", lx(step));
      $("here").setAttribute("cy", ly(y ?? high));
    }
    if (self === top) history.replaceState(null, "", `#${at}`);
  }
  function play(on) {
    clearInterval(timer);
    timer = on ? setInterval(() => { if (at + 1 < run.steps.length) go(at + 1); else play(false); }, 120) : null;
    $("play").setAttribute("aria-pressed", on);
    $("play").textContent = on ? "❚❚ pause" : "▶ play";
    $("count").setAttribute("aria-live", on ? "off" : "polite"); // nobody can listen to eight moments a second
  }
  const toggle = () => { if (!timer && at + 1 >= run.steps.length) go(0); play(!timer); };
  $("play").addEventListener("click", toggle);
  $("slide").addEventListener("input", (event) => go(Number(event.target.value)));
  document.addEventListener("keydown", (event) => {
    const keys = { ArrowRight: () => go(at + 1), ArrowLeft: () => go(at - 1), Home: () => go(0), End: () => go(run.steps.length - 1), " ": toggle };
    if (!keys[event.key] || (event.key === " " && event.target.matches("button")) || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    keys[event.key]();
  });

  $("slide").max = run.steps.length - 1;
  $("plane").hidden = !run.grids.length;
  $("curve").hidden = !known.length;
  $("legend").textContent = (run.classes > 2 ? "What the net says at each point, a colour a class."
    : "What the net says at each point: the bluer, the surer of the second class; the more orange, of the first.")
    + (run.points.length ? " Dots are examples, in the colour that is right." : "")
    + " A dashed line is where the weighted sum of a first neuron is zero.";
  if (!run.weights.length) $("weights").lastElementChild.textContent += " They are too many to follow; these are the last.";
  for (const [x, y, label] of run.points) {
    const [r, g, b] = COLOURS[(run.classes > 2 ? Math.round(label) : label > 0 ? 1 : 0) % COLOURS.length];
    element($("over"), "circle", { cx: across(x), cy: down(y), r: 3.2, fill: `rgb(${r},${g},${b})` });
  }
  if (known.length) curve();
  const hash = location.hash.slice(1);
  go(hash === "last" ? run.steps.length - 1 : Number(hash) || 0);
})();
