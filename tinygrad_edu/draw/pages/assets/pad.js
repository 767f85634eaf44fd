// A sheet on which a derivative is worked out line by line: lines to type, what is said of them, hints, and the file.
(() => {
  const $ = (id) => document.getElementById(id), content = JSON.parse($("data").textContent), sheet = $("sheet");
  const reader = formulas(content.words), graph = formula_graph(content.rows), L = graph.build(reader.parse(content.notation), {});
  const { begin, judge, sides, limits } = line_judge(graph, L, reader, content, () => $("by").value);
  const escape = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;");

  // Lines ------------------------------------------------------------------------------------------------------------

  const lines = () => [...sheet.querySelectorAll("input")];
  function line(text = "", after = null) {
    const row = document.createElement("li");
    row.innerHTML = '<input spellcheck="false" autocomplete="off" autocapitalize="off" aria-label="a line of the derivation"><output></output>';
    if (after) after.after(row); else sheet.append(row);
    const input = row.firstChild;
    input.value = text;
    if (lines()[0] === input) input.placeholder = "∂L/∂… =";
    input.addEventListener("input", later);
    input.addEventListener("keydown", (event) => {
      const all = lines(), at = all.indexOf(input), empty = !input.value && all.length > 1;
      if (event.key === "ArrowDown") all[at + 1]?.focus();
      else if (event.key === "ArrowUp") all[at - 1]?.focus();
      else if (event.key === "Enter" || event.key === "Backspace" && empty) {
        event.preventDefault();
        check();
        if (event.key === "Enter") line("", row).focus(); else { row.remove(); (all[at - 1] ?? all[1]).focus(); check(); }
      }
    });
    return input;
  }
  let waiting = null;
  function later() {
    clearTimeout(waiting);
    waiting = setTimeout(check, 350);
  }

  // What is said of them ---------------------------------------------------------------------------------------------

  const on_paper = (text) => text.replaceAll("**", "^").replaceAll("*", "·").replaceAll("_prime", "'");
  const bare = (text) => on_paper(text).replaceAll("−", "-").replace(/\s/g, "");
  function how_it_was_read(typed, { kind, reads }) { // where that may surprise
    const telling = kind !== "right" || /[,/]/.test(typed);
    return telling && reads && bare(reads) !== bare(typed) ? `<span class="soft">read as ${escape(on_paper(reads))}</span>` : "";
  }
  function check() {
    clearTimeout(waiting);
    begin();
    let bad = null, last = null; // the first wrong line, and the last right one
    for (const input of lines()) {
      const output = input.nextSibling, row = input.parentNode;
      row.className = "";
      if (!input.value.trim()) { output.innerHTML = ""; continue; }
      const verdict = judge(input.value), { kind, say, why } = verdict, first = kind === "wrong" && !bad;
      if (kind === "wrong") bad ??= input;
      if (kind === "right") last = input;
      const words = kind === "wrong" && !first ? "✗ wrong as well" : say;
      const html = `<span class="said">${escape(words)}</span>${first && why ? `<b>${escape(why)}</b>` : ""}${how_it_was_read(sides(input.value)[1], verdict)}`;
      if (output.innerHTML !== html) output.innerHTML = html;
      row.className = kind + (first ? " first" : "");
      input.toggleAttribute("aria-invalid", kind === "wrong" || kind === "odd");
    }
    const news = bad ? `line ${lines().indexOf(bad) + 1} is the first wrong one: ${[...bad.nextSibling.children].map((each) => each.textContent).join("; ")}` : last ? "every line is right" : "";
    if ($("news").textContent !== news) $("news").textContent = news;
    $("done").hidden = !(last && !bad && lines().filter((x) => x.value.trim()).at(-1) === last);
    if (self === top) history.replaceState(null, "", `#${encodeURIComponent(lines().map((x) => x.value).join("\n"))}`);
  }

  // Hints: the way from the variable to L, the slope of each step, the answer -----------------------------------------

  let stage = 0;
  function show_hints() {
    const hints = content.hints[$("by").value], left = hints.length - stage;
    $("hints").innerHTML = hints.slice(0, stage).map((hint) => `<li>${hint}</li>`).join("");
    $("hint").textContent = left === 0 ? "no more hints" : left === 1 ? "show the answer" : stage ? "next hint" : "hint";
    $("hint").disabled = left === 0;
  }
  $("hint").addEventListener("click", () => {
    stage++;
    show_hints();
  });
  $("by").addEventListener("change", () => {
    stage = 0;
    show_hints();
    check();
  });
  $("save").addEventListener("click", () => {
    check();
    const text = [`# L = ${content.typed}`, ...lines().map((x) => x.value).filter((x) => x.trim()), `# ${$("news").textContent}; hints: ${stage}`].join("\n");
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([`${text}\n`], { type: "text/plain" }));
    link.download = "derivation.txt";
    link.click();
    URL.revokeObjectURL(link.href);
  });

  for (const text of decodeURIComponent(location.hash.slice(1)).split("\n")) line(text);
  $("limits").textContent = limits();
  check();
})();
