// The picture: persons on the network, or the influences over time, on one canvas with a camera of its own each.

const MOST_LINES = 12000, MARGIN = 28, TRAIL = 3;
const scene = {
  canvas: null, context: null, width: 0, height: 0, ratio: 1, view: "network", moved: 0,
  cameras: { network: { k: 1, x: 0, y: 0 }, influence: { k: 1, x: 0, y: 0 } },
  layer: { canvas: null, key: "", camera: null }, colours: {}, roomy: false, radius: null, order: null, drawn: 0, milliseconds: 0,
};

function readColours() {
  const style = getComputedStyle(document.documentElement);
  for (const name of ["ground", "ink", "quiet", "line", "faint", "tie", "idea", "communication", "implementation", "mark"]) {
    scene.colours[name] = style.getPropertyValue("--" + name).trim();
  }
}

function fitCanvas(canvas) {
  const ratio = Math.min(window.devicePixelRatio || 1, 2), { clientWidth: wide, clientHeight: high } = canvas;
  if (canvas.width !== Math.round(wide * ratio) || canvas.height !== Math.round(high * ratio)) {
    canvas.width = Math.round(wide * ratio);
    canvas.height = Math.round(high * ratio);
  }
  return [wide, high, ratio];
}

// Places on the screen -------------------------------------------------------------------------------------------------

function placesX(history, view) { // of persons (network) or events (influence), before the camera
  const { people, events } = history, out = new Float32Array(view === "network" ? people.count : events.count);
  const side = Math.min(scene.width, scene.height) - 2 * MARGIN, wide = scene.width - 2 * MARGIN;
  const span = Math.max(1, history.moments.length - 1);
  for (let k = 0; k < out.length; k++) {
    out[k] = view === "network" ? scene.width / 2 + (people.x[k] / 65535 - 0.5) * side : MARGIN + (events.moment[k] / span) * wide;
  }
  return out;
}

function placesY(history, view, [row, rows]) {
  const { people, events } = history, out = new Float32Array(view === "network" ? people.count : events.count);
  const side = Math.min(scene.width, scene.height) - 2 * MARGIN, high = scene.height - 2 * MARGIN;
  for (let k = 0; k < out.length; k++) {
    out[k] = view === "network" ? scene.height / 2 + (people.y[k] / 65535 - 0.5) * side
      : MARGIN + ((row[events.person[k]] - 0.5) / Math.max(1, rows)) * high;
  }
  return out;
}

function rowsOf(history, idea) { // by the first event; of one idea, by the first event of that
  const { people, events } = history;
  if (idea < 0) return [people.row, people.rows];
  const row = new Uint32Array(people.count);
  let rows = 0;
  for (let e = 0; e < events.count; e++) if (events.idea[e] === idea && !row[events.person[e]]) row[events.person[e]] = ++rows;
  return [row, rows];
}

function arrange(history, idea) { // after a new size, view, idea or history
  [scene.width, scene.height, scene.ratio] = fitCanvas(scene.canvas);
  scene.x = placesX(history, scene.view);
  scene.y = placesY(history, scene.view, rowsOf(history, idea));
  scene.layer.key = "";
  scene.roomy = false;
}

function measure(history, share, last) { // the sizes of persons: areas as their credit, of the largest in the end
  const n = history.people.count, top = Math.max(1e-12, largest(last));
  const small = Math.min(1, Math.max(0.45, Math.min(scene.width, scene.height) / 560));
  const least = small * (n > 2000 ? 1.6 : n > 300 ? 2.6 : n > 40 ? 4 : 7), most = small * (n > 2000 ? 13 : n > 300 ? 16 : 22);
  const sizes = (credit) => Float32Array.from(credit, (x, p) => Math.max(
    least + Math.sqrt(Math.min(1, Math.max(0, x || 0) / top)) * (most - least), history.people.size[p] > 1 ? most : 0));
  scene.radius = sizes(share);
  if (scene.view === "network" && !scene.roomy) makeRoom(sizes(last));
  scene.order = Uint32Array.from(Array.from({ length: n }, (_, p) => p).sort((a, b) => scene.radius[b] - scene.radius[a] || a - b));
}

const largest = (values) => values.reduce((most, x) => (x > most ? x : most), 0);

function makeRoom(radius) { // the largest discs move apart until none lies on another
  const order = Array.from(radius.keys()).sort((a, b) => radius[b] - radius[a] || a - b).slice(0, 30);
  for (let round = 0; round < 80; round++) {
    let moved = false;
    for (let i = 0; i < order.length; i++) for (let j = 0; j < i; j++) {
      const a = order[j], b = order[i], dx = scene.x[b] - scene.x[a], dy = scene.y[b] - scene.y[a];
      const far = Math.hypot(dx, dy), wanted = radius[a] + radius[b] + 3;
      if (far >= wanted) continue;
      const push = (wanted - far) / 2 + 0.05, ux = far ? dx / far : Math.cos(i), uy = far ? dy / far : Math.sin(i);
      scene.x[a] -= ux * push; scene.y[a] -= uy * push;
      scene.x[b] += ux * push; scene.y[b] += uy * push;
      moved = true;
    }
    if (!moved) break;
  }
  scene.roomy = true;
  scene.layer.key = "";
}

const camera = () => scene.cameras[scene.view];
const sx = (k) => scene.x[k] * camera().k + camera().x;
const sy = (k) => scene.y[k] * camera().k + camera().y;

function zoomBy(factor, x = scene.width / 2, y = scene.height / 2) {
  const c = camera(), k = Math.min(60, Math.max(0.4, c.k * factor));
  c.x = x - (x - c.x) * (k / c.k);
  c.y = y - (y - c.y) * (k / c.k);
  c.k = k;
  scene.moved = performance.now();
}

function moveBy(dx, dy) {
  camera().x += dx;
  camera().y += dy;
  scene.moved = performance.now();
}

function nearest(history, x, y, standingNow) { // the person under the pointer, or -1
  let best = -1, least = 18 * 18;
  const count = scene.view === "network" ? history.people.count : standingNow.last;
  for (let k = 0; k < count; k++) {
    const dx = sx(k) - x, dy = sy(k) - y, far = dx * dx + dy * dy - (scene.view === "network" ? scene.radius[k] ** 2 : 0);
    if (far < least) { least = far; best = k; }
  }
  return best < 0 || scene.view === "network" ? best : history.events.person[best];
}
