// Six scenes, one thought each, told beside the world itself.

const share = (account, name) => app.result.shares[account][personOf(name)] ?? 0;
const parts = (account, ...names) =>
  names.filter(name => personOf(name) >= 0).map(name => `${name} ${percent(share(account, name))}`).join(", ");
const roleFlow = (...names) => `Role flow: ${parts("role-flow", ...names)}.`;

// Each with the world it begins with, and what it says of the world as it is: `live`, or `nothing` where nobody gains anything.
const SCENES = [
  {
    preset: "mute",
    title: "All the ideas",
    text: [
      "Here is a genius. P1 has every idea there is to have, tells nobody, and makes nothing work.",
      "Ten billion others go on as before. There is nothing to be credited for: the question here is not who was first, but who has part in what an idea did for the world.",
    ],
    task: "Click P1, and turn up reach and skill.",
    nothing: "Impact: none. Credit: none.",
    live: () => `The world has ${amount(app.result.total)} of value, and P1 has ${percent(share("role-flow", "P1"))} of the credit.`,
  },
  {
    preset: "interpreter",
    title: "Somebody tells",
    text: [
      "P1 tells one person. P2 tells the world.",
      "Without P1 there is nothing to tell, and without P2 nobody hears of it. An idea and its telling count alike: one half each.",
    ],
    task: "Turn the reach of P2 down to nothing, and up again.",
    nothing: "Nobody heard of it.",
    live: () => roleFlow("P1", "P2"),
  },
  {
    preset: "implementer",
    title: "Somebody makes it work",
    text: [
      "Now an idea is of use only once it works. At first everybody hears of it, and gives it up again: look at the curve.",
      "Then P3 comes and makes it work. Idea, communication, implementation: one third each.",
    ],
    task: "Turn the skill of P3 down, or let P3 enter sooner.",
    nothing: "It never works, and nobody gains anything.",
    live: () => roleFlow("P1", "P2", "P3"),
  },
  {
    preset: "bridge",
    title: "Every account answers its own question",
    text: [
      "P1 tells P2, P2 tells P3, P3 tells the world. Who stands on whose shoulders?",
      "Role flow asks who carried the value. PageRank asks who holds which position, and puts the bridge, P2, first. Knockout asks what would be lost without each. Priority asks who was first, and needs no impact at all.",
    ],
    task: "Pull the arrow of P3 to an empty place: somebody new, and a tie. Let the new one reach the world instead of P3.",
    nothing: "Nobody heard of it.",
    live: () => `${roleFlow("P1", "P2", "P3", "P4")} PageRank: ${parts("person-pagerank", "P1", "P2", "P3", "P4")}.`,
  },
  {
    preset: "notebook",
    title: "The notebook",
    text: [
      "A genius writes all the ideas down, locks them away, and dies. Forty people find every one of them anew, tell of them, and make them work.",
      "Some day the notebook is found. Found early, it changes the world. Found late, it changes nothing, though the genius was first all the same.",
    ],
    task: "Move the day on which it is found.",
    found: true,
    live: () => `Found in step ${foundAt()}: by role flow the genius has ${percent(share("role-flow", "genius"))}, by priority ${percent(share("priority", "genius"))}.`,
  },
  {
    preset: "puppets",
    title: "Taking an account in",
    others: [["puppets", "with the puppet"], ["bridge", "without it"], ["bridges", "two bridges"]],
    text: [
      "P3 tells the world by way of a second account of P3's own, and stands on the lineage twice. Whoever counts the names on it gives P3 more.",
      "Knockout is not taken in by names. But where two bridges do the same, either can be spared, and it gives neither of them anything. There is no account without a weakness; look at several.",
    ],
    task: "Compare the three worlds.",
    nothing: "Nobody heard of it.",
    live: () => roleFlow(...app.doc.persons.map(one => one.name).slice(0, 5)),
  },
];

function makeStory() {
  renew(byId("story"), SCENES.map(sceneOf));
  const watcher = new IntersectionObserver(
    seen => {
      const met = seen.filter(one => one.isIntersecting).map(one => Number(one.target.dataset.scene));
      if (app.mode === "story" && met.length && app.ready) enter(met[met.length - 1]);
    },
    { rootMargin: innerWidth < 820 ? "-62% 0px -22% 0px" : "-45% 0px -45% 0px" },
  );
  for (const one of document.querySelectorAll(".scene")) watcher.observe(one);
}

