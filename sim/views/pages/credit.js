// What stands in words beside the picture: who deserves what, and where a person's share comes from.

const ROLES = ["idea", "communication", "implementation"];
const SHOWN = 12;

// The list of credit: persons in rows, the accounts that are compared in columns; a door may compare but one.
function fillList() {
  const { people, accounts } = history_, word = byId("search").value.trim().toLowerCase();
  const columns = history_.columns ?? [now.account], several = columns.length > 1;
  const found = now.ranked.filter(p => word ? people.lower[p].includes(word) : several && people.size[p] === 1 || now.share[p] > 0);
  const rows = now.allRows ? found : found.slice(0, SHOWN);
  if (several && now.chosen >= 0 && !rows.includes(now.chosen)) rows.push(now.chosen);
  const shares = columns.map(k => (k === now.account ? now.found : sharesNow(history_, now, accounts[k])));
  byId("heading").textContent = headingOf(word, found);
  byId("by-then").textContent = noteOf(found);
  renew(
    byId("list"),
    h(
      "table",
      { class: several ? "several" : undefined },
      several && h("thead", {}, h("tr", {}, h("th", { scope: "col" }, h("span", { class: "sr" }, "Person")),
        columns.map(k => h("th", { scope: "col", title: accounts[k].asks }, accounts[k].word)))),
      h("tbody", {}, rows.map(p => creditRow(p, shares, several ? 0 : Math.max(...rows.map(q => now.share[q]))))),
    ),
    found.length > SHOWN && found.length <= FEW + 1 && h("button", { type: "button", class: "link", "data-key": "more", onclick: moreRows },
      now.allRows ? "show fewer" : `and ${found.length - SHOWN} more`),
  );
  drawStrip();
}

function moreRows() {
  now.allRows = !now.allRows;
  fillList();
}

function headingOf(word, found) {
  const account = history_.accounts[now.account], ofIdea = now.idea >= 0 && account?.ideas.length;
  if (word) return found.length ? "Found" : "Nobody of that name";
  if (now.share.some(x => x > 0)) return "Whose shoulders" + (ofIdea ? ", for " + plain(history_.ideas[now.idea], 30) : "");
  if (!account || !now.last.some(x => x > 0)) return "Nobody has credit";
  return now.share.some(Number.isNaN) ? "Known in the end only" : "Nobody has credit yet";
}

function noteOf(found) {
  const account = history_.accounts[now.account];
  if (history_.said) return history_.said;
  return found.length && account && now.moment < history_.moments.length - 1
    ? `of what was realised by ${history_.axis} ${history_.moments[account.moments[placeBy(account, now.moment)]]}` : "";
}

function creditRow(p, shares, top) {
  return h("tr", { class: p === now.chosen ? "chosen" : undefined },
    h("th", { scope: "row" }, h("button", { type: "button", class: "who", "data-key": `row ${p}`,
      "aria-current": String(p === now.chosen), onclick: () => door.choose(p) }, named("bdi", history_.people.names[p], "name"))),
    shares.map(found => cellOf(found, p, top)));
}

function cellOf(found, p, top) { // bars go by the top, without one by the whole
  const role = now.role in found ? now.role : "credit", share = found[role][p];
  if (share === undefined) return h("td", { class: "wait" }, "…");
  if (Number.isNaN(share) && !found.then) return h("td", { class: "wait", title: history_.unknown }, "–");
  const parts = found.idea && role === "credit" ? ROLES : [role];
  const bar = parts.map(name => {
    const one = h("i", { class: share < 0 ? "less" : name === "credit" ? "plain" : name });
    one.style.width = `${100 * clamp(Math.abs(found[name][p] || 0) / (top || 1), 0, 1)}%`;
    return one;
  });
  const text = !top && share && Math.abs(share) < 0.001 ? "<0.1%" : percent(share); // several have less room
  return h("td", { class: found.stale ? "wait" : undefined }, h("span", { class: share ? "number" : "number nil" }, text),
    h("span", { class: "bar", "aria-hidden": "true" }, bar));
}

