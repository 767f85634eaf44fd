// Shows the arithmetic of the neuron that is chosen, and gradients or nudges in place of the weights.
(() => {
  const $ = (id) => document.getElementById(id), net = $("net"), said = JSON.parse($("data").textContent);
  narrow(net.querySelector("svg"), net.clientWidth);
  const edges = [...net.querySelectorAll("path.w")], buttons = [...document.querySelectorAll("#bar button")];
  const SIGN = { w: 1, g: 1, n: -1 }, NAME = { w: "w", g: "∂w", n: "Δw" };

  // Indices below, layers above, as in the picture
  const scripted = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;")
    .replace(/([a-zδΔ∂]+)_([\d,]+)(?:\^(\(\d+\)))?/g, (_, letter, below, above) => `<i>${letter}</i><sub>${below}</sub>${above ? `<sup>${above}</sup>` : ""}`);

  function choose(neuron) {
    for (const group of net.querySelectorAll("g.now")) group.classList.remove("now");
    const [, column, j] = neuron.id.match(/a(\d+)_(\d+)/).map(Number);
    neuron.classList.add("now");
    net.classList.add("one");
    for (const path of edges) {
      const [layer, head] = path.dataset.at.split(" ").map(Number);
      path.classList.toggle("now", layer === column - 1 && head === j);
    }
    tell(said[neuron.id], FEW);
  }
  // The formulas of a neuron, and the terms of its sum, the largest ones or all
  const FEW = 8;
  function tell({ lines, terms, more }, count) {
    const size = (term) => Math.abs(Number((term[4] || term[1]).replace("−", "-"))), rest = terms.length - count + more;
    const some = rest > 0 && count === FEW ? [...terms].sort((a, b) => size(b) - size(a)).slice(0, FEW).sort((a, b) => terms.indexOf(a) - terms.indexOf(b)) : terms;
    const head = ["weight", "", "comes in", "", "w·a", "∂C/∂w"], kept = head.map((_, i) => terms.some((term) => term[i] !== ""));
    $("said").innerHTML = `${lines.map((line) => `<p>${scripted(line)}</p>`).join("")}<table><thead><tr>${head.map((h, i) => kept[i] ? `<th>${h}</th>` : "").join("")}</tr></thead>`
      + `<tbody>${some.map((term) => `<tr>${term.map((cell, i) => kept[i] ? `<td>${scripted(cell)}</td>` : "").join("")}</tr>`).join("")}</tbody></table>`
      + (rest > 0 && count === FEW && terms.length > FEW ? `<button id="all">show all ${terms.length} terms</button>` : "") + (more ? `<p class="soft">${more} smaller terms are not on this page.` : "");
    $("all")?.addEventListener("click", () => tell({ lines, terms, more }, terms.length));
  }
  for (const neuron of net.querySelectorAll("g[id]")) {
    if (!said[neuron.id]) continue;
    neuron.setAttribute("tabindex", "0");
    neuron.setAttribute("role", "button");
    neuron.addEventListener("click", () => choose(neuron));
    neuron.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(neuron); }
    });
  }

  function show(kind) {
    const key = kind === "w" ? "w" : "g", largest = {};
    for (const path of edges) {
      const layer = path.dataset.at.split(" ")[0];
      largest[layer] = Math.max(largest[layer] ?? 0, Math.abs(path.dataset[key]));
    }
    for (const path of edges) {
      const value = SIGN[kind] * path.dataset[key], part = Math.abs(value) / (largest[path.dataset.at.split(" ")[0]] || 1);
      path.classList.toggle("neg", value < 0);
      path.classList.toggle("zero", value === 0);
      path.setAttribute("stroke-width", (0.5 + 4.5 * part * (edges.length > 120 ? 0.6 : 1)).toFixed(2));
      path.setAttribute("stroke-opacity", (0.2 + 0.65 * part).toFixed(2));
      const title = path.querySelector("title");
      title.textContent = title.textContent.replace(/^[∂Δ]?w(.*) = .*$/, (_, index) => `${NAME[kind]}${index}` + (kind === "n" ? ` ∝ ${value}` : ` = ${value}`));
    }
    for (const labels of net.querySelectorAll("g.l")) labels.style.display = kind === "w" ? "" : "none";
    for (const button of buttons) button.setAttribute("aria-pressed", button.dataset.show === kind);
    $("shown").textContent = { w: "Edges show the weights.", g: "Edges show ∂C/∂w; grey dots are zeros.", n: "Edges show the nudges −η ∂C/∂w; grey dots are zeros." }[kind];
  }
  for (const button of buttons) button.addEventListener("click", () => show(button.dataset.show));
  $("bar").hidden = !edges.some((path) => path.dataset.g !== undefined);
})();
