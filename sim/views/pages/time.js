// The time line: who holds what at each moment; and what is scheduled, if the door has something.

const LINE = { wide: 600, left: 8, right: 10, top: 36, bottom: 98 }; // in points of the screen
const lastMoment = () => Math.max(1, history_.moments.length - 1);
const atMoment = moment => LINE.left + ((LINE.wide - LINE.left - LINE.right) * moment) / lastMoment();

function ranksOf(curves) { // the ideas that had most holders first: they have the colours
  const peaks = curves.map(curve => curve.reduce((most, x) => Math.max(most, x), 0)), ranks = [];
  Array.from(peaks.keys()).sort((a, b) => peaks[b] - peaks[a] || a - b).forEach((idea, rank) => { ranks[idea] = rank; });
  return { ranks, top: Math.max(1, ...peaks) };
}

function fitTime() {
  const { clientWidth, clientHeight } = byId("line");
  Object.assign(LINE, { wide: Math.max(clientWidth, 1), bottom: Math.max(clientHeight, 1) - 18 });
}

function drawTime() { // after another run or size; where one is in it, drawNow shows
  const svg = byId("line"), { curves, moments, ideas } = history_, { ranks, top } = ranksOf(curves);
  LINE.top = history_.marks ? 36 : 16;
  svg.setAttribute("viewBox", `0 0 ${LINE.wide} ${LINE.bottom + 18}`);
  const y = count => (LINE.bottom - ((LINE.bottom - LINE.top) * count) / top).toFixed(1);
  const x = moment => atMoment(moment).toFixed(1);
  const path = curve => Array.from(curve, (value, m) => (m ? `H${x(m)}V${y(value)}` : `M${x(0)} ${y(value)}`)).join("");
  const order = Array.from(ranks.keys()).sort((a, b) => ranks[b] - ranks[a]);
  renew(
    svg,
    order.map(k => {
      const d = path(curves[k]), look = `k${Math.min(ranks[k], 7)}${now.idea >= 0 && now.idea !== k ? " other" : ""}`;
      return [
        ranks[k] < 4 && s("path", { d: `${d}V${LINE.bottom}H${x(0)}Z`, class: `area ${look}` }),
        s("path", { d, class: `curve ${look}` }, s("title", {}, plain(ideas[k], 60))),
      ];
    }),
    s("rect", { class: "future", y: 0, height: LINE.bottom }),
    s("line", { x1: x(0), x2: x(lastMoment()), y1: LINE.bottom, y2: LINE.bottom, class: "axis" }),
    ticks().map(([moment, anchor]) => s("text", { x: x(moment), y: LINE.bottom + 14, class: "tick", "text-anchor": anchor }, moments[moment])),
    curves.length > 0 && s("text", { x: LINE.left, y: LINE.top - 4, class: "tick" }, `${amount(top)} hold it at most`),
    s("line", { y1: 2, y2: LINE.bottom, class: "now" }),
    history_.marks?.(),
  );
  byId("moment").max = String(moments.length - 1);
  drawNow();
}

function drawNow() {
  const svg = byId("line"), at = atMoment(now.moment), slider = byId("moment"), text = history_.moments[now.moment];
  fill(svg.querySelector(".now"), { x1: at, x2: at }, []);
  fill(svg.querySelector(".future"), { x: at, width: Math.max(0, LINE.wide - at) }, []);
  slider.value = String(now.moment);
  slider.setAttribute("aria-valuetext", `${history_.axis} ${text}`);
  byId("now").replaceChildren(h("b", {}, text), h("span", { class: "quiet" }, history_.axis.length < 24 ? history_.axis : ""));
}

function ticks() { // moments with a label below: few enough to have room, the first and the last among them
  const { moments } = history_, last = moments.length - 1, wide = 7 * Math.max(...moments.slice(-3).map(text => text.length)) + 16;
  if (last <= 0) return [[0, "start"]];
  const rough = Math.max(last / 5, (last * wide) / LINE.wide), size = 10 ** Math.floor(Math.log10(rough));
  const each = Math.max(1, Math.ceil([1, 2, 5, 10].map(k => k * size).find(k => k >= rough))), found = [[0, "start"]];
  for (let m = each; m <= last - 0.7 * each; m += each) found.push([m, "middle"]);
  return [...found, [last, "end"]];
}

const momentAt = event => {
  const box = byId("line").getBoundingClientRect(), part = ((event.clientX - box.x) / box.width) * LINE.wide - LINE.left;
  return Math.round((part / (LINE.wide - LINE.left - LINE.right)) * lastMoment());
};

function timeHands() {
  const svg = byId("line");
  let held = null; // what a hand holds: a mark by its number, or the line itself
  svg.addEventListener("pointerdown", event => {
    const mark = event.target.closest("[data-mark]");
    held = mark ? Number(mark.dataset.mark) : "line";
    svg.setPointerCapture(event.pointerId);
    if (mark) door.hold(held);
    else turnTime(momentAt(event));
    event.preventDefault();
  });
  svg.addEventListener("pointermove", event => {
    if (held === "line") turnTime(momentAt(event));
    else if (held !== null) door.drag(held, momentAt(event));
  });
  for (const end of ["pointerup", "pointercancel"])
    svg.addEventListener(end, () => {
      held = null;
      door.release?.();
    });
  byId("moment").addEventListener("input", event => turnTime(Number(event.target.value)));
  byId("play").addEventListener("click", () => play(!now.playing));
}

function turnTime(moment) { // by hand, which ends what plays
  if (now.playing) play(false);
  go(moment);
}

function play(on) {
  now.playing = on;
  byId("play").setAttribute("aria-pressed", String(on));
  byId("play").setAttribute("aria-label", on ? "Pause" : "Play");
  if (!on) return go(now.moment);
  const last = history_.moments.length - 1, from = now.moment >= last ? 0 : now.moment, run = history_;
  const pace = last / clamp(last * 0.35, 4, 24) / 1000;
  let start = null;
  const tick = time => {
    if (!now.playing || run !== history_) return;
    start ??= time;
    const moment = Math.min(last, from + Math.floor((time - start) * pace));
    if (moment !== now.moment) go(moment);
    if (moment >= last) play(false);
    else requestAnimationFrame(tick);
  };
  go(from);
  requestAnimationFrame(tick);
}
