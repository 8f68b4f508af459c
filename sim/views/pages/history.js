// What happened, as columns: who stands upstream and downstream of whom, and how everybody stands at a moment.

const [DISCOVER, LEARN, IMPLEMENT, ABANDON, LEAVE, USE] = [0, 1, 2, 3, 4, 5];
const TYPES = { u8: Uint8Array, u16: Uint16Array, u32: Uint32Array, f32: Float32Array, f64: Float64Array };

function column(given) {
  if (given.n !== undefined) {
    const places = column(given.i), values = column(given.v);
    const all = new (values instanceof Float32Array ? Float32Array : Float64Array)(given.n);
    places.forEach((place, k) => { all[place] = values[k]; });
    return all;
  }
  return new TYPES[given.t](Uint8Array.from(atob(given.d), letter => letter.charCodeAt(0)).buffer);
}

function rowsBy(values, count) { // compressed rows: which k have values[k] == i
  const begin = new Uint32Array(count + 1), list = new Uint32Array(values.length);
  for (const v of values) begin[v + 1]++;
  for (let i = 0; i < count; i++) begin[i + 1] += begin[i];
  const next = begin.slice();
  for (let k = 0; k < values.length; k++) list[next[values[k]]++] = k;
  return { begin, list };
}

function unpack(data) { // as Python wrote it
  const { names } = data.persons, people = { names, count: names.length };
  for (const name of ["x", "y", "row", "size"]) people[name] = column(data.persons[name]);
  for (const side of ["x", "y"]) people[side] = Float32Array.from(people[side], place => place / 65535);
  const events = {};
  for (const name of ["moment", "kind", "person", "idea", "more", "parents", "parent", "strength"])
    events[name] = column(data.events[name]);
  events.child = new Uint32Array(events.parent.length);
  for (let e = 0, i = 0; e < events.parents.length; e++) events.child.fill(e, i, i += events.parents[e]);
  const accounts = data.accounts.map(one => ({ ...one, all: sharesIn(one.all), ideas: one.ideas.map(sharesIn) }));
  const ties = { a: column(data.ties.a), b: column(data.ties.b) };
  return indexed({ ...data, people, events, ties, shape: ++unpack.count, curves: data.curves.map(column), accounts });
}

unpack.count = 0;

function sharesIn(given) {
  const found = {};
  for (const name of Object.keys(given)) found[name] = name === "then" ? sharesIn(given.then) : column(given[name]);
  return found;
}

function indexed(history) { // and where each event's influences begin, whose events are whose, what goes on from where
  const { people, events } = history;
  people.lower = people.names.map(name => name.toLowerCase());
  events.count = events.moment.length;
  events.first = rowsBy(events.child, events.count).begin;
  history.of = rowsBy(events.person, people.count);
  history.next = rowsBy(events.parent, events.count);
  return history;
}

// The last moment by which the credit of an account is known, as its place among these; -1 before the first.
function placeBy(account, moment) {
  let place = account.moments.length - 1;
  while (place >= 0 && account.moments[place] > moment) place--;
  return place;
}

// The shares as they were at a place: what was not yet realised is not yet credited; NaN of those it is not known of.
function sharesAt(account, found, place) {
  if (place === account.moments.length - 1) return found;
  const made = {}, n = found.credit.length;
  for (const name of Object.keys(found)) {
    if (name === "then") continue;
    made[name] = new Float32Array(n);
    if (place < 0 && found.then) continue;
    for (let p = 0; p < n; p++) if (found.credit[p] > 0) made[name][p] = NaN;
    const many = found.then?.persons.length;
    found.then?.persons.forEach((p, k) => { made[name][p] = found.then[name][place * many + k]; });
  }
  return made;
}

function sharesInTheEnd(history, now, account = history.accounts[now.account]) { // of the idea in question
  if (!account) return { credit: new Float32Array(history.people.count) };
  return now.idea >= 0 && account.ideas[now.idea] ? account.ideas[now.idea] : account.all;
}

function sharesNow(history, now, account = history.accounts[now.account]) {
  const found = sharesInTheEnd(history, now, account);
  return account ? sharesAt(account, found, placeBy(account, now.moment)) : found;
}

// How everybody stands at a moment. stage: 0 never, 1 held once, 2 learned, 3 discovered; made: made it work.
function standing(history, moment, idea) {
  const { people, events } = history, n = people.count;
  const held = new Float64Array(n), stage = new Uint8Array(n), made = new Uint8Array(n), found = new Uint8Array(n);
  let last = 0;
  for (; last < events.count && events.moment[last] <= moment; last++) {
    if (idea >= 0 && events.idea[last] !== idea) continue;
    const p = events.person[last], kind = events.kind[last];
    if (kind <= LEARN) {
      held[p] += 1 + events.more[last];
      stage[p] = 1;
      if (kind === DISCOVER) found[p] = 1;
    } else if (kind === IMPLEMENT) made[p] = 1;
    else held[p] -= 1 + events.more[last];
  }
  for (let p = 0; p < n; p++) if (held[p] > 0) stage[p] = found[p] ? 3 : 2;
  return { held, stage, made, found, last };
}

// All that stands before (or after) what a person did: the influences between them.
function reach(history, person, moment, idea, forward) {
  const { events } = history, seen = new Uint8Array(events.count), lines = [], stack = [];
  const start = e => { if (!seen[e]) { seen[e] = 1; stack.push(e); } };
  for (let k = history.of.begin[person]; k < history.of.begin[person + 1]; k++) {
    const e = history.of.list[k];
    if (events.moment[e] <= moment && (idea < 0 || events.idea[e] === idea)) start(e);
  }
  while (stack.length) {
    const e = stack.pop();
    if (forward) {
      for (let k = history.next.begin[e]; k < history.next.begin[e + 1]; k++) {
        const i = history.next.list[k], child = events.child[i];
        if (events.moment[child] <= moment) { lines.push(i); start(child); }
      }
    } else for (let i = events.first[e]; i < events.first[e + 1]; i++) { lines.push(i); start(events.parent[i]); }
  }
  return lines;
}

// The way an idea came to the person: events from theirs back to the discovery.
function lineage({ events }, event) {
  const way = [event];
  while (events.first[event + 1] > events.first[event] && events.kind[event] !== DISCOVER)
    way.push(event = events.parent[events.first[event]]);
  return way;
}

function takings(history, now, person) { // the events by which a person took up ideas, so far
  const { of, events } = history, found = [];
  for (let k = of.begin[person]; k < of.begin[person + 1]; k++) {
    const e = of.list[k];
    if (events.kind[e] <= LEARN && events.moment[e] <= now.moment && (now.idea < 0 || events.idea[e] === now.idea))
      found.push(e);
  }
  return found;
}
