// The curves of holders, which are the ground of the slider.

const SERIES = {
  light: ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#1a1a1a"],
  dark: ["#56b4e9", "#ff8a4a", "#2cc79b", "#e3a3c6", "#f0b13c", "#8fb8ff", "#ece9e3"],
};

function ideaOrder(history) { // those that had most holders first: they have the colours
  const peaks = history.curves.map((curve) => curve.reduce((most, x) => Math.max(most, x), 0));
  return peaks.map((_, k) => k).sort((a, b) => peaks[b] - peaks[a] || a - b);
}

function ideaColours(history) {
  const series = SERIES[matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"], colours = [];
  ideaOrder(history).forEach((idea, rank) => { colours[idea] = rank < series.length ? series[rank] : scene.colours.faint; });
  return colours;
}

function drawCurves(canvas, history, now) {
  const [wide, high, ratio] = fitCanvas(canvas), context = canvas.getContext("2d"), colours = ideaColours(history);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, wide, high);
  const top = history.curves.reduce((most, curve) => curve.reduce((m, x) => Math.max(m, x), most), 1), span = Math.max(1, history.moments.length - 1);
  const thumb = 8, x = (moment) => thumb + (moment / span) * (wide - 2 * thumb), y = (count) => high - 3 - (count / top) * (high - 16);
  context.strokeStyle = scene.colours.line;
  context.lineWidth = 1;
  context.strokeRect(0.5, high - 2.5, wide - 1, 0);
  const order = ideaOrder(history).reverse();
  for (const done of [false, true]) {
    context.save();
    context.beginPath();
    context.rect(0, 0, done ? x(now.moment) : wide, high);
    context.clip();
    for (const idea of order) {
      const curve = history.curves[idea], other = now.idea >= 0 && now.idea !== idea;
      context.globalAlpha = (done ? 1 : 0.3) * (other ? 0.25 : 1);
      context.strokeStyle = colours[idea];
      context.lineWidth = now.idea === idea ? 2.4 : 1.5;
      context.beginPath();
      for (let m = 0; m < curve.length; m++) {
        if (m) context.lineTo(x(m), y(curve[m - 1]));
        context.lineTo(x(m), y(curve[m]));
      }
      context.stroke();
    }
    context.restore();
  }
  context.globalAlpha = 1;
  context.fillStyle = scene.colours.quiet;
  context.font = "11px system-ui, sans-serif";
  context.textBaseline = "top";
  const peak = history.curves.length ? amount(top) + " hold it at most" : "";
  context.fillText(peak, thumb, 0);
  context.fillRect(x(now.moment), 12, 1, high - 14);
}
