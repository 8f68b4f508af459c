// The picture of a world: persons, ties, who told whom, and everybody else as a bar.

const WIDE = 1000,
  FRAME = 640; // persons stand in a frame of 1000 times 640, which is drawn as high as there is room
let high = FRAME;
const floor = () => (app.result.crowd ? high - 46 * unit : high);
const at = k => [app.doc.places[k][0], (app.doc.places[k][1] * floor()) / FRAME];
const toPlace = (x, y) => [clamp(x, 20, WIDE - 20), clamp((y * FRAME) / floor(), 20, FRAME - 20)].map(Math.round);
const HANDLES = [
  ["creativity", "ideas", "idea", -145],
  ["reach", "reach", "communication", -90],
  ["skill", "skill", "implementation", -35],
];
let unit = 1; // what a point on the screen is in the picture

function drawWorld() {
  const svg = byId("world"),
    { doc, result } = app,
    state = standing(result, app.step),
    m = doc.ideas.length;
  unit = WIDE / Math.max(svg.clientWidth, 1);
  high = Math.max(svg.clientHeight, 1) * unit;
  svg.setAttribute("viewBox", `0 0 ${WIDE} ${high}`);
  svg.classList.toggle("chosen", app.selected?.kind === "person");
  svg.style.setProperty("--u", `${unit}px`);
  const many = doc.persons.length > 40,
    named = new Set(doc.interventions.flatMap(one => [one.person, one.of, one.to]));
  const told = new Set(),
    direct = [];
  const tied = new Set(doc.ties.map(tie => `${tie.from} > ${tie.to}`));
  doc.persons.forEach((one, k) => {
    for (let idea = 0; idea < m; idea++) {
      const from = state.from[k * m + idea];
      if (from < 0 || from >= result.n || !state.had[k * m + idea]) continue;
      const key = `${doc.persons[from].name} > ${one.name}`;
      if (!tied.has(key) && !told.has(key)) direct.push([from, k]);
      told.add(key);
    }
  });
  svg.setAttribute("aria-label", describe(state));
  renew(
    svg,
    s("defs", {}, arrow("plain"), arrow("told")),
    s(
      "g",
      { class: "ties" },
      doc.ties.map((tie, k) => tieLine(tie, k, told)),
    ),
    s(
      "g",
      { class: "direct" },
      direct.map(([a, b]) =>
        s("line", { ...between(a, b), "data-ends": `${a} ${b}`, class: "direct", "marker-end": "url(#arrow-told)" }),
      ),
    ),
    crowdBar(state),
    s(
      "g",
      {},
      doc.persons.map((one, k) => node(one, k, state, !many || named.has(one.name))),
    ),
    app.selected?.kind === "person" && handlesOf(personOf(app.selected.key)),
  );
}

// Somebody stands elsewhere: only what hangs on them is drawn anew.
function drawMoved(name) {
  const svg = byId("world"),
    k = personOf(name),
    place = `translate(${at(k).join(" ")})`;
  svg.querySelector(`[data-key="${CSS.escape(`person ${name}`)}"]`)?.setAttribute("transform", place);
  if (isSelected("person", name)) svg.querySelector(".handles")?.setAttribute("transform", place);
  for (const line of svg.querySelectorAll("line[data-ends]")) {
    const ends = line.dataset.ends.split(" ").map(Number);
    if (ends.includes(k)) fill(line, between(...ends), []);
  }
}

const arrow = kind =>
  s(
    "marker",
    {
      id: `arrow-${kind}`,
      class: `arrow ${kind}`,
      viewBox: "0 0 8 8",
      refX: 7,
      refY: 4,
      markerWidth: 9 * unit,
      markerHeight: 9 * unit,
      markerUnits: "userSpaceOnUse",
      orient: "auto",
    },
    s("path", { d: "M0 0.8 8 4 0 7.2Z" }),
  );

