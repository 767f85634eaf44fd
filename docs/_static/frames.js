// Make each frame as high as the page in it: the page answers "height?" with its own height.
addEventListener("message", ({ source, data }) => {
  if (!data || typeof data.height !== "number") return;
  for (const frame of document.querySelectorAll("iframe.page"))
    if (frame.contentWindow === source) frame.height = Math.ceil(data.height) + 2;
});
const ask = (frame) => frame.contentWindow && frame.contentWindow.postMessage("height?", "*");
addEventListener("load", () => {
  for (const frame of document.querySelectorAll("iframe.page")) {
    frame.addEventListener("load", () => ask(frame));
    ask(frame);
    new ResizeObserver(() => ask(frame)).observe(frame.parentElement);
  }
});
