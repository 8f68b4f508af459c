// A field of the workbench: a number, a word or a choice, and what is done with it.

function field(
  label,
  value,
  put,
  { kind = "number", low, high, step = "any", options, key = label, empty, hint } = {},
) {
  const id = `f ${key}`,
    commit = event => {
      const element = event.target,
        given = kind === "check" ? element.checked : element.value.trim();
      if (kind === "number" && given === "" && empty) return put(undefined);
      const taken = kind === "number" ? readNumber(given, low, high, step) : given;
      if (taken === undefined || put(taken) === false) {
        element.setAttribute("aria-invalid", "true");
        say(
          `${label}: ${kind === "number" ? `a number from ${amount(low ?? 0)} to ${amount(high ?? Infinity)}` : "another name"}, please.`,
        );
      }
    };
  const control = options
    ? h(
        "select",
        { id, "data-key": id, onchange: commit },
        options.map(([word, shown = word]) =>
          h("option", { value: word, selected: String(word) === String(value) }, shown),
        ),
      )
    : kind === "check"
      ? h("input", { id, type: "checkbox", "data-key": id, checked: Boolean(value), onchange: commit })
      : h("input", {
          id,
          type: "text",
          "data-key": id,
          inputmode: kind === "number" ? "decimal" : undefined,
          dir: kind === "text" ? "auto" : undefined,
          spellcheck: "false",
          autocomplete: "off",
          placeholder: empty,
          value: value ?? "",
          onchange: commit,
        });
  return h(
    "label",
    { class: kind === "check" ? "check" : undefined, for: id, title: hint },
    h("span", {}, label),
    control,
  );
}

function readNumber(text, low = 0, high = Infinity, step = "any") {
  const word = text.toLowerCase();
  if (["inf", "forever", "∞"].includes(word)) return high === Infinity ? "inf" : undefined;
  const value = Number(text.replaceAll(/[_\s]/g, ""));
  return text !== "" &&
    Number.isFinite(value) &&
    value >= low &&
    value <= high &&
    (step === "any" || Number.isInteger(value))
    ? value
    : undefined;
}