function describe(state) {
  const { doc } = app,
    m = doc.ideas.length,
    hold = doc.persons.filter((_, k) => state.holds.slice(k * m, k * m + m).some(since => since >= 0)).length;
  return `Step ${app.step} of ${doc.scenario.steps}: ${hold} of ${doc.persons.length} persons hold an idea.`;
}

const radius = k =>
  unit * ((app.doc.persons.length > 40 ? 5 : 13) + 16 * Math.sqrt(clamp(app.result.shares["role-flow"][k] ?? 0, 0, 1)));

function between(a, b) {
  const [x1, y1] = at(a),
    [x2, y2] = at(b),
    far = Math.hypot(x2 - x1, y2 - y1) || 1;
  const part = (radius(b) + 4 * unit) / far,
    first = radius(a) / far;
  return {
    x1: x1 + (x2 - x1) * first,
    y1: y1 + (y2 - y1) * first,
    x2: x2 - (x2 - x1) * part,
    y2: y2 - (y2 - y1) * part,
  };
}

function tieLine(tie, k, told) {
  const a = personOf(tie.from),
    b = personOf(tie.to);
  if (a < 0 || b < 0) return null;
  const bold = told.has(`${tie.from} > ${tie.to}`),
    chosen = isSelected("tie", k),
    ends = { ...between(a, b), "data-ends": `${a} ${b}` };
  const there = (tie.start ?? 0) <= app.step && app.step < (tie.end ?? Infinity);
  return s(
    "g",
    { class: `tie${bold ? " told" : ""}${chosen ? " chosen" : ""}${there ? "" : " away"}`, "data-tie": k },
    s("line", { ...ends, class: "grip" }),
    s("line", { ...ends, class: "line", "marker-end": `url(#arrow-${bold ? "told" : "plain"})` }),
  );
}

function node(one, k, state, named) {
  const m = app.doc.ideas.length,
    [x, y] = at(k),
    r = radius(k),
    share = app.result.shares["role-flow"][k] ?? 0;
  const mine = list => app.doc.ideas.map((_, idea) => list[k * m + idea]);
  const holds = mine(state.holds).some(since => since >= 0),
    had = mine(state.had).some(x => x > 0),
    made = mine(state.made).some(x => x > 0);
  const found = mine(state.had).some((x, idea) => x > 0 && state.from[k * m + idea] < 0);
  const look = !state.alive[k] ? "gone" : holds ? (found ? "found" : "learned") : had ? "left" : "";
  const chosen = isSelected("person", one.name),
    label = named || chosen || share > 0.04;
  return s(
    "g",
    {
      class: `person ${look}${chosen ? " chosen" : ""}`,
      transform: `translate(${x} ${y})`,
      tabindex: 0,
      role: "button",
      "data-person": one.name,
      "data-key": `person ${one.name}`,
      "aria-label": `${one.name}, role flow ${percent(share)}${holds ? ", holds an idea" : ""}${state.alive[k] ? "" : ", not there"}`,
      "aria-pressed": chosen ? "true" : "false",
    },
    s("circle", { r: Math.max(r, 16 * unit), class: "grip" }),
    s("circle", { r, class: "body" }),
    made && s("circle", { r: r + 4 * unit, class: "made" }),
    label &&
      s("text", { y: r + 17 * unit, class: "name" }, one.name.length > 24 ? `${one.name.slice(0, 23)}…` : one.name),
    label &&
      share > 0 &&
      s("text", { y: Math.min(4.5 * unit, 5 * unit), class: "share" }, r > 15 * unit ? percent(share) : ""),
  );
}

function crowdBar(state) {
  if (!app.result.crowd) return null;
  const { doc, result } = app,
    part = Math.max(...state.crowd) / result.crowd,
    works = doc.ideas.some((_, k) => state.works[k] && state.crowd[k]);
  const height = 9 * unit,
    y = high - 12 * unit - height;
  return s(
    "g",
    { class: "crowd" },
    s(
      "text",
      { x: 16 * unit, y: y - 7 * unit },
      `everybody else: ${amount(result.crowd)} people, ${part > 0 ? `${percent(part)} hold` : "nobody holds"} ${doc.ideas.length > 1 ? "the best known idea" : "the idea"}`,
    ),
    s("rect", { x: 16 * unit, y, width: WIDE - 32 * unit, height, rx: height / 2, class: "all" }),
    s("rect", {
      x: 16 * unit,
      y,
      width: (WIDE - 32 * unit) * clamp(part, 0, 1),
      height,
      rx: height / 2,
      class: works || setting(doc, "impact", "value_of") === "held" ? "hold works" : "hold",
    }),
  );
}

