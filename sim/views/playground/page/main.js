// The beginning: the engine is made ready, the address is read, hands and keys are heard.

function setMode(mode) {
  app.mode = mode;
  document.body.className = `play ${mode}`;
  for (const name of ["story", "bench"]) byId(`see-${name}`).setAttribute("aria-selected", name === mode);
  if (mode === "bench") renew(byId("bench"));
  fitCanvas();
  draw();
  keepInAddress();
}

function setTool(tool) {
  app.tool = tool;
  for (const name of ["move", "person", "tie"]) byId(`tool-${name}`).setAttribute("aria-pressed", name === tool);
  byId("world").dataset.tool = tool;
}

function hear() {
  const world = byId("world");
  world.addEventListener("pointerdown", onDown);
  world.addEventListener("dblclick", onDouble);
  world.addEventListener("pointermove", onMove);
  for (const end of ["pointerup", "pointercancel"]) world.addEventListener(end, onUp);
  addEventListener("keydown", onKey);
  for (const tool of ["move", "person", "tie"]) byId(`tool-${tool}`).addEventListener("click", () => setTool(tool));
  const modes = { "see-story": () => setMode("story"), "see-bench": () => setMode("bench") };
  const clicks = { undo, redo, toml: saveToml, png: savePng, svg: saveSvg, link: shareLink, ...modes };
  for (const [id, what] of Object.entries(clicks)) byId(id).addEventListener("click", what);
  world.addEventListener("pointerleave", () => hoverAt(-1e6, -1e6));
  byId("line").addEventListener("keydown", onMarkKey);
  addEventListener("hashchange", begin);
}

async function begin() {
  const found = await readAddress();
  Object.assign(app, { ready: false, mode: found.mode, scene: found.scene });
  app.name = found.doc ? null : (found.preset ?? (found.mode === "story" ? SCENES[found.scene].preset : FIRST));
  if (found.doc && found.mode === "story") app.name = SCENES[found.scene].preset;
  open(found.doc ?? PRESETS[app.name] ?? PRESETS[FIRST]);
  if (found.doc) app.past.push(app.doc);
  setMode(found.mode);
  if (found.step !== undefined) go(found.step);
  if (found.mode === "story" && found.scene)
    document.querySelector(`[data-scene="${found.scene}"]`).scrollIntoView({ behavior: "instant" });
  requestAnimationFrame(() => requestAnimationFrame(() => { app.ready = true; }));
}

async function start() {
  makeStory();
  beginLooking();
  fillNetworkKey();
  hear();
  const bytes = Uint8Array.from(atob(ENGINE), letter => letter.charCodeAt(0));
  app.call = await engineOf(await packed("gzip", DecompressionStream, bytes), CALLS);
  await begin();
  document.body.dataset.ready = "yes";
}
start().catch(error => {
  say(`This browser cannot run the playground (${error.message}).`);
});
