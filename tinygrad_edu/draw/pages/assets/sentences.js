// Says in MathML what a step computes: templates that Python wrote, filled with names and with numbers.
function sentences(content, titles, values, slopes) {
  const { operations, made, arrays } = content;
  const plain = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;");
  const num = (x) => `<mn>${typeof x === "number" ? digits(x) : plain(x)}</mn>`;
  // Each side is a formula of its own, so that a long line may break in front of an equals sign
  const math = (...sides) => `<p>${sides.map((side, k) =>
    side === "" ? "" : `<math displaystyle="true"><mrow>${k ? "<mo>=</mo>" : ""}${side}</mrow></math>`).join(" ")}`;
  const by = (above, below) => `<mfrac><mrow><mo>∂</mo>${above}</mrow><mrow><mo>∂</mo>${below}</mrow></mfrac>`;
  const names = titles.map(symbol), root = made.length ? made.at(-1)[0] : 0;
  const of = new Map(), steps = new Map(); // of each card that was computed: its operands, and its operation
  let edge = 0;
  for (const [card, operation, ...operands] of made) {
    of.set(card, operands.map((x) => ({ card: x, edge: edge++ })));
    steps.set(card, operations[operation]);
  }

  function symbol(label) { // w_12^(1) gets its index and its layer, v1 its index
    const parts = (label.match(/^(\p{L})(\d+)()$/u) ?? label.match(/^([^_^]+)(?:_([^_^]+))?(?:\^([^_^]+))?$/)), part = (text) => text ? `<mi>${plain(text)}</mi>` : "<mrow></mrow>";
    if (!label) return "";
    return parts?.[2] || parts?.[3] ? `<msubsup>${parts.slice(1).map(part).join("")}</msubsup>` : part(label);
  }
  // A number; an array that is small, row by row; of a larger one the smallest and the largest, and its shape
  function shown(data) {
    if (data.t === undefined) return num(data);
    const row = (cells) => `<mtr>${cells.map((cell) => `<mtd>${num(cell)}</mtd>`).join("")}</mtr>`;
    return data.m ? `<mtable class="m">${data.m.map(row).join("")}</mtable>`
      : `<msub><mrow><mo>[</mo>${num(data.t)}<mo>]</mo></mrow><mtext>${data.s}</mtext></msub>`;
  }
  const bracket = (part) => part.startsWith("<mn>−") ? `<mrow><mo>(</mo>${part}<mo>)</mo></mrow>` : part;
  // What stands first needs no bracket
  const fill = (template, part) => template.replace(/\{(\w+)\}/g, (_, hole, at) =>
    /(^|<mrow>|<mtd>|<mo>\(<\/mo>)$/.test(template.slice(0, at)) ? part(hole) : bracket(part(hole)));
  const gradient_of = (card) => by(names[root], names[card]);

  function forward(card) {
    const [name, template] = steps.get(card), uses = of.get(card);
    const symbols = fill(template, (k) => names[uses[k].card] || shown(values[uses[k].card]));
    const numbers = fill(template, (k) => shown(values[uses[k].card])), result = shown(values[card]);
    const middle = numbers === symbols ? [] : [numbers];
    return [`forward: ${name}`, arrays[card]
      ? math(names[card], symbols) + math("", ...middle, result) : math(names[card], symbols, ...middle, result)];
  }

  function share(card, gradient, [k, part], before, after) {
    const rule = steps.get(card)[2][k], uses = of.get(card), { card: x, edge: slope } = uses[k];
    const parts = (g, z, operand) => rule ? [fill(rule, (hole) => hole === "g" ? g : hole === "z" ? z : operand(uses[hole].card))] : [];
    const [symbols] = parts(gradient_of(card), names[card], (y) => names[y] || shown(values[y]));
    const gains = `${gradient_of(x)}<mo>+=</mo>`;
    const more = after === part || after === undefined ? ""
      : ` <span class="soft">and so it is now ${math(`${shown(before)}<mo>+</mo>${bracket(shown(part))}`, shown(after)).slice(3)}</span>`;
    if ((slopes[slope] ?? "") !== "") {
      const chain = `${gains}${gradient_of(card)}<mo>·</mo>${by(names[card], names[x])}`;
      return math(chain, ...(symbols ? [symbols] : []), `${shown(gradient)}<mo>×</mo>${bracket(num(slopes[slope]))}`, shown(part)) + more;
    }
    const numbers = parts(shown(gradient), shown(values[card]), (y) => shown(values[y]));
    return symbols ? math(gains + symbols) + math("", ...numbers, shown(part)) + more : math(gains + shown(part)) + more;
  }

  function sentence({ kind, card, gradient, shares, changes }) {
    if (kind === "s") return ["going back begins", math(gradient_of(card), "<mn>1</mn>") + "<p>Every number changes as fast as itself."];
    if (kind === "f") return forward(card);
    const lines = shares.map((each, i) => share(card, gradient, each, changes[i][3], changes[i][2]));
    return [`backward: the rule of ${steps.get(card)[0]}`, lines.join("") || "<p>It was made from constants only: nothing to pass on."];
  }
  const name = (card) => /[_^]/.test(titles[card]) ? `<math>${names[card]}</math>` : plain(titles[card]);
  return { sentence, gradient_of, plain, name, operands: (card) => of.get(card) ?? [] };
}
