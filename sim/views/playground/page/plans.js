// The workbench, further down: ideas, what is scheduled, and the rules.

const AS_LINK = { class: "link" };
const choices = list => list.map(one => [one.name]);

function ideasPart() {
  const add = () => change(doc => { doc.ideas.push({ name: freshName(doc.ideas, "idea ") }); });
  return [app.doc.ideas.map(ideaCard), app.doc.ideas.length < LIMITS.ideas && button("Another idea", add, "new idea")];
}

function ideaCard(one, k) {
  const { ideas } = app.doc, put = putIn(doc => doc.ideas[k]);
  const at = (key, more) => field(key, ideaOf(one, key), put(key), { key: `idea ${k} ${key}`, ...more });
  const build = value => put("prerequisites")(value ? [value] : undefined);
  return h("div", { class: "card" },
    field("name", one.name, name => rename("ideas", one.name, name), { kind: "text", key: `idea ${k} name` }),
    fields(
      at("value"),
      at("clarity", { low: 1e-9, high: 1 }),
      at("difficulty"),
      field("builds on", one.prerequisites?.[0] ?? "", build, { key: `idea ${k} on`, options: [["", "nothing"], ...choices(ideas.slice(0, k))] }),
    ),
    ideas.length > 1 && button("take away", () => dropIdea(k), `no idea ${k}`, AS_LINK),
  );
}

function dropIdea(k) {
  const name = app.doc.ideas[k].name;
  change(doc => {
    doc.ideas.splice(k, 1);
    doc.ideas.forEach(one => {
      if (one.rival_of === name) delete one.rival_of;
      if (one.prerequisites) one.prerequisites = one.prerequisites.filter(p => p !== name);
    });
    doc.interventions = doc.interventions.filter(one => one.idea !== name && !one.key?.startsWith(`ideas.${name}.`));
  });
}

function schedulePart() {
  const cards = app.doc.interventions.map((_, k) => h("div", { class: "card" }, interventionFields(k)));
  return [cards, button("Plan something", () => addIntervention(app.doc.persons[0].name), "new plan")];
}

function addIntervention(person) {
  if (app.doc.interventions.length >= LIMITS.interventions) return;
  change(doc => {
    doc.interventions.push({ step: clamp(now.moment, 1, doc.scenario.steps), kind: "discover", person });
  });
  select("intervention", app.doc.interventions.length - 1);
}

const LIVES = ["born", "die"]; // which are of no idea
const CROWD = ["crowd", "everybody else"];

function interventionFields(k) {
  const { interventions, ideas, persons } = app.doc, one = interventions[k], put = putIn(doc => doc.interventions[k]);
  const at = (label, key, more) => field(label, one[key], put(key), { key: `plan ${k} ${key}`, ...more });
  const step = field("step", one.step, value => change(doc => setFound(doc, k, value)), { ...STEPS, key: `plan ${k} step` });
  const drop = () => {
    app.selected = { kind: "intervention", key: k };
    takeAway();
  };
  const remove = button("take away", drop, `no plan ${k}`, AS_LINK);
  if (one.kind === "set") return [fields(step, at("is then", "value")), h("p", { class: "quiet" }, one.key), remove];
  const people = choices(persons), kinds = WORDS.interventions.filter(kind => kind !== "set").map(kind => [kind, WORDS_OF[kind]]);
  const more = {
    tell: () => at("to", "to", { options: [...people, CROWD, ["world", "the world"]] }),
    find: () => at("of", "of", { options: people }),
    publish: () => field("reach", one.reach ?? 1, put("reach"), { low: 0, high: 1, key: `plan ${k} reach` }),
    rewrite: () => at("clarity", "clarity", { low: 1e-9, high: 1 }),
  };
  const about = value => put("idea")(value === "everything" ? undefined : value);
  return [
    fields(
      step,
      at("who", "person", { options: one.kind === "tell" ? [...people, CROWD] : people }),
      field("does what", one.kind, kind => turnInto(k, kind), { key: `plan ${k} what`, options: kinds }),
      more[one.kind]?.(),
      !LIVES.includes(one.kind) && ideas.length > 1 && field("idea", one.idea ?? "everything", about,
        { key: `plan ${k} idea`, options: [["everything", "all"], ...choices(ideas)] }),
    ),
    remove,
  ];
}

function turnInto(k, kind) { // another kind of intervention, of the same person
  return change(doc => {
    const { step, person, idea } = doc.interventions[k], { name } = doc.persons.find(one => one.name !== person) ?? doc.persons[0];
    const more = { tell: { to: name }, find: { of: name }, rewrite: { clarity: 1 } }[kind];
    doc.interventions[k] = { step, kind, person, ...(idea && !LIVES.includes(kind) ? { idea } : {}), ...more };
  });
}

function rulesPart() {
  const at = (label, key, more) => fieldOf("dynamics", label, key, { key: `rule ${key}`, ...more });
  return [
    h("p", { class: "quiet" }, "Rates are per person and step; inf is certainty."),
    fields(
      at("discovery rate", "discovery_rate"),
      at("tells for steps", "telling_period"),
      at("implementation rate", "implementation_rate"),
      at("gives up", "abandon_rate"),
      at("gives up what works", "abandon_rate_working"),
      at("adoption", "adoption", { options: [["simple"], ["threshold"]] }),
      at("credited", "credited_tellers", { options: [["one", "one teller"], ["all", "all tellers"]] }),
      fieldOf("credit", "inheritance", "inheritance",
        { low: 0, high: 1, hint: "The part that an idea passes on to those it builds on" }),
      fieldOf("credit", "damping", "alpha", { low: 0, high: 0.9999, hint: "Of PageRank" }),
    ),
    at("may take an idea up again", "readopt", { kind: "check" }),
  ];
}
