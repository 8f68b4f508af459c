"""The explorer live: a scenario whose parameters are moved while one looks, on this machine alone.

The server is Starlette on Uvicorn, both small and well kept (the extra `live`): they bring the parsing of requests, the
check of the Host header and an orderly end; what is asked of them here is one page and one question.
"""

from __future__ import annotations

import hmac
import json
import secrets
import socket
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from sim.engines import choose, simulate
from sim.errors import ScenarioError
from sim.model.forecast import seconds_of_agents, seconds_of_kernels
from sim.scenario.keys import parse_value
from sim.scenario.scenario import Scenario
from sim.views.explorer.data import explorer_data
from sim.views.explorer.live_controls import controls
from sim.views.explorer.page import page

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

LOOPBACK = "127.0.0.1"
LARGEST = 64_000  # bytes of a question
MAX_SECONDS = 15.0  # of a run
HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class StoppedError(Exception):
    """The run that is under way is wanted no more."""


class Runner:
    """Runs a scenario with other parameters, one run at a time; a newer question, or the end, stops the older one."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.newest = 0
        self.first: dict[str, Any] | None = None
        self.stopping: Callable[[], bool] = lambda: False
        self.counting, self.running = threading.Lock(), threading.Lock()

    def start(self) -> dict[str, Any]:
        """Return the data of the scenario as it stands, made once."""
        if self.first is None:
            found = self.run({})
            if "error" in found:
                return found
            self.first = found
        return self.first

    def run(self, changes: Mapping[str, str]) -> dict[str, Any]:
        """Return the data of the page for these changes, {"data", "said"}, or what is wrong with them, {"error"}."""
        with self.counting:
            self.newest += 1
            own = self.newest

        def go_on(_done: int, _steps: int) -> None:
            if self.stopping() or own != self.newest:
                raise StoppedError

        try:
            values = {key: parse_value(text) for key, text in changes.items()}
            chosen = self.scenario.replace(values, source="parameters") if values else self.scenario
            with self.running:
                _refuse_long(chosen)
                go_on(0, 0)
                tape = simulate(chosen, progress=go_on)
                data = explorer_data(tape, chosen)
        except ScenarioError as error:
            return {"error": " ".join(str(error).split())}
        except StoppedError:
            return {"error": "stopped for a newer one"}
        except Exception as error:  # the page says it; the server goes on
            return {"error": f"an error of ours: {type(error).__name__}: {' '.join(str(error).split())}"}
        shown = ", ".join(f"{key} = {text}" for key, text in changes.items())
        return {"data": data, "said": f"With {shown}." if shown else "As in the scenario."}


def _refuse_long(scenario: Scenario) -> None:
    """Refuse a run so long that the page would stand still, or that no newer question could stop.

    Raises:
        ScenarioError: says how long it would take.
    """
    seconds = seconds_of_agents(scenario)
    seconds = min(seconds, seconds_of_kernels(scenario)) if choose(scenario) == "kernels" else seconds
    if seconds > MAX_SECONDS:
        raise ScenarioError(f"this would take about {seconds:,.0f} s, and the page waits {MAX_SECONDS:.0f} s; write it "
                            "to a file and use shoulders run")  # fmt: skip


def application(runner: Runner, token: str, port: int) -> Starlette:
    """Serve the page at /TOKEN/ and the runs at /TOKEN/run, and nothing at any other path, host or origin."""
    from starlette.applications import Starlette
    from starlette.concurrency import run_in_threadpool
    from starlette.middleware import Middleware
    from starlette.middleware.trustedhost import TrustedHostMiddleware
    from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse
    from starlette.routing import Route

    origins = {f"http://{host}:{port}" for host in (LOOPBACK, "localhost")}

    def known(request: Request) -> bool:
        given = str(request.path_params["token"])
        return hmac.compare_digest(given.encode("utf-8", "replace"), token.encode())

    def nothing() -> Response:
        return PlainTextResponse("Not found", status_code=404, headers=HEADERS)

    async def look(request: Request) -> Response:
        if not known(request):
            return nothing()
        found = await run_in_threadpool(runner.start)
        if "error" in found:
            return PlainTextResponse(found["error"], status_code=500, headers=HEADERS)
        live = {"controls": controls(runner.scenario)}
        return HTMLResponse(page(found["data"] | {"live": live}, connect="'self'"), headers=HEADERS)

    async def run(request: Request) -> Response:
        if not known(request):
            return nothing()
        if request.headers.get("origin") not in origins or request.headers.get("content-type") != "application/json":
            return PlainTextResponse("Forbidden", status_code=403, headers=HEADERS)
        changes = _changes(await _body(request))
        if changes is None:
            return PlainTextResponse("Bad request", status_code=400, headers=HEADERS)
        return JSONResponse(await run_in_threadpool(runner.run, changes), headers=HEADERS)

    routes = [Route("/{token}/", look, methods=["GET"]), Route("/{token}/run", run, methods=["POST"])]
    hosts = Middleware(TrustedHostMiddleware, allowed_hosts=[LOOPBACK, "localhost"], www_redirect=False)
    found = Starlette(routes=routes, middleware=[hosts])
    found.router.redirect_slashes = False
    return found


async def _body(request: Request) -> bytes:
    """What was sent, up to one byte more than is allowed."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LARGEST:
            break
    return body


def _changes(body: bytes) -> dict[str, str] | None:
    """Return the changes asked for, key by key as text, or None if this is no such question."""
    if len(body) > LARGEST:
        return None
    try:
        changes = json.loads(body)["changes"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    good = isinstance(changes, dict) and all(isinstance(text, str) for text in changes.values())
    return changes if good else None


def listen(port: int = 0) -> socket.socket:
    """Return a socket on the loopback address; port 0 is any free one.

    Raises:
        OSError: if the port is taken.
    """
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((LOOPBACK, port))
        bound.listen(16)
    except OSError:
        bound.close()
        raise
    return bound


def serve(scenario: Scenario, bound: socket.socket, token: str) -> None:
    """Serve the explorer of a scenario on a socket of `listen` until Ctrl-C (KeyboardInterrupt)."""
    import uvicorn

    runner = Runner(scenario)

    app = application(runner, token, int(bound.getsockname()[1]))
    # What goes wrong is said in the page; all that would be logged is that a run was cut off at the end.
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=2, server_header=False))
    runner.stopping = lambda: bool(server.should_exit)  # a run that is under way ends with the server
    server.run([bound])


def new_token() -> str:
    """Return a secret word, without which there is nothing to be found at the port."""
    return secrets.token_urlsafe(18)
