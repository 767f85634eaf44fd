// Judges the lines of a sheet one after another. A line may say what it is about, ∂L/∂w = …, go on from the line before, or
// give a part of L a name. root: L in the graph. chosen: by which variable a line is when it does not say it.
function line_judge(graph, root, reader, content, chosen) {
  const { points, missing, kinked } = points_of(graph, root, content), mistake = mistake_finder(graph, content);
  const SLOPE = /^\(?[d∂]\s*([\p{L}_]\w*)?\s*\/\s*[d∂]\s*([\p{L}_]\w*)\)?$/u, SHORT = /^[d∂]_?([\p{L}_]\w*)$/u; // ∂L/∂w, and dw
  const PRIMED = /^[\p{L}]['′]$/u, PRIME = "_prime", NAME = /^[\p{L}_][\p{L}\p{N}_]*$/u; // f', and a name
  const EXACT = 1e-8, TYPED = 6e-4; // relative differences: of rounding, and of numbers typed with a few digits
  let defined = {}, target = null; // trees of the names so far, and what the line before was about

  const names = () => [...content.variables, ...Object.keys(defined)];
  function sides(text) { // what stands left and right of =
    const at = text.search(/(?<![<>=!:])=(?!=)/);
    return at < 0 ? ["", text] : [text.slice(0, at).trim(), text.slice(at + 1)];
  }
  // { of, by } of a derivative, { define } of a name, { odd } of anything else, {} where nothing stands there
  function meant(left) {
    if (!left) return {};
    const slope = left.match(SLOPE), short = left.match(SHORT);
    if (slope) return { of: Object.hasOwn(defined, slope[1] ?? "") ? slope[1] : "", by: slope[2] };
    if (short) return { of: "", by: short[1] };
    if (PRIMED.test(left) && content.variables.length === 1) return { of: "", by: content.variables[0] };
    const name = left.replace(/['′]$/, PRIME); // a' may be given what it stands for
    return NAME.test(name) ? { define: name } : { odd: left };
  }

  // The verdict on a line: kind "right", "wrong", "note" or "odd"; what to say, why, and how the line was read
  function judge(text) {
    const [left, right] = sides(text), odd = (say, reads) => ({ kind: "odd", say, reads });
    const { of, by, define, odd: strange_left } = meant(left), typed = (name) => name.replaceAll(PRIME, "'");
    let notation = null;
    try {
      const read = reader.read(right, names()), strange = reader.variables(read.tree).find((name) => !names().includes(name));
      notation = read.notation;
      if (strange) return odd(`${typed(strange)} is not in L: there are ${names().map(typed).join(", ")}. A line "${typed(strange)} = …" before this one says what it stands for`, notation);
      if (strange_left) return odd(`what stands left of = should be a derivative like ∂L/∂${content.variables[0]}, or a name`, notation);
      if (define && !content.variables.includes(define)) {
        defined = { ...defined, [define]: read.tree };
        return { kind: "note", say: `${typed(define)} stands for this from now on`, reads: notation };
      }
      target = by ? { of, by } : target ?? { of: "", by: chosen() };
      return { ...compared(graph.build(read.tree, defined), target), reads: notation };
    } catch (error) {
      if (!(error instanceof Unread)) throw error;
      return odd(error.message, notation);
    }
  }

  function compared(mine, { of, by }) {
    const whole = of ? graph.build(of, defined) : root, x = graph.build(by, defined), name = `∂${of || "L"}/∂${by}`;
    if (!graph.below(whole).has(x)) return { kind: "odd", say: `${by} is no part of ${of || "L"} as it was written` };
    const rows = points.map((point) => {
      const v = graph.values(point), sizes = new Float64Array(graph.nodes.length), g = graph.gradients(whole, v, undefined, sizes);
      return { point, v, right: g[x], given: v[mine], size: sizes[x] };
    });
    const near = ({ right, given, size }, part) => given === right || Math.abs(given - right) <= part * (Math.abs(given) + Math.abs(right) + size);
    const off = rows.find((row) => !near(row, EXACT));
    if (!off) return { kind: "right", say: `✓ right, at ${rows.length} points${kinked ? ", on both sides of every kink" : ""}` };
    const where = content.variables.map((variable) => `${variable} = ${digits(off.point[variable], 3)}`).join(", ");
    const said = `at ${where} it is ${digits(off.given)}, and ${name} is ${digits(off.right)}`;
    if (rows.every((row) => near(row, TYPED))) return { kind: "note", say: `right to the digits you gave; ${said}` };
    return { kind: "wrong", say: `✗ ${said}`, why: mistake(rows, whole, x, by) };
  }

  function limits() { // what could not be tested
    if (!points.length) return "L is finite at no point that was tried: nothing can be checked.";
    return missing.length ? `Not tested: the other side of ${missing.join(", ")}, which no point reached.` : "";
  }
  function begin() { // the sheet is read from its first line again
    defined = {};
    target = null;
  }
  return { begin, judge, sides, limits };
}
