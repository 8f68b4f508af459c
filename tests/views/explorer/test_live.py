"""The live explorer: a server for this machine's own browser alone, which runs what the sliders ask for."""

import http.client
import json
import socket
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sim import Scenario, simulate
from sim.views.explorer.data import explorer_data
from sim.views.explorer.live_controls import controls
from sim.views.explorer.live_worker import EFFORT
from tests.cli import PATIENCE, Done, interrupted, refused, started
from tests.cli import VILLAGE as SMALL
from tests.views.explorer.test_page import VILLAGE, data_of

JSON = {"Content-Type": "application/json"}


def needs_server():
    for name in ("starlette", "uvicorn"):
        pytest.importorskip(name, reason="the extra `live` is not installed")


@pytest.fixture
def explore(shell, tmp_path):
    (tmp_path / "village.toml").write_text(VILLAGE, encoding="utf-8")
    return lambda *words: shell("explore", *words)


class Live:
    """A server that was started by the command, and what it answers."""

    def __init__(self, folder: Path, scenario: str = VILLAGE, *more: str) -> None:
        needs_server()
        (folder / "village.toml").write_text(scenario, encoding="utf-8")
        self.process = started("explore", "village.toml", *more, cwd=folder)
        self.url = self.process.stdout.readline().strip()
        parts = urlsplit(self.url)
        self.host, self.port, self.path = parts.hostname, parts.port, parts.path
        self.origin = {"Origin": f"http://{self.host}:{self.port}"}

    def ask(self, path: str | None = None, method: str = "GET", body: str | None = None, **headers: str):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        connection.request(method, self.path if path is None else path, body, headers)
        answer = connection.getresponse()
        return answer, answer.read().decode()

    def run(self, changes, headers=None, raw: str | None = None, *, patiently: bool = True):
        body = json.dumps({"changes": changes}) if raw is None else raw
        given = JSON | self.origin if headers is None else headers
        while True:
            answer, text = self.ask(self.path + "run", "POST", body, **given)
            if not patiently or not text.startswith('{"wait"'):
                return answer.status, text

    def page(self):
        while True:
            answer, text = self.ask()
            if 'http-equiv="refresh"' not in text:
                return answer, text


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    server = Live(tmp_path_factory.mktemp("live"))
    yield server
    done = interrupted(server.process)
    assert (done.code, done.err[-9:], "Traceback" in done.err) == (0, "Stopped.\n", False)


def test_an_interrupt_ends_a_run_under_way(tmp_path):
    server = Live(tmp_path, VILLAGE.replace("steps = 25", "steps = 1_000_000"))
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    connection.request("GET", server.path)  # the run is under way, and nobody waits for it
    time.sleep(1.5)
    done = interrupted(server.process)
    connection.close()
    assert done == Done(0, "", "Open this page in a browser of this machine; Ctrl-C stops it.\nStopped.\n")


def test_a_newer_question_is_answered_while_a_long_step_is_under_way_and_an_interrupt_ends_it(tmp_path, monkeypatch):
    """A million ideas are one step, which nothing stops from within."""
    monkeypatch.setenv("SHOULDERS_ANY_SIZE", "1")  # whatever is free just now: nobody waits for its end
    server = Live(tmp_path, SMALL)
    server.page()
    for _ in range(3):
        _, text = server.run({"ideas.wheel.count": "1000000"}, patiently=False)
        assert "so far. A change stops it." in json.loads(text)["wait"]
    _, text = server.run({"scenario.steps": "3"})
    assert json.loads(text)["said"] == "With scenario.steps = 3."
    _, text = server.run({"ideas.wheel.count": "1000000"}, patiently=False)
    done = interrupted(server.process)
    assert (done.code, done.err.endswith("Stopped.\n")) == (0, True)


