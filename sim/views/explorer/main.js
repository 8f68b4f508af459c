// The page opened on a run that is there: its words, its choices, its two views, hands and keys.

function show(data) { // a run, the first one or (live) another
  const chosen = now.chosen >= 0 ? history_.people.names[now.chosen] : null;
  const atEnd = !history_ || now.moment >= history_.moments.length - 1;
  history_ = unpack(data);
  renew(byId("title"), h("bdi", {}, plain(data.title, 120)));
  document.title = plain(data.title, 80);
  byId("description").textContent = data.description ? plain(data.description, 2000) : "";
  byId("facts").textContent = data.facts;
  byId("notes").replaceChildren(...data.notes.map(note => h("p", {}, note)));
  byId("empty").textContent = "Nothing happened: nobody had an idea.";
  if (atEnd) now.moment = data.moments.length - 1;
  now.idea = Math.min(now.idea, data.ideas.length - 1);
  now.chosen = chosen === null ? -1 : history_.people.names.indexOf(chosen);
  now.hover = -1;
  chooseAgain();
}

function chooseAgain() { // what there is to choose from, and all that hangs on it
  const { accounts, ideas } = history_, account = accounts[now.account], names = ideas.map((name, k) => [k, plain(name, 40)]);
  fillSelect("account", accounts.map((one, k) => [k, one.name]), now.account);
  fillSelect("idea", ideas.length > 1 ? [[-1, "all ideas"], ...names] : [[-1, names[0]?.[1] ?? "none"]], now.idea);
  const roles = Object.keys(account?.all ?? {}).filter(name => ROLES.includes(name));
  if (!roles.includes(now.role)) now.role = "credit";
  fillSelect("role", [["credit", "all roles"], ...roles.map(name => [name, name])], now.role);
  byId("role").disabled = !roles.length;
  byId("asks").textContent = account?.asks ?? "";
  document.querySelector(".legend").hidden = !roles.length;
  weigh();
}

function fillSelect(id, entries, chosen) {
  renew(byId(id), entries.map(([value, text]) => h("option", { value, selected: String(value) === String(chosen) }, text)));
}

function turnTo(view) {
  scene.view = view;
  for (const name of ["network", "influence"])
    fill(byId("see-" + name), { "aria-checked": String(view === name), tabindex: view === name ? "0" : "-1" }, []);
  if (view === "network") fillNetworkKey();
  else fillKey([["idea", "", "discovers"], ["communication", "", "learns, a line from the teller"],
    ["implementation", "square", "implements"], ["faint", "", "abandons or leaves"]], "Thickness: what came this way");
  settle();
}

function fit() {
  Object.assign(camera(), { k: 1, x: 0, y: 0 });
}

function listenToPointer(canvas) { // one finger moves, two zoom, a click chooses
  const held = new Map(), at = event => [event.offsetX, event.offsetY];
  let far = 0, spread = 0;
  const apart = () => { const [[a, b], [c, d]] = [...held.values()]; return Math.hypot(a - c, b - d); };
  canvas.addEventListener("pointerdown", event => {
    canvas.setPointerCapture(event.pointerId);
    held.set(event.pointerId, at(event));
    far = 0;
    if (held.size === 2) spread = apart();
  });
  canvas.addEventListener("pointermove", event => {
    const [x, y] = at(event);
    if (!held.has(event.pointerId)) return hoverAt(x, y);
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
  for (const end of ["pointerup", "pointercancel"])
    canvas.addEventListener(end, event => {
      if (!held.delete(event.pointerId) || far >= 6 || event.type !== "pointerup") return;
      const person = hoverAt(...at(event));
      if (person >= 0 || now.chosen >= 0) choose(person);
    });
  canvas.addEventListener("pointerleave", () => hoverAt(-1e6, -1e6));
  canvas.addEventListener("wheel", event => {
    event.preventDefault();
    zoomBy(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0016)), ...at(event));
    redraw();
  }, { passive: false });
}

function onKey(event) {
  const { target, key } = event, inField = /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName) && target.id !== "moment";
  if (key === "Escape") {
    if (now.chosen >= 0) choose(-1);
    byId("search").value = "";
    return fillList();
  }
  if (inField || event.ctrlKey || event.metaKey || event.altKey) return;
  const moves = { ArrowLeft: [40, 0], ArrowRight: [-40, 0], ArrowUp: [0, 40], ArrowDown: [0, -40] };
  if (key === " " && target.tagName !== "BUTTON") play(!now.playing);
  else if (key === "/") byId("search").focus();
  else if (key === "+" || key === "=") zoomBy(1.3);
  else if (key === "-") zoomBy(1 / 1.3);
  else if (key === "0") fit();
  else if (target === scene.canvas && moves[key]) moveBy(...moves[key]);
  else if (target.getAttribute?.("role") === "radio" && key.startsWith("Arrow")) {
    turnTo(scene.view === "network" ? "influence" : "network");
    byId("see-" + scene.view).focus();
  } else return;
  redraw();
  event.preventDefault();
}

function listen() {
  for (const [id, take] of [["account", Number], ["idea", Number], ["role", String]])
    byId(id).addEventListener("change", event => {
      now[id] = take(event.target.value);
      chooseAgain();
    });
  byId("search").addEventListener("input", fillList);
  byId("choices").addEventListener("submit", event => {
    event.preventDefault();
    byId("list").querySelector("button")?.click();
  });
  for (const view of ["network", "influence"]) byId("see-" + view).addEventListener("click", () => turnTo(view));
  for (const [id, act] of [["nearer", () => zoomBy(1.4)], ["farther", () => zoomBy(1 / 1.4)], ["fit", fit]])
    byId(id).addEventListener("click", () => { act(); redraw(); });
  document.addEventListener("keydown", onKey);
  listenToPointer(scene.canvas);
}

const given = JSON.parse(byId("data").textContent);
beginLooking();
show(given);
turnTo("network");
listen();
if (given.live) startLive(given.live);
