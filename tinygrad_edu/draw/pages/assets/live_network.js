// The network of the graph's neurons: lines are handles of the weights, circles hold activation and gradient.
function network(content, machine, hand, titles) {
  const svg = document.querySelector("#net svg"), { v, g } = machine, { wires, inputs } = content.live;
  narrow(svg, svg.parentNode.clientWidth);
  const outputs = {};
  for (const [card, id] of Object.entries(content.neurons)) outputs[id] = Math.max(outputs[id] ?? 0, Number(card));
  const circles = [...svg.querySelectorAll("g[id]")].map((group) => {
    const card = inputs[group.id] ?? outputs[group.id], value = group.querySelector(".v"), circle = group.querySelector("circle");
    if (card === undefined || !value) return null;
    const below = value.cloneNode(false);
    below.setAttribute("class", "vg");
    below.setAttribute("y", Number(value.getAttribute("y")) + 8);
    value.setAttribute("y", Number(value.getAttribute("y")) - 3);
    value.after(below);
    return { card, value, circle, below, column: group.id.split("_")[0] };
  }).filter(Boolean);
  const written = new Map();
  const write = (element, text) => { // only what has become another
    if (written.get(element) === text) return;
    written.set(element, text);
    element.textContent = text;
  };
  const lines = [...svg.querySelectorAll("path.w")].map((path) => {
    const place = path.dataset.at, card = wires[place];
    if (card === undefined) return null;
    const grip = path.cloneNode(false), title = path.querySelector("title");
    grip.setAttribute("class", "grip");
    grip.append(title);
    path.after(grip);
    hand.handle(grip, card, titles[card]);
    const tell = () => write(title, `${titles[card]} = ${digits(v[card])}, gradient ${digits(g[card])}`);
    for (const event of ["pointermove", "focus"]) grip.addEventListener(event, tell);
    return { path, grip, card, layer: place.split(" ")[0], looks: "" };
  }).filter(Boolean);
  for (const labels of svg.querySelectorAll("g.l")) labels.remove(); // the numbers on them would not follow
  return () => {
    const largest = {}, loudest = {};
    for (const { card, layer } of lines) largest[layer] = Math.max(largest[layer] ?? 0, Math.abs(v[card]));
    for (const { card, column } of circles) loudest[column] = Math.max(loudest[column] ?? 0, Math.abs(v[card]));
    for (const line of lines) {
      const { path, grip, card, layer } = line, part = Math.abs(v[card]) / (largest[layer] || 1), looks = `${v[card]} ${part}`;
      if (line.looks === looks) continue;
      line.looks = looks;
      path.classList.toggle("neg", v[card] < 0);
      path.setAttribute("stroke-width", (0.5 + 4.5 * part).toFixed(2));
      path.setAttribute("stroke-opacity", (0.2 + 0.65 * part).toFixed(2));
      grip.setAttribute("aria-valuenow", v[card]);
    }
    for (const { card, value, circle, below, column } of circles) {
      const part = 0.75 * Math.abs(v[card]) / (loudest[column] || 1);
      write(value, digits(v[card], 2)); // what a circle has room for
      write(below, machine.needs[card] ? `∂ ${digits(g[card], 2)}` : "");
      circle.style.fill = `var(--${v[card] < 0 ? "orange" : "blue"})`;
      circle.style.fillOpacity = (0.6 * part).toFixed(3);
    }
  };
}
