// What lies over the picture for hands, keys and readers: each person, the handles of the one chosen, the tie chosen.

const WIDE = 1000, HIGH = 640; // the frame in which a world says where its persons stand
const at = k => [sx(k), sy(k)];
const span = () => [scene.width - 2 * MARGIN, scene.height - 2 * MARGIN - (history_.foot ?? 0)];
const toPlace = (x, y) => {
  const [wide, high] = span();
  return [clamp(((x - MARGIN) / wide) * WIDE, 0, WIDE), clamp(((y - MARGIN) / high) * HIGH, 0, HIGH)].map(Math.round);
};
const HANDLES = [
  ["creativity", "ideas", "idea", -145], ["reach", "reach", "communication", -90], ["skill", "skill", "implementation", -35],
];

function drawHands() {
  const svg = byId("world"), { doc } = app, chosen = app.selected?.kind === "person" ? personOf(app.selected.key) : -1;
  const names = doc.persons.map(one => one.name), hold = now.standing.stage.reduce((many, stage) => many + (stage > 1), 0);
  svg.setAttribute("viewBox", `0 0 ${Math.max(scene.width, 1)} ${Math.max(scene.height, 1)}`);
  svg.setAttribute("aria-label", `Step ${now.moment} of ${doc.scenario.steps}: ${hold} of ${people(doc.persons.length)} hold an idea.`);
  if (svg.dataset.names !== JSON.stringify(names)) {
    svg.dataset.names = JSON.stringify(names);
    renew(svg, s("g", { class: "chosen-tie" }), s("g", { class: "people" }, names.map(personMark)), s("g", { class: "handles" }));
  }
  const [tie, marks, handles] = svg.children;
  names.forEach((name, k) => {
    const mark = marks.children[k], [x, y] = at(k), share = app.shown.shares["role-flow"][k] ?? 0;
    turn(mark, "transform", `translate(${x.toFixed(1)} ${y.toFixed(1)})`);
    turn(mark, "aria-label", `${name}, role flow ${percent(share)}${now.standing.stage[k] > 1 ? ", holds an idea" : ""}${history_.alive(k, now.moment) ? "" : ", not there"}`);
    turn(mark, "aria-pressed", String(k === chosen));
    turn(mark.firstChild, "r", Math.max(rim(k), 16).toFixed(1));
  });
  renew(tie, app.selected?.kind === "tie" && tieMark(doc.ties[app.selected.key]));
  renew(handles, chosen >= 0 && handlesOf(chosen));
}

const people = many => `${many} ${many === 1 ? "person" : "persons"}`;
const turn = (element, name, value) => {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
};
const personMark = name =>
  s("g", { class: "person", tabindex: 0, role: "button", "data-person": name, "data-key": `person ${name}` }, s("circle", { class: "grip" }));

function tieMark(tie) {
  const [x1, y1] = at(personOf(tie.from)), [x2, y2] = at(personOf(tie.to));
  return s("line", { x1, y1, x2, y2 });
}

// Everybody else: a bar below, filled as far as they hold the idea that most of them hold.
function drawCrowdBar(context, { moment }) {
  const { crowd, n, doc } = app.result, { events, of } = history_;
  if (!crowd) return;
  const held = doc.ideas.map(() => 0), works = doc.ideas.map(() => setting(doc, "impact", "value_of") === "held");
  for (let e = 0; e < events.count && events.moment[e] <= moment; e++) {
    if (events.kind[e] === IMPLEMENT) works[events.idea[e]] = true;
    else if (events.person[e] === n) held[events.idea[e]] += (events.kind[e] <= LEARN ? 1 : -1) * (events.more[e] + 1);
  }
  const part = Math.max(...held) / crowd, wide = scene.width - 32, y = scene.height - 20;
  const who = part > 0 ? `${percent(part)} hold` : "nobody holds", what = doc.ideas.length > 1 ? "the best known idea" : "the idea";
  Object.assign(context, { font: "12px system-ui, sans-serif", textAlign: "left", textBaseline: "middle", globalAlpha: 1 });
  context.fillStyle = scene.colours.quiet;
  context.fillText(`everybody else: ${amount(crowd)} people, ${who} ${what}`, 16, y - 12);
  context.fillStyle = scene.colours.line;
  context.fillRect(16, y, wide, 9);
  context.globalAlpha = works.some((yes, k) => yes && held[k]) ? 1 : 0.45;
  context.fillStyle = scene.colours.communication;
  context.fillRect(16, y, wide * clamp(part, 0, 1), 9);
}

