// The world in the address of the page, to be shared; and a look at what comes from there before it is believed.

const packed = async (text, Stream, from) =>
  new Uint8Array(await new Response(new Blob([from]).stream().pipeThrough(new Stream(text))).arrayBuffer());
const toText = bytes =>
  btoa(Array.from(bytes, byte => String.fromCharCode(byte)).join(""))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
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
  const found = {
    mode: (given.get("mode") ?? (FIRST === "own" ? "bench" : "story")) === "bench" ? "bench" : "story", // a world of one's own waits to be changed
    scene: clamp(Number(given.get("scene") ?? 1) - 1 || 0, 0, SCENES.length - 1),
  };
  if (given.get("step")) found.step = Math.floor(Number(given.get("step"))) || 0;
  if (Object.hasOwn(PRESETS, given.get("preset") ?? "")) found.preset = given.get("preset");
  if (given.get("world")) {
    try {
      const text = new TextDecoder().decode(
        await packed("deflate-raw", DecompressionStream, toBytes(given.get("world"))),
      );
      found.doc = checked(JSON.parse(text));
    } catch {
      say("This link holds no world; here is another.");
    }
  }
  return found;
}

// A world as the page can hold it, made of nothing but what it knows; an error if there is none in it.
function checked(given) {
  const text = (value, most = 200) => (typeof value === "string" && value ? value.slice(0, most) : undefined);
  const number =
    (low, high, whole = false) =>
    value => {
      if (value === "inf" && high === Infinity) return "inf";
      return typeof value === "number" && value >= low && value <= high && (!whole || Number.isInteger(value))
        ? value
        : undefined;
    };
  const step = number(0, 2 ** 31 - 2, true),
    part = number(0, 1),
    rate = number(0, Infinity),
    flag = value => (typeof value === "boolean" ? value : undefined);
  const positive = value => (part(value) > 0 ? value : undefined),
    names = value => (Array.isArray(value) ? value.map(one => text(one)).filter(Boolean) : text(value));
  const any = value =>
    typeof value === "number" || typeof value === "boolean" || value === "inf" ? value : text(value);
  const oneOf =
    (...words) =>
    value =>
      words.includes(value) ? value : undefined;
  const only = (one, keys) =>
    Object.fromEntries(
      Object.entries(keys)
        .map(([key, of]) => [key, of(one?.[key])])
        .filter(([, value]) => value !== undefined),
    );
  const all = (list, keys, most, needs) =>
    (Array.isArray(list) ? list : [])
      .slice(0, most)
      .map(one => only(one, keys))
      .filter(one => needs.every(key => one[key] !== undefined));
  const unique = list =>
    list.filter((one, k) => isName(one.name) && list.findIndex(other => other.name === one.name) === k);
  const abilities = Object.fromEntries(WORDS.abilities.map(ability => [ability, part]));
  const doc = {
    scenario: {
      name: "a world",
      ...only(given.scenario, {
        name: text,
        description: value => text(value, 600),
        steps: number(1, LIMITS.steps, true),
        seed: value => (/^\d{1,20}$/.test(value) && BigInt(value) < 2n ** 64n ? value : undefined),
      }),
    },
    world: only(given.world, { size: number(1, 1e15, true), crowd_understanding: part }),
    persons: unique(
      all(given.persons, { name: text, ...abilities, born: step, dies: step, keeps: flag }, LIMITS.persons, ["name"]),
    ),
    ideas: unique(
      all(
        given.ideas,
        {
          name: text,
          value: number(0, 1e300),
          clarity: positive,
          difficulty: rate,
          discovery_rate: rate,
          prerequisites: names,
          rival_of: text,
          hesitation: part,
        },
        LIMITS.ideas,
        ["name"],
      ),
    ),
    ties: all(
      given.ties,
      { from: text, to: text, weight: positive, start: step, end: step, both_ways: flag },
      LIMITS.ties,
      ["from", "to"],
    ),
    dynamics: only(given.dynamics, {
      discovery_rate: rate,
      telling_period: rate,
      resolve_rate: rate,
      implementation_rate: rate,
      abandon_rate: rate,
      abandon_rate_working: rate,
      release_delay: step,
      readopt: flag,
      audience: oneOf("reach", "ties"),
      adoption: oneOf("simple", "threshold"),
      credited_tellers: oneOf("one", "all"),
      stifling: oneOf("none", "teller", "both"),
    }),
    impact: only(given.impact, {
      value_of: oneOf("working", "held"),
      per: oneOf("step", "adopter"),
      realised_by: names,
    }),
    credit: only(given.credit, { alpha: number(0, 0.999999), inheritance: part }),
    interventions: all(
      given.interventions,
      {
        step: number(1, 2 ** 31 - 2, true),
        kind: oneOf(...WORDS.interventions),
        person: text,
        idea: text,
        to: text,
        of: text,
        reach: part,
        clarity: positive,
        key: text,
        value: any,
      },
      LIMITS.interventions,
      ["step", "kind"],
    ),
  };
  if (!doc.persons.length || !doc.ideas.length || !doc.scenario.steps) throw new Error("no world");
  const people = new Set(["crowd", "everyone", "world", ...doc.persons.map(one => one.name)]),
    ideas = new Set(["everything", ...doc.ideas.map(one => one.name)]);
  doc.ties = doc.ties.filter(tie => people.has(tie.from) && people.has(tie.to));
  doc.interventions = doc.interventions.filter(
    one =>
      [one.person, one.to, one.of].every(name => name === undefined || people.has(name)) &&
      (one.idea === undefined || ideas.has(one.idea)),
  );
  for (const section of ["world", "dynamics", "impact", "credit"])
    if (!Object.keys(doc[section]).length) delete doc[section];
  if (problemOf(doc)) throw new Error("no world");
  const places = Array.isArray(given.places) ? given.places : [];
  doc.places = doc.persons.map((_, k) =>
    [0, 1].map(side => clamp(Number(places[k]?.[side]) || 320, 0, side ? 640 : 1000)),
  );
  return doc;
}
