// The workbench: every number of the world in a field of its own.

function field(label, value, put, { kind = "number", low, high, step = "any", options, key = label, empty, hint } = {}) {
  const id = `f ${key}`, commit = event => {
    const element = event.target, given = kind === "check" ? element.checked : element.value.trim();
    if (kind === "number" && given === "" && empty) return put(undefined);
    const taken = kind === "number" ? readNumber(given, low, high, step) : given;
    if (taken === undefined || put(taken) === false) {
      element.setAttribute("aria-invalid", "true");
      say(`${label}: ${kind === "number" ? `a number from ${amount(low ?? 0)} to ${amount(high ?? Infinity)}` : "another name"}, please.`);
    }
  };
  const control = options ? h("select", { id, "data-key": id, onchange: commit }, options.map(([word, shown = word]) => h("option", { value: word, selected: String(word) === String(value) }, shown)))
    : kind === "check" ? h("input", { id, type: "checkbox", "data-key": id, checked: Boolean(value), onchange: commit })
    : h("input", { id, type: "text", "data-key": id, inputmode: kind === "number" ? "decimal" : undefined, dir: kind === "text" ? "auto" : undefined, spellcheck: "false", autocomplete: "off", placeholder: empty, value: value ?? "", onchange: commit });
  return h("label", { class: kind === "check" ? "check" : undefined, for: id, title: hint }, h("span", {}, label), control);
}

function readNumber(text, low = 0, high = Infinity, step = "any") {
  const word = text.toLowerCase();
  if (["inf", "forever", "∞"].includes(word)) return high === Infinity ? "inf" : undefined;
  const value = Number(text.replaceAll(/[_\s]/g, ""));
  return text !== "" && Number.isFinite(value) && value >= low && value <= high && (step === "any" || Number.isInteger(value)) ? value : undefined;
}

function drawBench() {
  if (app.mode !== "bench") return;
  const open = new Set([...byId("bench").querySelectorAll("details[open]")].map(one => one.dataset.name));
  const section = (name, first, ...children) => h("details", { "data-name": name, open: open.has(name) || (!byId("bench").childElementCount && first) }, h("summary", { "data-key": `section ${name}` }, name), children);
  renew(byId("bench"),
    worldPart(), chosenPart(),
    section(`Ideas (${app.doc.ideas.length})`, false, ideasPart()),
    section(`What is scheduled (${app.doc.interventions.length})`, false, schedulePart()),
    section("Rules", false, rulesPart()));
}

const putIn = (name, key) => value => change(doc => { (doc[name] ??= {})[key] = value; });

function worldPart() {
  const { doc } = app, size = Math.max(doc.persons.length, 1);
  return h("section", {},
    h("label", { for: "preset" }, h("span", {}, "Begin with"), h("select", { id: "preset", "data-key": "preset", onchange: event => { app.name = event.target.value; open(PRESETS[app.name]); } },
      h("option", { value: "", selected: app.past.length > 0 || !app.name, disabled: true }, "your own"),
      Object.entries(PRESETS).map(([name, preset]) => h("option", { value: name, selected: !app.past.length && app.name === name }, preset.scenario.name)))),
    h("p", { class: "quiet", dir: "auto" }, doc.scenario.description ?? "", doc.smaller ? " Made smaller than the scenario of this name." : ""),
    h("div", { class: "fields" },
      field("steps", doc.scenario.steps, putIn("scenario", "steps"), { low: 1, high: LIMITS.steps, step: 1 }),
      field("seed", setting(doc, "scenario", "seed"), putIn("scenario", "seed"), { low: 0, high: 2 ** 53 - 1, step: 1, hint: "Of all chances: the same seed gives the same world" }),
      field("people in the world", worldSize(doc), putIn("world", "size"), { low: size, high: 1e15, step: 1 }),
      field("value of", setting(doc, "impact", "value_of"), putIn("impact", "value_of"), { kind: "choice", options: [["working", "what works"], ["held", "what is held"]] })));
}

function chosenPart() {
  const { kind, key } = app.selected ?? {};
  if (kind === "person" && personOf(key) >= 0) return personPart(personOf(key));
  if (kind === "tie" && app.doc.ties[key]) return tiePart(key);
  if (kind === "intervention" && app.doc.interventions[key]) return h("section", { class: "chosen" }, h("h2", {}, sentence(app.doc.interventions[key])), interventionFields(key));
  return h("section", { class: "quiet" }, h("p", {}, "Click a person to turn the three handles. Double-click an empty place for somebody new. Drag the arrow of a person to another one for a tie."));
}

