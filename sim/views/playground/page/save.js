// The world as a file: as a scenario, as a picture.

function download(name, kind, content) {
  const link = h("a", { download: name, href: URL.createObjectURL(new Blob([content], { type: kind })) });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
function fileName(ending) {
  const plain = app.doc.scenario.name.normalize("NFKD").replace(/[^A-Za-z0-9]+/g, "_").replace(/^_+|_+$/g, "");
  return `${plain.toLowerCase().slice(0, 60) || "world"}.${ending}`;
}

const saveToml = () => download(fileName("toml"), "application/toml", tomlOf(app.doc));
const saveSvg = () => download(fileName("svg"), "image/svg+xml", pictureText());

function savePng() {
  const { ratio } = scene, twice = 2, canvas = h("canvas", { width: scene.width * twice, height: scene.height * twice });
  const context = canvas.getContext("2d");
  scene.ratio = twice;
  drawScene(history_, now, context);
  scene.ratio = ratio;
  context.globalCompositeOperation = "destination-over";
  context.fillStyle = scene.colours.ground;
  context.fillRect(0, 0, scene.width, scene.height);
  canvas.toBlob(blob => download(fileName("png"), "image/png", blob));
}

// The picture as text: its strokes and words, written down in the place of being drawn.
function pictureText() {
  const { width, height, colours } = scene;
  const svg = s("svg", { xmlns: SVG, width, height, viewBox: `0 0 ${width} ${height}` }, s("rect", { width, height, fill: colours.ground }));
  drawScene(history_, now, recorder(svg));
  return new XMLSerializer().serializeToString(svg);
}

function recorder(svg) {
  let d = "", dash = [];
  const on = { setTransform() {}, clearRect() {}, setLineDash: list => { dash = list; } };
  const shape = (tag, look, ...children) => svg.append(s(tag, { opacity: +on.globalAlpha.toFixed(3), ...look }, ...children));
  const round = (...list) => list.map(x => +x.toFixed(2)).join(" ");
  const line = () => ({ stroke: on.strokeStyle, "stroke-width": on.lineWidth, "stroke-dasharray": dash.join(" ") || null });
  const words = (text, x, y, look) => {
    const anchor = { center: "middle", left: "start", right: "end" }[on.textAlign], [, weight, size] = /^(\d+ )?([\d.]+)px/.exec(on.font);
    shape("text", { x: round(x), y: round(y), "text-anchor": anchor, "dominant-baseline": "central", "font-family": "system-ui, sans-serif",
      "font-size": size, "font-weight": weight?.trim(), ...look }, text);
  };
  return Object.assign(on, {
    beginPath: () => { d = ""; },
    moveTo: (x, y) => { d += `M${round(x, y)}`; },
    lineTo: (x, y) => { d += `L${round(x, y)}`; },
    arc: (x, y, r) => { d += `M${round(x - r, y)}a${round(r, r)} 0 1 0 ${round(2 * r, 0)}a${round(r, r)} 0 1 0 ${round(-2 * r, 0)}`; },
    stroke: () => d && shape("path", { d, fill: "none", ...line() }),
    fill: () => shape("path", { d, fill: on.fillStyle }),
    fillRect: (x, y, width, height) => shape("rect", { x, y, width, height, fill: on.fillStyle }),
    fillText: (text, x, y) => words(text, x, y, { fill: on.fillStyle }),
    strokeText: (text, x, y) => words(text, x, y, { fill: "none", ...line(), "stroke-linejoin": "round" }),
    measureText: text => Object.assign(scene.context, { font: on.font }).measureText(text),
  });
}

async function shareLink() {
  await new Promise(done => setTimeout(done, 400));
  try {
    await navigator.clipboard.writeText(location.href);
    say("The link is copied.");
  } catch {
    say("The address of this page holds this world: copy it from there.");
  }
}
