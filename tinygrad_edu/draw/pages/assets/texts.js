// Texts of a picture that change at each redraw. Those in sight are written at once; in a large picture the others are
// written when they come in sight, or a few at a time once nothing has changed for a moment.
function changing_texts(sight, large) {
  const MOMENT = 150, FRAME = 16, FEW = 80; // milliseconds, and texts that are written in a frame
  const waiting = new Map(); // of a text that is out of sight: what it will say, and its place
  let later = null;

  const seen = ([x, y]) => !large || (sight.shown && x > sight.left && x < sight.right && y > sight.top && y < sight.bottom);
  function put(text, word, value) {
    const said = word + (typeof value === "number" ? digits(value) : value);
    if (text.firstChild) text.firstChild.data = said; else text.textContent = said;
  }
  function write(text, word, value, place) {
    if (seen(place)) {
      waiting.delete(text);
      put(text, word, value);
      return;
    }
    waiting.set(text, [word, value, place]);
    clearTimeout(later);
    later = setTimeout(some, MOMENT);
  }
  function some(most = FEW, wanted = () => true) {
    for (const [text, [word, value, place]] of waiting) {
      if (!wanted(place)) continue;
      if (most-- === 0) break;
      waiting.delete(text);
      put(text, word, value);
    }
    clearTimeout(later);
    if (waiting.size) later = setTimeout(some, FRAME);
  }
  sight.moved = () => some(Infinity, seen);
  addEventListener("beforeprint", () => some(Infinity));
  return write;
}
