"""The explorer in a real browser: load, play, slide, hover, choose, search; and no name does anything."""

from pathlib import Path

import pytest

from sim import Scenario, simulate
from sim.views.explorer.page import explorer
from tests.cli import missing
from tests.views.explorer.browser import Page
from tests.views.explorer.test_page import HOSTILE, VILLAGE, named_tape

PLACE = "[scene.canvas.getBoundingClientRect().x + sx({p}), scene.canvas.getBoundingClientRect().y + sy({p})]"


@pytest.fixture(scope="module")
def village(tmp_path_factory) -> Path:
    scenario = Scenario.from_toml(VILLAGE)
    file = tmp_path_factory.mktemp("page") / "village.html"
    file.write_text(explorer(simulate(scenario, engine="agents"), scenario), encoding="utf-8")
    return file


@pytest.fixture
def page(browser, village):
    browser.open(village.as_uri())
    yield browser
    assert browser.errors == []
    assert [url for url in browser.requests if not url.startswith("data:")] == [village.as_uri()]


def frame(page: Page) -> None:
    page.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def ink(page: Page) -> int:
    """How many points of the picture differ from its ground."""
    frame(page)
    return page.run("""(() => { const c = scene.canvas, d = scene.context.getImageData(0, 0, c.width, c.height).data;
        let n = 0; for (let k = 3; k < d.length; k += 4) n += d[k] > 0; return n; })()""")


def text(page: Page, name: str) -> str:
    return page.run(f"byId('{name}').textContent")


def shown(page: Page) -> list[str]:
    return page.run("[...document.querySelectorAll('#list .name')].map(e => e.textContent)")


