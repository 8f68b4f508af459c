// What stands in words beside the picture. Every name goes in as text, never as markup.

const ROLE_NAMES = { idea: "idea", communication: "communication", implementation: "implementation" };
const SHOWN = 12;
const by = (id) => document.getElementById(id);

function element(tag, text, name) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (name) made.className = name;
  return made;
}

function nameElement(tag, name, className, most = 80) {
  const made = element(tag, plain(name, most), className);
  made.dir = "auto";
  return made;
}

function fillSelect(select, entries, chosen) {
  select.replaceChildren(...entries.map(([value, text]) => {
    const option = element("option", text);
    option.value = value;
    option.selected = String(value) === String(chosen);
    return option;
  }));
}

function fillChoices(history, now) {
  fillSelect(by("account"), history.accounts.map((account, k) => [k, account.name]), now.account);
  const ideas = history.ideas.map((name, k) => [k, plain(name, 40)]);
  fillSelect(by("idea"), history.ideas.length > 1 ? [[-1, "all ideas"], ...ideas] : [[-1, ideas.length ? ideas[0][1] : "none"]], now.idea);
  const roles = Object.keys(history.accounts[now.account]?.all || {}).filter((name) => name !== "credit");
  if (!roles.includes(now.role)) now.role = "credit";
  fillSelect(by("role"), [["credit", "all roles"], ...roles.map((name) => [name, name])], now.role);
  by("role").disabled = !roles.length;
  by("asks").textContent = history.accounts[now.account]?.asks || "";
}

function fillKey(history, now) {
  const marks = now.view === "network"
    ? [["var(--idea)", "ringed", "had the idea"], ["var(--communication)", "", "learned it"], ["var(--implementation)", "square", "made it work"],
       ["var(--quiet)", "hollow", "held it once"], ["var(--faint)", "", "never held it"]]
    : [["var(--idea)", "", "discovers"], ["var(--communication)", "", "learns, a line from the teller"], ["var(--implementation)", "square", "implements"],
       ["var(--faint)", "", "abandons or leaves"]];
  by("key").replaceChildren(...marks.map(([colour, shape, text]) => {
    const item = element("li"), mark = element("i", undefined, shape);
    mark.style.setProperty("--c", colour);
    item.append(mark, text);
    return item;
  }), element("li", now.view === "network" ? "Area: credit" : "Thickness: what came this way"));
}

function bar(history, now, person, top) {
  const made = element("span", undefined, "bar"), found = sharesNow(history, now);
  made.setAttribute("aria-hidden", "true");
  const parts = found.idea && now.role === "credit" ? Object.keys(ROLE_NAMES) : [now.role];
  for (const role of parts) {
    const part = element("span");
    part.style.width = (100 * Math.max(0, found[role][person] || 0) / (top || 1)) + "%";
    part.style.background = `var(--${role === "credit" ? "quiet" : role})`;
    made.append(part);
  }
  return made;
}

function sharesInTheEnd(history, now) { // of the idea in question, where the account tells ideas apart
  const account = history.accounts[now.account];
  if (!account) return { credit: new Float32Array(history.people.count) };
  return now.idea >= 0 && account.ideas[now.idea] ? account.ideas[now.idea] : account.all;
}

function sharesNow(history, now) {
  const account = history.accounts[now.account], found = sharesInTheEnd(history, now);
  return account ? sharesAt(account, found, placeOf(account, now.moment)) : found;
}

function fillList(history, now, choose) {
  const word = by("search").value.trim().toLowerCase(), n = history.people.count, found = [];
  for (const p of now.ranked) {
    if (word ? history.people.lower[p].includes(word) : now.share[p] > 0) found.push(p);
    if (found.length >= SHOWN) break;
  }
  const top = n ? now.share[now.ranked[0]] : 0, account = history.accounts[now.account];
  const ofIdea = now.idea >= 0 && account?.ideas.length ? ", for " + plain(history.ideas[now.idea], 30) : "";
  by("heading").textContent = word ? (found.length ? "Found" : "Nobody of that name") : found.length ? "Whose shoulders" + ofIdea
    : !account || !now.last.some((x) => x > 0) ? "Nobody has credit" : now.share.some(Number.isNaN) ? "Known in the end only" : "Nobody has credit yet";
  by("by-then").textContent = found.length && account && now.moment < history.moments.length - 1
    ? `of what was realised by ${history.axis} ${history.moments[account.moments[placeOf(account, now.moment)]]}` : "";
  by("list").replaceChildren(...found.map((p) => {
    const item = element("li"), button = element("button");
    button.type = "button";
    button.append(nameElement("span", history.people.names[p], "name"), element("span", percent(now.share[p])), bar(history, now, p, top));
    button.setAttribute("aria-current", String(p === now.chosen));
    button.addEventListener("click", () => choose(p));
    item.append(button);
    return item;
  }));
}

