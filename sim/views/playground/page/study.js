// A world run to its end: its tape, its credit by all accounts, and what the picture takes of it.

const ACCOUNTS = [
  ["role-flow", "Role flow"], ["person-pagerank", "Page\u00adRank"], ["shapley", "Shapley"], ["knockout", "Knock\u00adout"],
  ["priority", "Priority"],
];

// The run, and of its accounts those that are quick. What of the others is not there yet stays what it was before.
function study(call, doc, before) {
  const tables = tablesOf(doc), n = doc.persons.length, crowd = crowdOf(doc), tape = call("play", tables), total = sum(tape.value);
  const rest = { crowd, size: tables.size, persons: n + (crowd > 0 ? 1 : 0), ideas: doc.ideas.length };
  const of = call("flows", { ...tape, ...rest, inheritance: setting(doc, "credit", "inheritance") });
  const roles = [of.idea, of.communication, of.implementation].map(role => sharesOf(role, total)), old = before?.n === n ? before.shares : {};
  const shares = {
    "role-flow": roles[0].map((_, k) => sum(roles.map(role => role[k]))), priority: sharesOf(of.priority, total), knockout: [],
    "person-pagerank": old["person-pagerank"] ?? [], shapley: old.shapley ?? [],
  };
  return { doc, tables, tape, rest, total, n, crowd, shares, roles, complete: false };
}

// The next of what takes longer: first the other accounts, then one knockout after the other. False if all is there.
function goOn(call, result) {
  const { shares, tables, tape, rest, total, n, doc } = result;
  if (!result.complete) {
    const of = call("games", { ...tape, ...rest, alpha: setting(doc, "credit", "alpha") });
    shares["person-pagerank"] = sharesOf(of.pagerank, total);
    shares.shapley = sharesOf(of.shapley, total);
    result.complete = true;
  } else shares.knockout.push(...sharesOf([total - sum(call("play", without(tables, shares.knockout.length), "value"))], total));
  return shares.knockout.length < n;
}

const sharesOf = (list, total) => Array.from(list, one => (total > 0 ? one / total : 0));

// A run as the picture takes it (see history.js): the crowd is the last person, and drawn as a bar below.
function historyOf(result) {
  const { doc, tape, n, crowd, shares } = result, { persons, ideas, places } = doc;
  const end = tape.kind.indexOf(USE), used = end < 0 ? tape.kind.length : end; // what is used comes last, and is not drawn
  const told = tape.child.findIndex(child => child >= used), influences = told < 0 ? tape.child.length : told;
  const [moment, kind, person, idea, count] = ["step", "kind", "person", "idea", "count"].map(name => tape[name].subarray(0, used));
  const [child, parent] = [tape.child, tape.parent].map(list => list.subarray(0, influences));
  const events = { moment, kind, person, idea, more: count.map(many => many - 1), child, parent, strength: new Uint8Array(used) };
  const all = crowd > 0 ? [NaN] : [], people = {
    names: [...persons.map(one => one.name), ...(crowd > 0 ? ["everybody else"] : [])],
    x: Float32Array.from([...places.map(([x]) => x / WIDE), ...all]), y: Float32Array.from([...places.map(([, y]) => y / HIGH), ...all]),
    size: [...persons.map(() => 1), ...(crowd > 0 ? [crowd] : [])], count: n + all.length,
  };
  const ties = tiesOf(doc);
  return indexed({
    people, events, ties, shape: shapeOf(people, ties), tiedPairs: new Set(ties.a.map((from, k) => from * people.count + ties.b[k])), ideas: ideas.map(one => one.name),
    curves: curvesOf(tape, used, doc), moments: momentsTo(doc.scenario.steps), axis: "step", byHand: true, foot: crowd > 0 ? 40 : 0,
    ...creditOf(result), columns: ACCOUNTS.map((_, k) => k), unknown: "Lineages branch in too many ways",
    alive: aliveIn(doc), marks, below: drawCrowdBar, ranked: () => rankedIn(shares, n, people.count),
  });
}