def test_rules_of_ones_own_hold_on_the_live_page_and_on_the_page_in_a_file(tmp_path, explore):
    (tmp_path / "mute.py").write_text("def audience(reach, world_size):\n    return 0.0\n")
    server = Live(tmp_path, VILLAGE, "--rules", "mute.py")
    silent = json.loads(server.run({})[1])["data"]
    assert interrupted(server.process).code == 0
    assert explore("village.toml", "--rules", "mute.py", "-o", "mute.html").code == 0
    assert explore("village.toml", "-o", "plain.html").code == 0
    mute, plain = (data_of((tmp_path / name).read_text(encoding="utf-8")) for name in ("mute.html", "plain.html"))
    assert silent["events"] == mute["events"] != plain["events"]


def test_it_serves_the_page_on_the_loopback_address_alone(live):
    answer, text = live.page()
    assert (live.host, answer.status, answer.headers["X-Frame-Options"]) == ("127.0.0.1", 200, "DENY")
    assert "connect-src 'self'" in text
    with pytest.raises(OSError, match=r"refused|unreachable|timed out"):
        socket.create_connection(("127.0.0.2", live.port), timeout=5)  # loopback too, but another address


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", ""])
def test_another_host_is_refused(live, host):
    answer, text = live.ask(Host=host)
    assert (answer.status, "village" in text) == (400, False)


def test_without_the_token_there_is_nothing_and_below_it_no_files(live):
    for path in ("/", "/x/", "/x/run", "/../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/docs", "/village.toml"):
        answer, text = live.ask(path)
        assert (answer.status in (404, 405), "village" in text) == (True, False), path
    for name in ("village.toml", "../village.toml", "..%2fvillage.toml", "static/village.toml"):
        assert live.ask(live.path + name)[0].status == 404


def test_another_origin_and_a_form_run_nothing(live):
    strangers = [JSON, JSON | {"Origin": "http://evil.example"}, JSON | {"Origin": "null"}]
    for headers in (*strangers, live.origin | {"Content-Type": "text/plain"}):
        assert live.run({}, headers) == (403, "Forbidden")


@pytest.mark.parametrize("raw", ["", "{}", "[]", "[" * 30_000, '{"changes": 3}', '{"changes": {"a": 1}}', "x" * 70_000])
def test_what_is_no_question_is_refused(live, raw):
    assert live.run({}, raw=raw) == (400, "Bad request")


def test_a_run_is_that_of_the_scenario_with_the_change(live):
    changes = {"dynamics.abandon_rate": "0.5", "scenario.seed": "9"}
    status, text = live.run(changes)
    chosen = Scenario.from_toml(VILLAGE).replace({"dynamics.abandon_rate": 0.5, "scenario.seed": 9})
    assert status == 200
    assert json.loads(text)["data"] == json.loads(json.dumps(explorer_data(simulate(chosen), chosen, EFFORT)))


@pytest.mark.parametrize(("changes", "said"), [
    ({"persons.Ada.reach": "7"}, "persons.Ada.reach: must be less than or equal to 1, is 7"),
    ({"dynamics.abandn_rate": "0.1"}, "dynamics.abandn_rate: unknown key; allowed: "),
    ({"dynamics.abandon_rate": "often"}, "dynamics.abandon_rate: must be a"),
    ({"persons.Adam.reach": "1"}, "no such entry"),
])  # fmt: skip
def test_a_wrong_value_comes_back_as_one_line(live, changes, said):
    status, text = live.run(changes)
    error = json.loads(text)["error"]
    assert said in error
    assert (status, "\n" in error) == (200, False)


