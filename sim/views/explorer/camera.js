// The picture: persons on the network, or the influences over time, on one canvas with a camera of its own each.

const MOST_LINES = 12000, MARGIN = 28, TRAIL = 3;
const scene = {
  canvas: null, context: null, width: 0, height: 0, ratio: 1, view: "network", moved: 0,
  cameras: { network: { k: 1, x: 0, y: 0 }, influence: { k: 1, x: 0, y: 0 } },
  layer: { canvas: null, key: "", camera: null }, colours: {}, radius: null, order: null, drawn: 0, milliseconds: 0,
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
}

function measure(history, share) { // the sizes of persons: areas as their credit
  const n = history.people.count, top = share.reduce((most, x) => Math.max(most, x), 0) || 1;
  const small = Math.min(1, Math.max(0.45, Math.min(scene.width, scene.height) / 560));
  const least = small * (n > 2000 ? 1.6 : n > 300 ? 2.6 : n > 40 ? 4 : 7), most = small * (n > 2000 ? 13 : n > 300 ? 16 : 22);
  scene.radius = new Float32Array(n);
  for (let p = 0; p < n; p++) {
    scene.radius[p] = Math.max(least + Math.sqrt(Math.max(0, share[p]) / top) * (most - least), history.people.size[p] > 1 ? most : 0);
  }
  scene.order = Uint32Array.from(Array.from({ length: n }, (_, p) => p).sort((a, b) => scene.radius[b] - scene.radius[a]));
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
