// The workbench: the world, and whom or what was chosen in it.

function drawBench() {
  if (app.mode !== "bench") return;
  const { ideas, interventions } = app.doc, bench = byId("bench");
  const open = new Set([...bench.querySelectorAll("details[open]")].map(one => one.dataset.name));
  const section = (name, children) =>
    h("details", { "data-name": name, open: open.has(name) }, h("summary", { "data-key": `section ${name}` }, name), children);
  renew(
    bench,
    worldPart(),
    chosenPart(),
    section(`Ideas (${ideas.length})`, ideasPart()),
    section(`What is scheduled (${interventions.length})`, schedulePart()),
    section("Rules", rulesPart()),
  );
}

function fieldOf(section, label, key, more) { // of a key of a section
  return field(label, setting(app.doc, section, key), putIn(doc => (doc[section] ??= {}))(key), more);
}

function beginWith(name) {
  app.name = name;
  open(PRESETS[name]);
}

function worldPart() {
  const { doc } = app, own = app.past.length > 0 || !app.name, smaller = " Made smaller than the scenario of this name.";
  const presets = Object.entries(PRESETS).map(([name, preset]) =>
    h("option", { value: name, selected: !own && app.name === name }, preset.scenario.name));
  return h("section", {},
    h("label", { for: "preset" }, h("span", {}, "Begin with"),
      h("select", { id: "preset", "data-key": "preset", onchange: event => beginWith(event.target.value) },
        h("option", { value: "", selected: own, disabled: true }, "your own"), presets)),
    h("p", { class: "quiet", dir: "auto" }, doc.scenario.description ?? "", doc.smaller && smaller),
    fields(
      field("steps", doc.scenario.steps, putIn(doc => doc.scenario)("steps"), { low: 1, high: LIMITS.steps, step: 1 }),
      fieldOf("scenario", "seed", "seed", { low: 0, high: 2 ** 53 - 1, step: 1, hint: "Of all chances: the same seed gives the same world" }),
      field("people in the world", worldSize(doc), putIn(doc => (doc.world ??= {}))("size"),
        { low: Math.max(doc.persons.length, 1), high: 1e15, step: 1 }),
      fieldOf("impact", "value of", "value_of", { options: [["working", "what works"], ["held", "what is held"]] }),
    ),
  );
}

const HELP = "Click a person to turn the three handles. Double-click an empty place for somebody new. Drag the arrow of a person"
  + " to another one for a tie.";

function chosenPart() {
  const { kind, key } = app.selected ?? {}, planned = kind === "intervention" && app.doc.interventions[key];
  if (kind === "person" && personOf(key) >= 0) return personPart(personOf(key));
  if (kind === "tie" && app.doc.ties[key]) return tiePart(key);
  if (planned) return h("section", { class: "chosen" }, h("h2", {}, sentence(planned)), interventionFields(key));
  return h("section", { class: "quiet" }, h("p", {}, HELP));
}

function personPart(k) {
  const one = app.doc.persons[k], put = putIn(doc => doc.persons[k]);
  const called = name => {
    const word = rename("persons", one.name, name);
    if (word) select("person", word);
    return word;
  };
  const ability = ([word, key]) => field(word, abilityOf(one, key), put(key), { low: 0, high: 1, key: `person ${key}` });
  const abilities = [["ideas", "creativity"], ...["reach", "skill", "clarity", "understanding", "threshold"].map(key => [key, key])];
  return h("section", { class: "chosen" },
    h("h2", {}, h("bdi", {}, one.name)),
    field("name", one.name, called, { kind: "text", key: "person name" }),
    fields(
      abilities.map(ability),
      field("enters in step", one.born, put("born"), { ...STEPS, empty: "from the first" }),
      field("leaves in step", one.dies, put("dies"), { ...STEPS, empty: "never" }),
    ),
    field("never gives an idea up", one.keeps, value => put("keeps")(value || undefined), { kind: "check" }),
    h("div", { class: "row" },
      button("Plan something", () => addIntervention(one.name), "plan"),
      button("Take away", takeAway, "away", { class: "away", disabled: app.doc.persons.length < 2 })),
  );
}

function tiePart(k) {
  const tie = app.doc.ties[k], put = putIn(doc => doc.ties[k]);
  return h("section", { class: "chosen" },
    h("h2", {}, h("bdi", {}, tie.from), " can tell ", h("bdi", {}, tie.to)),
    fields(
      field("weight", tie.weight ?? 1, put("weight"), { low: 1e-9, high: 1 }),
      field("from step", tie.start, put("start"), { ...STEPS, low: 0, empty: "the first" }),
      field("until step", tie.end, put("end"), { ...STEPS, empty: "the end" }),
    ),
    field("both ways", tie.both_ways, value => put("both_ways")(value || undefined), { kind: "check" }),
    button("Cut the tie", takeAway, "away", { class: "away" }),
  );
}