function drawStrip() { // on a phone, where there is no room for the list beside the picture: the credit in one line
  const some = Array.from(now.share.keys()).sort((a, b) => now.share[b] - now.share[a]).filter(p => now.share[p] > 0.001).slice(0, 8);
  renew(byId("strip"), some.map(p => {
    const part = h("span", {}, now.share[p] > 0.12 ? h("bdi", {}, `${plain(history_.people.names[p], 24)} ${percent(now.share[p])}`) : "");
    part.style.flexGrow = 100 * now.share[p];
    return part;
  }));
}

function describe(p) { // one line of how a person stands
  const { held, made, found, stage } = now.standing, size = history_.people.size[p], many = history_.ideas.length;
  if (size > 1) return `${amount(held[p])} of ${amount(size)} hold it`;
  if (stage[p] === 0) return "holds nothing yet";
  if (held[p] <= 0) return "holds it no more";
  const what = now.idea < 0 && many > 1 ? `holds ${amount(held[p])} of ${many} ideas` : "holds it";
  return what + (found[p] ? ", discovered" : ", learned") + (made[p] ? ", made it work" : "");
}

function fillTip(p, x, y) {
  const tip = byId("tip");
  tip.hidden = p < 0;
  if (p < 0) return;
  const { names } = history_.people, events = takings(history_, now, p);
  tip.replaceChildren(named("b", names[p], "name"), h("div", {}, describe(p)), h("div", { class: "quiet" }, `credit ${percent(now.share[p])}`));
  if (events.length) {
    const way = lineage(history_, events.at(-1)), more = way.length > 6 && ` ← ${way.length - 6} more`;
    tip.append(h("div", { class: "quiet" }, way.slice(0, 6).map((e, k) => [k > 0 && " ← ", named("bdi", names[history_.events.person[e]], "", 24)]), more || ""));
  }
  tip.style.left = `${clamp(x + 14, 4, Math.max(4, scene.width - tip.offsetWidth - 4))}px`;
  tip.style.top = `${clamp(y + 14, 4, Math.max(4, scene.height - tip.offsetHeight - 4))}px`;
}

function fillCard() {
  const card = byId("card"), p = now.chosen;
  card.hidden = p < 0;
  if (p < 0) return;
  const { people, events, why, sure = people.count, total = people.count } = history_, share = now.share[p];
  const rank = 1 + now.share.filter(x => x > share).length;
  const after = new Set(now.after.map(i => events.person[events.child[i]]));
  after.delete(p);
  const facts = [
    ["credit", percent(share)],
    ...(now.found.idea ? ROLES.map(role => [role, percent(now.found[role][p])]) : []),
    ["rank", share > 0 ? `${rank <= sure ? rank : "beyond " + amount(sure)} of ${amount(total)}` : "none"],
    ["led on to", `${amount(after.size)} ${after.size === 1 ? "person" : "persons"}`],
  ];
  renew(
    card,
    named("h2", people.names[p], "who", 120),
    h("p", { class: "quiet" }, describe(p)),
    h("dl", {}, facts.map(([term, text]) => [h("dt", {}, term), h("dd", {}, text)])),
    h("button", { type: "button", class: "close", "aria-label": "Close", onclick: () => door.choose(-1) }, "×"),
    why?.[p] && h("details", { class: "why" }, h("summary", {}, "Why, by role flow in the end"),
      why[p].map(line => h("p", { class: line.startsWith("  ") ? "part" : "" }, plain(line, 400)))),
    h("ul", { class: "path" }, takings(history_, now, p).slice(-8).map(pathOf)),
  );
}

function pathOf(event) { // how an idea came to the person, back to who had it
  const { events, people, ideas, moments, axis } = history_, way = lineage(history_, event);
  return [
    h("li", { class: "of" }, named("bdi", ideas[events.idea[event]], "", 40), ` at ${axis} ${moments[events.moment[event]]}`),
    way.slice(0, 12).map((e, k) => h("li", {}, h("button", { type: "button", onclick: () => door.choose(events.person[e]) },
      events.kind[e] === DISCOVER ? "had it: " : k ? "told by: " : "learned: ", named("bdi", people.names[events.person[e]], "", 40)))),
    way.length > 12 && h("li", { class: "quiet" }, `and ${way.length - 12} before them`),
  ];
}