function personPart(k) {
  const one = app.doc.persons[k], put = key => value => change(doc => { if (value === undefined) delete doc.persons[k][key]; else doc.persons[k][key] = value; });
  const rename_ = name => { const word = rename("persons", one.name, name); if (word) select("person", word); return word; };
  const ability = (word, key) => field(word, abilityOf(one, key), put(key), { low: 0, high: 1, key: `person ${key}` });
  return h("section", { class: "chosen" }, h("h2", {}, h("bdi", {}, one.name)),
    field("name", one.name, rename_, { kind: "text", key: "person name" }),
    h("div", { class: "fields" }, ability("ideas", "creativity"), ability("reach", "reach"), ability("skill", "skill"), ability("clarity", "clarity"), ability("understanding", "understanding"), ability("threshold", "threshold"),
      field("enters in step", one.born, put("born"), { low: 1, high: 1e9, step: 1, empty: "from the first" }), field("leaves in step", one.dies, put("dies"), { low: 1, high: 1e9, step: 1, empty: "never" })),
    field("never gives an idea up", one.keeps, value => put("keeps")(value || undefined), { kind: "check" }),
    h("div", { class: "row" }, h("button", { type: "button", "data-key": "plan", onclick: () => addIntervention(one.name) }, "Plan something"),
      h("button", { type: "button", class: "away", "data-key": "away", disabled: app.doc.persons.length < 2, onclick: takeAway }, "Take away")));
}

function tiePart(k) {
  const tie = app.doc.ties[k], put = key => value => change(doc => { if (value === undefined) delete doc.ties[k][key]; else doc.ties[k][key] = value; });
  return h("section", { class: "chosen" }, h("h2", {}, h("bdi", {}, tie.from), " can tell ", h("bdi", {}, tie.to)),
    h("div", { class: "fields" }, field("weight", tie.weight ?? 1, put("weight"), { low: 1e-9, high: 1 }),
      field("from step", tie.start, put("start"), { low: 0, high: 1e9, step: 1, empty: "the first" }), field("until step", tie.end, put("end"), { low: 1, high: 1e9, step: 1, empty: "the end" })),
    field("both ways", tie.both_ways, value => put("both_ways")(value || undefined), { kind: "check" }),
    h("button", { type: "button", class: "away", "data-key": "away", onclick: takeAway }, "Cut the tie"));
}

function ideasPart() {
  return [app.doc.ideas.map((one, k) => {
    const put = key => value => change(doc => { doc.ideas[k][key] = value; }), at = (word, key, more) => field(word, ideaOf(one, key), put(key), { key: `idea ${k} ${key}`, ...more });
    return h("div", { class: "card" }, field("name", one.name, name => rename("ideas", one.name, name), { kind: "text", key: `idea ${k} name` }),
      h("div", { class: "fields" }, at("value", "value"), at("clarity", "clarity", { low: 1e-9, high: 1 }), at("difficulty", "difficulty"),
        field("builds on", (one.prerequisites ?? [])[0] ?? "", value => change(doc => { if (value) doc.ideas[k].prerequisites = [value]; else delete doc.ideas[k].prerequisites; }),
          { kind: "choice", key: `idea ${k} on`, options: [["", "nothing"], ...app.doc.ideas.slice(0, k).map(other => [other.name])] })),
      app.doc.ideas.length > 1 && h("button", { type: "button", class: "link", "data-key": `no idea ${k}`, onclick: () => dropIdea(k) }, "take away"));
  }), app.doc.ideas.length < LIMITS.ideas && h("button", { type: "button", "data-key": "new idea", onclick: () => change(doc => { doc.ideas.push({ name: freshName(doc.ideas, "idea ") }); }) }, "Another idea")];
}

function dropIdea(k) {
  const name = app.doc.ideas[k].name;
  change(doc => {
    doc.ideas.splice(k, 1);
    doc.ideas.forEach(one => { if (one.rival_of === name) delete one.rival_of; if (one.prerequisites) one.prerequisites = one.prerequisites.filter(p => p !== name); });
    doc.interventions = doc.interventions.filter(one => one.idea !== name && !one.key?.startsWith(`ideas.${name}.`));
  });
}