// --- the three handles and the one from which a tie is pulled -----------------------------------------------------------

// Reach spans ten decades, so its handle goes by its logarithm: from one person of the world to all.
const toHandle = (ability, value) => {
  if (ability !== "reach") return value;
  const decades = Math.max(Math.log10(worldSize(app.doc)), 1);
  return value <= 0 ? 0 : clamp(0.08 + 0.92 * (1 + Math.log10(value) / decades), 0.02, 1);
};
const fromHandle = (ability, part) => {
  if (ability !== "reach") return +clamp(part, 0, 1).toFixed(2);
  const decades = Math.max(Math.log10(worldSize(app.doc)), 1);
  return part < 0.04 ? 0 : +Math.min(1, 10 ** (decades * ((Math.max(part, 0.08) - 0.08) / 0.92 - 1))).toPrecision(2);
};
const reachIn = 12,
  reachOut = 62; // of a handle, in points beyond the person

function handlesOf(k) {
  if (k < 0) return null;
  const one = app.doc.persons[k],
    [x, y] = at(k),
    r = radius(k),
    below = y < 100 * unit;
  return s(
    "g",
    { class: "handles", transform: `translate(${x} ${y})` },
    HANDLES.map(([ability, word, role, angle]) => {
      const turn = ((below ? -angle : angle) * Math.PI) / 180,
        out = d => [Math.cos(turn) * d, Math.sin(turn) * d];
      const value = abilityOf(one, ability),
        part = toHandle(ability, value),
        from = out(r + reachIn * unit),
        to = out(r + reachOut * unit);
      const knob = out(r + (reachIn + (reachOut - reachIn) * part) * unit),
        words = out(r + (reachOut + 12) * unit);
      const shown =
        ability === "reach" && value > 0 && value * worldSize(app.doc) <= 1e6
          ? `${amount(value * worldSize(app.doc))} people`
          : amount(value);
      return s(
        "g",
        { class: `handle ${role}` },
        s("line", { x1: from[0], y1: from[1], x2: to[0], y2: to[1] }),
        s("circle", {
          cx: knob[0],
          cy: knob[1],
          r: 8 * unit,
          tabindex: 0,
          role: "slider",
          "data-handle": ability,
          "data-key": `handle ${ability}`,
          "aria-label": `${word} of ${one.name}`,
          "aria-valuemin": 0,
          "aria-valuemax": 100,
          "aria-valuenow": Math.round(100 * part),
          "aria-valuetext": shown,
        }),
        s(
          "text",
          {
            x: words[0],
            y: words[1] + (below ? 6 : -3) * unit,
            "text-anchor": angle === -90 ? "middle" : angle < -90 ? "end" : "start",
          },
          `${word} ${shown}`,
        ),
      );
    }),
    knob("pull", one.name, 1, "M-4 0H4M1 -3L4 0L1 3", "Drag to a person, or to an empty place"),
    app.doc.persons.length > 1 && knob("away", one.name, -1, "M-3.5 -3.5L3.5 3.5M-3.5 3.5L3.5 -3.5", "Take away"),
  );

  function knob(kind, name, side, path, words) {
    const off = (r + 22 * unit) * 0.85;
    return s(
      "g",
      { class: kind, transform: `translate(${side * off} ${(below ? -0.6 : 0.6) * off}) scale(${unit})` },
      s("circle", { r: 10, [`data-${kind}`]: name }),
      s("path", { d: path }),
      s("title", {}, words),
    );
  }
}
