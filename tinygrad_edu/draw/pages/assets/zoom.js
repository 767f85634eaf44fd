// Zoom, pan, fit and an overview for a picture in a scrolling box. Returns the part of the picture that is in sight, or
// nearly: `moved` is called when that becomes another.
function zoomable(box, readable = 0.58) {
  const svg = box.querySelector("svg"), sight = { left: 0, top: 0, right: 0, bottom: 0, shown: true, moved: () => {} };
  if (!svg) return sight;
  const wide = svg.viewBox.baseVal.width, high = svg.viewBox.baseVal.height;
  box.insertAdjacentHTML("beforebegin", `<div class="zoom" role="group" aria-label="size of the picture"><button type="button" aria-label="smaller">−</button>
    <output></output><button type="button" aria-label="larger">+</button><button type="button" title="the whole picture">fit</button><canvas aria-hidden="true" title="drag to move"></canvas></div>`);
  const bar = box.previousSibling, [less, more, fit] = bar.querySelectorAll("button"), map = bar.querySelector("canvas");
  let scale = 1;
  box.setAttribute("tabindex", "0");
  box.setAttribute("role", "region");
  box.setAttribute("aria-label", "the picture: + and − change its size, the arrow keys move it");

  function set(to, x = box.clientWidth / 2, y = box.clientHeight / 2) { // what is at x, y of the box stays there
    const before = scale;
    scale = Math.max(0.01, Math.min(4, to));
    const [left, top] = [(box.scrollLeft + x) / before * scale - x, (box.scrollTop + y) / before * scale - y];
    svg.setAttribute("width", wide * scale);
    svg.setAttribute("height", high * scale);
    svg.style.maxWidth = "none";
    box.scrollLeft = left;
    box.scrollTop = top;
    bar.querySelector("output").textContent = `${Math.round(100 * scale)} %`;
    overview();
  }
  const all = () => Math.min(1, (box.clientWidth - 2) / wide, Math.max(240, box.clientHeight || 1e9) / high);
  less.addEventListener("click", () => set(scale / 1.25));
  more.addEventListener("click", () => set(scale * 1.25));
  fit.addEventListener("click", () => set(Math.min(1, box.clientWidth / wide, 0.64 * innerHeight / high)));
  box.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const at = box.getBoundingClientRect();
    set(scale * 1.0015 ** -event.deltaY, event.clientX - at.left, event.clientY - at.top);
  }, { passive: false });
  box.addEventListener("keydown", (event) => {
    const way = { "+": 1.25, "=": 1.25, "-": 0.8, 0: NaN }[event.key];
    if (way === undefined || event.ctrlKey || event.metaKey || event.target.matches("input")) return;
    event.preventDefault();
    if (way) set(scale * way); else fit.click();
  });

  // A mouse pulls the picture by its background; a finger scrolls it anyway
  let start = null;
  box.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "mouse" || event.button || event.target.closest(".handle,.pick,[id^=a]")) return;
    start = [event.clientX + box.scrollLeft, event.clientY + box.scrollTop];
    box.setPointerCapture(event.pointerId);
  });
  box.addEventListener("pointermove", (event) => { if (start) box.scrollTo(start[0] - event.clientX, start[1] - event.clientY); });
  box.addEventListener("pointerup", () => { start = null; });

  // The overview: a dot a card, and the part that is seen
  const dots = [...svg.querySelectorAll(".k > g")].map((card) => card.getAttribute("transform").match(/-?[\d.]+/g).map(Number));
  function see() {
    const [x, y, w, h] = [box.scrollLeft, box.scrollTop, box.clientWidth, box.clientHeight].map((a) => a / scale), near = 300;
    Object.assign(sight, { left: x - near, top: y - near, right: x + w + near, bottom: y + h + near });
    sight.moved();
  }
  function overview() {
    see();
    const hidden = wide * scale <= box.clientWidth + 4 && high * scale <= box.clientHeight + 4;
    map.hidden = hidden || !dots.length;
    if (map.hidden) return;
    const part = Math.min(220 / wide, 48 / high), pen = map.getContext("2d"), look = getComputedStyle(document.body);
    map.width = Math.max(24, wide * part);
    map.height = Math.max(12, high * part);
    pen.fillStyle = look.getPropertyValue("--soft");
    for (const [x, y] of dots) pen.fillRect(x * part, y * part, 3, 2);
    pen.strokeStyle = look.getPropertyValue("--orange");
    pen.lineWidth = 1.5;
    const [x, y, w, h] = [box.scrollLeft, box.scrollTop, box.clientWidth, box.clientHeight].map((a) => a / scale * part);
    pen.strokeRect(x + 1, y + 1, Math.min(w, map.width) - 2, Math.min(h, map.height) - 2);
  }
  const seek = (event) => {
    if (!event.buttons) return;
    const at = map.getBoundingClientRect();
    box.scrollTo((event.clientX - at.left) / at.width * wide * scale - box.clientWidth / 2, (event.clientY - at.top) / at.height * high * scale - box.clientHeight / 2);
  };
  map.addEventListener("pointerdown", seek);
  map.addEventListener("pointermove", seek);
  let waiting = false;
  box.addEventListener("scroll", () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; overview(); });
  });
  addEventListener("resize", overview);
  new IntersectionObserver(([{ isIntersecting }]) => {
    sight.shown = isIntersecting;
    sight.moved();
  }, { rootMargin: "200px" }).observe(box);
  const whole = all();
  set(whole >= readable ? whole : Math.min(1, Math.max(readable, (box.clientWidth - 2) / wide)));
  return sight;
}
