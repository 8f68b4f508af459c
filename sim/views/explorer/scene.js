// The two pictures: persons on the network, and influences over time.

// Layers that change with the camera alone -----------------------------------------------------------------------------

function layer(history, idea, paint) {
  const c = camera(), theme = scene.colours.ground, key = [scene.view, scene.width, scene.height, c.k, c.x, c.y, idea, theme].join();
  const kept = scene.layer;
  if (!kept.canvas) kept.canvas = document.createElement("canvas");
  const moving = performance.now() - scene.moved < 140 && kept.key.startsWith(scene.view);
  if (kept.key !== key && !moving) {
    kept.canvas.width = scene.canvas.width;
    kept.canvas.height = scene.canvas.height;
    const context = kept.canvas.getContext("2d");
    context.setTransform(scene.ratio, 0, 0, scene.ratio, 0, 0);
    paint(context, history, idea);
    kept.key = key;
    kept.camera = { ...c };
  }
  const k = c.k / kept.camera.k; // while the camera moves, the old picture moves along
  return [kept.canvas, c.x - kept.camera.x * k, c.y - kept.camera.y * k, k];
}

function paintTies(context, history) {
  const { tieA, tieB } = history, many = tieA.length;
  context.strokeStyle = scene.colours.tie;
  context.lineWidth = many > 2000 ? 0.5 : 0.8;
  context.globalAlpha = Math.min(0.4, Math.max(0.05, 60 / Math.sqrt(many + 1) / 10) * Math.min(3, camera().k));
  for (let from = 0; from < many; from += 1000) { // short paths are drawn faster than a long one
    context.beginPath();
    for (let k = from; k < Math.min(many, from + 1000); k++) {
      context.moveTo(sx(tieA[k]), sy(tieA[k]));
      context.lineTo(sx(tieB[k]), sy(tieB[k]));
    }
    context.stroke();
  }
}

function strongest(history, idea) { // influences, weakest first
  const { events } = history, chosen = [];
  for (let i = 0; i < events.parent.length; i++) {
    const child = events.child[i];
    if ((idea < 0 || events.idea[child] === idea) && events.person[child] !== events.person[events.parent[i]]) chosen.push(i);
  }
  chosen.sort((a, b) => events.strength[events.child[a]] - events.strength[events.child[b]] || a - b);
  return chosen.slice(-MOST_LINES);
}

function paintInfluences(context, history, idea) {
  const { events } = history, lines = strongest(history, idea), many = lines.length;
  const ease = many < 3000, pale = Math.min(0.5, 12 / Math.sqrt(many + 1));
  for (let from = 0; from < many; from += 400) {
    const part = lines.slice(from, from + 400), level = Math.max(...part.map((i) => events.strength[events.child[i]])) / 255;
    context.strokeStyle = scene.colours.communication;
    context.globalAlpha = Math.min(0.8, pale + level * 0.5);
    context.lineWidth = 0.5 + 2.2 * level * level;
    context.beginPath();
    for (const i of part) {
      const a = events.parent[i], b = events.child[i], x = sx(a), y = sy(a), u = sx(b), v = sy(b);
      context.moveTo(x, y);
      if (ease) context.bezierCurveTo(x + (u - x) * 0.6, y, x + (u - x) * 0.4, v, u, v);
      else context.lineTo(u, v);
    }
    context.stroke();
  }
  paintDeeds(context, history, idea);
}

function paintDeeds(context, history, idea) {
  const { events } = history, size = events.count > 20000 ? 0.7 : events.count > 2000 ? 1.2 : events.count > 200 ? 2.4 : 4;
  const colours = ["idea", "communication", "implementation", "faint", "faint"], zoomed = size * Math.min(3, Math.sqrt(camera().k));
  context.globalAlpha = 0.9;
  for (const kind of [ABANDON, LEAVE, LEARN, IMPLEMENT, DISCOVER]) {
    context.fillStyle = scene.colours[colours[kind]];
    const r = kind === DISCOVER || kind === IMPLEMENT ? zoomed * 1.35 : zoomed;
    for (let e = 0; e < events.count; e++) {
      if (events.kind[e] !== kind || (idea >= 0 && events.idea[e] !== idea)) continue;
      dot(context, sx(e), sy(e), r, kind === IMPLEMENT);
    }
  }
}

function dot(context, x, y, r, square) {
  if (r < 1.8 || square) context.fillRect(x - r, y - r, 2 * r, 2 * r);
  else {
    context.beginPath();
    context.arc(x, y, r, 0, 7);
    context.fill();
  }
}

