// Brings the columns of a picture of a network closer together, until it is as wide as a narrow screen.
function narrow(svg, wide) {
  const RADIUS = 18, MARGIN = 36, CLOSEST = 90; // of a circle; beside the outer columns; from column to column
  const at = [...new Set([...svg.querySelectorAll("circle")].map((circle) => Number(circle.getAttribute("cx"))))].sort((a, b) => a - b);
  const [first, last] = [at[0], at.at(-1)], whole = Math.max(wide, 2 * MARGIN + CLOSEST * (at.length - 1));
  if (svg.querySelector("image") || at.length < 2 || svg.viewBox.baseVal.width <= whole) return;
  const part = (whole - 2 * MARGIN) / (last - first), x = (old) => Math.round(MARGIN + (old - first) * part);
  const change = (selector, name, made) => {
    for (const element of svg.querySelectorAll(selector)) element.setAttribute(name, made(element.getAttribute(name)));
  };
  change("circle", "cx", x);
  change("text[x]", "x", x);
  change("path.w", "d", (d) => {
    const [a, b, u, v] = d.match(/-?[\d.]+/g).map(Number);
    return `M${x(a - RADIUS) + RADIUS} ${b}L${x(u + RADIUS) - RADIUS} ${v}`;
  });
  change("g.l text", "transform", (turned) => {
    const [a, b, degrees] = turned.match(/-?[\d.]+/g).map(Number), slope = Math.tan(degrees * Math.PI / 180);
    return `translate(${x(a)} ${b}) rotate(${(Math.atan(slope / part) * 180 / Math.PI).toFixed(1)})`;
  });
  for (const element of [svg, svg.querySelector("rect.paper")]) element.setAttribute("width", whole);
  svg.setAttribute("viewBox", `0 0 ${whole} ${svg.viewBox.baseVal.height}`);
  svg.style.maxWidth = "none";
}
