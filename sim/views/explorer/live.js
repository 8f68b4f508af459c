// Live: sliders for the parameters; what they ask for is computed by the server on this machine.

function startLive(live) {
  by("live").hidden = false;
  const changes = {};
  let timer = 0, busy = false, again = false;
  const say = (text, wrong) => { by("state").textContent = text; by("state").classList.toggle("wrong", Boolean(wrong)); };
  const ask = async () => {
    if (busy) { again = true; return; }
    busy = true;
    again = false;
    say("Running …");
    try {
      const answer = await fetch("run", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ changes }) });
      const found = await answer.json();
      if (found.error) say(found.error, true);
      else { show(found.data); say(found.said); }
    } catch { say("The server has stopped; start `shoulders explore` again.", true); }
    busy = false;
    if (again) ask();
  };
  const change = (key, value) => {
    changes[key] = value;
    clearTimeout(timer);
    timer = setTimeout(ask, 200);
  };
  let group = null, legend = null;
  live.controls.forEach((control, k) => {
    if (control.section !== legend) {
      group = element("fieldset");
      group.append(nameElement("legend", control.section, "", 60));
      by("controls").append(group);
      legend = control.section;
    }
    group.append(controlRow(control, k, change));
  });
  say("Move a slider; the run and its credit follow.");
}

function controlRow(control, k, change) {
  const row = element("div", undefined, "row"), label = element("label", control.label), slider = element("input"), field = element("input");
  slider.type = "range";
  Object.assign(slider, { min: control.low, max: control.high, step: control.step, id: "slider-" + k });
  slider.value = Number.isFinite(Number(control.value)) ? control.value : control.high;
  label.htmlFor = slider.id;
  field.type = "text";
  field.value = control.value;
  field.setAttribute("aria-label", control.label + ", as a number");
  slider.addEventListener("input", () => { field.value = slider.value; change(control.key, slider.value); });
  field.addEventListener("change", () => { slider.value = field.value; change(control.key, field.value); });
  row.append(label, slider, field);
  return row;
}
