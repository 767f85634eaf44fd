// Walks through a graph that Python computed. Sentences are put together here, in MathML; going from one step to the
// next changes only what that step changes.
(() => {
  const $ = (id) => document.getElementById(id);
  const content = JSON.parse($("data").textContent), UNKNOWN = "·", WORD = { d: "data ", g: "grad " };
  const forward = content.made.map(([card]) => card);
  const graph = $("graph"), paths = graph.querySelectorAll(".e path"), cards = [...graph.querySelectorAll(".k > g")];
  const titles = cards.map((card) => card.querySelector(".t")?.textContent ?? "");
  const place_of = (element) => (element.getAttribute("transform")?.match(/-?[\d.]+/g) ?? [element.getAttribute("x"), element.getAttribute("y")]).map(Number);
  const places = cards.map(place_of), say_in = changing_texts(zoomable(graph), cards.length > 80);
  const lines = cards.map((card) => ({ d: card.querySelector("text:not(.t)"), g: card.querySelector(".g") }));
  const machine = content.live ? engine(content, cards.length) : null;
  const bare = new Set(content.bare), labels = [...graph.querySelectorAll(".l text")];
  const labelled = content.bare ? Array.from(paths, (_, k) => bare.has(k) ? null : labels.shift()) : [];
  const values = lines.map(({ d }, i) => content.arrays[i] ?? d.textContent.replace(WORD.d, "").trim()); // a constant's has no word
  const slopes = labelled.map((label) => label?.textContent.trim() ?? ""); // of tensors: rules
  const { sentence, gradient_of, plain, name, operands } = sentences(content, titles, values, slopes);
  const flat = (data) => data.t ?? data; // of an array, the text that its card shows
  const leaves = new Map();
  let steps = [], at = 0, timer = null, naive = false, quiz = false, lit = [];

  // The picture ------------------------------------------------------------------------------------------------

  const written = new Map();
  function write(card, row, text) {
    const key = row + card;
    const shown = flat(text);
    if (Object.is(written.get(key), shown)) return;
    written.set(key, shown);
    if (lines[card][row]) say_in(lines[card][row], WORD[row], shown, places[card]);
    if (row === "g" && leaves.has(card)) leaves.get(card).textContent = typeof shown === "number" ? digits(shown) : shown;
  }

  // What each step changes, as [card, row, text now, text before], in the order that is chosen.
  function read() {
    const back = naive ? content.naive : content.backward, now = new Map();
    const order = [...forward.map((card) => ["f", card]), ...back.map((step, i) => [i ? "b" : "s", ...step])];
    steps = order.map(([kind, card, ...shares]) => {
      const gradient = now.get(`g${card}`), uses = operands(card);
      const writes = kind === "f" ? [[card, "d", values[card]]] : kind === "s" ? [[card, "g", "1"]]
        : shares.map(([k, share, after]) => [uses[k].card, "g", after ?? share]);
      const changes = writes.map(([x, row, text]) => {
        const before = now.get(row + x) ?? UNKNOWN;
        now.set(row + x, text);
        return [x, row, text, before];
      });
      const edges = kind === "f" ? uses : shares.map(([k]) => uses[k]);
      return { kind, card, shares, gradient, changes, edges: edges.map(({ edge }) => edge) };
    });
    return now;
  }

  // Write everything as it is after `at` steps: what is not computed yet is blank.
  function write_all() {
    const now = new Map();
    for (let i = 0; i < cards.length; i++) if (lines[i].g) now.set(`g${i}`, UNKNOWN);
    for (const card of forward) now.set(`d${card}`, UNKNOWN);
    for (const step of steps.slice(0, at)) for (const [card, row, text] of step.changes) now.set(row + card, text);
    for (const [key, text] of now) write(Number(key.slice(1)), key[0], text);
  }
  function start() {
    read();
    at = Math.min(at, steps.length);
    $("slide").max = steps.length;
  }

  const taken = [], label_places = [];
  // A page of numbers takes its texts from the machine, which has computed them
  function take() {
    const { v, slopes: by, passes } = machine;
    for (let i = 0; i < cards.length; i++) values[i] = v[i];
    labelled.forEach((label, k) => {
      const slope = passes[k] ? by[k] : null;
      if (!label || Object.is(taken[k], slope)) return;
      taken[k] = slope;
      slopes[k] = slope ?? "";
      say_in(label, "", slopes[k], label_places[k] ??= place_of(label));
    });
    content.backward = machine.steps();
    const wrong = machine.naive();
    content.naive = wrong?.steps ?? null;
    content.wrong = wrong?.wrong;
    for (const [card] of content.live.leaves) write(card, "d", values[card]);
  }
  function redraw() {
    const ended = at === steps.length;
    take();
    start();
    if (ended) at = steps.length;
    write_all();
    show(false);
    ask();
    net?.();
  }

  // The network beside the graph: a neuron that is chosen leaves only its own cards bright
  const circle = (id) => id && document.querySelector(`#net #${id}`);
  let chosen = "";
  function choose(id) {
    chosen = chosen === id ? "" : id;
    cards.forEach((card, i) => card.classList.toggle("hush", chosen !== "" && content.neurons[i] !== chosen));
    if (chosen) follow(cards[Object.keys(content.neurons).find((i) => content.neurons[i] === chosen)]);
  }
  for (const id of new Set(Object.values(content.neurons))) circle(id)?.addEventListener("click", () => choose(id));

  function light(step) {
    for (const [element, marks] of lit) element.classList.remove(...marks);
    lit = [];
    if (!step) return;
    const mark = (element, ...marks) => {
      if (element) { element.classList.add(...marks); lit.push([element, marks]); }
    };
    const way = step.kind === "f" ? ["now", "fw"] : ["now"];
    mark(cards[step.card], ...way);
    mark(circle(content.neurons[step.card]), ...way);
    for (const k of step.edges) mark(paths[k], ...way);
    for (const [x, row] of step.changes) {
      mark(lines[x][row], "new");
      if (row === "g") mark(leaves.get(x), "new");
    }
  }

  // Scroll the picture, not the page, to the card that has just been computed.
  function follow(card) {
    const outer = graph.getBoundingClientRect(), inner = card.getBoundingClientRect();
    if (inner.left < outer.left || inner.right > outer.right) graph.scrollLeft += inner.left - outer.left - (outer.width - inner.width) / 2;
    if (inner.top < outer.top || inner.bottom > outer.bottom) graph.scrollTop += inner.top - outer.top - (outer.height - inner.height) / 2;
  }

  function show(moved = true) {
    $("naive").hidden = !content.naive;
    $("quiz").hidden = !content.backward.length;
    const step = steps[at - 1], say = $("say");
    light(step);
    if (step && moved) follow(cards[step.card]);
    $("slide").value = at;
    $("count").textContent = `${at} / ${steps.length}`;
    say.className = step ? step.kind : "";
    const [title, text] = step ? sentence(step) : ["nothing computed yet", "<p>The leaves have their values. First every "
      + "node is computed from its operands; then the gradients go back the same way."];
    say.innerHTML = `<h2>${title}</h2>${text}`;
    if (naive && at === steps.length) judge(say);
    save();
  }

  // In a notebook's frame the address is the notebook's
  let hand = null, net = null, saving = null;
  function save() {
    if (self !== top) return;
    clearTimeout(saving); // browsers allow few changes of the address a second
    saving = setTimeout(() => history.replaceState(null, "", `#${content.opened && at === steps.length ? "last" : at}${hand?.address() ?? ""}`), 60);
  }

  // After the naive order: put the right gradient beside each wrong one, and say why.
  function judge(say) {
    naive = false;
    const right = read();
    naive = true;
    read();
    for (const [card, cell] of leaves) {
      const text = flat(right.get(`g${card}`) ?? UNKNOWN);
      const shown = cell.textContent; // already judged, if the last step was only asked for again
      if (shown !== text && !shown.includes("✗")) cell.textContent += ` ✗ right: ${text}`;
    }
    say.insertAdjacentHTML("beforeend", content.wrong
      ? "<p class='no'><b>✗ These gradients are wrong.</b> A node that is used more than once passed on what it had before all "
        + "of its gradient had arrived, and later passed it on again. Going back from the newest node to the oldest avoids this."
      : "<p class='ok'>✓ Right all the same: no node that was computed here is used twice.");
  }

  function go(to) {
    to = Math.max(0, Math.min(steps.length, to));
    while (at < to) for (const [card, row, text] of steps[at++].changes) write(card, row, text);
    while (at > to) for (const [card, row, , before] of steps[--at].changes.toReversed()) write(card, row, before);
    show();
    ask();
  }

  // Quiz: the next step back is done by the reader ------------------------------------------------------------------

  const form = quiz_form($("ask"), { sentence, gradient_of }, titles, (rounded) => {
    go(at + 1);
    if (rounded) $("say").insertAdjacentHTML("beforeend", `<p class="ok">✓ ${rounded}`);
  });
  function ask() {
    const step = steps[at], asked = quiz && step?.kind === "b" ? new Map(step.changes.map(([card, , text]) => [card, flat(text)])) : [];
    form.ask(step, [...asked].filter(([, text]) => !Number.isNaN(numeric(text))));
  }

  // Moving -----------------------------------------------------------------------------------------------------

  function play(on) {
    clearInterval(timer);
    timer = on ? setInterval(() => { if (at < steps.length) go(at + 1); else play(false); }, 900) : null;
    $("play").setAttribute("aria-pressed", on);
    $("play").textContent = on ? "❚❚ pause" : "▶ play";
  }

  const actions = {
    first: () => go(0), back: () => go(at - 1), next: () => go(at + 1), end: () => go(steps.length),
    play: () => { if (!timer && at >= steps.length) go(0); play(!timer); },
    quiz: () => {
      quiz = !quiz;
      $("quiz").setAttribute("aria-pressed", quiz);
      document.body.classList.toggle("asks", quiz);
      play(false);
      go(!quiz || (at > forward.length && at < steps.length) ? at : forward.length + 1);
      if (quiz) $("ask").querySelector("input")?.focus();
    },
    naive: () => {
      naive = !naive;
      $("naive").setAttribute("aria-pressed", naive);
      at = naive ? Infinity : forward.length;
      start();
      write_all();
      go(at);
    },
  };
  for (const id in actions) $(id).addEventListener("click", actions[id]);
  $("slide").addEventListener("input", (event) => go(Number(event.target.value)));
  const KEYS = { ArrowRight: "next", ArrowLeft: "back", Home: "first", End: "end", " ": "play" };
  document.addEventListener("keydown", (event) => {
    const pressed = event.key === " " && event.target.matches("button,summary");
    if (event.key === "Escape") $("quiz").focus(); // out of a question, whose field needs the other keys
    if (!KEYS[event.key] || pressed || event.target.matches("#ask input") || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    actions[KEYS[event.key]]();
  });
  // The page moves only if it computes what Python computed --------------------------------------------------------

  function agrees() {
    const mine = [machine.compute(), ...content.live.leaves.map(([card]) => machine.g[card])], theirs = content.live.expected.map(Number);
    return mine.every((x, i) => Object.is(x, theirs[i]) || Math.abs(x - theirs[i]) <= 1e-9 * Math.max(1e-300, Math.abs(theirs[i])) || x === theirs[i]);
  }
  if (machine) {
    const trusted = agrees();
    hand = hands(content, machine, name, redraw);
    for (const { card, cell } of hand.leaves) leaves.set(card, cell);
    if (trusted) hand.attach(cards, titles);
    else document.querySelector("#hand").insertAdjacentHTML("afterbegin", "<p class='no'><b>This page stands still:</b> its own numbers are not those that Python computed.");
    for (const input of document.querySelectorAll("#hand input, #hand button")) input.disabled ||= !trusted;
    if (trusted && document.querySelector("#net svg")) net = network(content, machine, hand, titles);
    take();
  } else {
    for (const card of content.leaves) {
      document.querySelector("#leaves tbody").insertAdjacentHTML("beforeend", `<tr><th scope="row">`
        + `${name(card)}</th><td>${plain(flat(values[card]))}</td><td class="g"></td></tr>`);
      leaves.set(card, document.querySelector("#leaves tbody").lastChild.lastChild);
    }
  }
  const from_address = () => {
    const text = decodeURIComponent(location.hash.slice(1)), place = text.split(";")[0];
    if (hand && text.includes(";")) hand.restore(text);
    go(place === "last" || (place === "" && content.opened) ? steps.length : Number(place) || 0);
  };
  addEventListener("hashchange", from_address);
  start();
  write_all();
  net?.();
  from_address();
})();
