// Lights up what a number of a convolution is made of. y[i][j] = Σ w[a][b] x[i s + a − p][j s + b − p].
(() => {
  const content = JSON.parse(document.getElementById("data").textContent), { x, w, y, g, dx, dw, stride, padding } = content;
  const say = document.getElementById("say"), grids = document.getElementById("grids"), cells = {};
  const LETTERS = { x: "x", w: "w", y: "y", g: "∂C/∂y", dw: "∂C/∂w", dx: "∂C/∂x" };
  const TITLES = { x: "image x", w: "kernel w", y: "result y", g: "∂C/∂y, which arrives", dw: "∂C/∂w, of the kernel", dx: "∂C/∂x, of the image" };
  const at = (rows, i, j) => rows[i]?.[j] ?? 0;

  // Every product that a number is the sum of: [grid, i, j, grid, i, j] ----------------------------------------------

  const all = [];
  y.forEach((row, i) => row.forEach((_, j) => w.forEach((weights, a) => weights.forEach((__, b) => {
    all.push({ y: [i, j], w: [a, b], x: [i * stride + a - padding, j * stride + b - padding] });
  }))));
  const same = (p, q) => p[0] === q[0] && p[1] === q[1], inside = ({ x: [i, j] }) => x[i]?.[j] !== undefined;
  function terms(kind, place) {
    const through = { y: "y", dw: "w", dx: "x" }[kind], found = all.filter((each) => same(each[through], place));
    if (kind === "y") return found.map((each) => ["x", each.x, "w", each.w]);
    if (kind === "dw") return found.filter(inside).map((each) => ["x", each.x, "g", each.y]);
    return found.map((each) => ["w", each.w, "g", each.y]);
  }

  function show(kind, i, j) {
    for (const grid of Object.values(cells)) for (const cell of grid.values()) cell.classList.remove("here", "part");
    if (kind === "x" || kind === "w") kind = `d${kind}`; // pointing at a number of the image or the kernel: where it went
    if (kind === "g") kind = "y";
    const found = terms(kind, [i, j]), total = at(content[kind], i, j), name = `${LETTERS[kind]}<sub>${i + 1}${j + 1}</sub>`;
    mark(kind, i, j, "here");
    if (kind !== "y") mark(kind.slice(1), i, j, "here");
    for (const [one, p, other, q] of found) { mark(one, ...p, "part"); mark(other, ...q, "part"); }
    const number = (v) => v < 0 ? `(${digits(v, 3)})` : digits(v, 3), product = ([one, p, other, q]) => `${number(at(content[one], ...p))}·${number(at(content[other], ...q))}`;
    const words = { y: "the patch of the image under the kernel, times the kernel, added up", dw: "every pixel that this weight met, times what arrived at the result of that patch, added up", dx: "every weight that this pixel met, times what arrived at the result of that patch, added up" }[kind];
    say.className = kind === "y" ? "" : "back";
    say.innerHTML = `<p><b>${name} = ${digits(total)}</b>: ${words}.<p>${name} = ${found.slice(0, 30).map(product).join(" + ")}${found.length > 30 ? ` + … (${found.length} products)` : ""}${found.length ? "" : "0: it meets nothing"} = ${digits(total)}`;
  }
  const mark = (kind, i, j, name) => cells[kind]?.get(`${i} ${j}`)?.classList.add(name);

  for (const kind of ["x", "w", "y", "g", "dw", "dx"]) {
    const rows = content[kind], largest = Math.max(1e-12, ...rows.flat().map(Math.abs)), border = kind === "x" ? padding : 0, figure = document.createElement("figure");
    figure.innerHTML = `<figcaption>${TITLES[kind]}</figcaption><table role="grid" aria-label="${TITLES[kind]}"><tbody></tbody></table>`;
    cells[kind] = new Map();
    for (let i = -border; i < rows.length + border; i++) {
      const line = document.createElement("tr");
      for (let j = -border; j < rows[0].length + border; j++) {
        const cell = document.createElement("td"), value = rows[i]?.[j];
        cell.textContent = value === undefined ? "0" : digits(value, 3);
        cells[kind].set(`${i} ${j}`, cell);
        line.append(cell);
        if (value === undefined) { cell.className = "pad"; continue; }
        cell.tabIndex = i === 0 && j === 0 ? 0 : -1;
        cell.dataset.at = `${kind} ${i} ${j}`;
        cell.style.background = `color-mix(in srgb, var(--${value < 0 ? "orange" : "blue"}) ${(45 * Math.abs(value) / largest).toFixed(0)}%, var(--paper))`;
        cell.addEventListener("pointerenter", () => show(kind, i, j));
        cell.addEventListener("focus", () => show(kind, i, j));
        cell.addEventListener("click", () => cell.focus());
        cell.addEventListener("keydown", (event) => {
          const way = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key], next = way && cells[kind].get(`${i + way[0]} ${j + way[1]}`);
          if (!next || next.className.includes("pad")) return;
          event.preventDefault();
          next.focus();
        });
      }
      figure.querySelector("tbody").append(line);
    }
    grids.append(figure);
  }
})();
