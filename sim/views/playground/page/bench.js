// The workbench: the world, and whom or what was chosen in it.

function drawBench() {
  if (app.mode !== "bench") return;
  const open = new Set([...byId("bench").querySelectorAll("details[open]")].map(one => one.dataset.name));
  const section = (name, first, ...children) =>
    h(
      "details",
      { "data-name": name, open: open.has(name) || (!byId("bench").childElementCount && first) },
      h("summary", { "data-key": `section ${name}` }, name),
      children,
    );
  renew(
    byId("bench"),
    worldPart(),
    chosenPart(),
    section(`Ideas (${app.doc.ideas.length})`, false, ideasPart()),
    section(`What is scheduled (${app.doc.interventions.length})`, false, schedulePart()),
    section("Rules", false, rulesPart()),
  );
}

const putIn = (name, key) => value =>
  change(doc => {
    (doc[name] ??= {})[key] = value;
  });

function worldPart() {
  const { doc } = app,
    size = Math.max(doc.persons.length, 1);
  return h(
    "section",
    {},
    h(
      "label",
      { for: "preset" },
      h("span", {}, "Begin with"),
      h(
        "select",
        {
          id: "preset",
          "data-key": "preset",
          onchange: event => {
            app.name = event.target.value;
            open(PRESETS[app.name]);
          },
        },
        h("option", { value: "", selected: app.past.length > 0 || !app.name, disabled: true }, "your own"),
        Object.entries(PRESETS).map(([name, preset]) =>
          h("option", { value: name, selected: !app.past.length && app.name === name }, preset.scenario.name),
        ),
      ),
    ),
    h(
      "p",
      { class: "quiet", dir: "auto" },
      doc.scenario.description ?? "",
      doc.smaller ? " Made smaller than the scenario of this name." : "",
    ),
    h(
      "div",
      { class: "fields" },
      field("steps", doc.scenario.steps, putIn("scenario", "steps"), { low: 1, high: LIMITS.steps, step: 1 }),
      field("seed", setting(doc, "scenario", "seed"), putIn("scenario", "seed"), {
        low: 0,
        high: 2 ** 53 - 1,
        step: 1,
        hint: "Of all chances: the same seed gives the same world",
      }),
      field("people in the world", worldSize(doc), putIn("world", "size"), { low: size, high: 1e15, step: 1 }),
      field("value of", setting(doc, "impact", "value_of"), putIn("impact", "value_of"), {
        kind: "choice",
        options: [
          ["working", "what works"],
          ["held", "what is held"],
        ],
      }),
    ),
  );
}

function chosenPart() {
  const { kind, key } = app.selected ?? {};
  if (kind === "person" && personOf(key) >= 0) return personPart(personOf(key));
  if (kind === "tie" && app.doc.ties[key]) return tiePart(key);
  if (kind === "intervention" && app.doc.interventions[key])
    return h(
      "section",
      { class: "chosen" },
      h("h2", {}, sentence(app.doc.interventions[key])),
      interventionFields(key),
    );
  return h(
    "section",
    { class: "quiet" },
    h(
      "p",
      {},
      "Click a person to turn the three handles. Double-click an empty place for somebody new. Drag the arrow of a person to another one for a tie.",
    ),
  );
}

function personPart(k) {
  const one = app.doc.persons[k],
    put = key => value =>
      change(doc => {
        if (value === undefined) delete doc.persons[k][key];
        else doc.persons[k][key] = value;
      });
  const rename_ = name => {
    const word = rename("persons", one.name, name);
    if (word) select("person", word);
    return word;
  };
  const ability = (word, key) => field(word, abilityOf(one, key), put(key), { low: 0, high: 1, key: `person ${key}` });
  return h(
    "section",
    { class: "chosen" },
    h("h2", {}, h("bdi", {}, one.name)),
    field("name", one.name, rename_, { kind: "text", key: "person name" }),
    h(
      "div",
      { class: "fields" },
      ability("ideas", "creativity"),
      ability("reach", "reach"),
      ability("skill", "skill"),
      ability("clarity", "clarity"),
      ability("understanding", "understanding"),
      ability("threshold", "threshold"),
      field("enters in step", one.born, put("born"), { low: 1, high: 1e9, step: 1, empty: "from the first" }),
      field("leaves in step", one.dies, put("dies"), { low: 1, high: 1e9, step: 1, empty: "never" }),
    ),
    field("never gives an idea up", one.keeps, value => put("keeps")(value || undefined), { kind: "check" }),
    h(
      "div",
      { class: "row" },
      h("button", { type: "button", "data-key": "plan", onclick: () => addIntervention(one.name) }, "Plan something"),
      h(
        "button",
        { type: "button", class: "away", "data-key": "away", disabled: app.doc.persons.length < 2, onclick: takeAway },
        "Take away",
      ),
    ),
  );
}

function tiePart(k) {
  const tie = app.doc.ties[k],
    put = key => value =>
      change(doc => {
        if (value === undefined) delete doc.ties[k][key];
        else doc.ties[k][key] = value;
      });
  return h(
    "section",
    { class: "chosen" },
    h("h2", {}, h("bdi", {}, tie.from), " can tell ", h("bdi", {}, tie.to)),
    h(
      "div",
      { class: "fields" },
      field("weight", tie.weight ?? 1, put("weight"), { low: 1e-9, high: 1 }),
      field("from step", tie.start, put("start"), { low: 0, high: 1e9, step: 1, empty: "the first" }),
      field("until step", tie.end, put("end"), { low: 1, high: 1e9, step: 1, empty: "the end" }),
    ),
    field("both ways", tie.both_ways, value => put("both_ways")(value || undefined), { kind: "check" }),
    h("button", { type: "button", class: "away", "data-key": "away", onclick: takeAway }, "Cut the tie"),
  );
}