def test_moving_a_slider_in_the_browser_runs_anew(live, browser):
    browser.open(live.url)
    facts, state = "byId('facts').textContent", "byId('state')"
    before = browser.run(facts)

    def put(name: str, child: int, value: str, event: str) -> str:
        """Set the slider (1) or the field (2) of a row, and say what it shows then."""
        return browser.run(f"""(() => {{ const rows = [...document.querySelectorAll('#controls .row')];
            const field = rows.find(row => row.firstChild.textContent === '{name}').children[{child}];
            field.value = '{value}'; field.dispatchEvent(new Event('{event}')); return field.value; }})()""")

    assert put("telling period", 1, "1", "input") == "1"
    browser.wait(f"{state}.textContent.startsWith('With dynamics.telling_period')")
    assert browser.run(facts) != before
    put("telling period", 2, "-3", "change")
    browser.wait(f"{state}.classList.contains('wrong')")
    assert "must be greater than or equal to 0" in browser.run(f"{state}.textContent")
    put("telling period", 2, "forever", "change")
    browser.wait(f"!{state}.classList.contains('wrong') && {state}.textContent.includes('forever')")
    compared = browser.run("[...document.querySelectorAll('#compared li')].map((e) => e.textContent)")
    assert any(line.startswith("Ada ") and "→" in line for line in compared)
    assert put("people", 1, "500", "input") == "500"
    assert browser.run("[...document.querySelectorAll('#controls .row')][0].children[2].value") == "63"
    browser.run("byId('reset').click()")
    browser.wait(f"{state}.textContent === 'As in the scenario.'")
    assert browser.run(facts) == before
    assert browser.errors == []
    assert all(url.startswith((live.url, "data:")) for url in browser.requests)


def test_every_slider_is_a_number_of_the_scenario_within_its_ends_which_are_allowed():
    scenario = Scenario.from_toml(VILLAGE)
    found = controls(scenario)
    assert {c["key"] for c in found} >= {
        "scenario.steps", "scenario.seed", "population.count", "population.reach", "dynamics.telling_period",
        "persons.Ada.creativity", "ideas.cart.discovery_rate", "credit.alpha", "world.network.neighbours",
        "world.network.rewire",
    }  # fmt: skip
    assert [c["key"] for c in found[:2]] == ["population.count", "population.creativity"]
    assert [found[0][name] for name in ("logarithmic", "low", "high")] == [True, 1, 4000]
    for control in found:
        kind = int if control["value"].isdigit() else float
        assert control["low"] <= float(control["value"]) <= control["high"], control
        assert control["step"] > 0 or control["logarithmic"]
        some = control["key"] in ("population.count", "world.network.neighbours")  # a network asks for some persons
        for value in (control["value"], *(() if some else (control["low"], control["high"]))):
            assert scenario.replace({control["key"]: kind(value)}) is not None


def test_a_busy_port_is_one_line(explore):
    needs_server()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused(explore("village.toml", "--port", port), f"--port {port}: Address already in use; choose another")


def test_a_scenario_and_a_log_become_files(explore, tmp_path):
    (tmp_path / "talk.csv").write_text("time,source,target\n1,ada,bob\n", encoding="utf-8")
    done = explore("village.toml", "-o", "village.html")
    assert (done.code, done.out) == (0, "")
    assert done.err.startswith("Written: village.html")
    assert explore("talk.csv").code == 0
    assert sorted(file.name for file in tmp_path.iterdir()) == ["talk.csv", "talk.html", "village.html", "village.toml"]
    for name in ("village.html", "talk.html"):
        assert (tmp_path / name).read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


@pytest.mark.parametrize(("words", "said"), [
    (["village.toml", "-o", "page.pdf"], "-o page.pdf: no page format 'pdf'; allowed: html, htm"),
    (["village.toml", "-o", "nowhere/page.html"], "no such folder as nowhere"),
    (["vilage.toml"], "vilage.toml: no such file"),
    (["village.toml", "-o", "page.html", "--port", "8000"], "--port 8000: only the live page"),
    (["village.toml", "--format", "edges"], "--format edges: village.toml is a scenario"),
    (["villag"], "villag: no such run folder, log or scenario; did you mean 'village.toml'?"),
])  # fmt: skip
def test_wrong_words_are_one_line(explore, words, said):
    refused(explore(*words), said)
