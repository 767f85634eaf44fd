// Formulas as people write them, read in two steps: into Python's notation, and that into a tree.
function formulas(tables) {
  const own = (table) => Array.isArray(table) ? table : Object.assign(Object.create(null), table); // with its own names alone
  const words = Object.fromEntries(Object.entries(tables).map(([name, table]) => [name, own(table)]));
  const to_notation = natural_reader(words), parse = notation_parser(words);
  function read(text, names = []) { // names: those that may stand side by side, as in wx
    const notation = to_notation(text, names);
    if (!notation) throw new Unread("there is nothing here", 0);
    return { notation, tree: parse(notation) };
  }
  function variables(tree) {
    if (typeof tree === "string") return [tree];
    return Array.isArray(tree) ? [...new Set(tree.slice(tree[0] === "'" ? 2 : 1).flatMap(variables))] : [];
  }
  return { read, to_notation, parse, variables };
}