// What a run has realised by its last step, and who has credit for it by each account.
function creditOf({ shares, roles, total, complete, moment }) {
  const account = (name, word) => ({ name, word, asks: WORDS.asks[name], moments: [0], realised: [1], ideas: [],
    all: { credit: shares[name], ...(name === "role-flow" ? Object.fromEntries(ROLES.map((role, k) => [role, roles[k]])) : {}),
      stale: !complete && ["person-pagerank", "shapley"].includes(name) } });
  return { accounts: ACCOUNTS.map(one => account(...one)),
    said: total > 0 ? `Realised value${moment === undefined ? "" : ` by step ${moment}`}: ${amount(total)}` : "No impact: nobody has realised any value yet." };
}

function rankedIn(shares, n, count) { // few persons as they are; more by the most that any account gives them
  const order = Array.from({ length: count }, (_, k) => k), lists = ["role-flow", "person-pagerank", "shapley", "priority"].map(key => shares[key]);
  const most = order.map(k => Math.round(1e9 * Math.max(...lists.map(list => list[k] || 0))));
  return n > 6 ? order.sort((a, b) => most[b] - most[a] || a - b) : order;
}

function momentsTo(steps) {
  if (momentsTo.kept?.length !== steps + 1) momentsTo.kept = Array.from({ length: steps + 1 }, (_, step) => String(step));
  return momentsTo.kept;
}

const MOST_ARROWS = 300; // of more, nobody sees which way they point

function tiesOf({ ties }) { // both ways as two; with times where any has some
  const rows = ties.flatMap(tie => {
    const ends = [personOf(tie.from), personOf(tie.to)];
    return tie.both_ways ? [[...ends, tie], [ends[1], ends[0], tie]] : [[...ends, tie]];
  });
  const times = rows.some(([, , tie]) => tie.start || tie.end !== undefined)
    ? { begin: rows.map(([, , tie]) => tie.start ?? 0), end: rows.map(([, , tie]) => tie.end ?? Infinity) } : {};
  return { a: rows.map(row => row[0]), b: rows.map(row => row[1]), arrows: rows.length <= MOST_ARROWS, ...times };
}

function shapeOf({ x, y }, { a, b }) { // another number once persons or ties stand elsewhere
  const before = shapeOf.lists ?? [], lists = [x, y, a, b];
  const same = lists.every((list, k) => list.length === before[k]?.length && list.every((value, i) => Object.is(value, before[k][i])));
  Object.assign(shapeOf, { lists, count: (shapeOf.count ?? 0) + (same ? 0 : 1) });
  return shapeOf.count;
}

function aliveIn(doc) { // whether a person is there at a moment
  const born = doc.persons.map(one => one.born ?? 0), dies = doc.persons.map(one => one.dies ?? Infinity);
  for (const one of doc.interventions) {
    const k = ["born", "die"].includes(one.kind) ? personOf(one.person) : -1;
    if (k >= 0 && one.kind === "born") born[k] = Math.max(one.step, 1);
    if (k >= 0 && one.kind === "die") dies[k] = Math.min(dies[k], one.step);
  }
  return (k, moment) => !(k < born.length) || (born[k] <= moment && moment < dies[k]);
}

// How many hold each idea at each moment: of the persons, and of the crowd.
function curvesOf(tape, used, { scenario: { steps }, ideas }) {
  const held = ideas.map(() => new Float64Array(steps + 1));
  for (let e = 0; e < used; e++) {
    const kind = tape.kind[e], change = kind <= LEARN ? tape.count[e] : kind === IMPLEMENT ? 0 : -tape.count[e];
    if (tape.person[e] >= 0) held[tape.idea[e]][tape.step[e]] += change;
  }
  for (const curve of held) for (let step = 1; step <= steps; step++) curve[step] += curve[step - 1];
  return held;
}