// The two views --------------------------------------------------------------------------------------------------------

function drawScene(history, now) {
  const begin = performance.now(), context = scene.context;
  context.setTransform(scene.ratio, 0, 0, scene.ratio, 0, 0);
  context.clearRect(0, 0, scene.width, scene.height);
  context.globalAlpha = 1;
  if (scene.view === "network") drawNetwork(context, history, now);
  else drawInfluence(context, history, now);
  context.globalAlpha = 1;
  scene.milliseconds = performance.now() - begin;
  scene.drawn += 1;
}

function place(context, [canvas, x, y, k]) {
  context.drawImage(canvas, x, y, scene.width * k, scene.height * k);
}

function drawNetwork(context, history, now) {
  place(context, layer(history, 0, paintTies));
  drawTellings(context, history, now);
  drawPersons(context, history, now);
  if (now.person >= 0) drawLineage(context, history, now);
  drawLabels(context, history, now);
}

function drawTellings(context, history, now) { // what was told just now
  const { events } = history;
  let count = 0;
  context.lineWidth = 1.2;
  context.strokeStyle = scene.colours.communication;
  for (let back = 0; back < TRAIL; back++) {
    context.globalAlpha = 0.7 * (1 - back / TRAIL);
    context.beginPath();
    for (let e = now.standing.last - 1; e >= 0 && events.moment[e] >= now.moment - back; e--) {
      if (events.moment[e] !== now.moment - back || events.kind[e] !== LEARN || (now.idea >= 0 && events.idea[e] !== now.idea)) continue;
      for (let i = events.first[e]; i < events.first[e + 1] && count < 1500; i++, count++) {
        const from = events.person[events.parent[i]], to = events.person[e];
        context.moveTo(sx(from), sy(from));
        context.lineTo(sx(to), sy(to));
      }
    }
    context.stroke();
  }
}

function drawPersons(context, history, now) { // crowds, then those who never held it, then the others, the largest first
  const { deed, held, found } = now.standing, { size } = history.people, grow = Math.min(3, Math.sqrt(camera().k));
  const layers = [[], [], []];
  for (const p of scene.order) {
    const x = sx(p), y = sy(p);
    if (x > -40 && y > -40 && x < scene.width + 40 && y < scene.height + 40) layers[size[p] > 1 ? 0 : deed[p] ? 2 : 1].push(p);
  }
  context.lineWidth = 1;
  context.globalAlpha = now.person >= 0 ? 0.35 : 1;
  for (const p of layers.flat()) {
    if (size[p] > 1) drawCrowd(context, sx(p), sy(p), scene.radius[p] * grow, held[p] / size[p]);
    else drawPerson(context, sx(p), sy(p), scene.radius[p] * grow * (deed[p] ? 1 : 0.8), deed[p]);
  }
  ring(context, found, deed, grow);
}

const MARK = ["faint", "quiet", "communication", "idea", "implementation"]; // by what somebody did

function drawPerson(context, x, y, r, deed) {
  context.fillStyle = scene.colours[deed === 1 && r > 1.8 ? "ground" : MARK[deed]];
  dot(context, x, y, deed === 4 ? r * 0.9 : r, deed === 4);
  if (r > 1.8 && deed !== 4 && deed !== 0) { // a rim, so that two who touch are two; hollow who gave it up
    context.strokeStyle = scene.colours[deed === 1 ? "quiet" : "ground"];
    context.beginPath();
    context.arc(x, y, r, 0, 7);
    context.stroke();
  }
}

function ring(context, found, deed, grow) { // discoverers stand out by their shape too
  context.strokeStyle = scene.colours.idea;
  context.globalAlpha = 0.9;
  context.lineWidth = 1.2;
  for (let p = 0; p < found.length; p++) {
    if (!found[p] || deed[p] < 2 || scene.radius[p] * grow < 2.4) continue;
    context.beginPath();
    context.arc(sx(p), sy(p), scene.radius[p] * grow * 1.2 + 2, 0, 7);
    context.stroke();
  }
}

function drawCrowd(context, x, y, r, part) { // many people in one disc, filled as far as they hold it
  for (const [radius, colour] of [[r, "faint"], [r * Math.sqrt(Math.min(1, Math.max(0, part))), "communication"]]) {
    context.fillStyle = scene.colours[colour];
    context.beginPath();
    context.arc(x, y, radius, 0, 7);
    context.fill();
  }
}

