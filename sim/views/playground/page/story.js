// Six scenes, one thought each, told beside the world itself.

const share = (account, name) => app.result.shares[account][personOf(name)] ?? 0;
const parts = (account, ...names) =>
  names
    .filter(name => personOf(name) >= 0)
    .map(name => `${name} ${percent(share(account, name))}`)
    .join(", ");
const nobody = () => app.result.total <= 0;

const SCENES = [
  {
    preset: "mute",
    title: "All the ideas",
    text: [
      "Here is a genius. P1 has every idea there is to have, tells nobody, and makes nothing work.",
      "Ten billion others go on as before. There is nothing to be credited for: the question here is not who was first, but who has part in what an idea did for the world.",
    ],
    task: "Click P1, and turn up reach and skill.",
    live: () =>
      nobody()
        ? "Impact: none. Credit: none."
        : `The world has ${amount(app.result.total)} of value, and P1 has ${percent(share("role-flow", "P1"))} of the credit.`,
  },
  {
    preset: "interpreter",
    title: "Somebody tells",
    text: [
      "P1 tells one person. P2 tells the world.",
      "Without P1 there is nothing to tell, and without P2 nobody hears of it. An idea and its telling count alike: one half each.",
    ],
    task: "Turn the reach of P2 down to nothing, and up again.",
    live: () => (nobody() ? "Nobody heard of it." : `Role flow: ${parts("role-flow", "P1", "P2")}.`),
  },
  {
    preset: "implementer",
    title: "Somebody makes it work",
    text: [
      "Now an idea is of use only once it works. At first everybody hears of it, and gives it up again: look at the curve.",
      "Then P3 comes and makes it work. Idea, communication, implementation: one third each.",
    ],
    task: "Turn the skill of P3 down, or let P3 enter sooner.",
    live: () =>
      nobody() ? "It never works, and nobody gains anything." : `Role flow: ${parts("role-flow", "P1", "P2", "P3")}.`,
  },
  {
    preset: "bridge",
    title: "Every account answers its own question",
    text: [
      "P1 tells P2, P2 tells P3, P3 tells the world. Who stands on whose shoulders?",
      "Role flow asks who carried the value. PageRank asks who holds which position, and puts the bridge, P2, first. Knockout asks what would be lost without each. Priority asks who was first, and needs no impact at all.",
    ],
    task: "Pull the arrow of P3 to an empty place: somebody new, and a tie. Let the new one reach the world instead of P3.",
    live: () =>
      nobody()
        ? "Nobody heard of it."
        : `Role flow: ${parts("role-flow", "P1", "P2", "P3", "P4")}. PageRank: ${parts("person-pagerank", "P1", "P2", "P3", "P4")}.`,
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
    live: () =>
      `Found in step ${foundAt()}: by role flow the genius has ${percent(share("role-flow", "genius"))}, by priority ${percent(share("priority", "genius"))}.`,
  },
  {
    preset: "puppets",
    title: "Taking an account in",
    others: [
      ["puppets", "with the puppet"],
      ["bridge", "without it"],
      ["bridges", "two bridges"],
    ],
    text: [
      "P3 tells the world by way of a second account of P3's own, and stands on the lineage twice. Whoever counts the names on it gives P3 more.",
      "Knockout is not taken in by names. But where two bridges do the same, either can be spared, and it gives neither of them anything. There is no account without a weakness; look at several.",
    ],
    task: "Compare the three worlds.",
    live: () =>
      nobody()
        ? "Nobody heard of it."
        : `Role flow: ${parts("role-flow", ...app.doc.persons.map(one => one.name).slice(0, 5))}.`,
  },
];

