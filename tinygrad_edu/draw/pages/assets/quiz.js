// The quiz of the stepper: the next step back is done by the reader, in a form with a field for each gradient.
// right: what is called when all are right, with what there is to say about rounding.
function quiz_form(form, { sentence, gradient_of }, titles, right) {
  const RULE = "the gradient of the result, times the slope that stands on the edge, added to what has arrived before";
  const CLOSE = 1e-9, CLOSE_FRACTION = 5e-4, SIGN = 0.01; // relative differences of a number, of a fraction, of the opposite
  const get = (selector) => form.querySelector(selector);
  let step = null, tries = 0, stage = 0, asked = 0, at_once = 0; // at_once: right at the first try and without a hint

  // answers: [card, text] of each gradient that is asked for; none hides the form
  function ask(next, answers) {
    const inside = form.contains(document.activeElement);
    step = next;
    tries = stage = 0;
    form.hidden = !answers.length;
    form.replaceChildren();
    if (form.hidden) return;
    const field = ([card, text]) => `<label><math displaystyle="true">${gradient_of(card)}</math>
      <input inputmode="text" autocomplete="off" data-answer="${numeric(text)}"><output></output></label>`;
    form.innerHTML = `<span>Next: ${sentence(step)[0]}. What will ${answers.length > 1 ? "these" : "this"} be?</span>${answers.map(field).join("")}`
      + `<button>check</button><button type="button" id="help">hint</button>`
      + `<span class="soft" id="score">${asked ? `${at_once} of ${asked} right at once` : ""}</span><div id="hints" aria-live="polite"></div>`;
    form.querySelectorAll("input").forEach((input, i) => input.setAttribute("aria-label", `gradient of ${titles[answers[i][0]]}`));
    get("#help").addEventListener("click", hint);
    if (inside) get("input").focus();
  }

  // What was typed is right if the answer, rounded to as many digits, is just that; two digits at least
  function judged(text, answer) {
    const given = numeric(text), off = Math.abs(given - answer), size = Math.abs(answer);
    if (Number.isNaN(given)) return ["no", "a number, like −1.5 or 3/4"];
    if (off <= CLOSE * size) return ["ok", ""];
    if (text.includes("/")) return [off <= CLOSE_FRACTION * size ? "ok" : "no", ""];
    const [mantissa] = text.replaceAll("−", "-").replace(",", ".").toLowerCase().split("e");
    const count = mantissa.replace(/^[-+]?[0.]*|\./g, "").length; // digits that were typed
    const last_digit = 10 ** (Math.floor(Math.log10(Math.abs(given) || 1)) + 1 - Math.max(1, count));
    const rounds = off <= 0.5001 * last_digit;
    if (rounds && count >= 2) return ["ok", `rounded from ${digits(answer, 6)}`];
    return ["no", rounds ? "right as far as it goes: give two digits" : Math.abs(given + answer) <= SIGN * size ? "look at the sign" : ""];
  }

  // In stages: the rule in words, in symbols, with its numbers
  function hint() {
    const box = document.createElement("div");
    box.innerHTML = sentence(step)[1];
    const sides = [...box.querySelectorAll("p")].map((line) => [...line.querySelectorAll("math")]);
    const without = (last) => sides.map((line) => `<p>${line.slice(0, Math.max(1, line.length - last)).map((side) => side.outerHTML).join(" ")}`).join("");
    stage = Math.min(stage + 1, 3);
    get("#hints").innerHTML = [`<p>It is ${RULE}.`, without(2), without(1)].slice(0, stage).join("");
    get("#help").disabled = stage === 3;
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    let wrong = null;
    const rounded = [];
    for (const input of form.querySelectorAll("input")) {
      const [verdict, why] = judged(input.value, Number(input.dataset.answer)), output = input.nextSibling;
      output.textContent = verdict === "ok" ? ` ✓ ${why}` : ` ✗ ${why || (stage ? "not yet" : RULE)}`;
      output.className = verdict;
      if (verdict === "no") wrong ??= input; else if (why) rounded.push(why);
    }
    tries++;
    if (wrong) { wrong.focus(); return; }
    asked++;
    if (tries === 1 && stage === 0) at_once++;
    right(rounded.join(", "));
  });
  return { ask };
}
