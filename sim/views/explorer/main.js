// The page: what is chosen, and what then has to be drawn anew.

const now = { moment: 0, idea: -1, role: "credit", account: 0, view: "network", chosen: -1, hover: -1, person: -1, before: [], after: [], standing: null, share: null, last: null, giants: [], known: "", ranked: [], playing: false };
let history_ = null, wanted = 0, frames = [];

function show(data) { // a history, the first one or (live) another
  const chosenName = now.chosen >= 0 ? history_.people.names[now.chosen] : null, atEnd = !history_ || now.moment >= history_.moments.length - 1;
  history_ = unpack(data);
  by("title").textContent = plain(data.title, 120);
  by("title").dir = "auto";
  document.title = plain(data.title, 80);
  by("description").textContent = plain(data.description || " ", 2000).replace("(no name)", "");
  by("facts").textContent = data.facts;
  by("notes").replaceChildren(...data.notes.map((note) => element("p", note)));
  by("moment").max = String(Math.max(0, data.moments.length - 1));
  now.moment = atEnd ? data.moments.length - 1 : Math.min(now.moment, data.moments.length - 1);
  now.idea = Math.min(now.idea, data.ideas.length - 1);
  now.chosen = chosenName === null ? -1 : history_.people.names.indexOf(chosenName);
  now.hover = -1;
  by("empty").hidden = history_.events.count > 0;
  by("empty").textContent = "Nothing happened: nobody had an idea.";
  weigh();
}

function weigh() { // after another account, idea or role
  fillChoices(history_, now);
  const found = sharesInTheEnd(history_, now);
  now.last = found[now.role] || found.credit;
  now.giants = Array.from(now.last.keys()).filter((p) => now.last[p] > 0).sort((a, b) => now.last[b] - now.last[a] || a - b).slice(0, 9);
  now.known = "";
  arrange(history_, now.idea);
  go(now.moment);
}

function credit() { // as it was at the moment: of what had been realised by then
  const account = history_.accounts[now.account], place = account ? placeOf(account, now.moment) : -1;
  if (now.known === String(place) && scene.roomy) return;
  now.known = String(place);
  const found = sharesNow(history_, now), realised = account && place >= 0 ? account.realised[place] : 0;
  now.share = found[now.role] || found.credit;
  now.ranked = Array.from(now.share.keys()).sort((a, b) => (now.share[b] || 0) - (now.share[a] || 0) || a - b);
  measure(history_, now.share.map((x) => x * realised), now.last);
}

function go(moment) {
  now.moment = Math.max(0, Math.min(history_.moments.length - 1, moment));
  now.standing = standing(history_, now.moment, now.idea);
  credit();
  const slider = by("moment"), text = history_.moments[now.moment];
  slider.value = String(now.moment);
  slider.setAttribute("aria-valuetext", `${history_.axis} ${text}`);
  by("now").replaceChildren(element("b", text), element("span", history_.axis.length < 24 ? history_.axis : "", "quiet"));
  look();
  if (!now.playing) fillCard(history_, now, choose);
  fillList(history_, now, choose);
}

function look() { // whose lineage is shown
  now.person = now.hover >= 0 ? now.hover : now.chosen;
  now.before = now.person >= 0 ? reach(history_, now.person, now.moment, now.idea, false) : [];
  now.after = now.person >= 0 ? reach(history_, now.person, now.moment, now.idea, true) : [];
  redraw();
}

function choose(person) {
  now.chosen = person === now.chosen ? -1 : person;
  now.hover = -1;
  by("tip").hidden = true;
  look();
  fillCard(history_, now, choose);
  fillList(history_, now, choose);
}

function redraw() {
  if (!wanted) wanted = requestAnimationFrame(paint);
}

function paint() {
  wanted = 0;
  const begin = performance.now();
  drawScene(history_, now);
  drawCurves(by("curves"), history_, now);
  frames = [...frames.slice(-119), performance.now() - begin];
  if (begin - scene.moved < 200) setTimeout(redraw, 60); // once the camera rests, the layers are made anew
}

function turnTo(view) {
  now.view = scene.view = view;
  by("see-network").setAttribute("aria-checked", String(view === "network"));
  by("see-influence").setAttribute("aria-checked", String(view === "influence"));
  for (const name of ["network", "influence"]) by("see-" + name).tabIndex = name === view ? 0 : -1;
  fillKey(history_, now);
  settle();
  look();
}

function settle() { // after another size or view
  arrange(history_, now.idea);
  now.known = "";
  credit();
}

function fit() {
  Object.assign(camera(), { k: 1, x: 0, y: 0 });
  redraw();
}

// Play -----------------------------------------------------------------------------------------------------------------