// --- the three handles and the one from which a tie is pulled -----------------------------------------------------------

// Reach spans ten decades, so its handle goes by its logarithm: from one person of the world to all.
const decades = () => Math.max(Math.log10(worldSize(app.doc)), 1);
const toHandle = (ability, value) => {
  if (ability !== "reach") return value;
  return value <= 0 ? 0 : clamp(0.08 + 0.92 * (1 + Math.log10(value) / decades()), 0.02, 1);
};
const fromHandle = (ability, part) => {
  if (ability !== "reach") return +clamp(part, 0, 1).toFixed(2);
  return part < 0.04 ? 0 : +Math.min(1, 10 ** (decades() * ((Math.max(part, 0.08) - 0.08) / 0.92 - 1))).toPrecision(2);
};
const REACH_IN = 12, REACH_OUT = 62; // of a handle, beyond the person

// How a handle turns: upwards, and downwards where there is no room.
const turnOf = (k, angle) => ((sy(k) < 100 ? -angle : angle) * Math.PI) / 180;

function handlesOf(k) {
  const one = app.doc.persons[k], r = rim(k), side = sy(k) < 100 ? -1 : 1;
  return s(
    "g",
    { transform: `translate(${at(k).join(" ")})` },
    HANDLES.map(handle => handleOf(k, r, side, handle)),
    knob("pull", 1, "M-4 0H4M1 -3L4 0L1 3", "Drag to a person, or to an empty place"),
    app.doc.persons.length > 1 && knob("away", -1, "M-3.5 -3.5L3.5 3.5M-3.5 3.5L3.5 -3.5", "Take away"),
  );

  function knob(kind, where, path, words) {
    const off = (r + 22) * 0.85;
    return s("g", { class: kind, transform: `translate(${where * off} ${side * 0.6 * off})` },
      s("circle", { r: 10, [`data-${kind}`]: one.name }), s("path", { d: path }), s("title", {}, words));
  }
}

function handleOf(k, r, side, [ability, word, role, angle]) {
  const one = app.doc.persons[k], turned = turnOf(k, angle), out = far => [Math.cos(turned) * far, Math.sin(turned) * far];
  const value = abilityOf(one, ability), part = toHandle(ability, value), people = value * worldSize(app.doc);
  const [from, to, knob, words] = [REACH_IN, REACH_OUT, REACH_IN + (REACH_OUT - REACH_IN) * part, REACH_OUT + 12].map(far => out(r + far));
  const shown = ability === "reach" && value > 0 && people <= 1e6 ? `${amount(people)} people` : amount(value);
  return s(
    "g",
    { class: `handle ${role}` },
    s("line", { x1: from[0], y1: from[1], x2: to[0], y2: to[1] }),
    s("circle", { cx: knob[0], cy: knob[1], r: 8, tabindex: 0, role: "slider", "data-handle": ability, "data-key": `handle ${ability}`,
      "aria-label": `${word} of ${one.name}`, "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": Math.round(100 * part),
      "aria-valuetext": shown }),
    s("text", { x: clamp(sx(k) + words[0], 70, scene.width - 70) - sx(k), y: words[1] + (side < 0 ? 6 : -3), "text-anchor": angle === -90 ? "middle" : angle < -90 ? "end" : "start" },
      `${word} ${shown}`),
  );
}
