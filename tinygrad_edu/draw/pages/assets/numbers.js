// Numbers as Python's pages write them, "%.4g" with a true minus sign, and as people type them.
function digits(x, n = 4) {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "nan" : x > 0 ? "inf" : "−inf";
  if (x === 0) return "0";
  let text = Math.abs(x).toExponential(n - 1);
  const exact = Math.abs(x).toExponential(n + 30), rest = exact.slice(n + 1, exact.indexOf("e"));
  if (/^50*$/.test(rest) && Number(exact[n === 1 ? 0 : n]) % 2 === 0) { // a tie, whose even digit stands: JavaScript rounds it up
    text = `${exact.slice(0, n === 1 ? 1 : n + 1)}${exact.slice(exact.indexOf("e"))}`;
  }
  const [mantissa, power] = text.split("e"), e = Number(power);
  const bare = (t) => t.includes(".") ? t.replace(/\.?0+$/, "") : t;
  const size = e < -4 || e >= n ? `${bare(mantissa)}e${e < 0 ? "−" : "+"}${String(Math.abs(e)).padStart(2, "0")}`
    : bare(Number(text).toFixed(Math.max(0, n - 1 - e)));
  return x < 0 ? `−${size}` : size;
}

// A number, a decimal comma, or a fraction such as −3/4; NaN for anything else
function numeric(text) {
  const [above, below, ...more] = text.replaceAll("−", "-").replaceAll(",", ".").split("/").map((part) => part.trim() === "" ? NaN : Number(part));
  return more.length ? NaN : below === undefined ? above : above / below;
}
