"""The playground under hand and key: add, tie, turn, take away, undo, share, save; and no name does anything."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest

from sim import Scenario, credit, simulate
from sim.views.playground.page import playground
from tests.cli import missing
from tests.views.playground.conftest import opened

HOSTILE = ["</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", "שלום עולם", '"quoted" \\ %SCRIPT%']


@pytest.fixture
def page(browser, written):
    browser.size(1280, 800)
    opened(browser, written.as_uri() + "#mode=bench&preset=bridge")
    yield browser
    assert browser.errors == []
    assert [url for url in browser.requests if not url.startswith(("data:", "about:", "file:"))] == []


def at(page, name):
    """Where a person stands on the screen."""
    return page.run(f"""(() => {{ const box = byId("world").getBoundingClientRect();
        const [x, y] = at(personOf({json.dumps(name)}));
        return [box.x + x, box.y + y]; }})()""")


def corner(page, side):
    """A place near the upper corner of the world, at its left or right side, where nobody stands."""
    inward = {"left": 50, "right": -60}[side]
    return page.run(f"(box => [box.{side} + {inward}, box.y + 55])(byId('world').getBoundingClientRect())")


def names(page):
    return page.run("app.doc.persons.map(one => one.name)")


def middle(page, selector):
    return page.run(f"""(box => [box.x + box.width / 2, box.y + box.height / 2])(
        document.querySelector({json.dumps(selector)}).getBoundingClientRect())""")


def drag(page, start, end):
    page.point(*start)
    page.point(*start, "mousePressed", button="left", clickCount=1)
    for part in (0.3, 0.7, 1.0):
        page.point(*(a + (b - a) * part for a, b in zip(start, end, strict=True)), button="left", buttons=1)
    page.point(*end, "mouseReleased", button="left", clickCount=1)


def shares(page, account="role-flow", run="app.result"):
    return page.run(f"Object.fromEntries(app.doc.persons.map((one, k) => [one.name, {run}.shares['{account}'][k]]))")


def settled(page):
    page.wait("app.result.shares.knockout.length === app.result.n")
    page.run("new Promise(done => setTimeout(done, 500))")


def test_the_list_says_what_had_been_credited_by_the_step_that_is_looked_at(page):
    page.run("open(PRESETS.notebook)")
    scenario = Scenario.from_toml(page.run("tomlOf(app.doc)"))
    for step in (scenario.scenario.steps // 2, scenario.scenario.steps - 1, 1):
        page.run(f"go({step})")
        page.wait("app.shown.complete && app.shown.shares.knockout.length === app.shown.n")
        tape = simulate(scenario.replace({"scenario.steps": step}))
        for account in ("role-flow", "person-pagerank", "shapley", "priority"):
            table = credit(tape, account).persons if tape.total else None
            truth = dict(zip(table.person, table.share.tolist(), strict=True)) if table else {}
            found = shares(page, account, "app.shown")
            assert found == pytest.approx({name: truth.get(name, 0.0) for name in found}, abs=1e-9), (step, account)
        assert page.run("now.share.reduce((a, b) => a + b, 0)") == pytest.approx(1.0 if tape.total else 0.0)


def test_a_fourth_person_by_hand_shared_and_run_by_python(page, browser):
    assert shares(page) == {"P1": 0.5, "P2": 0.25, "P3": 0.25}
    page.click(*at(page, "P3"))
    drag(page, middle(page, "[data-pull]"), corner(page, "right"))
    assert names(page) == ["P1", "P2", "P3", "P4"]
    assert page.run("app.doc.ties.at(-1)") == {"from": "P3", "to": "P4"}
    page.run("select('person', 'P4')")
    for name, ability, value in (("P3", "reach", 0.0), ("P4", "reach", 1.0)):
        page.run(f"select('person', '{name}')")
        knob, far = middle(page, f"[data-handle='{ability}']"), 200 if value else -200
        along = page.run(f"at(personOf('{name}'))[1] < 100 ? 1 : -1")
        drag(page, knob, (knob[0], knob[1] + along * far))
    page.run("change(doc => { doc.persons[2].reach = 1e-10; })")
    now = shares(page)
    assert now == pytest.approx({"P1": 1 / 2, "P2": 1 / 6, "P3": 1 / 6, "P4": 1 / 6})
    settled(page)
    url, toml = page.run("location.href"), page.run("tomlOf(app.doc)")
    state = page.run("[app.doc, app.result.shares]")
    opened(browser, url)
    settled(browser)
    assert browser.run("[app.doc, app.result.shares]") == state
    table = credit(simulate(Scenario.from_toml(toml)), "role-flow").persons
    found = dict(zip(table.person, table.share.tolist(), strict=True))
    assert {name: found[name] for name in now} == pytest.approx(now, abs=1e-9)


def test_a_person_and_a_tie_by_the_tools_and_every_step_back_and_forth(page):
    first = page.run("JSON.stringify(app.doc)")
    page.run("byId('tool-person').click()")
    page.click(*corner(page, "left"))
    page.run("byId('tool-tie').click()")
    drag(page, at(page, "P2"), at(page, "P4"))
    assert page.run("app.doc.ties.some(tie => tie.from === 'P2' && tie.to === 'P4')")
    page.run("byId('tool-move').click()")
    before = at(page, "P1")
    drag(page, before, (before[0] + 50, before[1] + 30))
    assert at(page, "P1") == pytest.approx([before[0] + 50, before[1] + 30], abs=2)
    last = page.run("JSON.stringify(app.doc)")
    page.run("byId('world').querySelector('[data-person]').focus()")
    for _ in range(3):
        page.call("Input.dispatchKeyEvent", type="keyDown", key="z", windowsVirtualKeyCode=90, modifiers=2)
    assert page.run("JSON.stringify(app.doc)") == first
    for _ in range(3):
        page.run("byId('redo').click()")
    assert page.run("JSON.stringify(app.doc)") == last


def test_a_double_click_adds_and_the_cross_takes_away(page):
    for count in (1, 2):
        for kind in ("mousePressed", "mouseReleased"):
            page.point(*corner(page, "left"), kind, button="left", clickCount=count)
    assert names(page) == ["P1", "P2", "P3", "P4"]
    page.click(*middle(page, "[data-away]"))
    assert names(page) == ["P1", "P2", "P3"]


def test_the_keyboard_alone(page):
    page.run("byId('world').querySelector('[data-person=P1]').focus()")
    page.key("ArrowRight", 39)
    assert page.run("document.activeElement.dataset.person") == "P2"
    page.key("t", 84, "t")
    page.key("ArrowLeft", 37)
    page.key("Enter", 13, "\r")
    assert page.run("app.doc.ties.at(-1)") == {"from": "P2", "to": "P1"}
    page.key("Enter", 13, "\r")
    page.run("document.querySelector('[data-handle=skill]').focus()")
    page.key("ArrowRight", 39)
    assert page.run("app.doc.persons[0].skill") == 0.05
    assert page.run("document.activeElement.dataset.handle") == "skill"
    page.run("byId('world').querySelector('[data-person=P1]').focus()")
    page.key("Delete", 46)
    assert names(page) == ["P2", "P3"]
    assert page.run("app.result.total") == 0
    nameless = page.run("""[...document.querySelectorAll('button, input, select, [tabindex="0"]')].filter(e =>
        e.checkVisibility() && !e.textContent.trim() && !e.getAttribute('aria-label') && !e.labels?.length)
        .map(e => e.outerHTML)""")
    assert nameless == []


def test_an_intervention_moves_along_the_time_line(page, written):
    opened(page, written.as_uri() + "#mode=bench&preset=notebook")
    before = page.run("app.result.shares['role-flow'][0]")
    start = middle(page, "[data-mark='2']")
    drag(page, start, (start[0] - 300, start[1]))
    step, share, past = page.run("[app.doc.interventions[2].step, app.result.shares['role-flow'][0], app.past.length]")
    assert step < 60
    assert share > before
    assert past == 1


SCENES = [
    "Impact: none. Credit: none.",
    "Role flow: P1 50%, P2 50%.",
    "Role flow: P1 33.3%, P2 33.3%, P3 33.3%.",
    "Role flow: P1 50%, P2 25%, P3 25%. PageRank: P1 33.8%, P2 43.2%, P3 23.1%.",
    "Found in step 119: by role flow the genius has 0, by priority 100%.",
    "Role flow: P1 50%, P2 16.7%, P3 16.7%, P3's puppet 16.7%.",
]


def test_the_story_has_six_scenes_that_say_what_is_there(page, written):
    opened(page, written.as_uri())
    for scene, said in enumerate(SCENES):
        page.run(
            f"document.querySelectorAll('.scene')[{scene}].scrollIntoView({{block: 'center', behavior: 'instant'}})"
        )
        page.wait(f"app.scene === {scene}")
        settled(page)
        assert page.run("document.querySelector('.scene.current .live').textContent") == said


def test_names_are_names(browser, tmp_path):
    persons = "\n".join(f"[[persons]]\nname = {json.dumps(name)}\ncreativity = 1.0\nreach = 1.0" for name in HOSTILE)
    head = 'scenario = {name = "<b>bold</b> </script>", steps = 5}\nimpact = {value_of = "held"}\n'
    scenario = Scenario.from_toml(f'{head}{persons}\n[[ideas]]\nname = "</style>"\n')
    file = tmp_path / "hostile.html"
    file.write_text(playground(scenario), encoding="utf-8")
    opened(browser, file.as_uri() + "#mode=bench")
    settled(browser)
    assert browser.errors == []
    assert browser.run("document.querySelectorAll('img, script:not(#data)').length") == 1
    assert browser.run("[...document.querySelectorAll('#list .who bdi')].map(e => e.textContent)") == HOSTILE
    again = Scenario.from_toml(browser.run("tomlOf(app.doc)"))
    assert [one.name for one in again.persons] == HOSTILE
    assert "<img" not in browser.run("pictureText()").replace("&lt;img", "")


def test_a_world_of_ones_own_opens_in_the_workbench_and_the_page_without_one_in_the_story(browser, written, tmp_path):
    file = tmp_path / "own.html"
    file.write_text(playground(Scenario.load("e2_implementer")), encoding="utf-8")
    opened(browser, file.as_uri())
    assert browser.run("[app.mode, app.doc.scenario.name]") == ["bench", "E2: the implementer"]
    browser.run("byId('see-story').click()")
    assert browser.run("document.body.className") == "play story"
    opened(browser, written.as_uri())
    assert browser.run("app.mode") == "story"


def test_a_click_says_where_a_share_comes_from(page):
    page.run("select('person', 'P3')")
    card = page.run("byId('card').textContent")
    assert missing(card, "holds it, learned", "learned: P3", "told by: P2", "had it: P1") == []
    page.run("[...document.querySelectorAll('#card .path button')].at(-1).click()")
    assert page.run("app.selected.key") == "P1"


@pytest.mark.parametrize("world", ["%%%", "AAAA", "eJw", "bnVsbA"])
def test_a_link_without_a_world_says_so(browser, written, world):
    opened(browser, f"{written.as_uri()}#mode=bench&world={world}")
    assert browser.run("byId('status').textContent") == "This link holds no world; here is another."
    assert browser.errors == []


def test_a_link_with_nonsense_in_it_is_cut_down_to_a_world(browser, written):
    nonsense = {
        "scenario": {"steps": 7, "name": 3},
        "persons": [{"name": "A", "reach": 5, "skill": 0.5, "x": 1}, {"name": "A"}, {"name": "crowd"}, 7],
        "ideas": [{"name": "i", "difficulty": "inf"}],
        "ties": [{"from": "A", "to": "B"}],
        "interventions": [{"step": 2, "kind": "explode"}],
        "places": "no",
    }
    opened(browser, written.as_uri())
    packed = browser.run(f"packed('deflate-raw', CompressionStream, {json.dumps(json.dumps(nonsense))}).then(toText)")
    opened(browser, f"{written.as_uri()}#mode=bench&world={packed}")
    doc = browser.run("app.doc")
    assert doc["persons"] == [{"name": "A", "skill": 0.5}]
    assert doc["ties"] == doc["interventions"] == []
    assert browser.errors == []


def test_it_fits_a_phone_and_the_dark(browser, written):
    browser.size(390, 844, phone=True, dark=True)
    for fragment in ("#mode=story&scene=4", "#mode=bench&preset=kant"):
        opened(browser, written.as_uri() + fragment)
        assert browser.run("document.documentElement.scrollWidth") <= 390
        assert browser.run("getComputedStyle(document.body).backgroundColor") == "rgb(21, 22, 26)"


def test_it_saves_a_picture(page):
    page.run("window.saved = []; download = (...all) => saved.push(all); saveSvg(); saveToml(); savePng()")
    page.wait("saved.length === 3")
    drawn = ElementTree.fromstring(page.run("pictureText()"))
    assert [one.text.strip("\u200e") for one in drawn if one.get("stroke") is None and one.tag.endswith("text")] == [
        "everybody else: 10 billion people, 100% hold the idea", "P1", "50%", "P2", "25%", "P3", "25%"
    ]  # fmt: skip
    fills = [one.get("fill") for one in drawn if one.tag.endswith("path")]
    colours = page.run("[scene.colours.idea, scene.colours.communication]")
    assert [fills.count(colour) for colour in colours] == [1, 2]
    assert "NaN" not in page.run("pictureText()")
    assert page.run("saved.map(one => one[0])") == ["e4_the_bridge.svg", "e4_the_bridge.toml", "e4_the_bridge.png"]
