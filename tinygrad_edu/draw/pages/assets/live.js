// What the reader's hand does: handles on leaves, steps of descent, nodes held at zero, undo, and the address.
function hands(content, machine, names, redraw) {
  const $ = (id) => document.getElementById(id), say = (name) => document.querySelector(`[data-do="${name}"]`);
  const leaves = content.live.leaves.map(([card, , wanted, learns], i) => ({ card, wanted, learns: !!learns, name: content.live.names[i] }));
  const { v, g, held, root } = machine, past = [];
  let curve = [], eta = 0.1, before = null;

  // State, all of it: numbers of leaves, what is held, the curve, the size of a step -----------------------------

  const state = () => ({ values: leaves.map(({ card }) => v[card]), held: [...held], curve: [...curve], eta });
  const same = (a, b) => JSON.stringify([a.values.map(String), a.held, a.eta]) === JSON.stringify([b.values.map(String), b.held, b.eta]);
  function put(saved) {
    saved.values.forEach((x, i) => { v[leaves[i].card] = x; });
    held.clear();
    for (const [card, x] of saved.held) held.set(card, x);
    curve = [...saved.curve];
    eta = saved.eta;
  }
  // Remember the state before a change, once for a whole drag
  const begin = () => { before ??= state(); };
  function end() {
    if (before && !same(before, state())) past.push(before);
    before = null;
    say("undo").disabled = !past.length;
  }
  function change(act) {
    begin();
    act();
    update();
    end();
  }
  function update() {
    machine.compute();
    show();
    redraw();
    if (picked !== null) told();
  }
  function set(card, x) {
    if (Number.isNaN(x)) return;
    v[card] = x;
    curve = [];
    update();
  }

  // Handles ------------------------------------------------------------------------------------------------------

  // One unit of dragging or of an arrow key: a hundredth of the number's own size
  const unit = (x) => Math.max(0.01, 10 ** (Math.floor(Math.log10(Math.abs(x) || 1)) - 2));
  const rounded = (x, u) => Number((Math.round(x / u) * u).toPrecision(12));
  function nudge(card, units, from = v[card]) {
    const u = unit(from);
    set(card, rounded(from + units * u, u));
  }
  // Make an element a handle of a leaf: drag it sideways, or up; arrow keys, with shift ten times as far
  function handle(element, card, name, focusable = true) {
    if (focusable) {
      element.setAttribute("tabindex", "0");
      element.setAttribute("role", "slider");
      element.setAttribute("aria-label", name);
    }
    element.classList.add("handle");
    let start = null;
    element.addEventListener("pointerdown", (event) => {
      if (event.button || event.target.matches("input")) return;
      begin();
      start = [event.clientX, event.clientY, v[card]];
      element.setPointerCapture(event.pointerId);
      event.stopPropagation();
    });
    element.addEventListener("pointermove", (event) => {
      if (!start) return;
      const way = event.clientX - start[0] + start[1] - event.clientY;
      if (way) nudge(card, Math.round(way), start[2]);
    });
    const stop = () => { if (start) { start = null; end(); } };
    element.addEventListener("pointerup", stop);
    element.addEventListener("pointercancel", stop);
    element.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false }); // SVG heeds no touch-action
    element.addEventListener("keydown", (event) => arrow(event, card));
  }
  function arrow(event, card, sideways = true) {
    const way = { ArrowUp: 1, ArrowDown: -1, ...(sideways ? { ArrowRight: 1, ArrowLeft: -1 } : {}) }[event.key];
    if (!way || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    begin();
    nudge(card, way * (event.shiftKey ? 100 : 10));
    end();
  }

  const body = document.querySelector("#leaves tbody"), groups = new Map();
  for (const leaf of leaves) {
    const group = content.live.groups?.[leaf.card] ?? "";
    if (!groups.has(group)) {
      groups.set(group, true);
      if (group) body.insertAdjacentHTML("beforeend", `<tr class="group"><th colspan="4" scope="rowgroup"></th></tr>`);
      if (group) body.lastChild.firstChild.textContent = group;
    }
    body.insertAdjacentHTML("beforeend", `<tr><th scope="row" class="scrub" title="drag to change">${names(leaf.card)}</th>
      <td><input inputmode="text" autocomplete="off" spellcheck="false"></td><td><span class="g"></span></td><td><input type="checkbox"></td></tr>`);
    const row = body.lastChild, [input, box] = row.querySelectorAll("input"), cell = row.querySelector(".g");
    Object.assign(leaf, { input, cell, box });
    input.dataset.leaf = cell.dataset.grad = leaf.name;
    input.setAttribute("aria-label", leaf.name);
    box.setAttribute("aria-label", `${leaf.name} learns`);
    box.checked = leaf.learns;
    box.disabled = !leaf.wanted;
    box.addEventListener("change", () => { leaf.learns = box.checked; });
    handle(row.firstChild, leaf.card, leaf.name, false);
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") input.dispatchEvent(new Event("change"));
      arrow(event, leaf.card, false);
    });
    input.addEventListener("change", () => {
      const x = numeric(input.value);
      if (Number.isNaN(x) || digits(x, 6) === digits(v[leaf.card], 6)) show(true); else change(() => set(leaf.card, x));
    });
  }

  // Steps -------------------------------------------------------------------------------------------------------

  function descend(times) {
    change(() => {
      if (!curve.length) curve = [v[root]];
      for (let k = 0; k < times && Number.isFinite(v[root]); k++) {
        for (const { card, learns } of leaves) if (learns) v[card] -= eta * g[card];
        machine.compute();
        curve.push(v[root]);
      }
    });
  }
  const actions = {
    step: () => descend(1), steps: () => descend(100),
    undo: () => { if (past.length) { put(past.pop()); update(); chosen(); } },
    reset: () => { change(() => put({ values: [...machine.given], held: [], curve: [], eta: 0.1 })); chosen(); },
  };
  for (const name in actions) say(name).addEventListener("click", actions[name]);
  const slide = $("eta");
  const size = (x) => { if (x > 0) eta = x; show(true); };
  say("eta").addEventListener("change", (event) => { begin(); size(numeric(event.target.value)); end(); });
  say("eta").addEventListener("keydown", (event) => { if (event.key === "Enter") event.target.dispatchEvent(new Event("change")); });
  slide.addEventListener("input", () => { begin(); size(Number((10 ** slide.value).toPrecision(2))); });
  slide.addEventListener("change", end);
  addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key !== "z" || event.target.matches("input")) return;
    event.preventDefault();
    actions.undo();
  });

  // A computed node held at zero: what does the result do?
  function hold(card) {
    change(() => { if (held.has(card)) held.delete(card); else held.set(card, 0); });
    chosen();
  }

  // What is shown -------------------------------------------------------------------------------------------------

  function show(all = false) {
    for (const { card, input } of leaves) {
      const text = digits(v[card], 6).replace("−", "-");
      if (all || (document.activeElement !== input || numeric(input.value) !== v[card]) && input.value !== text) input.value = text;
    }
    $("result").textContent = digits(v[root], 6);
    $("result").dataset.value = String(v[root]);
    if (document.activeElement !== say("eta")) say("eta").value = digits(eta, 4).replace("−", "-");
    slide.value = Math.log10(eta);
    say("undo").disabled = !past.length;
    const learns = leaves.some((leaf) => leaf.learns);
    say("step").disabled = say("steps").disabled = !learns;
    const grown = curve.length > 1 && !(Math.abs(v[root]) <= 1e3 * (Math.abs(curve[0]) + 1e-9));
    $("news").textContent = !Number.isFinite(v[root]) ? "It has diverged: these steps are too large. Undo, and make η smaller."
      : grown ? "It grows: these steps are too large." : held.size ? `${held.size === 1 ? "One node is" : `${held.size} nodes are`} held at 0.` : "";
    draw();
  }

  function draw() {
    const kept = curve.filter(Number.isFinite), box = $("curve");
    box.toggleAttribute("hidden", curve.length < 2);
    if (curve.length < 2) return;
    const most = Math.max(...kept), least = Math.min(...kept), steep = least > 0 && most / least > 1e3;
    const f = steep ? Math.log10 : (x) => x, span = f(most) - f(least) || 1, wide = curve.length - 1;
    const points = curve.map((x, i) => [6 + 268 * i / wide, Number.isFinite(x) ? 72 - 62 * (f(x) - f(least)) / span : 4]);
    box.innerHTML = `<polyline points="${points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ")}"/>`
      + `<circle cx="${points.at(-1)[0]}" cy="${points.at(-1)[1]}" r="3"/><text x="6" y="90">${digits(curve[0])}</text>`
      + `<text x="274" y="90" text-anchor="end">${digits(curve.at(-1))} after ${wide} step${wide > 1 ? "s" : ""}${steep ? ", logarithmic" : ""}</text>`;
  }

  // The address: ;numbers;eta;held, each left out where it is as Python had it ------------------------------------

  function address() {
    const values = leaves.map(({ card }, i) => v[card] === machine.given[i] ? "" : String(v[card]));
    const parts = [values.join("").length ? values.join(",") : "", eta === 0.1 ? "" : String(eta), [...held.keys()].join(",")];
    return parts.join("") ? `;${parts.join(";")}` : "";
  }
  function restore(text) {
    const [values = "", size = "", kept = ""] = text.split(";").slice(1), numbers = values.split(",");
    leaves.forEach(({ card }, i) => {
      const x = numbers[i] ? Number(numbers[i]) : NaN;
      v[card] = Number.isNaN(x) ? machine.given[i] : x;
    });
    eta = Number(size) > 0 ? Number(size) : 0.1;
    held.clear();
    const computed = new Set(content.made.map(([card]) => card));
    for (const card of kept.split(",").filter(Boolean).map(Number)) if (computed.has(card)) held.set(card, 0);
    curve = [];
    update();
    chosen();
  }

  // Make handles of the leaves in the picture; a computed node that is chosen can be held at zero
  function attach(cards, titles) {
    for (const { card, name } of leaves) handle(cards[card], card, name);
    for (const [card] of content.made) {
      const element = cards[card], choose = () => pick(card);
      element.classList.add("pick");
      element.setAttribute("tabindex", "0");
      element.setAttribute("role", "button");
      element.setAttribute("aria-label", titles[card]);
      element.addEventListener("click", choose);
      element.addEventListener("keydown", (event) => { if (event.key === "Enter") choose(); });
    }
    elements = cards;
    chosen();
  }
  let elements = [], picked = null;
  function pick(card) {
    picked = card;
    chosen();
  }
  function chosen() {
    $("pick").hidden = picked === null;
    elements.forEach((element, card) => element.classList.toggle("held", held.has(card)));
    if (picked === null) return;
    $("pick").innerHTML = `<span></span> <button data-do="hold" aria-pressed="${held.has(picked)}">${held.has(picked) ? "let go" : "set to 0"}</button>`;
    told();
    $("pick").querySelector("button").addEventListener("click", () => { hold(picked); $("pick").querySelector("button").focus(); });
  }
  function told() {
    $("pick").firstChild.innerHTML = `${names(picked)} = ${digits(v[picked])}, gradient ${digits(g[picked])}`;
  }

  $("root").innerHTML = `${names(root)} =`;
  show(true);
  return { leaves, handle, attach, address, restore };
}
