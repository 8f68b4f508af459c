"""What the explorer shows is the tape: the colour of every person at every moment, and the credit as it was then."""

from collections import Counter
from functools import cache

import numpy as np
import pytest

from sim import Scenario, simulate
from sim.accounts.account import attribute
from sim.model.until import until
from sim.tape.tables import ABANDON, DISCOVER, IMPLEMENT, LEARN, LEAVE
from sim.views.explorer.page import explorer
from tests import FULL
from tests.cli import missing
from tests.tapes import as_rows

CROWD = """
scenario = {{name = "crowd", steps = 9, seed = 2}}
world = {{size = {size}, network = {{kind = "watts-strogatz", neighbours = 4, rewire = 0.1}}}}
population = {{count = {count}, reach = {reach}}}
dynamics = {{discovery_rate = inf, telling_period = 3, abandon_rate = 0.2, implementation_rate = 0.3}}
ideas = [{{name = "wheel"}}]
impact = {{value_of = "held"}}
persons = [{{name = "Ada", creativity = 1.0, reach = {reach}, dies = 6}}]
ties = [{{from = "Ada", to = "population"}}]
"""


@cache
def shown(name):
    if isinstance(name, str):
        scenario = Scenario.load(name)
    else:
        scenario = Scenario.from_toml(CROWD.format(size=2 * name, count=name - 1, reach=4 / name))
    tape = simulate(scenario)
    return tape, scenario, explorer(tape, scenario)


CASES = ["e4_bridge", "kant_critique", 200, *([5000, 100_000] if FULL else [])]


def opened(browser, case, folder):
    tape, scenario, text = shown(case)
    file = folder / "page.html"
    file.write_text(text, encoding="utf-8")
    browser.open(file.as_uri())
    return tape, scenario


def deeds(tape, step):
    """How everybody stands at the end of a step, by reading the tape: the colour of a small mark and of a large one."""
    held, did = Counter(), set()
    for when, kind, person, _, count in as_rows(tape.events):
        if when > step or person < 0:
            break
        held[person] += {DISCOVER: count, LEARN: count, ABANDON: -count, LEAVE: -count}.get(kind, 0)
        did.add((person, kind))
    body = {p: ("idea" if (p, DISCOVER) in did else "communication") if held[p] > 0 else "ground" for p in held}
    return {p: ("implementation" if (p, IMPLEMENT) in did and held[p] > 0 else body[p], body[p]) for p in held}, held


PIXELS = """(() => {{ go({moment}); drawScene(history_, now); const found = [];
    const to = document.createElement('canvas').getContext('2d'); to.canvas.width = to.canvas.height = 1;
    const rgb = (name) => {{ to.clearRect(0, 0, 1, 1); to.fillStyle = scene.colours[name]; to.fillRect(0, 0, 1, 1);
        return Array.from(to.getImageData(0, 0, 1, 1).data); }};
    const data = scene.context.getImageData(0, 0, scene.canvas.width, scene.canvas.height).data;
    const at = (p) => 4 * (Math.round(sy(p)) * scene.canvas.width + Math.round(sx(p)));
    for (let p = 0; p < history_.people.count; p++) found.push(Array.from(data.slice(at(p), at(p) + 4)));
    return {{ pixels: found, names: history_.people.names, radius: Array.from(scene.radius.keys(), rim),
        x: Array.from(scene.radius.keys(), sx), y: Array.from(scene.radius.keys(), sy),
        order: Array.from(scene.order), size: Array.from(history_.people.size),
        colours: Object.fromEntries([...BODY, 'implementation'].map((name) => [name, rgb(name)])),
        share: Array.from(now.share),
        list: [...document.querySelectorAll('#list .name')].map((e) => e.textContent) }}; }})()"""


