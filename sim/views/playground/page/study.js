// A world run to its end: its tape, and the credit of every person by all accounts at once.

const sum = list => list.reduce((total, one) => total + one, 0);
const ACCOUNTS = [
  ["role-flow", "Role flow"],
  ["person-pagerank", "Page\u00adRank"],
  ["shapley", "Shapley"],
  ["knockout", "Knock\u00adout"],
  ["priority", "Priority"],
];

function study(call, doc) {
  const tables = tablesOf(doc),
    n = doc.persons.length,
    crowd = crowdOf(doc),
    began = performance.now();
  const tape = call("play", tables),
    total = sum(tape.value);
  const of = call("credits", {
    ...tape,
    persons: n + (crowd > 0 ? 1 : 0),
    crowd,
    size: tables.size,
    ideas: doc.ideas.length,
    alpha: setting(doc, "credit", "alpha"),
    inheritance: setting(doc, "credit", "inheritance"),
  });
  const roles = [of.idea, of.communication, of.implementation];
  const flow = of.idea.map((_, k) => sum(roles.map(role => role[k])));
  const credit = { "role-flow": flow, "person-pagerank": of.pagerank, shapley: of.shapley, priority: of.priority };
  const shares = Object.fromEntries(Object.entries(credit).map(([name, list]) => [name, sharesOf(list, total)]));
  shares.knockout = [];
  const took = performance.now() - began;
  return { doc, tables, tape, total, n, crowd, shares, roles: roles.map(role => sharesOf(role, total)), took };
}

// One more knockout: what is lost without the next person. False if all are there.
function removeNext(call, { shares: { knockout }, tables, total, n }) {
  if (knockout.length < n)
    knockout.push(...sharesOf([total - sum(call("play", without(tables, knockout.length), "value"))], total));
  return knockout.length < n;
}

const sharesOf = (list, total) => Array.from(list, one => (total > 0 ? one / total : 0));

// What everybody is to every idea at the end of a step.
function standing({ tape, n, doc }, step) {
  const m = doc.ideas.length,
    { events } = WORDS,
    [DISCOVER, LEARN, IMPLEMENT, ABANDON] = events.map((_, k) => k);
  const state = {
    holds: [],
    had: [],
    made: [],
    from: [],
    works: Array(m).fill(false),
    crowd: Array(m).fill(0),
    alive: alive(doc, step),
  };
  for (const list of [state.holds, state.had, state.made, state.from]) for (let k = 0; k < n * m; k++) list.push(-1);
  const teller = new Map();
  tape.child.forEach((child, k) => {
    if (!teller.has(child)) teller.set(child, tape.person[tape.parent[k]]);
  });
  for (let e = 0; e < tape.step.length && tape.step[e] <= step; e++) {
    const person = tape.person[e],
      idea = tape.idea[e],
      key = person * m + idea,
      kind = tape.kind[e];
    if (kind === IMPLEMENT) state.works[idea] = true;
    if (person < 0) continue;
    if (person === n) {
      if (kind <= LEARN) state.crowd[idea] += tape.count[e];
      else if (kind === ABANDON) state.crowd[idea] -= tape.count[e];
    } else if (kind <= LEARN) {
      state.holds[key] = tape.step[e];
      state.had[key] = 1;
      state.from[key] = kind === LEARN ? (teller.get(e) ?? -1) : -1;
    } else if (kind === IMPLEMENT) state.made[key] = 1;
    else if (kind < events.indexOf("use")) state.holds[key] = -1;
  }
  return state;
}

function alive(doc, step) {
  const born = new Map(doc.persons.map(one => [one.name, one.born ?? 0])),
    dies = new Map(doc.persons.map(one => [one.name, one.dies ?? Infinity]));
  for (const one of doc.interventions) {
    if (one.kind === "born") born.set(one.person, Math.max(one.step, 1));
    if (one.kind === "die") dies.set(one.person, Math.min(dies.get(one.person) ?? Infinity, one.step));
  }
  return doc.persons.map(one => born.get(one.name) <= step && step < dies.get(one.name));
}

// How many hold each idea in each step: of the persons, and of the crowd.
function curvesOf({ tape, n, doc }) {
  const steps = doc.scenario.steps,
    m = doc.ideas.length,
    held = doc.ideas.map(() => new Float64Array(steps + 1));
  const { events } = WORDS,
    [, LEARN, , ABANDON, LEAVE] = events.map((_, k) => k);
  for (let e = 0; e < tape.step.length; e++) {
    const change = tape.kind[e] <= LEARN ? tape.count[e] : [ABANDON, LEAVE].includes(tape.kind[e]) ? -tape.count[e] : 0;
    if (change && tape.person[e] >= 0) held[tape.idea[e]][tape.step[e]] += change;
  }
  for (let k = 0; k < m; k++) for (let step = 1; step <= steps; step++) held[k][step] += held[k][step - 1];
  return held;
}
