// A document as a scenario file: the same world, which `shoulders run` takes to the same tape.

function tomlOf(doc) {
  const parts = ["# Made in the playground of shoulders; shoulders run FILE gives the same tape and the same credit.\n"];
  for (const section of ["scenario", "world", "dynamics", "impact", "credit"])
    if (doc[section] && Object.keys(doc[section]).length) parts.push(`[${section}]\n${tomlKeys(doc[section])}`);
  for (const list of ["persons", "ties", "ideas", "interventions"])
    for (const one of doc[list] ?? []) parts.push(`[[${list}]]\n${tomlKeys(one)}`);
  return parts.join("\n");
}

function tomlKeys(keys) {
  const given = Object.entries(keys).filter(([, value]) => value !== undefined);
  return given.map(([key, value]) => `${key} = ${key === "seed" ? value : tomlValue(value)}\n`).join("");
}

function tomlValue(value) {
  if (Array.isArray(value)) return `[${value.map(tomlValue).join(", ")}]`;
  if (value === "inf") return "inf";
  if (typeof value === "number")
    return Number.isInteger(value) ? String(BigInt(value)) : String(value).replace(/^(-?\d+)e/, "$1.0e");
  return typeof value === "string" ? tomlText(value) : String(value);
}

// Every letter that is not plain is written as its number, so that no name can be anything but a name.
const tomlText = text =>
  `"${Array.from(text.toWellFormed?.() ?? text, letter => {
    const code = letter.codePointAt(0);
    if (letter === '"' || letter === "\\") return `\\${letter}`;
    if (code >= 32 && code < 127) return letter;
    return code > 0xffff ? `\\U${code.toString(16).padStart(8, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
  }).join("")}"`;
