// The network: persons and how they stand at a moment, their ties, and what was told along them.

const TRAIL = 3, FEW = 200; // steps for which a telling is seen among many; persons among whom it stays

function drawScene(history, now, context = scene.context) {
  context.setTransform(scene.ratio, 0, 0, scene.ratio, 0, 0);
  context.clearRect(0, 0, scene.width, scene.height);
  context.globalAlpha = 1;
  views[scene.view].draw(context, history, now);
  context.globalAlpha = 1;
  scene.drawn += 1;
}

function drawNetwork(context, history, now) {
  if (history.ties.arrows || context !== scene.context) paintTies(context, history, now);
  else lay(context, layer(history, history.ties.begin ? now.moment : "", (on, run) => paintTies(on, run, now)));
  drawTellings(context, history, now);
  history.below?.(context, now);
  drawPersons(context, history, now);
  if (now.person >= 0) drawLineage(context, history, now);
  drawLabels(context, history, now);
}

function paintTies(context, { ties, byHand }, { moment }) {
  const many = ties.a.length, there = k => !ties.begin || (ties.begin[k] <= moment && moment < ties.end[k]);
  context.strokeStyle = scene.colours.tie;
  context.lineWidth = many > 2000 ? 0.5 : byHand ? 1.2 : 0.8;
  const pale = clamp(6 / Math.sqrt(many + 1) * Math.min(3, camera().k), 0.05, byHand ? 1 : 0.4);
  for (const seen of [true, false]) {
    context.globalAlpha = seen ? pale : pale * 0.3;
    context.setLineDash(seen ? [] : [3, 4]);
    for (let from = 0; from < many; from += 1000) { // short paths are drawn faster than a long one
      context.beginPath();
      for (let k = from; k < Math.min(many, from + 1000); k++)
        if (there(k) === seen) link(context, ties.a[k], ties.b[k], ties.arrows);
      context.stroke();
    }
  }
  context.setLineDash([]);
}

function link(context, a, b, arrow) { // from rim to rim, with a head, or from middle to middle
  const x = sx(a), y = sy(a), u = sx(b), v = sy(b), far = Math.hypot(u - x, v - y);
  if (!arrow || far === 0) {
    context.moveTo(x, y);
    context.lineTo(u, v);
    return;
  }
  const ux = (u - x) / far, uy = (v - y) / far, end = far - rim(b) - 4, head = 7;
  const tip = [x + ux * end, y + uy * end];
  context.moveTo(x + ux * Math.min(rim(a), end), y + uy * Math.min(rim(a), end));
  context.lineTo(...tip);
  context.moveTo(tip[0] - ux * head - uy * 3.4, tip[1] - uy * head + ux * 3.4);
  context.lineTo(...tip);
  context.lineTo(tip[0] - ux * head + uy * 3.4, tip[1] - uy * head - ux * 3.4);
}

// Who told whom: among few persons all so far, among many just now; dashed where no tie is.
function drawTellings(context, history, now) {
  const { events, people, tiedPairs } = history, few = people.count <= FEW, seen = new Set(), lists = new Map();
  for (let e = now.standing.last - 1; e >= 0 && seen.size < 1500; e--) {
    const age = few ? 0 : now.moment - events.moment[e];
    if (age >= TRAIL) break;
    if (events.kind[e] !== LEARN || (now.idea >= 0 && events.idea[e] !== now.idea)) continue;
    for (let i = events.first[e]; i < events.first[e + 1]; i++) {
      const from = events.person[events.parent[i]], to = events.person[e], pair = from * people.count + to;
      if (seen.has(pair) || Number.isNaN(sx(from) + sx(to))) continue;
      seen.add(pair);
      const look = `${age} ${tiedPairs && !tiedPairs.has(pair) ? 4 : 0}`;
      lists.set(look, [...(lists.get(look) ?? []), [from, to]]);
    }
  }
  context.strokeStyle = scene.colours.communication;
  context.lineWidth = people.count <= 40 ? 2.2 : 1.2;
  for (const [look, pairs] of lists) {
    const [age, dash] = look.split(" ").map(Number);
    context.globalAlpha = 0.8 * (1 - age / TRAIL);
    context.setLineDash(dash ? [5, 4] : []);
    context.beginPath();
    for (const [from, to] of pairs) link(context, from, to, few);
    context.stroke();
  }
  context.setLineDash([]);
}

function drawPersons(context, history, now) { // crowds, then those who never held it, then the others, the largest first
  const { stage } = now.standing, { size } = history.people, layers = [[], [], []];
  for (const p of scene.order) {
    const x = sx(p), y = sy(p);
    if (x > -40 && y > -40 && x < scene.width + 40 && y < scene.height + 40)
      layers[size[p] > 1 ? 0 : stage[p] ? 2 : 1].push(p);
  }
  for (const p of layers.flat()) drawPerson(context, history, now, p, now.person >= 0 ? 0.4 : 1);
}

const circle = (context, x, y, r) => {
  context.beginPath();
  context.arc(x, y, r, 0, 2 * Math.PI);
};

function dot(context, x, y, r, square) {
  if (r < 1.8 || square) return context.fillRect(x - r, y - r, 2 * r, 2 * r);
  circle(context, x, y, r);
  context.fill();
}

