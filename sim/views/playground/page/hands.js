// What hands and keys do with the picture: move, pull a tie, turn a handle, add and take away.

let drag = null;

function spot(event) {
  const box = byId("world").getBoundingClientRect();
  return [(event.clientX - box.x) * unit, (event.clientY - box.y) * unit];
}
const personAt = (x, y) => {
  const found = app.doc.places
    .map((_, k) => [...at(k), k])
    .map(([a, b, k]) => [Math.hypot(a - x, b - y), k])
    .filter(([far, k]) => far < Math.max(radius(k), 18 * unit))
    .sort((a, b) => a[0] - b[0])[0];
  return found ? app.doc.persons[found[1]].name : null;
};

function onDown(event) {
  if (event.button) return;
  const { handle, pull, away, person, tie } = Object.assign(
    {},
    ...[
      ...["handle", "pull", "away", "person", "tie"].map(kind => {
        const met = event.target.closest?.(`[data-${kind}]`);
        return met ? { [kind]: met.dataset[kind] } : {};
      }),
    ],
  );
  const [x, y] = spot(event);
  if (handle) drag = { kind: "handle", ability: handle, person: app.selected.key };
  else if (pull || (person && app.tool === "tie")) drag = { kind: "tie", from: pull ?? person };
  else if (person) drag = { kind: "move", person, place: at(personOf(person)) };
  else if (tie !== undefined) return select("tie", Number(tie));
  else if (away) return takeAway();
  else if (app.tool === "person") return addPerson(...toPlace(x, y));
  else return select(null);
  drag.start = [x, y];
  drag.gesture = `${drag.kind} ${performance.now()}`;
  byId("world").setPointerCapture(event.pointerId);
  event.preventDefault();
}

function onMove(event) {
  if (!drag) return;
  const [x, y] = spot(event);
  drag.moved ||= Math.hypot(x - drag.start[0], y - drag.start[1]) > 5 * unit;
  if (drag.kind === "handle") turnHandle(x, y);
  if (drag.kind === "tie") drawRope(x, y);
  if (drag.kind === "move" && drag.moved) {
    const to = toPlace(drag.place[0] + x - drag.start[0], drag.place[1] + y - drag.start[1]);
    place(drag.person, to, drag.gesture);
  }
}

function onDouble(event) {
  if (!event.target.closest("[data-person], [data-tie], .handles")) addPerson(...toPlace(...spot(event)));
}

// A person elsewhere: nothing of the run changes, so nothing is run.
function place(person, to, gesture) {
  if (app.merging !== gesture) app.past.push(app.doc);
  app.future = [];
  app.merging = gesture;
  app.doc = { ...app.doc, places: app.doc.places.map((old, k) => (k === personOf(person) ? to : old)) };
  app.result.doc = app.doc;
  drawMoved(person);
  keepInAddress();
}

function turnHandle(x, y) {
  const k = personOf(drag.person),
    [a, b] = at(k),
    [, , , angle] = HANDLES.find(([name]) => name === drag.ability);
  const turn = ((b < 100 * unit ? -angle : angle) * Math.PI) / 180,
    far = ((x - a) * Math.cos(turn) + (y - b) * Math.sin(turn) - radius(k)) / unit;
  const value = fromHandle(drag.ability, (far - reachIn) / (reachOut - reachIn));
  if (value !== abilityOf(app.doc.persons[k], drag.ability))
    change(doc => {
      doc.persons[k][drag.ability] = value;
    }, drag.gesture);
}

function drawRope(x, y) {
  const [a, b] = at(personOf(drag.from)),
    svg = byId("world");
  svg.querySelector(".rope")?.remove();
  svg.append(s("line", { class: "rope", x1: a, y1: b, x2: x, y2: y }));
}

function onUp(event) {
  if (!drag) return;
  const { kind, moved, from, person } = drag,
    [x, y] = spot(event),
    met = kind === "tie" ? personAt(x, y) : null;
  drag = null;
  byId("world").querySelector(".rope")?.remove();
  if (kind === "move" && !moved) select("person", person);
  if (kind !== "tie") return;
  if (met && met !== from) addTie(from, met);
  else if (!met && moved) addPerson(...toPlace(x, y), from);
  else select("person", from);
}

function onKey(event) {
  const typing = event.target.matches?.("input, select, textarea");
  if ((event.ctrlKey || event.metaKey) && !typing) {
    const key = event.key.toLowerCase();
    if (key === "z") {
      event.preventDefault();
      event.shiftKey ? redo() : undo();
    }
    if (key === "y") {
      event.preventDefault();
      redo();
    }
    return;
  }
  if (typing || event.altKey || event.ctrlKey || event.metaKey) return;
  const target = event.target,
    arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  if (target.dataset?.handle && arrows)
    return used(event, () => nudgeHandle(target.dataset.handle, arrows[0] - arrows[1]));
  if (target.dataset?.person) {
    const name = target.dataset.person;
    if (event.key === "Enter" || event.key === " ")
      return used(event, () => (app.tying ? tieTo(name) : select("person", name)));
    if (event.key === "t")
      return used(event, () => {
        app.tying = name;
        say(`A tie from ${name}: go to somebody and press Enter.`);
      });
    if (arrows) return used(event, () => (event.shiftKey ? nudge(name, arrows) : neighbour(name, arrows)));
  }
  if (event.key === "Delete" || event.key === "Backspace") used(event, takeAway);
  if (event.key === "Escape")
    used(event, () => {
      app.tying = null;
      select(null);
    });
  if (event.key === "p" && !target.closest("button, summary")) used(event, () => addPerson(500, 300));
  if (event.key === " " && !target.closest("button, summary, a")) used(event, play);
}

const used = (event, what) => {
  event.preventDefault();
  what();
};
function tieTo(name) {
  const from = app.tying;
  app.tying = null;
  addTie(from, name);
}
function nudgeHandle(ability, by) {
  const name = app.selected.key,
    k = personOf(name),
    value = abilityOf(app.doc.persons[k], ability);
  change(doc => {
    doc.persons[k][ability] = fromHandle(ability, clamp(toHandle(ability, value) + 0.05 * by, 0, 1));
  }, `keys ${name} ${ability}`);
}
function nudge(name, [dx, dy]) {
  const [x, y] = app.doc.places[personOf(name)];
  place(name, [clamp(x + 15 * dx, 20, WIDE - 20), clamp(y + 15 * dy, 20, FRAME - 20)], `keys ${name}`);
}
function neighbour(name, [dx, dy]) {
  const [x, y] = app.doc.places[personOf(name)];
  const next = app.doc.places
    .map(([a, b], k) => ({
      k,
      along: (a - x) * dx + (b - y) * dy,
      off: Math.abs((a - x) * dy) + Math.abs((b - y) * dx),
    }))
    .filter(one => one.along > 1)
    .sort((a, b) => a.along + 2 * a.off - b.along - 2 * b.off)[0];
  if (next) [...byId("world").querySelectorAll("[data-person]")][next.k].focus();
}
