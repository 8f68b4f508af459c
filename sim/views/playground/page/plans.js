// The workbench, further down: ideas, what is scheduled, and the rules.

function ideasPart() {
  return [
    app.doc.ideas.map((one, k) => {
      const put = key => value =>
          change(doc => {
            doc.ideas[k][key] = value;
          }),
        at = (word, key, more) => field(word, ideaOf(one, key), put(key), { key: `idea ${k} ${key}`, ...more });
      return h(
        "div",
        { class: "card" },
        field("name", one.name, name => rename("ideas", one.name, name), { kind: "text", key: `idea ${k} name` }),
        h(
          "div",
          { class: "fields" },
          at("value", "value"),
          at("clarity", "clarity", { low: 1e-9, high: 1 }),
          at("difficulty", "difficulty"),
          field(
            "builds on",
            (one.prerequisites ?? [])[0] ?? "",
            value =>
              change(doc => {
                if (value) doc.ideas[k].prerequisites = [value];
                else delete doc.ideas[k].prerequisites;
              }),
            {
              kind: "choice",
              key: `idea ${k} on`,
              options: [["", "nothing"], ...app.doc.ideas.slice(0, k).map(other => [other.name])],
            },
          ),
        ),
        app.doc.ideas.length > 1 &&
          h(
            "button",
            { type: "button", class: "link", "data-key": `no idea ${k}`, onclick: () => dropIdea(k) },
            "take away",
          ),
      );
    }),
    app.doc.ideas.length < LIMITS.ideas &&
      h(
        "button",
        {
          type: "button",
          "data-key": "new idea",
          onclick: () =>
            change(doc => {
              doc.ideas.push({ name: freshName(doc.ideas, "idea ") });
            }),
        },
        "Another idea",
      ),
  ];
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
  return [
    app.doc.interventions.map((one, k) => h("div", { class: "card" }, interventionFields(k))),
    h(
      "button",
      { type: "button", "data-key": "new plan", onclick: () => addIntervention(app.doc.persons[0].name) },
      "Plan something",
    ),
  ];
}

function addIntervention(person) {
  if (app.doc.interventions.length >= LIMITS.interventions) return;
  change(doc => {
    doc.interventions.push({ step: clamp(now.moment, 1, doc.scenario.steps), kind: "discover", person });
  });
  select("intervention", app.doc.interventions.length - 1);
}

function interventionFields(k) {
  const one = app.doc.interventions[k],
    put = key => value =>
      change(doc => {
        if (key === "step") setFound(doc, k, value);
        else doc.interventions[k][key] = value;
      });
  const people = app.doc.persons.map(other => [other.name]),
    about = { kind: "choice", key: `plan ${k}` };
  const remove = h(
    "button",
    {
      type: "button",
      class: "link",
      "data-key": `no plan ${k}`,
      onclick: () => {
        app.selected = { kind: "intervention", key: k };
        takeAway();
      },
    },
    "take away",
  );
  if (one.kind === "set")
    return [
      h(
        "div",
        { class: "fields" },
        field("step", one.step, put("step"), { low: 1, high: 1e9, step: 1, key: `plan ${k} step` }),
        field("is then", one.value, put("value"), { key: `plan ${k} value` }),
      ),
      h("p", { class: "quiet" }, one.key),
      remove,
    ];
  const turn = kind =>
    change(doc => {
      const { step, person, idea } = one,
        others = doc.persons.filter(other => other.name !== person),
        other = (others[0] ?? doc.persons[0]).name;
      const more = { tell: { to: other }, find: { of: other }, rewrite: { clarity: 1 } }[kind] ?? {};
      doc.interventions[k] = {
        step,
        kind,
        person,
        ...(idea && !["born", "die"].includes(kind) ? { idea } : {}),
        ...more,
      };
    });
  return [
    h(
      "div",
      { class: "fields" },
      field("step", one.step, put("step"), { low: 1, high: 1e9, step: 1, key: `plan ${k} step` }),
      field("who", one.person, put("person"), {
        ...about,
        key: `plan ${k} who`,
        options: one.kind === "tell" ? [...people, ["crowd", "everybody else"]] : people,
      }),
      field("does what", one.kind, turn, {
        ...about,
        key: `plan ${k} what`,
        options: WORDS.interventions.filter(kind => kind !== "set").map(kind => [kind, WORDS_OF[kind]]),
      }),
      one.kind === "tell" &&
        field("to", one.to, put("to"), {
          ...about,
          key: `plan ${k} to`,
          options: [...people, ["crowd", "everybody else"], ["world", "the world"]],
        }),
      one.kind === "find" && field("of", one.of, put("of"), { ...about, key: `plan ${k} of`, options: people }),
      one.kind === "publish" &&
        field("reach", one.reach ?? 1, put("reach"), { low: 0, high: 1, key: `plan ${k} reach` }),
      one.kind === "rewrite" &&
        field("clarity", one.clarity, put("clarity"), { low: 1e-9, high: 1, key: `plan ${k} clarity` }),
      !["born", "die"].includes(one.kind) &&
        app.doc.ideas.length > 1 &&
        field(
          "idea",
          one.idea ?? "everything",
          value =>
            change(doc => {
              if (value === "everything") delete doc.interventions[k].idea;
              else doc.interventions[k].idea = value;
            }),
          {
            ...about,
            key: `plan ${k} idea`,
            options: [["everything", "all"], ...app.doc.ideas.map(idea => [idea.name])],
          },
        ),
    ),
    remove,
  ];
}

function rulesPart() {
  const { doc } = app,
    at = (word, key, more) =>
      field(word, setting(doc, "dynamics", key), putIn("dynamics", key), { key: `rule ${key}`, ...more });
  return [
    h("p", { class: "quiet" }, "Rates are per person and step; inf is certainty."),
    h(
      "div",
      { class: "fields" },
      at("discovery rate", "discovery_rate"),
      at("tells for steps", "telling_period"),
      at("implementation rate", "implementation_rate"),
      at("gives up", "abandon_rate"),
      at("gives up what works", "abandon_rate_working"),
      at("adoption", "adoption", { kind: "choice", options: [["simple"], ["threshold"]] }),
      at("credited", "credited_tellers", {
        kind: "choice",
        options: [
          ["one", "one teller"],
          ["all", "all tellers"],
        ],
      }),
      field("inheritance", setting(doc, "credit", "inheritance"), putIn("credit", "inheritance"), {
        low: 0,
        high: 1,
        hint: "The part that an idea passes on to those it builds on",
      }),
      field("damping", setting(doc, "credit", "alpha"), putIn("credit", "alpha"), {
        low: 0,
        high: 0.9999,
        hint: "Of PageRank",
      }),
    ),
    at("may take an idea up again", "readopt", { kind: "check" }),
  ];
}