function outline(context, x, y, r, colour, wide) {
  context.strokeStyle = scene.colours[colour];
  context.lineWidth = wide;
  circle(context, x, y, r);
  context.stroke();
}

const BODY = ["faint", "ground", "communication", "idea"]; // by how somebody stands

// Blue who had it, orange who was told, hollow who gave it up; whoever made it work has a green rim, or is a green
// square where there is no room for a rim, and a discoverer a second blue one.
function drawPerson(context, { people, alive }, { standing: state, moment }, p, alpha) {
  const stage = state.stage[p], x = sx(p), y = sy(p), r = rim(p) * (stage ? 1 : 0.8), small = r < 5;
  const made = stage > 1 && state.made[p];
  context.globalAlpha = alive && !alive(p, moment) ? 0.38 * alpha : alpha;
  if (people.size[p] > 1) { // many people in one disc, filled as far as they hold it
    for (const [part, colour] of [[1, "faint"], [state.held[p] / people.size[p], "communication"]]) {
      context.fillStyle = scene.colours[colour];
      circle(context, x, y, rim(p) * Math.sqrt(clamp(part, 0, 1)));
      context.fill();
    }
    return;
  }
  context.fillStyle = scene.colours[made && small ? "implementation" : stage === 1 && r <= 1.8 ? "quiet" : BODY[stage]];
  dot(context, x, y, r, made && small);
  if (r > 1.8 && stage && !(made && small)) outline(context, x, y, r, stage === 1 ? "quiet" : "ground", 1);
  if (made && !small) outline(context, x, y, r + 3.5, "implementation", 3);
  else if (stage === 3 && r >= 2.4) outline(context, x, y, r * 1.2 + 2, "idea", 1.2);
}

function strongestOf(events, lines) { // of a great many, those by which most came
  if (lines.length <= 600) return lines;
  const { child, strength } = events;
  return [...lines].sort((a, b) => strength[child[b]] - strength[child[a]] || a - b).slice(0, 600);
}

function drawLineage(context, history, now) {
  const { events } = history, dots = new Set([now.person]), network = scene.view === "network";
  for (const [lines, colour] of [[now.after, "communication"], [now.before, "idea"]]) {
    context.strokeStyle = scene.colours[colour];
    context.globalAlpha = lines.length > 400 ? 0.35 : 0.8;
    context.lineWidth = 1.6;
    context.beginPath();
    for (const i of strongestOf(events, lines)) {
      const ends = [events.parent[i], events.child[i]], [from, to] = ends.map(e => events.person[e]);
      dots.add(from).add(to);
      link(context, ...(network ? [from, to] : ends), false);
    }
    context.stroke();
  }
  if (!network) return;
  for (const p of [...dots].sort((a, b) => scene.radius[b] - scene.radius[a]))
    if (sx(p) > -1e6) drawPerson(context, history, now, p, 1);
  context.globalAlpha = 1;
  outline(context, sx(now.person), sy(now.person), rim(now.person) + 6, "mark", 2);
}

// Where a name may stand, the first that is free: below its mark, above it, right, left.
views.network.labels = p => {
  const x = sx(p), y = sy(p), far = rim(p);
  return [[x, y + far + 14, "center"], [x, y - far - 14, "center"], [x + far + 6, y, "left"], [x - far - 6, y, "right"]];
};

function drawLabels(context, { people }, now) { // those with most credit in the end, or the one in question
  const best = people.count <= 40 ? scene.order : now.giants, taken = [], network = scene.view === "network";
  Object.assign(context, { textBaseline: "middle", direction: "ltr" });
  for (const p of now.person >= 0 && network && people.count > 40 ? [now.person] : best) {
    const text = "\u200e" + plain(people.names[p], 26);
    context.font = "12.5px system-ui, sans-serif";
    const wide = context.measureText(text).width, leftOf = ([x, , side]) => x - wide * { left: 0, center: 0.5, right: 1 }[side];
    const within = place => { // the picture
      const left = leftOf(place);
      return [place[0] + clamp(left, 2, Math.max(2, scene.width - wide - 2)) - left, place[1], place[2]];
    };
    const free = place => place[0] > -1e6 &&
      !taken.some(([a, b, w]) => Math.abs(b - place[1]) < 15 && leftOf(place) < a + w && a < leftOf(place) + wide);
    const place = views[scene.view].labels(p).map(network ? within : one => one).find(free);
    if (!place) continue;
    taken.push([leftOf(place), place[1], wide]);
    writeLabel(context, text, place);
    if (network && rim(p) > 15 && now.share[p] > 0 && people.size[p] === 1) {
      Object.assign(context, { font: "600 11px system-ui, sans-serif", textAlign: "center" });
      context.fillStyle = scene.colours[now.standing.stage[p] > 1 ? "ground" : "ink"];
      context.fillText(percent(now.share[p]), sx(p), sy(p));
    }
  }
}

function writeLabel(context, text, [x, y, side]) {
  context.textAlign = side;
  context.globalAlpha = 0.85;
  context.lineWidth = 3;
  context.strokeStyle = scene.colours.ground;
  context.strokeText(text, x, y);
  context.globalAlpha = 1;
  context.fillStyle = scene.colours.ink;
  context.fillText(text, x, y);
}
