// A document (the keys of a scenario file, every person and tie written out) as the tables that the engine takes.
// What the numbers mean stands in WORDS, which is made from the model's own tables.

const { words: WORDS, presets: PRESETS, calls: CALLS, first: FIRST, engine: ENGINE } = JSON.parse(byId("data").textContent);

function numberOf(value, key) {
  if (value === "inf" || value === "forever") return Infinity;
  return typeof value === "string" ? WORDS.words[key].indexOf(value) : Number(value);
}

const setting = (doc, section, key) => doc[section]?.[key] ?? WORDS.defaults[section][key];
const abilityOf = (person, ability) => person[ability] ?? WORDS.defaults.population[ability];
const ideaOf = (idea, key) => idea[key] ?? WORDS.defaults.ideas[key];
const worldSize = doc => Math.max(doc.world?.size ?? 0, doc.persons.length);
const crowdOf = doc => worldSize(doc) - doc.persons.length;
const table = (rows, width) => ({ data: rows.flat(), shape: [rows.length, width] });
const placeOf = list => new Map(list.map((one, k) => [one.name, k]));

function tablesOf(doc) {
  const persons = placeOf(doc.persons), ideas = placeOf(doc.ideas), rows = plannedOf(doc, persons, ideas);
  const born = rows.filter(row => row[1] === WORDS.interventions.indexOf("born"));
  const alive = k => !born.some(row => row[7] <= k && k < row[8]);
  const builtOn = doc.ideas.flatMap((idea, k) => (idea.prerequisites ?? []).map(name => [k, ideas.get(name), 0]));
  const relations = [...builtOn, ...rivalsOf(doc, ideas)].filter(row => row[1] !== undefined);
  const numbers = one => WORDS.ideas.map(key => numberOf(key === "discovery_rate" ? rateOf(doc, one) : ideaOf(one, key)));
  return {
    seed: BigInt.asIntN(64, BigInt(setting(doc, "scenario", "seed"))),
    size: worldSize(doc),
    steps: doc.scenario.steps,
    crowd_understanding: setting(doc, "world", "crowd_understanding"),
    held: setting(doc, "impact", "value_of") === "held" ? 1 : 0,
    once: setting(doc, "impact", "per") === "adopter" ? 1 : 0,
    persons: table(doc.persons.map((one, k) => [
      ...WORDS.abilities.map(ability => abilityOf(one, ability)), one.keeps ? 1 : 0, alive(k) ? 1 : 0,
    ]), 8),
    realising: realising(doc, persons),
    links: table(linksOf(doc, persons), 5),
    ideas: table(doc.ideas.map(one => [...numbers(one), one.discovery_rate === undefined ? 1 : 0]), WORDS.ideas.length + 1),
    relations: table(relations, 3),
    dynamics: WORDS.dynamics.map(key => numberOf(setting(doc, "dynamics", key), key)),
    interventions: table(rows, 12),
  };
}

const rateOf = (doc, idea) => idea.discovery_rate ?? setting(doc, "dynamics", "discovery_rate");

function realising(doc, persons) {
  const by = setting(doc, "impact", "realised_by"), n = doc.persons.length, flags = new Uint8Array(n + 1);
  for (const name of [by].flat()) {
    if (name === "everyone") flags.fill(1);
    else flags[name === "crowd" ? n : (persons.get(name) ?? n)] = 1;
  }
  return flags;
}

function rivalsOf(doc, ideas) {
  const found = new Set();
  doc.ideas.forEach((one, k) => {
    const other = ideas.get(one.rival_of);
    if (other !== undefined) found.add(`${k} ${other}`).add(`${other} ${k}`);
  });
  return [...found].map(pair => [...pair.split(" ").map(Number), 1]).sort((a, b) => a[0] - b[0] || a[1] - b[1]);
}

