// Live: sliders for the parameters; what they ask for is computed by the server on this machine.

function startLive(live) {
  byId("live").hidden = false;
  let changes = {}, timer = 0, asked = 0, kept = shoulders(history_), keptAs = "as in the scenario";
  const say = (text, wrong) => { byId("state").textContent = text; byId("state").classList.toggle("wrong", Boolean(wrong)); };
  const ask = async () => { // until there is an answer, or another question
    const own = ++asked, body = JSON.stringify({ changes });
    say("Running …");
    try {
      while (own === asked) {
        const answer = await fetch("run", { method: "POST", headers: { "Content-Type": "application/json" }, body });
        const found = await answer.json();
        if (own !== asked) return;
        if (found.wait) { say(found.wait); continue; }
        if (found.error) say(found.error, true);
        else { show(found.data); say(found.said); compare(); }
        return;
      }
    } catch { if (own === asked) say("The server has stopped; start `shoulders explore` again.", true); }
  };
  const change = (key, value) => {
    changes[key] = value;
    clearTimeout(timer);
    timer = setTimeout(ask, 150);
  };
  const compare = () => { // the shares now beside those of the run that is kept
    const fresh = shoulders(history_), names = [...new Set([...fresh.keys(), ...kept.keys()])];
    const most = (name) => Math.max(fresh.get(name) || 0, kept.get(name) || 0);
    byId("compared").replaceChildren(...names.sort((a, b) => most(b) - most(a)).slice(0, 6).map((name) => {
      return h("li", {}, named("bdi", name, "", 30), ` ${percent(kept.get(name) || 0)} → ${percent(fresh.get(name) || 0)}`);
    }));
    byId("kept").textContent = `Shares ${keptAs} → now, by role flow in the end`;
  };
  byId("reset").addEventListener("click", () => {
    changes = {};
    document.querySelectorAll("#controls .row").forEach(row => row.reset());
    ask();
  });
  byId("keep").addEventListener("click", () => {
    kept = shoulders(history_);
    keptAs = "of the run that you kept";
    compare();
  });
  let group = null, legend = null;
  live.controls.forEach((control, k) => {
    if (control.section !== legend) {
      group = h("fieldset", {}, named("legend", control.section, "", 60));
      byId("controls").append(group);
      legend = control.section;
    }
    group.append(controlRow(control, k, change));
  });
  say("Move a slider; the run and its credit follow.");
}

function shoulders(history) { // the shares in the end by the first account, by name
  const shares = history.accounts[0]?.all.credit || [];
  return new Map(Array.from(shares.keys()).filter((p) => shares[p] > 0).sort((a, b) => shares[b] - shares[a]).slice(0, 50)
    .map((p) => [history.people.names[p], shares[p]]));
}

function controlRow(control, k, change) {
  const { low, high, logarithmic, label } = control, span = Math.log(high / low), id = "slider-" + k;
  const whole = Number.isInteger(control.step) && control.step >= 1;
  const toValue = place => { // three digits are enough for a hand
    if (!logarithmic) return place;
    const value = Number((low * Math.exp((place / 1000) * span)).toPrecision(3));
    return String(whole ? Math.round(value) : value);
  };
  const toPlace = text => {
    const value = Number.isFinite(Number(text)) ? Number(text) : high;
    return logarithmic ? String(Math.round((1000 * Math.log(Math.max(value, low) / low)) / span)) : String(value);
  };
  const ends = logarithmic ? { min: 0, max: 1000, step: 1 } : { min: low, max: high, step: control.step };
  const slider = h("input", { type: "range", id, ...ends }), field = h("input", { type: "text", "aria-label": label + ", as a number" });
  const row = h("div", { class: "row" }, h("label", { for: id }, label), slider, field);
  row.reset = () => { field.value = control.value; slider.value = toPlace(control.value); slider.setAttribute("aria-valuetext", control.value); };
  row.reset();
  slider.addEventListener("input", () => {
    field.value = toValue(slider.value);
    slider.setAttribute("aria-valuetext", field.value);
    change(control.key, field.value);
  });
  field.addEventListener("change", () => { slider.value = toPlace(field.value); change(control.key, field.value); });
  return row;
}
