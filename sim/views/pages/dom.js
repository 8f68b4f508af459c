// Elements, made from data. Names become text, and never anything else.

const SVG = "http://www.w3.org/2000/svg";
const byId = id => document.getElementById(id);

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value" || name === "checked") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(3).filter(child => child !== null && child !== undefined && child !== false));
  return element;
}
const h = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
const s = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);
const button = (text, onclick, key, more) => h("button", { type: "button", "data-key": key, onclick, ...more }, text);

// New children in the place of the old; what had the focus has it again, by its `data-key`.
function renew(parent, ...children) {
  const key = parent.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  parent.replaceChildren(...children.flat(3).filter(Boolean));
  if (key)
    [...parent.querySelectorAll("[data-key]")].find(one => one.dataset.key === key)?.focus({ preventScroll: true });
}

// A name of any origin as one line: what steers the direction of writing or cannot be seen is left out.
function plain(name, most) {
  const line = name.replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}]/gu, " ").replace(/\s+/g, " ").trim() || "(no name)";
  const letters = Array.from(line);
  return letters.length > most ? letters.slice(0, most - 1).join("") + "…" : line;
}
const named = (tag, name, className, most = 80) => h(tag, { class: className, dir: "auto" }, plain(name, most));

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const sum = list => list.reduce((total, one) => total + one, 0);
const percent = share => {
  const x = 100 * share, size = Math.abs(x);
  if (Number.isNaN(x)) return "not known yet";
  return size < 1e-9 ? "0" : size < 1e-4 ? `${x.toExponential(1)}%` : size < 0.1 ? `${+x.toPrecision(2)}%`
    : `${+x.toFixed(size < 99.95 ? 1 : 0)}%`;
};
const LARGE = [[1e12, "trillion"], [1e9, "billion"], [1e6, "million"]];
const amount = value => {
  if (value === Infinity || value === "inf") return "∞";
  const size = Math.abs(value), [unit, word] = LARGE.find(([from]) => size >= from) ?? [];
  if (size >= 1e15) return value.toExponential(2);
  if (word) return `${+(value / unit).toPrecision(3)} ${word}`;
  return size >= 1000 ? Math.round(value).toLocaleString("en")
    : size && size < 1e-3 ? value.toExponential(0) : String(+Number(value).toPrecision(3));
};
const say = text => {
  byId("status").textContent = text;
};
