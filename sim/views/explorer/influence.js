// The second view of a recorded run: the influences over time, persons below each other by their first event.

const MOST_LINES = 12000;

views.influence = {
  places({ people, events, moments }, idea) {
    const [row, rows] = rowsFor({ people, events }, idea), wide = scene.width - 2 * MARGIN, high = scene.height - 2 * MARGIN;
    const span = Math.max(1, moments.length - 1), x = new Float32Array(events.count), y = new Float32Array(events.count);
    for (let e = 0; e < events.count; e++) {
      x[e] = MARGIN + (events.moment[e] / span) * wide;
      y[e] = MARGIN + ((row[events.person[e]] - 0.5) / Math.max(1, rows)) * high;
    }
    return [x, y];
  },
  labels(person) { // before their first event
    for (let k = history_.of.begin[person]; k < history_.of.begin[person + 1]; k++) {
      const e = history_.of.list[k];
      if (now.idea < 0 || history_.events.idea[e] === now.idea) return [[sx(e) + 8, sy(e) - 9, "left"]];
    }
    return [];
  },
  draw: drawInfluence,
};

function rowsFor({ people, events }, idea) { // by the first event; of one idea, by the first event of that
  if (idea < 0) return [people.row, people.row.reduce((most, row) => Math.max(most, row), 0)];
  const row = new Uint32Array(people.count);
  let rows = 0;
  for (let e = 0; e < events.count; e++) if (events.idea[e] === idea && !row[events.person[e]]) row[events.person[e]] = ++rows;
  return [row, rows];
}

function strongest({ events }, idea) { // influences, weakest first
  const chosen = [];
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
    const part = lines.slice(from, from + 400), level = Math.max(...part.map(i => events.strength[events.child[i]])) / 255;
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
  paintDeeds(context, events, idea);
}

function paintDeeds(context, events, idea) {
  const size = events.count > 20000 ? 0.7 : events.count > 2000 ? 1.2 : events.count > 200 ? 2.4 : 4;
  const colours = ["idea", "communication", "implementation", "faint", "faint"], zoomed = size * grow();
  context.globalAlpha = 0.9;
  for (const kind of [ABANDON, LEAVE, LEARN, IMPLEMENT, DISCOVER]) {
    context.fillStyle = scene.colours[colours[kind]];
    const r = kind === DISCOVER || kind === IMPLEMENT ? zoomed * 1.35 : zoomed;
    for (let e = 0; e < events.count; e++)
      if (events.kind[e] === kind && (idea < 0 || events.idea[e] === idea)) dot(context, sx(e), sy(e), r, kind === IMPLEMENT);
  }
}

function drawInfluence(context, history, now) { // pale what is yet to come
  const made = layer(history, now.idea, (on, run) => paintInfluences(on, run, now.idea));
  const span = Math.max(1, history.moments.length - 1);
  const until = (MARGIN + (now.moment / span) * (scene.width - 2 * MARGIN)) * camera().k + camera().x + 1;
  context.globalAlpha = 0.1;
  lay(context, made);
  context.save();
  context.beginPath();
  context.rect(0, 0, Math.max(0, until), scene.height);
  context.clip();
  context.clearRect(0, 0, Math.max(0, until), scene.height);
  context.globalAlpha = now.person >= 0 ? 0.25 : 1;
  lay(context, made);
  context.restore();
  context.globalAlpha = 0.8;
  context.fillStyle = scene.colours.quiet;
  context.fillRect(until - 1, 0, 1, scene.height);
  if (now.person >= 0) drawLineage(context, history, now);
  drawLabels(context, history, now);
}
