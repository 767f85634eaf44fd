// Computes a trained net on what is drawn: a = f(W a' + b), layer by layer.
(() => {
  const $ = (id) => document.getElementById(id);
  const net = JSON.parse($("data").textContent), [rows, columns] = net.size;
  const floats = (text) => new Float32Array(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
  const layers = net.layers.map(([n, m, weight, bias, name]) => ({ n, m, weight: floats(weight), bias: floats(bias), name }));
  const ACTIVATIONS = {
    "": (z) => z, relu: (z) => z.map((x) => Math.max(0, x)), tanh: (z) => z.map(Math.tanh),
    sigmoid: (z) => z.map((x) => 1 / (1 + Math.exp(-x))), softmax,
  };
  function softmax(z) {
    const most = Math.max(...z), e = z.map((x) => Math.exp(x - most)), sum = e.reduce((a, b) => a + b, 0);
    return e.map((x) => x / sum);
  }
  // Every layer's weighted sums and activations
  function forward(pixels) {
    const found = [];
    let a = Array.from(pixels);
    for (const { n, m, weight, bias, name } of layers) {
      const z = Array.from({ length: n }, (_, j) => {
        let sum = bias[j];
        for (let k = 0; k < m; k++) sum += weight[j * m + k] * a[k];
        return sum;
      });
      a = ACTIVATIONS[name](z);
      found.push({ z, a });
    }
    return found;
  }

  // The drawing: centred, as high as the image, and averaged over blocks of 4 × 4
  const pad = $("pad"), pen = pad.getContext("2d", { willReadFrequently: true }), FINE = 4;
  const fine = document.createElement("canvas"), small = fine.getContext("2d", { willReadFrequently: true });
  fine.width = columns * FINE;
  fine.height = rows * FINE;
  function pixels() {
    const ink = pen.getImageData(0, 0, pad.width, pad.height).data, seen = new Array(rows * columns).fill(0);
    let left = pad.width, right = -1, top = pad.height, bottom = -1;
    for (let i = 3; i < ink.length; i += 4) if (ink[i] > 64) {
      const x = (i >> 2) % pad.width, y = Math.floor((i >> 2) / pad.width);
      left = Math.min(left, x); right = Math.max(right, x); top = Math.min(top, y); bottom = Math.max(bottom, y);
    }
    if (right < 0) return seen;
    const wide = right - left + 1, high = bottom - top + 1, scale = Math.min(fine.height / high, fine.width / wide);
    small.clearRect(0, 0, fine.width, fine.height);
    small.drawImage(pad, left, top, wide, high, (fine.width - wide * scale) / 2, (fine.height - high * scale) / 2, wide * scale, high * scale);
    const shade = small.getImageData(0, 0, fine.width, fine.height).data;
    for (let y = 0; y < fine.height; y++) for (let x = 0; x < fine.width; x++) {
      seen[Math.floor(y / FINE) * columns + Math.floor(x / FINE)] += shade[4 * (y * fine.width + x) + 3] / 255 / FINE ** 2;
    }
    return seen;
  }

  const mixed = (value, largest) => { // white is zero, blue positive, orange negative
    const part = Math.min(1, Math.abs(value) / (largest || 1)), colour = value < 0 ? [213, 94, 0] : [0, 114, 178];
    return colour.map((c) => Math.round(255 + (c - 255) * part));
  };
  const body = $("out").querySelector("tbody");
  for (const name of net.classes) {
    body.insertAdjacentHTML("beforeend", "<tr><th scope='row'></th><td class='bar'><i></i></td><td class='p'></td></tr>");
    body.lastChild.querySelector("th").textContent = name;
  }
  // A neuron of the first layer is shown as the image of its weights, what it looks for; one of the others as a dot
  const MANY = 128;
  layers.slice(0, -1).forEach(({ n, m, weight, name }, i) => {
    const images = i === 0 && n <= MANY, what = images ? ", each as its weights: blue likes ink there, orange does not" : "";
    $("hidden").insertAdjacentHTML("beforeend", `<div class="soft">hidden layer ${i + 1}${name ? ` · ${name}` : ""}${what}</div>
      <div class="layer">${(images ? "<canvas></canvas>" : "<i></i>").repeat(n)}</div>`);
    if (!images) return;
    const largest = weight.reduce((most, w) => Math.max(most, Math.abs(w)), 0);
    [...$("hidden").lastElementChild.children].forEach((canvas, j) => paint(canvas, (k) => mixed(weight[j * m + k], 0.7 * largest)));
  });

  function paint(canvas, colour) {
    const image = new ImageData(columns, rows);
    canvas.width = columns;
    canvas.height = rows;
    for (let i = 0; i < rows * columns; i++) image.data.set([...colour(i), 255], 4 * i);
    canvas.getContext("2d").putImageData(image, 0, 0);
  }

  function show() {
    const seen = pixels(), found = forward(seen), last = found.at(-1), empty = seen.every((v) => v === 0);
    paint($("seen"), (i) => [255 * seen[i], 255 * seen[i], 255 * seen[i]]);
    document.querySelectorAll(".layer").forEach((box, i) => {
      const largest = empty ? Infinity : Math.max(...found[i].a.map(Math.abs));
      [...box.children].forEach((neuron, j) => {
        const a = found[i].a[j], part = Math.min(1, Math.abs(a) / (largest || 1)), colour = `rgb(${mixed(a, largest)})`;
        neuron.title = `a = ${a.toPrecision(4)}`;
        if (neuron.localName === "i") neuron.style.background = colour;
        else Object.assign(neuron.style, { opacity: 0.5 + 0.5 * part, borderColor: part > 0.1 ? colour : "" });
      });
    });
    const chances = layers.at(-1).name === "softmax" || layers.at(-1).name === "sigmoid" ? last.a : softmax(last.z);
    const best = chances.indexOf(Math.max(...chances));
    [...body.rows].forEach((row, j) => {
      row.className = j === best && !empty ? "best" : "";
      row.querySelector("i").style.width = `${empty ? 0 : 100 * chances[j]}%`;
      row.querySelector(".p").textContent = empty ? "·" : `${(100 * chances[j]).toFixed(1)} %`;
      row.dataset.logit = last.z[j];
    });
    $("seen").dataset.pixels = JSON.stringify(seen);
    $("verdict").textContent = empty ? "Nothing is drawn yet." : `The net reads ${net.classes[best]}.`;
  }

  let at = null;
  const place = (event) => {
    const box = pad.getBoundingClientRect();
    return [(event.clientX - box.left) * pad.width / box.width, (event.clientY - box.top) * pad.height / box.height];
  };
  function stroke(event) {
    if (!at) return;
    const to = place(event);
    pen.lineWidth = 26;
    pen.lineCap = pen.lineJoin = "round";
    pen.strokeStyle = "#fff";
    pen.beginPath();
    pen.moveTo(...at);
    pen.lineTo(...to);
    pen.stroke();
    at = to;
    show();
  }
  pad.addEventListener("pointerdown", (event) => { at = place(event); stroke(event); });
  pad.addEventListener("pointermove", stroke);
  addEventListener("pointerup", () => { at = null; });
  $("clear").addEventListener("click", () => { pen.clearRect(0, 0, pad.width, pad.height); show(); });
  show();
})();
