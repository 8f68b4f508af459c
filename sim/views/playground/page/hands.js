// What hands and keys do with the picture: move, pull a tie, turn a handle, add and take away.

let drag = null;

function spot(event) {
  const box = byId("world").getBoundingClientRect();
  return [event.clientX - box.x, event.clientY - box.y];
}
const personAt = (x, y) => app.doc.persons[nearest(x, y)]?.name ?? null;
function tieAt(x, y) { // the tie that is nearest, if it is near
  const far = app.doc.ties.map(tie => {
    const [a, b] = at(personOf(tie.from)), [u, v] = at(personOf(tie.to)), long = (u - a) ** 2 + (v - b) ** 2 || 1;
    const part = clamp(((x - a) * (u - a) + (y - b) * (v - b)) / long, 0, 1);
    return Math.hypot(a + part * (u - a) - x, b + part * (v - b) - y);
  });
  const least = Math.min(...far, 8);
  return least < 8 ? far.indexOf(least) : -1;
}

function onDown(event) {
  if (event.button) return;
  const met = Object.fromEntries(["handle", "pull", "away", "person"].map(kind => [kind, event.target.closest?.(`[data-${kind}]`)?.dataset[kind]]));
  const { handle, pull, away, person } = met, [x, y] = spot(event), tie = tieAt(x, y);
  byId("tip").hidden = true;
  if (handle) drag = { kind: "handle", ability: handle, person: app.selected.key };
  else if (pull || (person && app.tool === "tie")) drag = { kind: "tie", from: pull ?? person };
  else if (person) drag = { kind: "move", person, place: at(personOf(person)) };
  else if (away) return takeAway();
  else if (app.tool === "person") return addPerson(...toPlace(x, y));
  else return tie >= 0 ? select("tie", tie) : select(null);
  drag.start = [x, y];
  drag.gesture = `${drag.kind} ${performance.now()}`;
  byId("world").setPointerCapture(event.pointerId);
  event.preventDefault();
}

function onMove(event) {
  const [x, y] = spot(event);
  if (!drag) return event.pointerType === "mouse" && hoverAt(x, y);
  drag.moved ||= Math.hypot(x - drag.start[0], y - drag.start[1]) > 5;
  if (drag.kind === "handle") turnHandle(x, y);
  if (drag.kind === "tie") drawRope(x, y);
  if (drag.kind === "move" && drag.moved) {
    const to = toPlace(drag.place[0] + x - drag.start[0], drag.place[1] + y - drag.start[1]);
    place(drag.person, to, drag.gesture);
  }
}

function onDouble(event) {
  if (!event.target.closest("[data-person], .handles") && tieAt(...spot(event)) < 0) addPerson(...toPlace(...spot(event)));
}

// A person elsewhere: nothing of the run changes, so nothing is run.
function place(person, to, gesture) {
  if (app.merging !== gesture) app.past.push(app.doc);
  app.future = [];
  app.merging = gesture;
  app.doc = { ...app.doc, places: app.doc.places.map((old, k) => (k === personOf(person) ? to : old)) };
  app.result.doc = app.doc;
  history_ = Object.assign(historyOf(app.result), creditOf(app.shown));
  arrange(history_, now.idea);
  drawHands();
  redraw();
  keepInAddress();
}

function turnHandle(x, y) {
  const k = personOf(drag.person), [a, b] = at(k), turned = turnOf(k, HANDLES.find(([name]) => name === drag.ability)[3]);
  const far = (x - a) * Math.cos(turned) + (y - b) * Math.sin(turned) - rim(k);
  const value = fromHandle(drag.ability, (far - REACH_IN) / (REACH_OUT - REACH_IN));
  if (value !== abilityOf(app.doc.persons[k], drag.ability))
    change(doc => { doc.persons[k][drag.ability] = value; }, drag.gesture);
}

function drawRope(x, y) {
  const [a, b] = at(personOf(drag.from)), svg = byId("world");
  svg.querySelector(".rope")?.remove();
  svg.append(s("line", { class: "rope", x1: a, y1: b, x2: x, y2: y }));
}

function onUp(event) {
  if (!drag) return;
  const { kind, moved, from, person } = drag, [x, y] = spot(event), met = kind === "tie" ? personAt(x, y) : null;
  drag = null;
  byId("world").querySelector(".rope")?.remove();
  if (kind === "handle") drawBench();
  if (kind === "move" && !moved) select("person", person);
  if (kind !== "tie") return;
  if (met && met !== from) addTie(from, met);
  else if (!met && moved) addPerson(...toPlace(x, y), from);
  else select("person", from);
}

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function onKey(event) { // what is under the hand comes first
  const control = event.ctrlKey || event.metaKey;
  if (event.target.matches?.("input, select, textarea") || (event.altKey && !control)) return;
  const act = control ? keyOfSteps(event) : keyOfHandle(event) ?? keyOfPerson(event) ?? keyOfPage(event);
  if (!act) return;
  event.preventDefault();
  act();
}

const keyOfSteps = ({ key, shiftKey }) => ({ z: shiftKey ? redo : undo, y: redo })[key.toLowerCase()];

function keyOfHandle({ key, target }) {
  const ability = target.dataset?.handle, arrow = ARROWS[key];
  return ability && arrow ? () => nudgeHandle(ability, arrow[0] - arrow[1]) : undefined;
}

function keyOfPerson({ key, target, shiftKey }) {
  const name = target.dataset?.person, arrow = ARROWS[key];
  if (!name) return undefined;
  if (key === "Enter" || key === " ") return () => (app.tying ? tieTo(name) : select("person", name));
  if (key === "t") return () => {
    app.tying = name;
    say(`A tie from ${name}: go to somebody and press Enter.`);
  };
  return arrow && (() => (shiftKey ? nudge(name, arrow) : neighbour(name, arrow)));
}

function keyOfPage({ key, target }) {
  if (key === "Delete" || key === "Backspace") return takeAway;
  if (key === "Escape") return () => {
    app.tying = null;
    select(null);
  };
  if (key === "p" && !target.closest("button, summary")) return () => addPerson(500, 300);
  return key === " " && !target.closest("button, summary, a") ? () => play(!now.playing) : undefined;
}

function tieTo(name) {
  const from = app.tying;
  app.tying = null;
  addTie(from, name);
}
function nudgeHandle(ability, by) {
  const name = app.selected.key, k = personOf(name), part = toHandle(ability, abilityOf(app.doc.persons[k], ability));
  const value = fromHandle(ability, clamp(part + 0.05 * by, 0, 1));
  change(doc => { doc.persons[k][ability] = value; }, `keys ${name} ${ability}`);
}
function nudge(name, [dx, dy]) {
  const [x, y] = app.doc.places[personOf(name)];
  place(name, [clamp(x + 15 * dx, 0, WIDE), clamp(y + 15 * dy, 0, HIGH)], `keys ${name}`);
}
function neighbour(name, [dx, dy]) {
  const [x, y] = app.doc.places[personOf(name)];
  const others = app.doc.places.map(([a, b], k) => {
    return { k, along: (a - x) * dx + (b - y) * dy, off: Math.abs((a - x) * dy) + Math.abs((b - y) * dx) };
  });
  const ahead = others.filter(one => one.along > 1).sort((a, b) => a.along + 2 * a.off - b.along - 2 * b.off);
  if (ahead.length) [...byId("world").querySelectorAll("[data-person]")][ahead[0].k].focus();
}
