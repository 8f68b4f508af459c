// The credit of all accounts side by side: persons in rows, accounts in columns.

const SHOWN = 14;

function drawCredit() {
  const { result, doc } = app,
    flow = result.shares["role-flow"];
  const order = doc.persons.map((_, k) => k);
  const most = k =>
    Math.max(...["role-flow", "person-pagerank", "shapley", "priority"].map(key => result.shares[key][k] || 0));
  if (doc.persons.length > 6) order.sort((a, b) => Math.round(1e9 * (most(b) - most(a))) || a - b);
  const rows = app.allRows ? order : order.slice(0, SHOWN),
    chosen = app.selected?.kind === "person" ? personOf(app.selected.key) : -1;
  if (chosen >= 0 && !rows.includes(chosen)) rows.push(chosen);
  const crowd =
    result.crowd > 0 && result.n < flow.length && Object.values(result.shares).some(list => list[result.n] > 1e-12);
  renew(
    byId("credit"),
    h(
      "table",
      {},
      h("caption", { class: "sr" }, "Credit of each person by every account, as a part of all realised value"),
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          h("th", { scope: "col" }, h("span", { class: "sr" }, "Person")),
          ACCOUNTS.map(([key, word]) => h("th", { scope: "col", title: WORDS.asks[key] }, word)),
        ),
      ),
      h(
        "tbody",
        {},
        rows.map(k => creditRow(k, doc.persons[k].name)),
        crowd && creditRow(result.n, "everybody else"),
      ),
    ),
    order.length > SHOWN &&
      h(
        "button",
        {
          type: "button",
          class: "link",
          "data-key": "more",
          onclick: () => {
            app.allRows = !app.allRows;
            drawCredit();
          },
        },
        app.allRows ? "show fewer" : `and ${order.length - SHOWN} more`,
      ),
  );
  byId("total").textContent =
    result.total > 0 ? `Realised value: ${amount(result.total)}` : "No impact: nobody has realised any value yet.";
  drawStrip(order);
}

function creditRow(k, name) {
  const chosen = isSelected("person", name);
  return h(
    "tr",
    { class: chosen ? "chosen" : undefined },
    h(
      "th",
      { scope: "row" },
      h(
        "button",
        {
          type: "button",
          class: "who",
          "data-key": `row ${name}`,
          onclick: () => {
            if (personOf(name) >= 0) select("person", name);
          },
        },
        h("bdi", {}, name),
      ),
    ),
    ACCOUNTS.map(([key]) => cell(key, k)),
  );
}

function cell(key, k) {
  const share = app.result.shares[key][k];
  if (share === undefined) return h("td", { class: "wait" }, key === "knockout" && k < app.result.n ? "…" : "");
  if (Number.isNaN(share)) return h("td", { class: "wait", title: "Lineages branch in too many ways" }, "–");
  const bar =
    key === "role-flow"
      ? ["idea", "communication", "implementation"].map((role, which) =>
          h("i", { class: role, "data-part": app.result.roles[which][k] }),
        )
      : [
          h("i", {
            class: key === "knockout" && share < 0 ? "less" : "plain",
            "data-part": Math.min(Math.abs(share), 1),
          }),
        ];
  bar.forEach(one => {
    one.style.width = `${100 * clamp(Number(one.dataset.part), 0, 1)}%`;
  });
  return h(
    "td",
    {},
    h("span", { class: share ? "number" : "number nil" }, percent(share)),
    h("span", { class: "bar", "aria-hidden": "true" }, bar),
  );
}

// On a phone, where there is no room for the table beside the picture: role flow in one line.
function drawStrip(order) {
  const flow = app.result.shares["role-flow"],
    some = [...order]
      .sort((a, b) => flow[b] - flow[a])
      .filter(k => flow[k] > 0.001)
      .slice(0, 8);
  renew(
    byId("strip"),
    some.map(k => {
      const part = h("span", {}, flow[k] > 0.12 ? h("bdi", {}, `${app.doc.persons[k].name} ${percent(flow[k])}`) : "");
      part.style.flexGrow = 100 * flow[k];
      return part;
    }),
  );
}
