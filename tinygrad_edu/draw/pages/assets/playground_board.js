// The net as a board of neurons, each a button with its own picture of the plane, and lines between them.
// chosen: what is called with [layer, neuron] when a neuron is chosen, null for an input
function neuron_board(box, paint, chosen) {
  const SIDE = 36, REST = 150; // numbers along a side of the picture of a neuron, and milliseconds
  let cells = [], lines = [], painted = 0; // when the lines were

  function build(layers) {
    const counts = [2, ...layers.map(({ b }) => b.length)], high = Math.max(4, ...counts) * 50 + 26;
    const wide = Math.max(300, box.clientWidth || 600);
    const at = (c, j) => [30 + (wide - 60) * c / (counts.length - 1), 26 + (high - 26) / 2 + (j - (counts[c] - 1) / 2) * 50];
    box.style.height = `${high}px`;
    const titles = counts.map((_, c) => {
      const title = c === 0 ? "inputs" : c === layers.length ? "output" : `layer ${c}`, name = c && layers[c - 1].name;
      return `<span style="left:${Math.min(wide - 34, Math.max(34, at(c, 0)[0]))}px;top:0">${title}${name ? ` · ${name}` : ""}</span>`;
    });
    box.innerHTML = `<svg></svg>${titles.join("")}`;
    cells = [];
    lines = [];
    layers.forEach(({ w }, c) => w.forEach((weights, j) => weights.forEach((_, k) => line(at(c, k), at(c + 1, j), c, j, k))));
    counts.forEach((count, c) => { for (let j = 0; j < count; j++) cell(at(c, j), c, j); });
  }
  function line([x, y], [u, v], c, j, k) {
    const svg = box.firstChild, path = document.createElementNS(svg.namespaceURI, "path"), line = { path, c, j, k, looks: "", says: "" };
    path.setAttribute("d", `M${x + 20} ${y}L${u - 20} ${v}`);
    path.append(document.createElementNS(svg.namespaceURI, "title"));
    path.addEventListener("pointermove", () => { path.firstChild.textContent = line.says(); });
    svg.append(path);
    lines.push(line);
  }
  function cell([x, y], c, j) {
    const button = document.createElement("button"), canvas = document.createElement("canvas");
    canvas.width = canvas.height = SIDE;
    button.append(canvas);
    button.style.left = `${x - 21}px`;
    button.style.top = `${y - 21}px`;
    button.setAttribute("aria-label", c ? `neuron ${j + 1} of layer ${c}` : `input ${j + 1}`);
    button.setAttribute("aria-pressed", false);
    button.addEventListener("click", () => chosen(c ? [c, j] : null));
    box.append(button);
    cells.push({ canvas, button, c, j });
  }

  // outputs: of every layer at SIDE × SIDE places. shown: layers whose numbers the lines show, by the letter
  // playing: whether the next picture follows at once; of hundreds of lines a browser paints ten pictures a second
  function draw(outputs, shown, letter, playing) {
    cells.forEach(({ canvas, c, j }) => {
      let most = 1e-9;
      for (const x of outputs[c][j]) most = Math.max(most, Math.abs(x));
      paint(canvas, SIDE, outputs[c][j], most);
    });
    if (playing && performance.now() - painted < REST) return;
    painted = performance.now();
    const most = shown.map(({ w }) => Math.max(1e-12, ...w.flat().map(Math.abs)));
    lines.forEach((line) => { // only lines that will look different are touched
      const { path, c, j, k } = line, x = shown[c].w[j][k], part = Math.abs(x) / most[c];
      const [width, opacity, below] = [(0.4 + 4.4 * part).toFixed(1), (0.2 + 0.7 * part).toFixed(2), x < 0], looks = `${width} ${opacity} ${below}`;
      line.says = () => `${letter}_${j + 1}${k + 1}^(${c + 1}) = ${digits(x)}`;
      if (line.looks === looks) return;
      line.looks = looks;
      path.setAttribute("stroke-width", width);
      path.setAttribute("stroke-opacity", opacity);
      path.classList.toggle("neg", below);
    });
  }
  function mark(neuron) {
    for (const { button, c, j } of cells) button.setAttribute("aria-pressed", !!neuron && c === neuron[0] && j === neuron[1]);
  }
  return { SIDE, build, draw, mark };
}