// Ties by source, target and time; of two with the same ends and beginning the later one counts.
function linksOf(doc, persons) {
  const found = new Map();
  for (const tie of doc.ties) {
    const ends = [persons.get(tie.from), persons.get(tie.to)];
    const row = [tie.weight ?? 1, tie.start ?? 0, tie.end ?? WORDS.never];
    for (const [a, b] of tie.both_ways ? [ends, [...ends].reverse()] : [ends])
      if (a !== undefined && b !== undefined && a !== b && row[1] < row[2])
        found.set(`${a} ${b} ${row[1]}`, [a, b, ...row]);
  }
  return [...found.values()].sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[3] - b[3]);
}

// What is scheduled, by step: births and deaths first, then the interventions in their order.
function plannedOf(doc, persons, ideas) {
  const lifetimes = doc.persons.flatMap(one => [
    ...(one.born ? [{ step: one.born, kind: "born", person: one.name }] : []),
    ...(one.dies !== undefined ? [{ step: one.dies, kind: "die", person: one.name }] : []),
  ]);
  const all = [...lifetimes, ...doc.interventions].sort((a, b) => a.step - b.step); // which is stable
  return all.map(one => rowOf(one, persons, ideas));
}

// Step, kind, ranges of persons and ideas, whether one by one, a range of those it is done to, what is set, how much.
function rowOf(one, persons, ideas) {
  const n = persons.size, m = ideas.size, kind = WORDS.interventions.indexOf(one.kind), none = [0, 0];
  const range = k => (k === undefined ? none : [k, k + 1]);
  const people = name => ({ crowd: [n, n + 1], world: [0, n + 1], everyone: [0, n] })[name] ?? range(persons.get(name));
  const about = name => (name === undefined || name === "everything" ? [0, m] : range(ideas.get(name)));
  if (one.kind === "born" || one.kind === "die")
    return [one.step, kind, ...none, ...none, 0, ...people(one.person), 0, 0, 0];
  if (one.kind === "set") {
    const [section, name, key] = partsOf(one.key);
    const to = section === "ideas" ? about(name) : section === "persons" ? people(name) : none;
    const fields = { dynamics: WORDS.dynamics, ideas: WORDS.ideas, persons: [...WORDS.abilities, "keeps"] }[section];
    const common = section === "dynamics" && key === "discovery_rate";
    const what = common ? [WORDS.common_rate, 0] : [WORDS.sections.indexOf(section), fields.indexOf(key)];
    return [one.step, kind, ...none, ...none, 0, ...to, ...what, numberOf(one.value, key)];
  }
  const to = one.kind === "tell" ? people(one.to) : one.kind === "find" ? people(one.of) : none;
  const amount = one.kind === "publish" ? (one.reach ?? 1) : one.kind === "rewrite" ? one.clarity : 0;
  return [one.step, kind, ...people(one.person), ...about(one.idea), 0, ...to, 0, 0, amount];
}

// "persons.Kant.reach" in its parts; of dynamics the name is "".
function partsOf(key) {
  const [section] = key.split(".", 1), rest = key.slice(section.length + 1), last = rest.lastIndexOf(".");
  return [section, rest.slice(0, Math.max(last, 0)), rest.slice(last + 1)];
}

// The same world without a person, who leaves an empty place: what is scheduled for them has no effect.
function without(tables, person) {
  const persons = { ...tables.persons, data: tables.persons.data.slice() };
  persons.data[8 * person + 7] = 0;
  const kinds = ["born", "die"].map(kind => WORDS.interventions.indexOf(kind));
  const [number, width] = tables.interventions.shape;
  const rows = Array.from({ length: number }, (_, k) => tables.interventions.data.slice(width * k, width * (k + 1)));
  const left = rows.flatMap(row => {
    const [low, high] = row.slice(7, 9);
    if (!kinds.includes(row[1]) || person < low || high <= person) return [row];
    return [[low, person], [person + 1, high]].filter(([from, to]) => from < to).map(ends => [...row.slice(0, 7), ...ends, ...row.slice(9)]);
  });
  return { ...tables, persons, interventions: table(left, width) };
}