function schedulePart() {
  return [app.doc.interventions.map((one, k) => h("div", { class: "card" }, interventionFields(k))),
    h("button", { type: "button", "data-key": "new plan", onclick: () => addIntervention(app.doc.persons[0].name) }, "Plan something")];
}

function addIntervention(person) {
  if (app.doc.interventions.length >= LIMITS.interventions) return;
  change(doc => { doc.interventions.push({ step: clamp(app.step, 1, doc.scenario.steps), kind: "discover", person }); });
  select("intervention", app.doc.interventions.length - 1);
}

function interventionFields(k) {
  const one = app.doc.interventions[k], put = key => value => change(doc => { if (key === "step") setFound(doc, k, value); else doc.interventions[k][key] = value; });
  const people = app.doc.persons.map(other => [other.name]), about = { kind: "choice", key: `plan ${k}` };
  const remove = h("button", { type: "button", class: "link", "data-key": `no plan ${k}`, onclick: () => { app.selected = { kind: "intervention", key: k }; takeAway(); } }, "take away");
  if (one.kind === "set") return [h("div", { class: "fields" }, field("step", one.step, put("step"), { low: 1, high: 1e9, step: 1, key: `plan ${k} step` }), field("is then", one.value, put("value"), { key: `plan ${k} value` })), h("p", { class: "quiet" }, one.key), remove];
  const turn = kind => change(doc => {
    const { step, person, idea } = one, others = doc.persons.filter(other => other.name !== person), other = (others[0] ?? doc.persons[0]).name;
    const more = { tell: { to: other }, find: { of: other }, rewrite: { clarity: 1 } }[kind] ?? {};
    doc.interventions[k] = { step, kind, person, ...(idea && !["born", "die"].includes(kind) ? { idea } : {}), ...more };
  });
  return [h("div", { class: "fields" }, field("step", one.step, put("step"), { low: 1, high: 1e9, step: 1, key: `plan ${k} step` }),
    field("who", one.person, put("person"), { ...about, key: `plan ${k} who`, options: one.kind === "tell" ? [...people, ["crowd", "everybody else"]] : people }),
    field("does what", one.kind, turn, { ...about, key: `plan ${k} what`, options: WORDS.interventions.filter(kind => kind !== "set").map(kind => [kind, WORDS_OF[kind]]) }),
    one.kind === "tell" && field("to", one.to, put("to"), { ...about, key: `plan ${k} to`, options: [...people, ["crowd", "everybody else"], ["world", "the world"]] }),
    one.kind === "find" && field("of", one.of, put("of"), { ...about, key: `plan ${k} of`, options: people }),
    one.kind === "publish" && field("reach", one.reach ?? 1, put("reach"), { low: 0, high: 1, key: `plan ${k} reach` }),
    one.kind === "rewrite" && field("clarity", one.clarity, put("clarity"), { low: 1e-9, high: 1, key: `plan ${k} clarity` }),
    !["born", "die"].includes(one.kind) && app.doc.ideas.length > 1 && field("idea", one.idea ?? "everything", value => change(doc => { if (value === "everything") delete doc.interventions[k].idea; else doc.interventions[k].idea = value; }),
      { ...about, key: `plan ${k} idea`, options: [["everything", "all"], ...app.doc.ideas.map(idea => [idea.name])] })), remove];
}

function rulesPart() {
  const { doc } = app, at = (word, key, more) => field(word, setting(doc, "dynamics", key), putIn("dynamics", key), { key: `rule ${key}`, ...more });
  return [h("p", { class: "quiet" }, "Rates are per person and step; inf is certainty."), h("div", { class: "fields" },
    at("discovery rate", "discovery_rate"), at("tells for steps", "telling_period"), at("implementation rate", "implementation_rate"), at("gives up", "abandon_rate"), at("gives up what works", "abandon_rate_working"),
    at("adoption", "adoption", { kind: "choice", options: [["simple"], ["threshold"]] }), at("credited", "credited_tellers", { kind: "choice", options: [["one", "one teller"], ["all", "all tellers"]] }),
    field("inheritance", setting(doc, "credit", "inheritance"), putIn("credit", "inheritance"), { low: 0, high: 1, hint: "The part that an idea passes on to those it builds on" }),
    field("damping", setting(doc, "credit", "alpha"), putIn("credit", "alpha"), { low: 0, high: 0.9999, hint: "Of PageRank" })),
  at("may take an idea up again", "readopt", { kind: "check" })];
}
