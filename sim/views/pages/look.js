// What is looked at: the run, the moment, the person; and what then has to be drawn anew.

const now = {
  moment: 0, idea: -1, role: "credit", account: 0, chosen: -1, hover: -1, person: -1, before: [], after: [], playing: false,
  standing: null, found: null, share: null, last: null, giants: [], known: "", ranked: [], allRows: false,
};
// What a door does when somebody is chosen, when credit is asked for, when the moment has turned; and, where something is
// scheduled, when a mark is held, dragged, let go.
const door = { choose };
let history_ = null, wanted = 0, frames = [];

function weigh() { // after another run, account, idea or role
  const found = sharesInTheEnd(history_, now), { people } = history_;
  now.last = found[now.role] || found.credit;
  now.giants = Array.from(now.last.keys()).filter(p => now.last[p] > 0).sort((a, b) => now.last[b] - now.last[a] || a - b).slice(0, 9);
  now.known = "";
  arrange(history_, now.idea);
  now.moment = clamp(now.moment, 0, history_.moments.length - 1);
  if (history_.byHand) now.ranked = history_.ranked();
  drawTime();
  byId("empty").hidden = history_.events.count > 0 || people.count === 0 || Boolean(history_.byHand);
  go(now.moment);
}

function credit() { // as it was at the moment: of what had been realised by then
  if (door.credited) { // which another run says at each moment
    door.credited();
    now.known = "";
  }
  const account = history_.accounts[now.account], place = account ? placeBy(account, now.moment) : -1;
  if (now.known === String(place) && scene.roomy) return;
  now.known = String(place);
  now.found = sharesNow(history_, now);
  now.share = now.found[now.role] || now.found.credit;
  const realised = account && place >= 0 ? account.realised[place] : 0, top = history_.byHand ? 1 : Math.max(1e-12, ...now.giants.slice(0, 1).map(p => now.last[p]));
  if (!history_.byHand) now.ranked = Array.from(now.share.keys()).sort((a, b) => (now.share[b] || 0) - (now.share[a] || 0) || a - b);
  measure(history_, now.share.map(x => x * realised), now.last, top);
}

function go(moment) {
  now.moment = clamp(moment, 0, history_.moments.length - 1);
  now.standing = standing(history_, now.moment, now.idea);
  credit();
  drawNow();
  look();
  if (!now.playing) fillCard();
  fillList();
  door.turned?.();
}

function look() { // whose lineage is shown
  now.person = now.hover >= 0 ? now.hover : now.chosen;
  now.before = now.person >= 0 ? reach(history_, now.person, now.moment, now.idea, false) : [];
  now.after = now.person >= 0 ? reach(history_, now.person, now.moment, now.idea, true) : [];
  redraw();
}

function choose(person) {
  now.chosen = person === now.chosen ? -1 : person;
  now.hover = -1;
  byId("tip").hidden = true;
  look();
  fillCard();
  fillList();
}

function redraw() {
  if (!wanted) wanted = requestAnimationFrame(paint);
}

function paint() {
  wanted = 0;
  const begin = performance.now();
  drawScene(history_, now);
  frames = [...frames.slice(-119), performance.now() - begin];
  if (begin - scene.moved < 200) setTimeout(redraw, 60); // once the camera rests, the layers are made anew
}

function settle() { // after another size or view
  fitCanvas();
  arrange(history_, now.idea);
  now.known = "";
  credit();
  drawTime();
  look();
  door.turned?.();
}

function hoverAt(x, y) {
  const mark = nearest(x, y, now.standing.last);
  const person = mark < 0 || scene.view === "network" ? mark : history_.events.person[mark];
  byId("picture").classList.toggle("over", person >= 0);
  if (person !== now.hover) { now.hover = person; look(); }
  fillTip(person, x, y);
  return person;
}

function fillKey(marks, last) {
  renew(byId("key"), marks.map(([role, shape, text]) => h("li", { class: `${role} ${shape}` }, text)), h("li", { class: "no" }, last));
}

function fillNetworkKey() {
  fillKey([["idea", "ringed", "had the idea"], ["communication", "", "was told"], ["implementation", "hollow", "made it work"],
    ["left", "hollow", "gave it up"], ["faint", "", "never held it"]], "Area: credit");
}

function beginLooking() {
  scene.canvas = byId("picture");
  scene.context = scene.canvas.getContext("2d");
  readColours();
  fitCanvas();
  timeHands();
  new ResizeObserver(() => { if (history_) settle(); }).observe(scene.canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { readColours(); redraw(); });
}
