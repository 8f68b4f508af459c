// What the page knows: the world as it is now, those before and after it, and what is looked at.

// `result` is that of the run to its end, `shown` of the run to the moment that is looked at.
const app = {
  call: null, doc: null, result: null, shown: null, mode: "story", scene: 0, selected: null, tool: "move", past: [], future: [],
  merging: null, waiting: 0,
};
const LIMITS = { persons: 200, ties: 4000, ideas: 20, interventions: 400, steps: 2000 };
const RESERVED = ["everyone", "everything", "crowd", "the crowd", "world", "population", "person"];
const personOf = name => {
  if (app.rows?.list !== app.doc.persons) app.rows = { list: app.doc.persons, at: placeOf(app.doc.persons) };
  return app.rows.at.get(name) ?? -1;
};
const isSelected = (kind, key) => app.selected?.kind === kind && app.selected.key === key;

// Change the world: `how` gets a copy to work on. Changes of one `gesture` are one step back.
function change(how, gesture = null) {
  const next = copyOf(app.doc);
  if (how(next) === false) return false;
  const wrong = problemOf(next);
  if (wrong) {
    say(wrong);
    return false;
  }
  if (gesture === null || gesture !== app.merging) app.past = [...app.past, app.doc].slice(-200);
  app.merging = gesture;
  app.future = [];
  show(next);
}

// A world that can be changed without changing the old one; lists within its entries are replaced, never changed.
const copyOf = doc => {
  const copy = one => (Array.isArray(one) ? [...one] : one && typeof one === "object" ? { ...one } : one);
  return Object.fromEntries(Object.entries(doc).map(([key, part]) => [key, Array.isArray(part) ? part.map(copy) : copy(part)]));
};

