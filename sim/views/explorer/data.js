"use strict";
// The data of the page: columns unpacked, and who stands upstream and downstream of whom.

const DISCOVER = 0, LEARN = 1, IMPLEMENT = 2, ABANDON = 3, LEAVE = 4;
const TYPES = { u8: Uint8Array, u16: Uint16Array, u32: Uint32Array, f32: Float32Array, f64: Float64Array };

function column(packed) {
  if (packed.n !== undefined) {
    const places = column(packed.i), values = column(packed.v);
    const all = new (values instanceof Float32Array ? Float32Array : Float64Array)(packed.n);
    places.forEach((place, k) => { all[place] = values[k]; });
    return all;
  }
  const text = atob(packed.d), bytes = new Uint8Array(text.length);
  for (let k = 0; k < text.length; k++) bytes[k] = text.charCodeAt(k);
  return new TYPES[packed.t](bytes.buffer);
}

function rowsBy(values, count) { // compressed rows: which k have values[k] == i
  const begin = new Uint32Array(count + 1), list = new Uint32Array(values.length);
  for (const v of values) begin[v + 1]++;
  for (let i = 0; i < count; i++) begin[i + 1] += begin[i];
  const next = begin.slice();
  for (let k = 0; k < values.length; k++) list[next[values[k]]++] = k;
  return { begin, list };
}

function unpack(data) {
  const history = { ...data };
  const people = { names: data.persons.names };
  for (const name of ["x", "y", "row", "size"]) people[name] = column(data.persons[name]);
  people.count = people.names.length;
  people.lower = people.names.map((name) => name.toLowerCase());
  people.rows = people.row.reduce((most, row) => Math.max(most, row), 0);
  const events = {};
  for (const name of ["moment", "kind", "person", "idea", "more", "parents", "parent", "strength"]) events[name] = column(data.events[name]);
  events.count = events.moment.length;
  events.first = new Uint32Array(events.count + 1);
  for (let e = 0; e < events.count; e++) events.first[e + 1] = events.first[e] + events.parents[e];
  events.child = new Uint32Array(events.parent.length);
  for (let e = 0; e < events.count; e++) events.child.fill(e, events.first[e], events.first[e + 1]);
  history.people = people;
  history.events = events;
  history.of = rowsBy(events.person, people.count);
  history.next = rowsBy(events.parent, events.count);
  history.tieA = column(data.ties.a);
  history.tieB = column(data.ties.b);
  history.curves = data.curves.map(column);
  history.accounts = data.accounts.map((account) => ({
    ...account, all: shares(account.all), ideas: account.ideas.map(shares),
  }));
  return history;
}

function shares(packed) {
  const found = {};
  for (const name of Object.keys(packed)) found[name] = name === "then" ? shares(packed.then) : column(packed[name]);
  return found;
}

// The last moment by which the credit of an account is known, as its place among these; -1 before the first.
function placeOf(account, moment) {
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

// How everybody stands at a moment. deed: 0 never, 1 held once, 2 learned, 3 discovered, 4 implemented too.
function standing(history, moment, idea) {
  const { people, events } = history, n = people.count;
  const held = new Float64Array(n), deed = new Uint8Array(n), made = new Uint8Array(n), found = new Uint8Array(n);
  const gone = new Uint8Array(n);
  let last = 0;
  for (; last < events.count && events.moment[last] <= moment; last++) {
    if (idea >= 0 && events.idea[last] !== idea) continue;
    const p = events.person[last], kind = events.kind[last];
    if (kind <= LEARN) {
      held[p] += 1 + events.more[last];
      gone[p] = 1;
      if (kind === DISCOVER) found[p] = 1;
    } else if (kind === IMPLEMENT) made[p] = 1;
    else held[p] -= 1 + events.more[last];
  }
  for (let p = 0; p < n; p++) deed[p] = held[p] > 0 ? (made[p] ? 4 : found[p] ? 3 : 2) : gone[p];
  return { held, deed, made, found, last };
}

// All that stands before (or after) the deeds of a person: persons and the influences between them.
function reach(history, person, moment, idea, forward) {
  const { events } = history, seen = new Uint8Array(events.count), lines = [], stack = [];
  const start = (e) => { if (!seen[e]) { seen[e] = 1; stack.push(e); } };
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
function lineage(history, event) {
  const { events } = history, way = [event];
  while (events.parents[event] && events.kind[event] !== DISCOVER) way.push(event = events.parent[events.first[event]]);
  return way;
}

// A name of any origin as one line: what steers the direction of writing or cannot be seen is left out.
function plain(name, most) {
  const line = name.replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}]/gu, " ").replace(/\s+/g, " ").trim() || "(no name)";
  const letters = Array.from(line);
  return letters.length > most ? letters.slice(0, most - 1).join("") + "…" : line;
}

function percent(share) {
  const x = 100 * share;
  return Number.isNaN(x) ? "not known yet" : x === 0 ? "0%" : x >= 0.1 ? x.toFixed(1) + "%" : x >= 1e-4 ? x.toPrecision(2) + "%" : x.toExponential(1) + "%";
}

function amount(x) {
  return x >= 1e7 ? x.toPrecision(3).replace("e+", "e") : Math.round(x).toLocaleString("en");
}
