// The plane of the playground: what the net says everywhere, and points that are added, moved and taken away.

// Paints signed numbers, blue where positive and orange where negative
function brush() {
  const TONES = 255, colours = {}, palette = new Uint32Array(2 * TONES + 1), small = new OffscreenCanvas(1, 1); // palette: from −1 to 1
  function look() { // colours of the page, which are others in the dark
    const style = getComputedStyle(document.body), pen = document.createElement("canvas").getContext("2d");
    const rgb = (name) => {
      pen.fillStyle = style.getPropertyValue(name).trim();
      return pen.fillStyle.match(/[\da-f]{2}/g).map((h) => parseInt(h, 16));
    };
    Object.assign(colours, { paper: rgb("--paper"), 1: rgb("--blue"), "-1": rgb("--orange"), ink: style.getPropertyValue("--ink") });
    const bytes = new Uint8ClampedArray(palette.buffer);
    palette.forEach((_, i) => {
      const tone = colours[i < TONES ? "-1" : "1"], part = 0.85 * Math.abs(i / TONES - 1);
      bytes.set([...colours.paper.map((x, c) => x + part * (tone[c] - x)), 255], 4 * i);
    });
  }
  function paint(canvas, side, values, scale) { // a square of side × side numbers
    const pen = canvas.getContext("2d"), image = pen.createImageData(side, side), pixels = new Uint32Array(image.data.buffer);
    for (let i = 0; i < pixels.length; i++) {
      const part = Number.isFinite(values[i]) ? Math.max(-1, Math.min(1, values[i] / scale)) : 0;
      pixels[i] = palette[Math.round(TONES * (part + 1))];
    }
    if (canvas.width === side) { pen.putImageData(image, 0, 0); return; }
    small.width = small.height = side;
    small.getContext("2d").putImageData(image, 0, 0);
    pen.imageSmoothingEnabled = true;
    pen.drawImage(small, 0, 0, canvas.width, canvas.height);
  }
  look();
  return { colours, look, paint };
}

// changed: what is called when a point was added, moved, chosen or taken away
function point_plane(canvas, { colours, paint }, changed) {
  const WIDE = 100; // numbers along a side of the plane, where there is time for so many
  let points = [], chosen = null, held = false, side = 1;

  function bounds() {
    const reach = Math.max(1.2, ...points.flatMap((p) => [Math.abs(p.x), Math.abs(p.y)])) * 1.12;
    return Number.isFinite(reach) ? Math.min(reach, 20) : 2;
  }
  function grid(count = WIDE) { // the places of count × count numbers, row by row, as two columns
    const r = bounds(), x = new Float64Array(count * count), y = new Float64Array(count * count), at = (i) => -r + (i + 0.5) / count * 2 * r;
    for (let i = 0; i < x.length; i++) {
      x[i] = at(i % count);
      y[i] = -at(Math.floor(i / count));
    }
    return [x, y];
  }
  function draw(values) { // of a square of places
    const pen = canvas.getContext("2d"), r = bounds(), w = canvas.width;
    paint(canvas, Math.sqrt(values.length), values, 1.2);
    points.forEach((point, i) => {
      const [x, y] = [(point.x / r + 1) / 2 * w, (1 - point.y / r) / 2 * w];
      pen.beginPath();
      if (point.side > 0) pen.arc(x, y, 4, 0, 7); else pen.rect(x - 3.6, y - 3.6, 7.2, 7.2);
      pen.fillStyle = `rgb(${colours[point.side > 0 ? "1" : "-1"]})`;
      pen.globalAlpha = point.test ? 0.45 : 1;
      pen.fill();
      pen.globalAlpha = 1;
      pen.lineWidth = i === chosen ? 3 : 1;
      pen.strokeStyle = i === chosen ? colours.ink : `rgb(${colours.paper})`;
      pen.stroke();
    });
  }

  const add = (point) => { chosen = points.push({ ...point, side, test: false }) - 1; };
  function remove() {
    if (chosen === null || !points[chosen]) return;
    points.splice(chosen, 1);
    chosen = points.length ? Math.min(chosen, points.length - 1) : null;
    changed();
  }
  function where(event) {
    const box = canvas.getBoundingClientRect(), r = bounds();
    return { x: four(((event.clientX - box.left) / box.width * 2 - 1) * r), y: four((1 - (event.clientY - box.top) / box.height * 2) * r) };
  }
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    const at = where(event), r = bounds();
    const [near] = points.map((p, i) => [Math.hypot(p.x - at.x, p.y - at.y), i]).sort((a, b) => a[0] - b[0]);
    if (near && near[0] < 0.07 * r) chosen = near[1]; else add(at);
    held = true;
    canvas.setPointerCapture(event.pointerId);
    changed();
  });
  canvas.addEventListener("pointermove", (event) => { if (held) { Object.assign(points[chosen], where(event)); changed(); } });
  canvas.addEventListener("pointerup", () => { held = false; });
  canvas.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
  canvas.addEventListener("keydown", (event) => {
    const way = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key], point = points[chosen];
    if (way && point) { point.x = four(point.x + 0.05 * way[0]); point.y = four(point.y + 0.05 * way[1]); }
    else if (event.key === "n" || event.key === "p") {
      const next = (chosen ?? -1) + (event.key === "n" ? 1 : -1) + points.length;
      chosen = points.length ? next % points.length : null;
    }
    else if (event.key === "Enter") add({ x: 0, y: 0 });
    else if (event.key === "Delete" || event.key === "Backspace") remove();
    else return;
    event.preventDefault();
    changed();
  });

  return {
    grid, draw, remove,
    get points() { return points; },
    set points(list) { points = list; chosen = points.length ? 0 : null; },
    get chosen() { return points[chosen] ?? null; },
    set side(value) { side = value; },
  };
}
