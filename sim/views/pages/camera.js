// The picture: on one canvas, with a camera of its own for each view. A view says where its marks stand and draws them.

const MARGIN = 36;
const views = {};
const scene = {
  canvas: null, context: null, width: 0, height: 0, ratio: 1, view: "network", moved: 0, cameras: {},
  layer: { canvas: null, key: "", camera: null }, colours: {}, roomy: false, radius: null, order: null, drawn: 0,
};

function readColours() {
  const style = getComputedStyle(document.documentElement);
  for (const name of ["ground", "ink", "quiet", "line", "faint", "tie", "idea", "communication", "implementation", "mark"])
    scene.colours[name] = style.getPropertyValue("--" + name).trim();
  scene.layer.key = "";
}

function fitCanvas() { // as large as there is room; the time line likewise
  const { canvas } = scene, ratio = Math.min(window.devicePixelRatio || 1, 2), { clientWidth: wide, clientHeight: high } = canvas;
  if (canvas.width !== Math.round(wide * ratio) || canvas.height !== Math.round(high * ratio))
    Object.assign(canvas, { width: Math.round(wide * ratio), height: Math.round(high * ratio) });
  Object.assign(scene, { width: wide, height: high, ratio });
  fitTime();
}

function arrange(history, idea) { // after a new size, view, idea or history
  [scene.x, scene.y] = views[scene.view].places(history, idea);
  scene.roomy = Boolean(history.byHand) || scene.view !== "network";
}

views.network = {
  places({ people, foot = 0 }) {
    const wide = scene.width - 2 * MARGIN, high = scene.height - 2 * MARGIN - foot;
    return [people.x.map(x => MARGIN + x * wide), people.y.map(y => MARGIN + y * high)];
  },
  draw: drawNetwork,
};

function measure({ people }, share, last, top) { // the sizes of persons: areas as their credit
  const n = people.count, small = clamp(Math.min(scene.width, scene.height) / 560, n > 40 ? 0.45 : 0.8, 1);
  const least = small * (n > 2000 ? 1.6 : n > 300 ? 2.6 : n > 40 ? 4.5 : 11);
  const most = small * (n > 2000 ? 13 : n > 300 ? 16 : n > 40 ? 20 : 28);
  const sizes = credit => Float32Array.from(credit, (x, p) => people.size[p] > 1 ? most
    : least + Math.sqrt(clamp(x || 0, 0, top) / top) * (most - least));
  scene.radius = sizes(share);
  if (!scene.roomy) makeRoom(sizes(last));
  scene.order = Uint32Array.from(scene.radius.keys()).sort((a, b) => scene.radius[b] - scene.radius[a] || a - b);
}

function makeRoom(radius) { // the largest discs move apart until none lies on another
  const order = Array.from(radius.keys()).sort((a, b) => radius[b] - radius[a] || a - b).slice(0, 30);
  for (let round = 0, moved = true; moved && round < 80; round++) {
    moved = false;
    for (let i = 0; i < order.length; i++) for (let j = 0; j < i; j++) {
      const a = order[j], b = order[i], dx = scene.x[b] - scene.x[a], dy = scene.y[b] - scene.y[a];
      const far = Math.hypot(dx, dy), wanted = radius[a] + radius[b] + 3;
      if (far >= wanted) continue;
      const push = (wanted - far) / 2 + 0.05, ux = far ? dx / far : Math.cos(i), uy = far ? dy / far : Math.sin(i);
      scene.x[a] -= ux * push; scene.y[a] -= uy * push;
      scene.x[b] += ux * push; scene.y[b] += uy * push;
      moved = true;
    }
  }
  scene.roomy = true;
  scene.layer.key = "";
}

const camera = () => (scene.cameras[scene.view] ??= { k: 1, x: 0, y: 0 });
const sx = k => scene.x[k] * camera().k + camera().x;
const sy = k => scene.y[k] * camera().k + camera().y;
const grow = () => Math.min(3, Math.sqrt(camera().k));
const rim = p => scene.radius[p] * grow();

function zoomBy(factor, x = scene.width / 2, y = scene.height / 2) {
  const c = camera(), k = clamp(c.k * factor, 0.4, 60);
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

function nearest(x, y, last) { // the mark under the pointer, or -1; of events only those so far
  let best = -1, least = 18 * 18;
  const network = scene.view === "network", count = network ? scene.x.length : last;
  for (let k = 0; k < count; k++) {
    const dx = sx(k) - x, dy = sy(k) - y, far = dx * dx + dy * dy - (network ? rim(k) ** 2 : 0);
    if (far < least) { least = far; best = k; }
  }
  return best;
}

// What changes with the camera alone is drawn once; while the camera moves, the old picture moves along.
function layer(history, key, paint) {
  const c = camera(), kept = scene.layer;
  const whole = [scene.view, scene.width, scene.height, c.k, c.x, c.y, history.shape, key].join();
  kept.canvas ??= document.createElement("canvas");
  const moving = performance.now() - scene.moved < 140 && kept.key.startsWith(scene.view);
  if (kept.key !== whole && !moving) {
    kept.canvas.width = scene.canvas.width;
    kept.canvas.height = scene.canvas.height;
    const context = kept.canvas.getContext("2d");
    context.setTransform(scene.ratio, 0, 0, scene.ratio, 0, 0);
    paint(context, history);
    kept.key = whole;
    kept.camera = { ...c };
  }
  return kept;
}

function lay(context, { canvas, camera: then }) {
  const c = camera(), k = c.k / then.k;
  context.drawImage(canvas, c.x - then.x * k, c.y - then.y * k, scene.width * k, scene.height * k);
}
