// What is scheduled: marks on the time line, to be dragged to another step.

const WORDS_OF = {
  discover: "has the idea", tell: "tells", publish: "publishes", implement: "makes it work", rewrite: "rewrites",
  lock: "locks it away", unlock: "unlocks it", find: "finds the notebook", born: "enters", die: "leaves", set: "a rule changes",
};
const sentence = one =>
  one.kind === "set"
    ? `${one.key} is ${amount(one.value)}`
    : [one.person, WORDS_OF[one.kind], one.of ? `of ${one.of}` : "", one.to ? one.to : ""].filter(Boolean).join(" ");

function marks() { // one above the other where several share a step
  const used = new Map(), { steps } = app.doc.scenario;
  return app.doc.interventions.map((one, k) => {
    const level = used.get(one.step) ?? 0, x = atMoment(Math.min(one.step, steps));
    used.set(one.step, level + 1);
    return s(
      "g",
      { class: `mark${isSelected("intervention", k) ? " chosen" : ""}`, transform: `translate(${x} ${9 + 12 * Math.min(level, 2)})`,
        tabindex: 0, role: "slider", "data-mark": k, "data-key": `mark ${k}`, "aria-label": `${sentence(one)}`, "aria-valuemin": 1,
        "aria-valuemax": steps, "aria-valuenow": one.step, "aria-valuetext": `step ${one.step}` },
      s("circle", { r: 11, class: "grip" }), s("path", { d: "M0 -6 6 0 0 6 -6 0Z" }), s("title", {}, `${one.step}: ${sentence(one)}`),
    );
  });
}

function moveMark(k, step) {
  const wanted = clamp(Math.round(step), 1, app.doc.scenario.steps);
  if (wanted !== app.doc.interventions[k].step) change(doc => setFound(doc, k, wanted), `mark ${k}`);
}

// A notebook is found by somebody who is there: who comes into the world to find it comes in that step.
function setFound(doc, k, step) {
  const one = doc.interventions[k], finder = doc.persons.find(person => person.name === one.person);
  if (one.kind === "find" && finder?.born && finder.born === one.step) finder.born = step;
  one.step = step;
}

function onMarkKey(event) {
  const mark = event.target.closest("[data-mark]"), by = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1 }[event.key];
  if (!mark || !(by || event.key === "Enter")) return;
  const k = Number(mark.dataset.mark);
  event.preventDefault();
  event.stopPropagation();
  if (by) moveMark(k, app.doc.interventions[k].step + by);
  else select("intervention", k);
}

Object.assign(door, {
  choose: p => select("person", app.doc.persons[p]?.name),
  hold: k => select("intervention", k),
  drag: moveMark,
  release: () => { app.merging = null; },
  turned: drawHands,
});