function main(events, lines) { // of a great many, those by which most came
  if (lines.length <= 600) return lines;
  return [...lines].sort((a, b) => events.strength[events.child[b]] - events.strength[events.child[a]] || a - b).slice(0, 600);
}

function drawLineage(context, history, now) {
  const { events } = history, dots = new Set([now.person]);
  for (const [lines, colour] of [[now.after, scene.colours.communication], [now.before, scene.colours.idea]]) {
    context.strokeStyle = colour;
    context.globalAlpha = lines.length > 400 ? 0.35 : 0.8;
    context.lineWidth = 1.4;
    context.beginPath();
    for (const i of main(events, lines)) {
      const from = events.person[events.parent[i]], to = events.person[events.child[i]];
      dots.add(from).add(to);
      if (scene.view === "network") {
        context.moveTo(sx(from), sy(from));
        context.lineTo(sx(to), sy(to));
      } else {
        context.moveTo(sx(events.parent[i]), sy(events.parent[i]));
        context.lineTo(sx(events.child[i]), sy(events.child[i]));
      }
    }
    context.stroke();
  }
  if (scene.view !== "network") return;
  const grow = Math.min(3, Math.sqrt(camera().k)), { size } = history.people, { deed, held } = now.standing;
  context.globalAlpha = 1;
  context.lineWidth = 1;
  for (const p of [...dots].sort((a, b) => scene.radius[b] - scene.radius[a])) {
    if (size[p] > 1) drawCrowd(context, sx(p), sy(p), scene.radius[p] * grow, held[p] / size[p]);
    else drawPerson(context, sx(p), sy(p), scene.radius[p] * grow + 0.6, deed[p]);
  }
  context.strokeStyle = scene.colours.mark;
  context.lineWidth = 2;
  context.beginPath();
  context.arc(sx(now.person), sy(now.person), scene.radius[now.person] * grow + 5, 0, 7);
  context.stroke();
}

function labelPlace(history, now, person, grow) { // beside the person, or before their first event
  if (scene.view === "network") return [sx(person) + scene.radius[person] * grow + 5, sy(person)];
  for (let k = history.of.begin[person]; k < history.of.begin[person + 1]; k++) {
    const e = history.of.list[k];
    if (now.idea < 0 || history.events.idea[e] === now.idea) return [sx(e) + 8, sy(e) - 9];
  }
  return [-1e6, 0];
}

function drawLabels(context, history, now) { // those with most credit in the end, or the one in question
  const few = history.people.count <= 40, grow = Math.min(3, Math.sqrt(camera().k)), taken = [];
  context.font = "12px system-ui, sans-serif";
  context.textBaseline = "middle";
  context.direction = "ltr";
  const best = few ? Array.from(scene.order) : now.giants;
  const wanted = now.person >= 0 && scene.view === "network" ? [now.person] : best;
  for (const p of wanted) {
    const [x, y] = labelPlace(history, now, p, grow), text = "\u200e" + plain(history.people.names[p], 26);
    const wide = context.measureText(text).width;
    if (taken.some(([a, b, w]) => Math.abs(b - y) < 15 && x < a + w && a < x + wide)) continue;
    taken.push([x, y, wide]);
    context.globalAlpha = 0.85;
    context.lineWidth = 3;
    context.strokeStyle = scene.colours.ground;
    context.strokeText(text, x, y);
    context.globalAlpha = 1;
    context.fillStyle = scene.colours.ink;
    context.fillText(text, x, y);
  }
}

function drawInfluence(context, history, now) {
  const made = layer(history, now.idea, paintInfluences), span = Math.max(1, history.moments.length - 1);
  const until = (MARGIN + (now.moment / span) * (scene.width - 2 * MARGIN)) * camera().k + camera().x + 1;
  context.globalAlpha = 0.1;
  place(context, made);
  context.save();
  context.beginPath();
  context.rect(0, 0, Math.max(0, until), scene.height);
  context.clip();
  context.clearRect(0, 0, Math.max(0, until), scene.height);
  context.globalAlpha = now.person >= 0 ? 0.25 : 1;
  place(context, made);
  context.restore();
  context.globalAlpha = 0.8;
  context.fillStyle = scene.colours.quiet;
  context.fillRect(until - 1, 0, 1, scene.height);
  if (now.person >= 0) drawLineage(context, history, now);
  drawLabels(context, history, now);
}
