// Reads formulas as people write them, `2a(1−a)x`, and writes them in Python's notation, `2*a*(1-a)*x`, as Python's own
// reader does. `words` holds its tables.
function natural_reader(words) {
  const set = (name) => new Set(words[name]);
  const KEYWORDS = set("keywords"), BARE = set("bare"), LETTERS = set("letters"), FUNCTIONS = set("functions");
  const END = { kind: "end", text: "", space: "" };
  const TOKEN = /(\s*)(?:((?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|([\p{L}_](?:(?!σ)[\p{L}\p{N}_])*)|(\*\*|\/\/|<=|>=|==|!=|:=|\S))/gu;
  const beside = (left, right) => `${left}*${right.trimStart()}`;
  const without_primes = (name) => name.replace(/_prime$/, "");

  function plain(text) { // raised and lowered digits, fractions and other signs as the keyboard has them
    const raised = new RegExp(`[${Object.keys(words.raised).join("")}]+`, "gu");
    text = text.replace(raised, (found) => {
      const inner = [...found].map((c) => words.raised[c]).join("");
      return /^[a-z0-9]+$/i.test(inner) ? `^${inner}` : `^(${inner})`;
    });
    text = [...text].map((c) => words.lowered[c] ?? words.fractions[c] ?? c).join("");
    return [...text].map((c) => words.characters[c] ?? c).join("");
  }

  function tokens(text) {
    return [...text.matchAll(TOKEN)].map(([, space, number, name, sign]) => {
      if (number) return { kind: "number", text: number, space };
      return name ? { kind: "name", text: name, space } : { kind: "sign", text: sign, space };
    });
  }

  // One pass over the tokens of a formula; each method reads its part and returns it in Python's notation
  class Reader {
    constructor(list, known) { Object.assign(this, { list, known, at: 0, bars: false }); } // bars: whether a | closes here
    peek(ahead = 0) { return this.list[this.at + ahead] ?? END; }
    take() {
      const token = this.peek();
      this.at++;
      return token;
    }

    whole() {
      let text = this.until("");
      while (this.peek() !== END) text += this.take().text + this.until("");
      return text;
    }
    until(closing) { // up to a closing sign, which stays to be read
      let text = "", complete = false; // whether the text ends in an operand
      for (let token; (token = this.peek()) !== END && !(token.text === closing && (complete || closing !== "|"));) {
        if ((token.text === ")" || token.text === "]") && !closing) break;
        const behind_bracket = token.kind === "number" && text.endsWith(")");
        if (this.starts(token, complete && !behind_bracket)) {
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
    starts(token, complete) { // whether a token begins an operand
      if (token.kind === "name") return !KEYWORDS.has(token.text);
      if (token.kind === "number") return !complete;
      if (token.text === "|") return !(complete && this.bars);
      return ["(", "√", "["].includes(token.text);
    }

    operand() { // with the powers behind it
      const token = this.take();
      let text;
      if (token.text === "(") text = `${token.space}(${this.until(")")}${this.closed()}`;
      else if (token.text === "[") {
        text = `${token.space}(${this.until("]")}`;
        text += this.closed() ? ")" : "";
      } else if (token.text === "|") {
        const outside = this.bars;
        this.bars = true;
        text = `${token.space}abs(${this.until("|")}`;
        this.bars = outside;
        text += this.closed() ? ")" : ""; // never closed, it is no formula
      } else if (token.text === "√") text = `${token.space}sqrt${this.bracketed()}`;
      else text = token.space + (token.kind === "name" ? this.named(token.text) : token.text);
      return text + this.powers();
    }
    closed() { // a closing bracket as it was written; nothing where there is none
      const token = this.peek();
      if (token === END) return "";
      this.at++;
      return token.space + token.text;
    }
    bracketed() { // the next operand, in brackets
      if (this.peek().text !== "(") return `(${this.signed().trim()})`;
      this.at++;
      return `(${this.until(")")}${this.closed()}`;
    }
    signed(spaced = false) { // an operand with the signs before it
      let signs = "";
      while (["-", "+"].includes(this.peek().text)) {
        const token = this.take();
        signs += (spaced ? token.space : "") + token.text;
      }
      return this.peek() === END ? signs : signs + this.operand();
    }
    powers() {
      let text = "";
      for (let token; ["^", "**"].includes((token = this.peek()).text);) {
        this.at++;
        text += token.text === "^" ? `**${this.signed().trimStart()}` : `${token.space}**${this.signed(true)}`;
      }
      return text;
    }

    named(name) { // a function with its operand, or a variable
      name = words.spellings[name] ?? name;
      let primes = 0;
      while (this.peek().text === "'" && !this.peek().space) {
        this.at++;
        primes++;
      }
      if (primes && FUNCTIONS.has(name) && !this.known.has(name)) return `${name}${"_prime".repeat(primes)}${this.bracketed()}`;
      name += "_prime".repeat(primes);
      if (BARE.has(name) && !this.known.has(name)) return this.applied(name);
      return this.peek().text === "(" && this.called(name) ? name + this.call() : this.variable(name);
    }
    call() {
      const token = this.take();
      return `${token.space}(${this.until(")")}${this.closed()}`;
    }
    applied(name) { // a function that needs no bracket, perhaps raised to a power first: sin²x
      let power = "", text;
      if (this.peek().text === "^") {
        this.at++;
        power = this.signed().trim();
      }
      if (power === "-1" || power === "(-1)") {
        name = words.inverses[name] ?? `1/${name}`;
        power = "";
      }
      const [sign, next] = [this.peek(), this.peek(1)];
      const minus = sign.text === "-" && (power !== "" || sign.space) && next !== END && !next.space;
      if (sign.text === "(") text = name + this.call();
      else if (this.starts(sign, false) || minus) text = `${name}(${this.product()})`;
      else return name + (power && `**${power}`);
      return text + (power && `**${power}`);
    }
    product() { // operands side by side, up to an operator
      let text = this.signed().trim();
      while (this.starts(this.peek(), true) && !BARE.has(this.peek().text)) text = beside(text, this.operand());
      return text;
    }
    called(name) { // whether a name before a bracket is a function, and not a factor
      if (this.known.has(name)) return false;
      const letters = without_primes(name.replace(/\d+$/, "")).replace(/_+$/, "");
      return FUNCTIONS.has(without_primes(name)) || [...letters].length !== 1 || LETTERS.has(name);
    }
    variable(name) { // in the spelling that is known: w_2 as w2, x1 as x_1, xy as x*y
      if (this.known.has(name) || !this.known.size || FUNCTIONS.has(name)) return name;
      const short = name.replaceAll("_", ""), letters = [...name];
      if (this.known.has(short)) return short;
      if (letters.length > 1 && letters.every((c) => this.known.has(c))) return letters.join("*");
      return [...this.known].find((known) => known.replaceAll("_", "") === short) ?? name;
    }
  }

  return (text, known = []) => new Reader(tokens(plain(text)), new Set(known)).whole().trim();
}