def test_it_loads_with_everything_there_and_controls_have_names(page):
    assert page.run("[document.title, byId('moment').value]") == ["a village", "25"]
    assert ink(page) > 500
    assert page.run("document.querySelectorAll('#account option').length") >= 3
    ideas = page.run("[...document.querySelectorAll('#idea option')].map(e => e.textContent)")
    assert ideas == ["all ideas", "wheel", "cart"]
    assert "Ada" in shown(page)
    page.key("Tab", 9)
    assert page.run("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    nameless = page.run("""[...document.querySelectorAll('button, input, select, canvas')].filter(e =>
        !e.closest('[hidden]') && e.getAttribute('aria-hidden') !== 'true' && !e.textContent.trim()
        && !e.getAttribute('aria-label') && !e.labels?.length).map(e => e.outerHTML)""")
    assert nameless == []


def test_it_plays_to_the_end_and_space_stops_it(page):
    standing = "now.standing.stage.reduce((n, d) => n + (d > 0), 0)"
    assert page.run(f"go(0); {standing}") == 0
    page.run("go(18); byId('play').click()")
    page.wait("now.moment > 19")
    assert page.run("byId('play').getAttribute('aria-pressed')") == "true"
    page.wait("!now.playing && now.moment === 25")
    assert page.run(standing) > 10
    page.run("go(0); scene.canvas.focus()")
    for playing in (True, False):
        page.key(" ", 32, " ")
        assert page.run("now.playing") == playing


def test_the_slider_moves_by_hand_and_by_keys(page):
    page.run("byId('moment').focus()")
    page.key("ArrowLeft", 37)
    assert page.run("now.moment") == 24
    page.key("Home", 36)
    assert page.run("now.moment") == 0
    assert text(page, "now").startswith("0")
    box = page.run("""(() => { const box = byId('moment').getBoundingClientRect();
        return [box.x + box.width / 2, box.y + box.height / 2]; })()""")
    page.click(*box)
    assert page.run("now.moment") in (12, 13)


def test_hovering_tells_name_lineage_and_credit(page):
    person = page.run("now.ranked.find(p => takings(history_, now, p).some(e => history_.events.kind[e] === LEARN))")
    frame(page)
    page.point(*page.run(PLACE.format(p=person)))
    page.wait("!byId('tip').hidden")
    words = (page.run(f"history_.people.names[{person}]"), "credit", "←")
    assert missing(text(page, "tip"), *words) == []
    page.point(5, 5)
    page.wait("byId('tip').hidden")


def test_a_click_chooses_and_escape_lets_go(page):
    frame(page)
    ada = page.run("history_.people.names.indexOf('Ada')")
    page.click(*page.run(PLACE.format(p=ada)))
    page.wait("!byId('card').hidden")
    assert missing(text(page, "card"), "Ada", "led on to") == []
    page.key("Escape", 27)
    assert page.run("byId('card').hidden")


def test_account_idea_and_role_change_what_is_shown(page):
    def choose(name: str, value: str) -> list:
        page.run(f"""(() => {{ const select = byId('{name}'); select.value = '{value}';
            select.dispatchEvent(new Event('change')); }})()""")
        return page.run("Array.from(now.share)")

    flow = page.run("Array.from(now.share)")
    number = page.run("history_.accounts.findIndex(a => a.name === 'priority')")
    priority = choose("account", number)
    assert max(priority) > max(flow)
    assert text(page, "asks") == "Who was first, whether or not anybody heard of it?"
    assert choose("account", "0") == flow
    made = choose("role", "implementation")
    assert sum(made) == pytest.approx(1 / 3, abs=0.2)
    choose("role", "credit")
    assert 0 < sum(choose("idea", "1")) < 1
    assert text(page, "heading") == "Whose shoulders, for cart"


def test_a_search_finds_a_person(page):
    page.run("byId('search').focus()")
    page.type("BUILDER 2")
    assert shown(page) == ["builder 2"]
    page.key("Enter", 13, "\r")
    page.wait("!byId('card').hidden")
    assert "builder 2" in text(page, "card")
    page.type("nobody")
    assert text(page, "heading") == "Nobody of that name"


def test_zoom_and_pan_and_back_and_the_second_view(page):
    before = page.run("[sx(0), sy(0)]")
    page.point(400, 400, "mouseWheel", deltaX=0, deltaY=-400)
    assert page.run("camera().k") > 1.2
    page.point(400, 400, "mousePressed", button="left", clickCount=1)
    page.point(460, 430, button="left", buttons=1)
    page.point(460, 430, "mouseReleased", button="left", clickCount=1)
    assert page.run("camera().x") != 0
    page.run("scene.canvas.focus()")
    page.key("0", 48, "0")
    assert page.run("[sx(0), sy(0)]") == before
    page.run("byId('see-influence').click()")
    assert ink(page) > 500
    assert page.run("byId('see-influence').getAttribute('aria-checked')") == "true"
    page.run("byId('see-influence').focus()")
    page.key("ArrowLeft", 37)
    assert page.run("scene.view") == "network"


def test_it_fits_a_phone_in_the_dark(page):
    light = page.run("scene.colours.ground")
    page.size(390, 844, phone=True, dark=True)
    page.wait("scene.width < 390")
    assert page.run("document.documentElement.scrollWidth") <= 390
    page.wait(f"scene.colours.ground !== '{light}'")
    assert ink(page) > 300


def test_hostile_names_do_nothing(browser, tmp_path):
    file = tmp_path / "hostile.html"
    file.write_text(explorer(named_tape(HOSTILE)), encoding="utf-8")
    browser.open(file.as_uri())
    tags = browser.run("document.querySelectorAll('*').length")
    for person in range(len(HOSTILE)):
        browser.run(f"choose({person}); hoverAt(sx({person}), sy({person}))")
        frame(browser)
    browser.run("byId('search').value = '<script>'; fillList()")
    assert browser.run("document.querySelectorAll('script, img, iframe').length") == 2  # the data and the page's own
    assert browser.run("document.querySelectorAll('*').length") < tags + 80
    assert shown(browser) == [HOSTILE[0]]
    assert browser.run("document.documentElement.scrollWidth") <= 1200
    assert browser.run("document.querySelector('#card .who').dir") == "auto"
    assert browser.run("plain('\\u202eab\\u0000\\n c', 10)") == "ab c"
    assert browser.errors == []
    assert [url for url in browser.requests if not url.startswith("data:")] == [file.as_uri()]


def test_the_policy_holds_in_the_browser(browser, village):
    browser.open(village.as_uri())
    blocked = browser.run("""(async () => {
        const script = document.createElement('script'); script.textContent = 'window.ran = 1';
        document.body.append(script); const asked = await fetch('data.js').then(() => 'answered', () => 'refused');
        return [window.ran ?? 0, asked]; })()""")
    assert blocked == [0, "refused"]
