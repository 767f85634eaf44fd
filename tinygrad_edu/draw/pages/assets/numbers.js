// Numbers as Python's pages write them, "%.4g" with a true minus sign, and as people type them.
function digits(x, n = 4) {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "nan" : x > 0 ? "inf" : "−inf";
  if (x === 0) return "0";
  const size = Math.abs(x), longer = size.toExponential(n);
  let text = size.toExponential(n - 1);
  if (longer[n === 0 ? 0 : n + 1] === "5") { // perhaps a tie, whose even digit stands: JavaScript rounds it up
    const exact = size.toExponential(n + 30), end = n === 1 ? 1 : n + 1;
    if (/^50*e/.test(exact.slice(n + 1)) && Number(exact[end - 1]) % 2 === 0) text = exact.slice(0, end) + exact.slice(exact.indexOf("e"));
  }
  const [mantissa, power] = text.split("e"), e = Number(power);
  const bare = (t) => t.includes(".") ? t.replace(/\.?0+$/, "") : t;
  const short = e < -4 || e >= n ? `${bare(mantissa)}e${e < 0 ? "−" : "+"}${String(Math.abs(e)).padStart(2, "0")}`
    : bare(Number(text).toFixed(Math.max(0, n - 1 - e)));
  return x < 0 ? `−${short}` : short;
}

// A number, a decimal comma, or a fraction such as −3/4; NaN for anything else
function numeric(text) {
  if (typeof text === "number") return text;
  const [above, below, ...more] = text.replaceAll("−", "-").replaceAll(",", ".").split("/").map((part) => part.trim() === "" ? NaN : Number(part));
  return more.length ? NaN : below === undefined ? above : above / below;
}