function describe(history, now, person) { // one line of how a person stands
  const { held, made, found } = now.standing, size = history.people.size[person];
  if (size > 1) return `${amount(held[person])} of ${amount(size)} hold it`;
  if (now.standing.deed[person] === 0) return "holds nothing yet";
  if (held[person] <= 0) return "holds it no more";
  const what = now.idea < 0 && history.ideas.length > 1 ? `holds ${amount(held[person])} of ${history.ideas.length} ideas` : "holds it";
  return what + (found[person] ? ", discovered" : ", learned") + (made[person] ? ", made it work" : "");
}

function fillTip(history, now, person, x, y) {
  const tip = by("tip");
  tip.hidden = person < 0;
  if (person < 0) return;
  tip.replaceChildren(nameElement("b", history.people.names[person], ""), element("div", describe(history, now, person)),
    element("div", "credit " + percent(now.share[person]), "quiet"));
  const ways = takings(history, now, person);
  if (ways.length) {
    const way = lineage(history, ways[ways.length - 1]), line = element("div", undefined, "quiet");
    way.slice(0, 6).forEach((e, k) => line.append(k ? " ← " : "", nameElement("bdi", history.people.names[history.events.person[e]], "", 24)));
    if (way.length > 6) line.append(` ← ${way.length - 6} more`);
    tip.append(line);
  }
  tip.style.left = Math.max(4, Math.min(x + 14, scene.width - tip.offsetWidth - 4)) + "px";
  tip.style.top = Math.max(4, Math.min(y + 14, scene.height - tip.offsetHeight - 4)) + "px";
}

function takings(history, now, person) { // the events by which a person took up ideas, so far
  const { of, events } = history, found = [];
  for (let k = of.begin[person]; k < of.begin[person + 1]; k++) {
    const e = of.list[k];
    if (events.kind[e] <= LEARN && events.moment[e] <= now.moment && (now.idea < 0 || events.idea[e] === now.idea)) found.push(e);
  }
  return found;
}

function fillCard(history, now, choose) {
  const card = by("card"), person = now.chosen;
  card.hidden = person < 0;
  if (person < 0) return;
  const close = element("button", "×", "close");
  close.type = "button";
  close.setAttribute("aria-label", "Close");
  close.addEventListener("click", () => choose(-1));
  const facts = element("dl"), add = (term, text) => facts.append(element("dt", term), element("dd", text));
  add("credit", percent(now.share[person]));
  const found = sharesNow(history, now);
  if (found.idea) for (const role of Object.keys(ROLE_NAMES)) add(role, percent(found[role][person]));
  const rank = now.ranked.indexOf(person) + 1, known = rank <= history.sure;
  add("rank", now.share[person] > 0 ? `${known ? rank : "beyond " + amount(history.sure)} of ${amount(history.total)}` : "none");
  const people = new Set(now.after.map((i) => history.events.person[history.events.child[i]]));
  people.delete(person);
  add("led on to", `${amount(people.size)} ${people.size === 1 ? "person" : "persons"}`);
  card.replaceChildren(nameElement("div", history.people.names[person], "who", 120), element("p", describe(history, now, person), "quiet"), facts, close);
  if (history.why[person]) card.append(whyElement(history.why[person]));
  const list = element("ul", undefined, "path");
  for (const e of takings(history, now, person).slice(-8)) {
    const way = lineage(history, e), of = element("li", undefined, "of");
    of.append(nameElement("bdi", history.ideas[history.events.idea[e]], "", 40), ` at ${history.axis} ${history.moments[history.events.moment[e]]}`);
    list.append(of);
    for (const step of way.slice(0, 12)) list.append(pathItem(history, step, choose));
    if (way.length > 12) list.append(element("li", `and ${way.length - 12} before them`, "quiet"));
  }
  if (list.children.length) card.append(list);
}

function whyElement(lines) { // where the credit comes from, in the end
  const made = element("details", undefined, "why");
  made.append(element("summary", "Why, by role flow in the end"), ...lines.map((line) => element("p", plain(line, 400), line.startsWith("  ") ? "part" : "")));
  return made;
}

function pathItem(history, event, choose) {
  const item = element("li"), button = element("button"), person = history.events.person[event];
  button.type = "button";
  button.append(history.events.kind[event] === DISCOVER ? "had it: " : "told by: ");
  if (history.events.kind[event] === LEARN) button.textContent = "learned: ";
  button.append(nameElement("bdi", history.people.names[person], "", 40));
  button.addEventListener("click", () => choose(person));
  item.append(button);
  return item;
}
