// The world as a file: as a scenario, as a picture.

function download(name, kind, content) {
  const link = h("a", { download: name, href: URL.createObjectURL(new Blob([content], { type: kind })) });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
const fileName = ending =>
  `${
    app.doc.scenario.name
      .normalize("NFKD")
      .replace(/[^A-Za-z0-9]+/g, "_")
      .replace(/^_+|_+$/g, "")
      .toLowerCase()
      .slice(0, 60) || "world"
  }.${ending}`;

const saveToml = () => download(fileName("toml"), "application/toml", tomlOf(app.doc));
const saveSvg = () => download(fileName("svg"), "image/svg+xml", pictureText());

async function savePng() {
  const image = new Image(),
    twice = 2;
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(pictureText())}`;
  await image.decode();
  const canvas = h("canvas", { width: WIDE * twice, height: high * twice });
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  canvas.toBlob(blob => download(fileName("png"), "image/png", blob));
}

// The picture with its colours written into it, so that it needs no style of ours.
function pictureText() {
  const from = byId("world"),
    copy = from.cloneNode(true),
    old = [from, ...from.querySelectorAll("*")],
    made = [copy, ...copy.querySelectorAll("*")];
  const looks = [
    "fill",
    "stroke",
    "stroke-width",
    "stroke-dasharray",
    "stroke-linecap",
    "opacity",
    "fill-opacity",
    "font-family",
    "font-size",
    "font-weight",
    "text-anchor",
    "dominant-baseline",
  ];
  old.forEach((element, k) => {
    const style = getComputedStyle(element);
    for (const look of looks) made[k].setAttribute(look, style.getPropertyValue(look));
    for (const attribute of ["tabindex", "role", "class", "style"]) made[k].removeAttribute(attribute);
  });
  for (const one of copy.querySelectorAll("[data-handle], [data-pull], [data-away]")) one.closest("g")?.remove();
  copy.setAttribute("xmlns", SVG);
  copy.setAttribute("width", WIDE);
  copy.setAttribute("height", high);
  copy.prepend(s("rect", { width: WIDE, height: high, fill: getComputedStyle(document.body).backgroundColor }));
  return new XMLSerializer().serializeToString(copy);
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