function makeStory() {
  renew(
    byId("story"),
    SCENES.map((scene, k) =>
      h(
        "section",
        { class: "scene", "data-scene": k, "aria-labelledby": `scene-${k}` },
        h("p", { class: "count", "aria-hidden": "true" }, `${k + 1} of ${SCENES.length}`),
        h("h2", { id: `scene-${k}` }, scene.title),
        scene.text.map(text => h("p", {}, text)),
        h("p", { class: "task" }, scene.task),
        scene.found &&
          h(
            "div",
            { class: "found" },
            h("label", { for: "found" }, "found in step"),
            h("input", {
              type: "range",
              id: "found",
              min: 2,
              max: 119,
              oninput: event => moveMark(findMark(), Number(event.target.value)),
            }),
            s("svg", {
              id: "curve",
              viewBox: "0 0 300 110",
              role: "img",
              "aria-label":
                "The genius's share of the credit, by the step in which the notebook is found: it falls to nothing",
            }),
          ),
        scene.others &&
          h(
            "div",
            { class: "row" },
            scene.others.map(([name, word]) =>
              h(
                "button",
                {
                  type: "button",
                  onclick: () => {
                    app.name = name;
                    open(PRESETS[name]);
                  },
                },
                word,
              ),
            ),
          ),
        h("p", { class: "live", "aria-live": "polite" }),
        h(
          "div",
          { class: "row next" },
          h("button", { type: "button", class: "link again", onclick: () => enter(k, true) }, "begin again"),
          k === SCENES.length - 1 &&
            h(
              "button",
              { type: "button", class: "strong", onclick: () => setMode("bench") },
              "Your turn: the workbench",
            ),
        ),
      ),
    ),
  );
  const watcher = new IntersectionObserver(
    seen => {
      const met = seen.filter(one => one.isIntersecting).map(one => Number(one.target.dataset.scene));
      if (app.mode === "story" && met.length && app.ready) enter(met[met.length - 1]);
    },
    { rootMargin: innerWidth < 820 ? "-62% 0px -22% 0px" : "-45% 0px -45% 0px" },
  );
  for (const one of document.querySelectorAll(".scene")) watcher.observe(one);
}

const kept = new Map(); // the worlds of the scenes as they were left

function enter(k, anew = false) {
  if (k === app.scene && app.doc && !anew) return;
  if (app.doc && app.past.length) kept.set(app.scene, app.doc);
  app.scene = k;
  app.name = SCENES[k].preset;
  if (anew) kept.delete(k);
  open(PRESETS[app.name]);
  if (kept.has(k)) {
    const mine = kept.get(k);
    change(doc => {
      Object.assign(doc, copyOf(mine));
    });
  }
}

function drawStory() {
  if (app.mode !== "story") return;
  document.querySelectorAll(".scene").forEach((one, k) => {
    one.classList.toggle("current", k === app.scene);
    if (k === app.scene) one.querySelector(".live").textContent = SCENES[k].live();
  });
  if (SCENES[app.scene].found && findMark() >= 0) drawFound();
}

const findMark = () => app.doc.interventions.findIndex(one => one.kind === "find");
const foundAt = () => app.doc.interventions[findMark()]?.step ?? "never";

// What the notebook is worth by when it is found: each point is a world of its own, run when there is time for it.
function drawFound() {
  byId("found").value = foundAt();
  const key = JSON.stringify({
    ...app.doc,
    places: 0,
    interventions: app.doc.interventions.filter((_, k) => k !== findMark()),
  });
  if (drawFound.key !== key) Object.assign(drawFound, { key, points: [], at: 2 });
  clearTimeout(drawFound.timer);
  const last = app.doc.scenario.steps - 1,
    genius = personOf("genius"),
    mark = findMark(),
    from = app.doc;
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
  const most = Math.max(0.01, ...drawFound.points.map(([, part]) => part)),
    x = step => 8 + (284 * step) / last,
    y = part => 92 - (80 * part) / most;
  renew(
    byId("curve"),
    s("line", { x1: 8, x2: 292, y1: 92, y2: 92, class: "axis" }),
    s("path", {
      class: "curve",
      d: drawFound.points
        .map(([step, part], k) => `${k ? "L" : "M"}${x(step).toFixed(1)} ${y(part).toFixed(1)}`)
        .join(""),
    }),
    s("circle", { cx: x(foundAt()), cy: y(share("role-flow", "genius")), r: 4.5, class: "here" }),
    s("text", { x: 8, y: 106 }, "found at once"),
    s("text", { x: 292, y: 106, "text-anchor": "end" }, "at the very end"),
    s("text", { x: 292, y: 14, "text-anchor": "end" }, `at most ${percent(most)}`),
  );
}