@pytest.mark.parametrize("case", CASES)
def test_the_colour_of_everybody_at_every_moment_is_their_state_on_the_tape(browser, tmp_path, case):
    tape, _ = opened(browser, case, tmp_path)
    number = {name: person for person, name in enumerate(tape.persons.names())}
    browser.run("window.drawLabels = () => {}; 1")  # the marks below them are asked for
    if case in (5000, 100_000):
        browser.run("zoomBy(9, sx(0), sy(0)); redraw()")
        browser.wait("performance.now() - scene.moved > 200")
    for step in range(0, tape.steps + 1, max(1, tape.steps // 8)):
        seen = browser.run(PIXELS.format(moment=step))
        deed, held = deeds(tape, step)
        looked = 0
        places, radius = np.array([seen["x"], seen["y"]]).T, np.array(seen["radius"])
        width, height = browser.run("[scene.width, scene.height]")
        for p, name in enumerate(seen["names"]):
            person = number[name]
            wanted = deed.get(person, ("faint", "faint"))[int(radius[p] >= 5.0)]
            if seen["size"][p] > 1:  # a disc, filled as far as the crowd holds it
                wanted = "communication" if held.get(person, 0) > 0.05 * seen["size"][p] else None
                wanted = wanted if held.get(person) else "faint"
            if not (1 <= seen["x"][p] < width - 1 and 1 <= seen["y"][p] < height - 1):
                continue
            covered = (np.hypot(*(places - places[p]).T) < 1.2 * radius + 4.0).sum() > 1  # or ringed
            if wanted is None or covered or (wanted == "ground" and radius[p] < 3.0) or radius[p] < 2.4:
                continue
            looked += 1
            away = np.abs(np.array(seen["pixels"][p][:3]) - seen["colours"][wanted][:3])
            assert away.max() <= 12, (step, name, wanted)
        assert looked >= min(3, len(seen["names"]) // 4), step
    assert [said for said in browser.errors if "Canvas2D" not in said] == []  # so it complains of these questions


@pytest.mark.parametrize("case", ["e4_bridge", "kant_critique"])
def test_credit_is_that_of_what_was_realised_by_the_moment(browser, tmp_path, case):
    tape, scenario = opened(browser, case, tmp_path)
    number = {name: person for person, name in enumerate(tape.persons.names())}
    accounts = browser.run("history_.accounts.map((a) => a.name)")
    for step in range(0, tape.steps + 1, max(1, tape.steps // 5)):
        for name in ("role-flow", "priority", "person-pagerank"):
            browser.run(f"now.account = {accounts.index(name)}; chooseAgain()")
            seen = browser.run(PIXELS.format(moment=step))
            table = attribute(until(tape, step, scenario), name, {})
            share = np.zeros(tape.persons.total)
            share[table.row] = np.nan_to_num(table.persons.share) if table.total > 0.0 else 0.0
            wanted = share[[number[n] for n in seen["names"]]]
            known = np.array([s is not None for s in seen["share"]])
            assert np.array([s or 0.0 for s in seen["share"]])[known] == pytest.approx(wanted[known], abs=1e-6)
            assert wanted[~known].max(initial=0.0) <= np.sort(wanted)[-min(12, len(wanted)) :].min()
            listed = [number[n] for n in seen["list"]]
            assert share[listed] == pytest.approx(np.sort(share)[::-1][: len(listed)], abs=1e-6)
            assert (len(listed) == 0) == (table.total == 0.0)
            grown = np.array(seen["radius"]) > min(seen["radius"]) + 1e-6
            assert not (grown & (wanted == 0.0) & (np.array(seen["size"]) == 1)).any()


def test_no_giant_lies_on_another_and_labels_stand_at_their_own(browser, tmp_path):
    opened(browser, "kant_critique", tmp_path)
    browser.run("""scene.said = []; scene.draw = scene.context.fillText.bind(scene.context);
        scene.context.fillText = (text, x, y) => { scene.said.push([text, x, y]); scene.draw(text, x, y); }; 1""")
    for step in (8, 24, 30):
        browser.run("scene.said = []; 1")
        seen = browser.run(PIXELS.format(moment=step))
        said = browser.run("scene.said")
        places, radius = np.array([seen["x"], seen["y"]]).T, np.array(seen["radius"])
        large = seen["order"][:12]
        for i, a in enumerate(large):
            for b in large[:i]:
                assert np.hypot(*(places[a] - places[b])) >= radius[a] + radius[b]
        labels = {text.strip("\u200e"): (x, y) for text, x, y in said if not text.endswith("%")}
        assert {"Kant", "Reinhold"} <= set(labels)
        for name, (x, y) in labels.items():
            own = seen["names"].index(name)
            away, far = np.array([x, y]) - places[own], radius[own]
            beside = np.array([(0, far + 14), (0, -far - 14), (far + 6, 0), (-far - 6, 0)])
            assert np.hypot(*(beside - away).T).min() < 0.01


def test_a_card_says_why(browser, tmp_path):
    opened(browser, "kant_critique", tmp_path)
    browser.run("choose(history_.people.names.indexOf('Kant'))")
    why = browser.run("document.querySelector('#card .why').textContent")
    assert missing(why, "Kant has", "By role", "Without Kant") == []
