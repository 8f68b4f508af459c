// The world in the address of the page, to be shared; and a look at what comes from there before it is believed.

const packed = async (text, Stream, from) =>
  new Uint8Array(await new Response(new Blob([from]).stream().pipeThrough(new Stream(text))).arrayBuffer());
const letters = bytes => Array.from(bytes, byte => String.fromCharCode(byte)).join("");
const toText = bytes => btoa(letters(bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const toBytes = text =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), letter => letter.charCodeAt(0));

let writing = 0;
function keepInAddress() {
  const number = ++writing;
  clearTimeout(keepInAddress.timer);
  keepInAddress.timer = setTimeout(async () => {
    const kept = new URLSearchParams({ mode: app.mode });
    if (app.mode === "story") kept.set("scene", app.scene + 1);
    if (now.moment !== app.doc.scenario.steps) kept.set("step", now.moment);
    if (app.past.length || !app.name)
      kept.set("world", toText(await packed("deflate-raw", CompressionStream, JSON.stringify(app.doc))));
    else if (app.mode !== "story") kept.set("preset", app.name);
    if (number === writing) history.replaceState(null, "", `#${kept}`);
  }, 200);
}

async function readAddress() {
  const given = new URLSearchParams(location.hash.slice(1));
  const mode = given.get("mode") ?? (FIRST === "own" ? "bench" : "story"); // a world of one's own waits to be changed
  const scene = clamp(Number(given.get("scene") ?? 1) - 1 || 0, 0, SCENES.length - 1);
  const found = { mode: mode === "bench" ? "bench" : "story", scene };
  if (given.get("step")) found.step = Math.floor(Number(given.get("step"))) || 0;
  if (Object.hasOwn(PRESETS, given.get("preset") ?? "")) found.preset = given.get("preset");
  if (given.get("world")) {
    try {
      const bytes = await packed("deflate-raw", DecompressionStream, toBytes(given.get("world")));
      found.doc = checked(JSON.parse(new TextDecoder().decode(bytes)));
    } catch {
      say("This link holds no world; here is another.");
    }
  }
  return found;
}

// What a value may be: each returns it, or undefined if it is something else.
const asText = (value, most = 200) => (typeof value === "string" && value ? value.slice(0, most) : undefined);
const asNumber = (low, high, whole = false) => value => {
  if (value === "inf" && high === Infinity) return "inf";
  const fits = typeof value === "number" && value >= low && value <= high && (!whole || Number.isInteger(value));
  return fits ? value : undefined;
};
const asStep = asNumber(0, 2 ** 31 - 2, true), asPart = asNumber(0, 1), asRate = asNumber(0, Infinity);
const asPositive = value => (asPart(value) > 0 ? value : undefined);
const asFlag = value => (typeof value === "boolean" ? value : undefined);
const asSeed = value => (/^\d{1,20}$/.test(value) && BigInt(value) < 2n ** 64n ? value : undefined);
const asNames = value => (Array.isArray(value) ? value.map(one => asText(one)).filter(Boolean) : asText(value));
const asAny = value => (typeof value === "number" || typeof value === "boolean" ? value : asText(value));
const asOneOf = (...words) => value => (words.includes(value) ? value : undefined);

// The keys of a world, and what each may be; sections first, then what stands in lists.
const SECTIONS = {
  scenario: { name: asText, description: value => asText(value, 600), steps: asNumber(1, LIMITS.steps, true), seed: asSeed },
  world: { size: asNumber(1, 1e15, true), crowd_understanding: asPart },
  dynamics: {
    discovery_rate: asRate, telling_period: asRate, resolve_rate: asRate, implementation_rate: asRate, abandon_rate: asRate,
    abandon_rate_working: asRate, release_delay: asStep, readopt: asFlag, audience: asOneOf("reach", "ties"),
    adoption: asOneOf("simple", "threshold"), credited_tellers: asOneOf("one", "all"),
    stifling: asOneOf("none", "teller", "both"),
  },
  impact: { value_of: asOneOf("working", "held"), per: asOneOf("step", "adopter"), realised_by: asNames },
  credit: { alpha: asNumber(0, 0.999999), inheritance: asPart },
};
const LISTS = {
  persons: {
    name: asText, ...Object.fromEntries(WORDS.abilities.map(ability => [ability, asPart])), born: asStep, dies: asStep,
    keeps: asFlag,
  },
  ideas: {
    name: asText, value: asNumber(0, 1e300), clarity: asPositive, difficulty: asRate, discovery_rate: asRate,
    prerequisites: asNames, rival_of: asText, hesitation: asPart,
  },
  ties: { from: asText, to: asText, weight: asPositive, start: asStep, end: asStep, both_ways: asFlag },
  interventions: {
    step: asNumber(1, 2 ** 31 - 2, true), kind: asOneOf(...WORDS.interventions), person: asText, idea: asText, to: asText,
    of: asText, reach: asPart, clarity: asPositive, key: asText, value: asAny,
  },
};
const NEEDED = { persons: ["name"], ideas: ["name"], ties: ["from", "to"], interventions: ["step", "kind"] };

function only(one, keys) {
  const found = Object.entries(keys).map(([key, as]) => [key, as(one?.[key])]);
  return Object.fromEntries(found.filter(([, value]) => value !== undefined));
}

// A world as the page can hold it, made of nothing but what it knows; an error if there is none in it.
function checked(given) {
  const doc = {};
  for (const [name, keys] of Object.entries(SECTIONS)) doc[name] = only(given[name], keys);
  for (const [name, keys] of Object.entries(LISTS)) {
    const all = (Array.isArray(given[name]) ? given[name] : []).slice(0, LIMITS[name]).map(one => only(one, keys));
    doc[name] = all.filter(one => NEEDED[name].every(key => one[key] !== undefined));
  }
  doc.scenario = { name: "a world", ...doc.scenario };
  for (const name of ["persons", "ideas"])
    doc[name] = doc[name].filter((one, k, all) => isName(one.name) && all.findIndex(other => other.name === one.name) === k);
  if (!doc.persons.length || !doc.ideas.length || !doc.scenario.steps) throw new Error("no world");
  const people = new Set([undefined, "crowd", "everyone", "world", ...doc.persons.map(one => one.name)]);
  const ideas = new Set([undefined, "everything", ...doc.ideas.map(one => one.name)]);
  doc.ties = doc.ties.filter(tie => people.has(tie.from) && people.has(tie.to));
  doc.interventions = doc.interventions.filter(
    one => [one.person, one.to, one.of].every(name => people.has(name)) && ideas.has(one.idea));
  for (const name of ["world", "dynamics", "impact", "credit"]) if (!Object.keys(doc[name]).length) delete doc[name];
  if (problemOf(doc)) throw new Error("no world");
  const places = Array.isArray(given.places) ? given.places : [];
  doc.places = doc.persons.map((_, k) => [1000, 640].map((most, side) => clamp(Number(places[k]?.[side]) || 320, 0, most)));
  return doc;
}