function play(on) {
  now.playing = on;
  by("play").setAttribute("aria-pressed", String(on));
  by("play").setAttribute("aria-label", on ? "Pause" : "Play");
  if (!on) { go(now.moment); return; }
  if (now.moment >= history_.moments.length - 1) now.moment = 0;
  const count = history_.moments.length, seconds = Math.max(4, Math.min(24, count * 0.35));
  let start = null;
  const from = now.moment;
  const tick = (time) => {
    if (!now.playing) return;
    start ??= time;
    const moment = Math.min(count - 1, from + Math.floor(((time - start) / 1000) * ((count - 1) / seconds)));
    if (moment !== now.moment) go(moment);
    if (moment >= count - 1) play(false);
    else requestAnimationFrame(tick);
  };
  go(now.moment);
  requestAnimationFrame(tick);
}

// Hands ----------------------------------------------------------------------------------------------------------------

function listenToPointer(canvas) {
  const held = new Map();
  let far = 0, spread = 0;
  const at = (event) => [event.offsetX, event.offsetY];
  const apart = () => { const [[a, b], [c, d]] = [...held.values()]; return Math.hypot(a - c, b - d); };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    held.set(event.pointerId, at(event));
    far = 0;
    if (held.size === 2) spread = apart();
  });
  canvas.addEventListener("pointermove", (event) => {
    const [x, y] = at(event);
    if (!held.has(event.pointerId)) { hoverAt(x, y); return; }
    const [u, v] = held.get(event.pointerId);
    held.set(event.pointerId, [x, y]);
    far += Math.hypot(x - u, y - v);
    moveBy((x - u) / held.size, (y - v) / held.size);
    if (held.size === 2) {
      const [[a, b], [c, d]] = [...held.values()], wide = apart();
      if (spread > 0 && wide > 0) zoomBy(wide / spread, (a + c) / 2, (b + d) / 2);
      spread = wide;
    }
    redraw();
  });
  const up = (event) => {
    if (held.delete(event.pointerId) && far < 6 && event.type === "pointerup") {
      const person = nearest(history_, ...at(event), now.standing);
      if (person >= 0 || now.chosen >= 0) choose(person);
    }
  };
  canvas.addEventListener("pointerup", up);
  canvas.addEventListener("pointercancel", up);
  canvas.addEventListener("pointerleave", () => hoverAt(-1e6, -1e6));
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoomBy(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0016)), ...at(event));
    redraw();
  }, { passive: false });
}

function hoverAt(x, y) {
  const person = nearest(history_, x, y, now.standing);
  scene.canvas.classList.toggle("over", person >= 0);
  if (person !== now.hover) { now.hover = person; look(); }
  fillTip(history_, now, person, x, y);
}

function onKey(event) {
  const inField = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) && event.target.id !== "moment";
  if (event.key === "Escape") { if (now.chosen >= 0) choose(-1); by("search").value = ""; fillList(history_, now, choose); return; }
  if (inField || event.ctrlKey || event.metaKey || event.altKey) return;
  const onCanvas = event.target === scene.canvas, moves = { ArrowLeft: [40, 0], ArrowRight: [-40, 0], ArrowUp: [0, 40], ArrowDown: [0, -40] };
  if (event.key === " " && event.target.tagName !== "BUTTON") play(!now.playing);
  else if (event.key === "/") by("search").focus();
  else if (event.key === "+" || event.key === "=") { zoomBy(1.3); redraw(); }
  else if (event.key === "-") { zoomBy(1 / 1.3); redraw(); }
  else if (event.key === "0") fit();
  else if (onCanvas && moves[event.key]) { moveBy(...moves[event.key]); redraw(); }
  else if (event.target.getAttribute?.("role") === "radio" && /^Arrow/.test(event.key)) {
    turnTo(now.view === "network" ? "influence" : "network");
    by("see-" + now.view).focus();
  } else return;
  event.preventDefault();
}

function listen() {
  by("moment").addEventListener("input", (event) => { if (now.playing) play(false); go(Number(event.target.value)); });
  by("play").addEventListener("click", () => play(!now.playing));
  by("account").addEventListener("change", (event) => { now.account = Number(event.target.value); weigh(); });
  by("idea").addEventListener("change", (event) => { now.idea = Number(event.target.value); weigh(); });
  by("role").addEventListener("change", (event) => { now.role = event.target.value; weigh(); });
  by("search").addEventListener("input", () => fillList(history_, now, choose));
  by("choices").addEventListener("submit", (event) => {
    event.preventDefault();
    by("list").querySelector("button")?.click();
  });
  by("see-network").addEventListener("click", () => turnTo("network"));
  by("see-influence").addEventListener("click", () => turnTo("influence"));
  for (const [id, act] of [["nearer", () => zoomBy(1.4)], ["farther", () => zoomBy(1 / 1.4)], ["fit", fit]]) {
    by(id).addEventListener("click", () => { act(); redraw(); });
  }
  document.addEventListener("keydown", onKey);
  listenToPointer(scene.canvas);
  new ResizeObserver(() => { settle(); redraw(); }).observe(scene.canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { readColours(); redraw(); });
}

scene.canvas = by("picture");
scene.context = scene.canvas.getContext("2d");
readColours();
const given = JSON.parse(by("data").textContent);
show(given);
turnTo("network");
listen();
if (given.live) startLive(given.live);
