// Reads formulas as people write them, `2a(1−a)x`, as Python's reader does: first into Python's notation, then into a
// tree [row, operand, …] of rows of the table, with numbers and names as leaves. `words` holds Python's own tables.
function formulas(words) {
  class Unread extends Error {
    constructor(why, at) { super(why); this.at = at; }
  }
  const set = (name) => new Set(words[name]), KEYWORDS = set("keywords"), BARE = set("bare"), LETTERS = set("letters"), FUNCTIONS = set("functions");

  // Into Python's notation ---------------------------------------------------------------------------------------

  function plain(text) {
    const raised = new RegExp(`[${Object.keys(words.raised).join("")}]+`, "gu");
    text = text.replace(raised, (found) => {
      const inner = [...found].map((c) => words.raised[c]).join("");
      return /^[a-z0-9]+$/i.test(inner) ? `^${inner}` : `^(${inner})`;
    });
    text = [...text].map((c) => words.lowered[c] ?? words.fractions[c] ?? c).join("");
    return [...text].map((c) => words.characters[c] ?? c).join("");
  }
  function tokens(text) {
    const found = [], pattern = /(\s*)(?:((?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|([\p{L}_](?:(?!σ)[\p{L}\p{N}_])*)|(\*\*|\/\/|<=|>=|==|!=|:=|\S))/gu;
    for (const [, space, number, name, sign] of text.matchAll(pattern)) {
      found.push(number ? { kind: "number", text: number, space } : name ? { kind: "name", text: name, space } : { kind: "sign", text: sign, space });
    }
    return found;
  }
  const END = { kind: "end", text: "", space: "" };
  const beside = (left, right) => `${left}*${right.trimStart()}`;

  class Reader {
    constructor(list, known) { Object.assign(this, { list, known, at: 0, bars: false }); }
    peek(ahead = 0) { return this.list[this.at + ahead] ?? END; }
    take() { const token = this.peek(); this.at++; return token; }
    whole() {
      let text = this.until("");
      while (this.peek() !== END) text += this.take().text + this.until("");
      return text;
    }
    until(closing) {
      let text = "", complete = false;
      for (let token; (token = this.peek()) !== END && !(token.text === closing && (complete || closing !== "|"));) {
        if ((token.text === ")" || token.text === "]") && !closing) break;
        if (this.starts(token, complete && !(token.kind === "number" && text.endsWith(")")))) {
          text = complete ? beside(text, this.operand()) : text + this.operand();
          complete = true;
        } else {
          this.at++;
          text += token.space + token.text;
          complete = false;
        }
      }
      return text;
    }
    starts(token, complete) {
      if (token.kind === "name") return !KEYWORDS.has(token.text);
      if (token.kind === "number") return !complete;
      if (token.text === "|") return !(complete && this.bars);
      return ["(", "√", "["].includes(token.text);
    }
    operand() {
      const token = this.take();
      let text;
      if (token.text === "(") text = `${token.space}(${this.until(")")}${this.closed()}`;
      else if (token.text === "[") {
        text = `${token.space}(${this.until("]")})`;
        this.at++;
      } else if (token.text === "|") {
        const outside = this.bars;
        this.bars = true;
        text = `${token.space}abs(${this.until("|")})`;
        this.bars = outside;
        this.at++;
      } else if (token.text === "√") text = `${token.space}sqrt${this.bracketed()}`;
      else text = token.space + (token.kind === "name" ? this.named(token.text) : token.text);
      return text + this.postfix();
    }
    closed() {
      const token = this.peek();
      if (token === END) return "";
      this.at++;
      return token.space + token.text;
    }
    bracketed() {
      if (this.peek().text !== "(") return `(${this.signed().trim()})`;
      this.at++;
      return `(${this.until(")")}${this.closed()}`;
    }
    signed(spaced = false) {
      let signs = "";
      while (["-", "+"].includes(this.peek().text)) { const token = this.take(); signs += (spaced ? token.space : "") + token.text; }
      return this.peek() === END ? signs : signs + this.operand();
    }
    postfix() {
      for (let text = ""; ;) {
        const token = this.peek();
        if (token.text === "^") { this.at++; text += `**${this.signed().trimStart()}`; }
        else if (token.text === "**") { this.at++; text += `${token.space}**${this.signed(true)}`; }
        else return text;
      }
    }
    named(name) {
      name = words.spellings[name] ?? name;
      let primes = 0;
      while (this.peek().text === "'" && !this.peek().space) { this.at++; primes++; }
      if (primes && FUNCTIONS.has(name) && !this.known.has(name)) return `${name}${"_prime".repeat(primes)}${this.bracketed()}`;
      name += "_prime".repeat(primes);
      if (BARE.has(name) && !this.known.has(name)) return this.applied(name);
      if (this.peek().text === "(" && this.called(name)) { const token = this.take(); return `${name}${token.space}(${this.until(")")}${this.closed()}`; }
      return this.variable(name);
    }
    applied(name) {
      let power = "", text;
      if (this.peek().text === "^") { this.at++; power = this.signed().trim(); }
      if (power === "-1" || power === "(-1)") { name = words.inverses[name] ?? `1/${name}`; power = ""; }
      const [sign, next] = [this.peek(), this.peek(1)], minus = sign.text === "-" && (power !== "" || sign.space) && next !== END && !next.space;
      if (sign.text === "(") { this.at++; text = `${name}${sign.space}(${this.until(")")}${this.closed()}`; }
      else if (this.starts(sign, false) || minus) text = `${name}(${this.product()})`;
      else return name + (power && `**${power}`);
      return text + (power && `**${power}`);
    }
    product() {
      let text = this.signed().trim();
      while (this.starts(this.peek(), true) && !BARE.has(this.peek().text)) text = beside(text, this.operand());
      return text;
    }
    called(name) {
      if (this.known.has(name)) return false;
      const stem = name.replace(/_prime$/, ""), letter = [...name.replace(/\d+$/, "").replace(/_prime$/, "").replace(/_+$/, "")].length === 1;
      return FUNCTIONS.has(stem) || !letter || LETTERS.has(name);
    }
    variable(name) {
      if (this.known.has(name) || !this.known.size || FUNCTIONS.has(name)) return name;
      const short = name.replaceAll("_", "");
      if (this.known.has(short)) return short;
      if ([...name].length > 1 && [...name].every((c) => this.known.has(c))) return [...name].join("*");
      return [...this.known].find((known) => known.replaceAll("_", "") === short) ?? name;
    }
  }
  const to_notation = (text, known = []) => new Reader(tokens(plain(text)), new Set(known)).whole().trim();

  // From Python's notation into a tree --------------------------------------------------------------------------

  function parse(text) {
    const list = [];
    const pattern = /\s*(?:((?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|([\p{L}_][\p{L}\p{N}_]*)|(\*\*|\/\/|<=|>=|==|!=|\S))/gyu;
    for (let m; pattern.lastIndex < text.length && (m = pattern.exec(text));) list.push({ number: m[1], name: m[2], sign: m[3], at: pattern.lastIndex - (m[1] ?? m[2] ?? m[3]).length });
    let at = 0;
    const next = () => list[at] ?? { at: text.length }, sign = (...signs) => signs.includes(next().sign ?? next().name) ? list[at++].sign ?? list[at - 1].name : null;
    const need = (s) => { if (!sign(s)) throw new Unread(`\`${s}\` is missing here`, next().at); };
    const level = (inner, signs) => () => {
      let left = inner();
      for (let s; (s = sign(...signs));) left = [words.operators[s], left, inner()];
      return left;
    };
    function atom() {
      const token = next();
      at++;
      if (token.number !== undefined) {
        if (next().number !== undefined || next().name !== undefined && !KEYWORDS.has(next().name)) throw new Unread("two things stand side by side: write an operator between them", next().at);
        return Number(token.number);
      }
      if (token.sign === "(") { const inner = choice(); need(")"); return inner; }
      if (token.name !== undefined && !KEYWORDS.has(token.name)) return next().sign === "(" ? call(token) : token.name in words.constants ? words.constants[token.name] : token.name;
      throw new Unread(token.sign === undefined && token.name === undefined ? "the formula ends too early" : `\`${token.sign ?? token.name}\` cannot stand here`, token.at);
    }
    function call(token) {
      at++;
      const operands = [choice()];
      while (sign(",")) operands.push(choice());
      need(")");
      let name = token.name;
      if (operands.length === 2 && name in words.of_two) name = words.of_two[name];
      const stem = name.replace(/_prime$/, ""), row = words.aliases[name] ?? name, base = words.aliases[stem] ?? stem;
      if (name in words.one_over) return ["divide", 1, [words.one_over[name], ...operands]];
      if (row in words.arity) {
        if (words.arity[row] !== operands.length) throw new Unread(`\`${name}\` takes ${words.arity[row]} operand${words.arity[row] > 1 ? "s" : ""}, not ${operands.length}`, token.at);
        return [row, ...operands];
      }
      if (stem !== name && words.arity[base] === 1 && operands.length === 1) return ["'", base, operands[0]];
      throw new Unread(`there is no function \`${name}\` here`, token.at);
    }
    function power() {
      const base = atom();
      return sign("**") ? ["power", base, unary()] : base;
    }
    function unary() {
      if (sign("-")) { const x = unary(); return typeof x === "number" ? -x : ["negative", x]; }
      return sign("+") ? unary() : power();
    }
    const term = level(unary, ["*", "/", "//", "%"]), sum = level(term, ["+", "-"]);
    function comparison() {
      const sides = [sum()], tests = [];
      for (let s; (s = sign("<", "<=", ">", ">=", "==", "!="));) { sides.push(sum()); tests.push([words.operators[s], sides.at(-2), sides.at(-1)]); }
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
    if (at < list.length) throw new Unread(next().sign === "^" ? "write ** for a power" : "two things stand side by side: write an operator between them", next().at);
    return tree;
  }

  // Read a text as it was written; names: those that may stand side by side, as in wx
  function read(text, names = []) {
    const notation = to_notation(text, names);
    if (!notation) throw new Unread("there is nothing here", 0);
    return { notation, tree: parse(notation) };
  }
  const variables = (tree) => typeof tree === "string" ? [tree] : Array.isArray(tree) ? [...new Set(tree.slice(tree[0] === "'" ? 2 : 1).flatMap(variables))] : [];

  return { read, to_notation, parse, variables, Unread };
}