// What a scenario file must not say, though every number in it is allowed.
function problemOf(doc) {
  const early = doc.persons.find(one => one.dies !== undefined && one.dies <= (one.born ?? 0));
  if (early) return `${early.name} must leave after entering.`;
  const short = doc.ties.find(tie => tie.end !== undefined && tie.end <= (tie.start ?? 0));
  if (short) return `The tie of ${short.from} must end after it begins.`;
  if (doc.world?.size < doc.persons.length) doc.world.size = doc.persons.length;
  return null;
}
const isName = word =>
  word.length > 0 && word.length <= 200 && !RESERVED.includes(word) && !/[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u.test(word);

function goBack(from, to) {
  if (!from.length) return;
  to.push(app.doc);
  app.merging = null;
  show(from.pop());
}
const undo = () => goBack(app.past, app.future);
const redo = () => goBack(app.future, app.past);

// Another world altogether.
function open(doc) {
  Object.assign(app, { past: [], future: [], merging: null, selected: null });
  now.playing = false;
  show(copyOf(doc), doc.scenario.steps);
}

// Run a world and draw what comes of it.
function show(doc, moment = now.moment) {
  const atEnd = app.doc && now.moment >= app.doc.scenario.steps, before = app.result;
  try {
    app.result = study(app.call, doc, before);
  } catch (error) {
    say(`This world is too much for the page: ${error.message}.`);
    return;
  }
  app.doc = doc;
  if (app.quick) complete(app.result); // in a small world all accounts follow at once
  now.moment = clamp(atEnd ? doc.scenario.steps : moment, 0, doc.scenario.steps);
  if (app.selected?.kind === "person" && personOf(app.selected.key) < 0) app.selected = null;
  if (app.selected?.kind === "tie" && !doc.ties[app.selected.key]) app.selected = null;
  draw();
  keepInAddress();
}

// The same run, broken off at a moment: nothing later has been realised, or is credited.
function runBy(moment) {
  const { doc, result, then } = app;
  if (moment >= doc.scenario.steps) return result;
  if (then?.whole === result && then.moment === moment) return then;
  const before = then?.whole === result ? then : result;
  const run = study(app.call, { ...doc, scenario: { ...doc.scenario, steps: moment } }, before);
  app.then = Object.assign(run, { whole: result, moment });
  if (app.quick) complete(run);
  return run;
}

door.credited = () => {
  app.shown = runBy(now.moment);
  Object.assign(history_, creditOf(app.shown));
  if (!now.playing) goOnWithRest();
};

function complete(result) {
  const began = performance.now();
  goOn(app.call, result);
  app.quick = performance.now() < began + 4;
}

// The other accounts and the knockouts, a few at a time, so that a hand that drags never waits for them.
const unfinished = run => !run.complete || run.shares.knockout.length < run.n;

function goOnWithRest() {
  clearTimeout(app.waiting);
  const some = () => {
    const run = [app.shown, app.result].find(unfinished), until = performance.now() + 8;
    if (!run) return drawStory();
    if (!run.complete) complete(run);
    else while (unfinished(run) && performance.now() < until) goOn(app.call, run);
    if (run === app.shown) {
      Object.assign(history_, creditOf(run));
      fillList();
    }
    app.waiting = setTimeout(some);
  };
  if ([app.shown, app.result].some(unfinished)) app.waiting = setTimeout(some, drag ? 120 : app.shown.complete ? 0 : 40);
}

function select(kind, key) {
  app.selected = kind && key !== undefined ? { kind, key } : null;
  draw();
}

// Everything that hangs on the world and on what is chosen in it.
function draw() {
  history_ = historyOf(app.result);
  now.chosen = app.selected?.kind === "person" ? personOf(app.selected.key) : -1;
  now.hover = -1;
  weigh();
  if (drag?.kind !== "handle") drawBench(); // else once the hand lets go
  drawStory();
}

// --- changes ---------------------------------------------------------------------------------------------------------

const freshName = (list, stem) => {
  for (let k = list.length + 1; ; k++) if (!list.some(one => one.name === `${stem}${k}`)) return `${stem}${k}`;
};

function addPerson(x, y, teller = null) {
  if (app.doc.persons.length >= LIMITS.persons) return say(`The page holds ${LIMITS.persons} persons.`);
  const name = freshName(app.doc.persons, "P");
  change(doc => {
    doc.persons.push({ name, reach: +(1 / (worldSize(doc) + 1)).toPrecision(2) });
    doc.places.push([Math.round(x), Math.round(y)]);
    if (teller) doc.ties.push({ from: teller, to: name });
  });
  select("person", name);
  say(`${name} is there.`);
}

function addTie(from, to) {
  if (from === to) return;
  const there = app.doc.ties.findIndex(tie => tie.from === from && tie.to === to);
  if (there >= 0) return say(`${from} can tell ${to} already.`);
  change(doc => { doc.ties.push({ from, to }); });
  say(`${from} can tell ${to}.`);
}

function takeAway() {
  const { kind, key } = app.selected ?? {}, list = { tie: "ties", intervention: "interventions" }[kind];
  if (kind === "person" && app.doc.persons.length > 1) {
    change(doc => takePerson(doc, key));
    say(`${key} is taken away.`);
  }
  if (list) change(doc => { doc[list].splice(key, 1); });
  select(null);
}

function takePerson(doc, name) { // with all that is about them
  const k = doc.persons.findIndex(one => one.name === name);
  const about = one => [one.person, one.to, one.of].includes(name) || one.key?.startsWith(`persons.${name}.`);
  doc.persons.splice(k, 1);
  doc.places.splice(k, 1);
  doc.ties = doc.ties.filter(tie => tie.from !== name && tie.to !== name);
  doc.interventions = doc.interventions.filter(one => !about(one));
  if (Array.isArray(doc.impact?.realised_by))
    doc.impact.realised_by = doc.impact.realised_by.filter(other => other !== name);
  if (doc.impact?.realised_by?.length === 0) delete doc.impact.realised_by;
}

function rename(list, old, name) {
  const word = name.trim();
  if (!isName(word) || app.doc[list].some(one => one.name === word)) return false;
  const keys = { persons: ["from", "to", "person", "of"], ideas: ["idea", "rival_of"] }[list], begin = `${list}.${old}.`;
  const swap = value => (value === old ? word : value);
  change(doc => {
    doc[list].find(one => one.name === old).name = word;
    for (const one of [...doc.ties, ...doc.interventions, ...doc.ideas]) {
      for (const key of keys) if (one[key] === old) one[key] = word;
      if (one.key?.startsWith(begin)) one.key = `${list}.${word}.${one.key.slice(begin.length)}`;
      if (list === "ideas" && one.prerequisites) one.prerequisites = one.prerequisites.map(swap);
    }
    if (list === "persons" && Array.isArray(doc.impact?.realised_by))
      doc.impact.realised_by = doc.impact.realised_by.map(swap);
  });
  return word;
}
