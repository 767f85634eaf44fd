// Shows the loss on a plane through the weights, with lines of equal loss and the path of the training run.
(() => {
  const $ = (id) => document.getElementById(id);
  const map = JSON.parse($("data").textContent), n = map.size, WIDE = 460;
  const least = Math.min(...map.loss), range = Math.max(...map.loss) - least || 1;
  const levels = map.loss.map((loss) => Math.log(loss - least + 1e-3 * range)); // a valley is as visible as a cliff
  const low = Math.min(...levels), high = Math.max(...levels);
  const STOPS = [[11, 31, 58], [0, 92, 150], [86, 180, 233], [222, 238, 247]];
  const canvas = $("grid"), image = new ImageData(n, n);
  canvas.width = canvas.height = n;
  levels.forEach((level, i) => {
    const t = (level - low) / (high - low || 1) * (STOPS.length - 1), k = Math.min(STOPS.length - 2, Math.floor(t));
    image.data.set([...STOPS[k].map((c, j) => c + (STOPS[k + 1][j] - c) * (t - k)), 255], 4 * i);
  });
  canvas.getContext("2d").putImageData(image, 0, 0);

  const SVG = "http://www.w3.org/2000/svg", over = $("over");
  const add = (name, attributes) => {
    const made = over.appendChild(document.createElementNS(SVG, name));
    for (const key in attributes) made.setAttribute(key, attributes[key]);
    return made;
  };
  // Lines of equal loss: marching squares, each cell by itself
  const at = (i) => (i + 0.5) / n * WIDE;
  for (let step = 1; step < 9; step++) {
    const level = low + (high - low) * step / 9, parts = [];
    for (let r = 0; r + 1 < n; r++) for (let c = 0; c + 1 < n; c++) {
      const corners = [[r, c], [r, c + 1], [r + 1, c + 1], [r + 1, c]], cuts = [];
      for (let k = 0; k < 4; k++) {
        const [a, b] = [corners[k], corners[(k + 1) % 4]], [u, v] = [levels[a[0] * n + a[1]], levels[b[0] * n + b[1]]];
        if ((u < level) === (v < level)) continue;
        const t = (level - u) / (v - u);
        cuts.push(`${at(a[1] + (b[1] - a[1]) * t).toFixed(1)} ${at(a[0] + (b[0] - a[0]) * t).toFixed(1)}`);
      }
      for (let k = 0; k + 1 < cuts.length; k += 2) parts.push(`M${cuts[k]}L${cuts[k + 1]}`);
    }
    add("path", { d: parts.join("") });
  }
  // The middles of the outer cells are the ends of the axes
  const place = ([u, v]) => [(u / map.reach[0] + 1) / 2, (1 - v / map.reach[1]) / 2].map((t) => at(t * (n - 1)));
  const path = map.path.map(place);
  for (const name of ["under", "line"]) add("polyline", { points: path.map((p) => p.map((x) => x.toFixed(1)).join()).join(" "), class: name });
  add("circle", { cx: path[0][0], cy: path[0][1], r: 6 });
  add("circle", { cx: path.at(-1)[0], cy: path.at(-1)[1], r: 7, class: "end" });
  const here = add("circle", { r: 6, class: "here" });
  over.addEventListener("pointermove", (event) => {
    const box = over.getBoundingClientRect();
    const [c, r] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height].map((t) => Math.max(0, Math.min(n - 1, Math.floor(t * n))));
    $("said").textContent = `loss ${map.loss[r * n + c].toPrecision(4)}`;
  });
  $("low").textContent = `loss ${Number(least.toPrecision(2))}`;
  $("high").textContent = Number((least + range).toPrecision(2));

  // Walking along the path
  let now = 0, timer = null;
  function go(to) {
    now = Math.max(0, Math.min(path.length - 1, to));
    here.setAttribute("cx", path[now][0]);
    here.setAttribute("cy", path[now][1]);
    $("slide").value = now;
    $("count").textContent = `step ${map.steps[now][0]}, loss ${map.steps[now][1].toPrecision(4)}`;
  }
  function play(on) {
    clearInterval(timer);
    timer = on ? setInterval(() => { if (now + 1 < path.length) go(now + 1); else play(false); }, 120) : null;
    $("play").setAttribute("aria-pressed", on);
    $("play").textContent = on ? "❚❚ pause" : "▶ walk";
    $("count").setAttribute("aria-live", on ? "off" : "polite");
  }
  const toggle = () => { if (!timer && now + 1 >= path.length) go(0); play(!timer); };
  $("play").addEventListener("click", toggle);
  $("slide").max = path.length - 1;
  $("slide").addEventListener("input", (event) => go(Number(event.target.value)));
  document.addEventListener("keydown", (event) => {
    const keys = { ArrowRight: () => go(now + 1), ArrowLeft: () => go(now - 1), Home: () => go(0), End: () => go(path.length), " ": toggle };
    if (!keys[event.key] || (event.key === " " && event.target.matches("button")) || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    keys[event.key]();
  });
  go(path.length - 1);
})();
