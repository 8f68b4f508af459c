// The time line: who holds what in each step, and what is scheduled, to be dragged to another step.

const LINE = { wide: 600, left: 8, right: 10, top: 36, bottom: 98 }; // in points of the screen
const WORDS_OF = {
  discover: "has the idea",
  tell: "tells",
  publish: "publishes",
  implement: "makes it work",
  rewrite: "rewrites",
  lock: "locks it away",
  unlock: "unlocks it",
  find: "finds the notebook",
  born: "enters",
  die: "leaves",
  set: "a rule changes",
};
const atStep = step => LINE.left + ((LINE.wide - LINE.left - LINE.right) * step) / app.doc.scenario.steps;

function drawTime() {
  const svg = byId("line"),
    { doc, result } = app,
    steps = doc.scenario.steps;
  Object.assign(LINE, { wide: Math.max(svg.clientWidth, 1), bottom: Math.max(svg.clientHeight, 1) - 18 });
  svg.setAttribute("viewBox", `0 0 ${LINE.wide} ${LINE.bottom + 18}`);
  const curves = curvesOf(result),
    most = Math.max(1, ...curves.map(one => Math.max(...one)));
  const path = one =>
    Array.from(
      one,
      (value, step) =>
        `${step ? "L" : "M"}${atStep(step).toFixed(1)} ${(LINE.bottom - ((LINE.bottom - LINE.top) * value) / most).toFixed(1)}`,
    ).join("");
  renew(
    svg,
    curves.map((one, k) =>
      s(
        "path",
        { d: `${path(one)}L${atStep(steps)} ${LINE.bottom}L${atStep(0)} ${LINE.bottom}Z`, class: `area idea${k % 4}` },
        s("title", {}, doc.ideas[k].name),
      ),
    ),
    curves.map((one, k) => s("path", { d: path(one), class: `curve idea${k % 4}` })),
    s("line", { x1: atStep(0), x2: atStep(steps), y1: LINE.bottom, y2: LINE.bottom, class: "axis" }),
    ticks(steps).map(step =>
      s(
        "text",
        {
          x: atStep(step),
          y: LINE.bottom + 14,
          class: "tick",
          "text-anchor": step === 0 ? "start" : step === steps ? "end" : "middle",
        },
        String(step),
      ),
    ),
    s("line", { x1: atStep(app.step), x2: atStep(app.step), y1: 2, y2: LINE.bottom, class: "now" }),
    marks(),
  );
  const slider = byId("step");
  Object.assign(slider, { max: steps, value: app.step });
  slider.setAttribute("aria-valuetext", `step ${app.step} of ${steps}`);
  byId("now").textContent = `step ${app.step} of ${steps}`;
  byId("play").setAttribute("aria-pressed", app.playing);
  byId("play").setAttribute("aria-label", app.playing ? "Stop" : "Play");
}

function ticks(steps) {
  const rough = steps / 5,
    size = 10 ** Math.floor(Math.log10(rough)),
    each = Math.max(
      1,
      [1, 2, 5, 10].map(k => k * size).find(k => k >= rough),
    );
  const found = [];
  for (let step = 0; step <= steps - each / 2; step += each) found.push(step);
  return [...found, steps];
}

// What is scheduled, one mark above the other where several share a step.
function marks() {
  const used = new Map();
  return app.doc.interventions.map((one, k) => {
    const level = used.get(one.step) ?? 0,
      chosen = isSelected("intervention", k);
    used.set(one.step, level + 1);
    return s(
      "g",
      {
        class: `mark${chosen ? " chosen" : ""}`,
        transform: `translate(${atStep(Math.min(one.step, app.doc.scenario.steps))} ${9 + 12 * Math.min(level, 2)})`,
        tabindex: 0,
        role: "slider",
        "data-mark": k,
        "data-key": `mark ${k}`,
        "aria-label": `${sentence(one)}`,
        "aria-valuemin": 1,
        "aria-valuemax": app.doc.scenario.steps,
        "aria-valuenow": one.step,
        "aria-valuetext": `step ${one.step}`,
      },
      s("circle", { r: 11, class: "grip" }),
      s("path", { d: "M0 -6 6 0 0 6 -6 0Z" }),
      s("title", {}, `${one.step}: ${sentence(one)}`),
    );
  });
}

const sentence = one =>
  one.kind === "set"
    ? `${one.key} is ${amount(one.value)}`
    : [one.person, WORDS_OF[one.kind], one.of ? `of ${one.of}` : "", one.to ? one.to : ""].filter(Boolean).join(" ");

function moveMark(k, step) {
  const now = clamp(Math.round(step), 1, app.doc.scenario.steps);
  if (now !== app.doc.interventions[k].step) change(doc => setFound(doc, k, now), `mark ${k}`);
}

// A notebook is found by somebody who is there: who comes into the world to find it comes in that step.
function setFound(doc, k, step) {
  const one = doc.interventions[k],
    finder = doc.persons.find(person => person.name === one.person);
  if (one.kind === "find" && finder?.born && finder.born === one.step) finder.born = step;
  one.step = step;
}

function timeHands() {
  const svg = byId("line");
  let held = null;
  const stepAt = event => {
    const box = svg.getBoundingClientRect();
    return (
      ((((event.clientX - box.x) / box.width) * LINE.wide - LINE.left) / (LINE.wide - LINE.left - LINE.right)) *
      app.doc.scenario.steps
    );
  };
  svg.addEventListener("pointerdown", event => {
    const mark = event.target.closest("[data-mark]");
    held = mark ? { mark: Number(mark.dataset.mark) } : { now: true };
    svg.setPointerCapture(event.pointerId);
    if (mark) select("intervention", held.mark);
    else goTo(Math.round(stepAt(event)));
    event.preventDefault();
  });
  svg.addEventListener("pointermove", event => {
    if (held?.now) goTo(Math.round(stepAt(event)));
    else if (held) moveMark(held.mark, stepAt(event));
  });
  for (const end of ["pointerup", "pointercancel"])
    svg.addEventListener(end, () => {
      held = null;
      app.merging = null;
    });
  svg.addEventListener("keydown", event => {
    const mark = event.target.closest("[data-mark]"),
      by = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1 }[event.key];
    if (!mark) return;
    const k = Number(mark.dataset.mark);
    if (by) {
      event.preventDefault();
      event.stopPropagation();
      moveMark(k, app.doc.interventions[k].step + by);
    }
    if (event.key === "Enter") {
      event.preventDefault();
      select("intervention", k);
    }
  });
  byId("step").addEventListener("input", event => goTo(Number(event.target.value)));
  byId("play").addEventListener("click", play);
}
