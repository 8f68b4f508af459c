// A field of the workbench: a number, a word or a choice, and what is done with it.

const STEPS = { low: 1, high: 1e9, step: 1 };
const fields = (...children) => h("div", { class: "fields" }, children);

// What puts a value under a key of what `of` finds in the world; without a value the key goes.
const putIn = of => key => value =>
  change(doc => {
    if (value === undefined) delete of(doc)[key];
    else of(doc)[key] = value;
  });

function field(label, value, put, given = {}) {
  const { kind = "number", low, high, step, options, key = label, empty, hint } = given, isNumber = kind === "number" && !options;
  const commit = event => {
    const element = event.target, said = kind === "check" ? element.checked : element.value.trim();
    if (isNumber && said === "" && empty) return put(undefined);
    const taken = isNumber ? readNumber(said, low, high, step) : said;
    if (taken !== undefined && put(taken) !== false) return;
    element.setAttribute("aria-invalid", "true");
    say(`${label}: ${isNumber ? `a number from ${amount(low ?? 0)} to ${amount(high ?? Infinity)}` : "another name"}, please.`);
  };
  const id = `f ${key}`, common = { id, "data-key": id, onchange: commit };
  return h("label", { class: kind === "check" ? "check" : undefined, for: id, title: hint }, h("span", {}, label), control());

  function control() {
    const chosen = word => String(word) === String(value);
    if (options)
      return h("select", common, options.map(([word, shown = word]) => h("option", { value: word, selected: chosen(word) }, shown)));
    if (kind === "check") return h("input", { ...common, type: "checkbox", checked: Boolean(value) });
    const typed = isNumber ? { inputmode: "decimal" } : { dir: "auto" };
    return h("input", { ...common, ...typed, type: "text", spellcheck: "false", autocomplete: "off", placeholder: empty, value: value ?? "" });
  }
}

function readNumber(text, low = 0, high = Infinity, step = "any") {
  if (["inf", "forever", "∞"].includes(text.toLowerCase())) return high === Infinity ? "inf" : undefined;
  const value = Number(text.replaceAll(/[_\s]/g, "")), fits = Number.isFinite(value) && value >= low && value <= high;
  return text !== "" && fits && (step === "any" || Number.isInteger(value)) ? value : undefined;
}
