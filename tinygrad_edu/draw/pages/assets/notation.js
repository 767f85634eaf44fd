// Reads Python's notation into a tree [row, operand, …] of rows of the table, with numbers and names as leaves; ["'", row,
// operand] is the slope of a row. `words` holds Python's tables.
class Unread extends Error {
  constructor(why, at) {
    super(why);
    this.at = at;
  }
}

function notation_parser(words) {
  const KEYWORDS = new Set(words.keywords), SIDE_BY_SIDE = "two things stand side by side: write an operator between them";
  const TOKEN = /\s*(?:((?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|([\p{L}_][\p{L}\p{N}_]*)|(\*\*|\/\/|<=|>=|==|!=|\S))/gyu;
  const COMPARISONS = ["<", "<=", ">", ">=", "==", "!="];

  return (text) => {
    const list = tokens(text);
    let at = 0;
    const next = () => list[at] ?? { at: text.length };
    const is_name = ({ name }) => name !== undefined && !KEYWORDS.has(name);
    function sign(...signs) { // take the next token if it is one of these
      const { sign: found = list[at]?.name } = next();
      if (!signs.includes(found)) return null;
      at++;
      return found;
    }
    function need(wanted) {
      if (!sign(wanted)) throw new Unread(`\`${wanted}\` is missing here`, next().at);
    }
    const level = (inner, signs) => () => { // of operators that bind alike, from left to right
      let left = inner();
      for (let found; (found = sign(...signs));) left = [words.operators[found], left, inner()];
      return left;
    };

    function atom() {
      const token = next();
      at++;
      if (token.number !== undefined) {
        if (next().number !== undefined || is_name(next())) throw new Unread(SIDE_BY_SIDE, next().at);
        return Number(token.number);
      }
      if (token.sign === "(") {
        const inner = choice();
        need(")");
        return inner;
      }
      if (is_name(token)) return next().sign === "(" ? call(token) : words.constants[token.name] ?? token.name;
      const found = token.sign ?? token.name;
      throw new Unread(found === undefined ? "the formula ends too early" : `\`${found}\` cannot stand here`, token.at);
    }
    function call({ name: written, at: place }) {
      at++;
      const operands = [choice()];
      while (sign(",")) operands.push(choice());
      need(")");
      const name = operands.length === 2 ? words.of_two[written] ?? written : written, row = words.aliases[name] ?? name;
      if (name in words.one_over) return ["divide", 1, [words.one_over[name], ...operands]];
      if (row in words.arity) {
        const count = words.arity[row];
        if (count !== operands.length) throw new Unread(`\`${name}\` takes ${count} operand${count > 1 ? "s" : ""}, not ${operands.length}`, place);
        return [row, ...operands];
      }
      const stem = name.replace(/_prime$/, ""), base = words.aliases[stem] ?? stem;
      if (stem !== name && words.arity[base] === 1 && operands.length === 1) return ["'", base, operands[0]];
      throw new Unread(`there is no function \`${name}\` here`, place);
    }
    function power() {
      const base = atom();
      return sign("**") ? ["power", base, unary()] : base;
    }
    function unary() {
      if (sign("-")) {
        const x = unary();
        return typeof x === "number" ? -x : ["negative", x];
      }
      return sign("+") ? unary() : power();
    }
    const term = level(unary, ["*", "/", "//", "%"]), sum = level(term, ["+", "-"]);
    function comparison() { // a < b < c is (a < b) and (b < c)
      const sides = [sum()], tests = [];
      for (let found; (found = sign(...COMPARISONS));) {
        sides.push(sum());
        tests.push([words.operators[found], sides.at(-2), sides.at(-1)]);
      }
      return tests.length ? tests.reduce((a, b) => ["logical_and", a, b]) : sides[0];
    }
    const not = () => sign("not") ? ["logical_not", not()] : comparison();
    const or = level(level(not, ["and"]), ["or"]);
    function choice() {
      const x = or();
      if (!sign("if")) return x;
      const test = or();
      need("else");
      return ["where", test, x, choice()];
    }

    const tree = choice();
    if (at < list.length) throw new Unread(next().sign === "^" ? "write ** for a power" : SIDE_BY_SIDE, next().at);
    return tree;
  };

  function tokens(text) {
    const found = [];
    TOKEN.lastIndex = 0;
    for (let match; TOKEN.lastIndex < text.length && (match = TOKEN.exec(text));) {
      const [, number, name, sign] = match;
      found.push({ number, name, sign, at: TOKEN.lastIndex - (number ?? name ?? sign).length });
    }
    return found;
  }
}