function sceneOf({ title, text, task, found, others }, k) {
  const last = k === SCENES.length - 1;
  return h("section", { class: "scene", "data-scene": k, "aria-labelledby": `scene-${k}` },
    h("p", { class: "count", "aria-hidden": "true" }, `${k + 1} of ${SCENES.length}`),
    h("h2", { id: `scene-${k}` }, title),
    text.map(one => h("p", {}, one)),
    h("p", { class: "task" }, task),
    found && dayOfFinding(),
    others && h("div", { class: "row" }, others.map(([name, word]) => button(word, () => beginWith(name)))),
    h("p", { class: "live", "aria-live": "polite" }),
    h("div", { class: "row next" },
      button("begin again", () => enter(k, true), undefined, { class: "link again" }),
      last && button("Your turn: the workbench", () => setMode("bench"), undefined, { class: "strong" })),
  );
}

function dayOfFinding() { // a slider, and what comes of every day
  const what = "The genius's share of the credit, by the step in which the notebook is found: it falls to nothing";
  const turn = event => moveMark(findMark(), Number(event.target.value));
  return h("div", { class: "found" },
    h("label", { for: "found" }, "found in step"),
    h("input", { type: "range", id: "found", min: 2, max: 119, oninput: turn }),
    s("svg", { id: "curve", viewBox: "0 0 300 110", role: "img", "aria-label": what }));
}

const kept = new Map(); // the worlds of the scenes as they were left

function enter(k, anew = false) {
  if (k === app.scene && app.doc && !anew) return;
  if (app.doc && app.past.length) kept.set(app.scene, app.doc);
  app.scene = k;
  if (anew) kept.delete(k);
  beginWith(SCENES[k].preset);
  const mine = kept.get(k);
  if (mine) change(doc => { Object.assign(doc, copyOf(mine)); });
}

function drawStory() {
  if (app.mode !== "story") return;
  document.querySelectorAll(".scene").forEach((one, k) => {
    one.classList.toggle("current", k === app.scene);
    const { nothing, live } = SCENES[k];
    if (k === app.scene) one.querySelector(".live").textContent = nothing && app.result.total <= 0 ? nothing : live();
  });
  if (SCENES[app.scene].found && findMark() >= 0) drawFound();
}

const findMark = () => app.doc.interventions.findIndex(one => one.kind === "find");
const foundAt = () => app.doc.interventions[findMark()]?.step ?? "never";

// What the notebook is worth by when it is found: each point is a world of its own, run when there is time for it.
function drawFound() {
  byId("found").value = foundAt();
  const interventions = app.doc.interventions.filter((_, k) => k !== findMark());
  const key = JSON.stringify({ ...app.doc, places: 0, interventions });
  if (drawFound.key !== key) Object.assign(drawFound, { key, points: [], at: 2 });
  clearTimeout(drawFound.timer);
  const last = app.doc.scenario.steps - 1, genius = personOf("genius"), mark = findMark(), from = app.doc;
  if (genius < 0) return;
  const more = () => {
    const until = performance.now() + 12;
    if (app.doc !== from) return;
    while (drawFound.at <= last && performance.now() < until) {
      const doc = copyOf(from);
      setFound(doc, mark, drawFound.at);
      drawFound.points.push([drawFound.at, study(app.call, doc).shares["role-flow"][genius]]);
      drawFound.at += 3;
    }
    drawCurve(last);
    if (drawFound.at <= last) drawFound.timer = setTimeout(more, 4);
  };
  drawFound.timer = setTimeout(more, 30);
}

function drawCurve(last) {
  const { points } = drawFound, most = Math.max(0.01, ...points.map(([, part]) => part));
  const x = step => 8 + (284 * step) / last, y = part => 92 - (80 * part) / most;
  const path = points.map(([step, part], k) => `${k ? "L" : "M"}${x(step).toFixed(1)} ${y(part).toFixed(1)}`).join("");
  renew(
    byId("curve"),
    s("line", { x1: 8, x2: 292, y1: 92, y2: 92, class: "axis" }),
    s("path", { class: "curve", d: path }),
    s("circle", { cx: x(foundAt()), cy: y(share("role-flow", "genius")), r: 4.5, class: "here" }),
    s("text", { x: 8, y: 106 }, "found at once"),
    s("text", { x: 292, y: 106, "text-anchor": "end" }, "at the very end"),
    s("text", { x: 292, y: 14, "text-anchor": "end" }, `at most ${percent(most)}`),
  );
}
