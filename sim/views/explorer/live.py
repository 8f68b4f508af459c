"""The explorer live: a scenario whose parameters can be moved while one watches, on this machine alone.

The server is Starlette on Uvicorn, both small and well maintained (the extra `live`): they parse requests, check the
Host header and shut down cleanly; all that they serve here is one page and one kind of request.
"""

from __future__ import annotations

import hmac
import html
import json
import secrets
import socket
from typing import TYPE_CHECKING

from sim.scenario.scenario import Scenario
from sim.views.explorer.live_controls import controls
from sim.views.explorer.live_worker import Runner
from sim.views.explorer.page import page_of

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

LOOPBACK = "127.0.0.1"
LARGEST = 64_000  # bytes of a request
WAIT = """<!DOCTYPE html><title>Running</title><link rel="icon" href="data:,">
<meta http-equiv="refresh" content="1"><p>{}</p>"""
HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def application(runner: Runner, token: str, port: int) -> Starlette:
    """Return the application: the page at /TOKEN/ and runs at /TOKEN/run; any other path, host or origin is refused."""
    from starlette.applications import Starlette
    from starlette.concurrency import run_in_threadpool
    from starlette.middleware import Middleware
    from starlette.middleware.trustedhost import TrustedHostMiddleware
    from starlette.responses import HTMLResponse, PlainTextResponse, Response
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
        found = json.loads(await run_in_threadpool(runner.ask, {}))
        if "wait" in found:
            return HTMLResponse(WAIT.format(html.escape(found["wait"])), headers=HEADERS)
        if "error" in found:
            return PlainTextResponse(found["error"], status_code=500, headers=HEADERS)
        live = {"controls": controls(runner.scenario)}
        return HTMLResponse(page_of(found["data"] | {"live": live}, connect_src="'self'"), headers=HEADERS)

    async def run(request: Request) -> Response:
        if not known(request):
            return nothing()
        if request.headers.get("origin") not in origins or request.headers.get("content-type") != "application/json":
            return PlainTextResponse("Forbidden", status_code=403, headers=HEADERS)
        changes = _changes(await _body(request))
        if changes is None:
            return PlainTextResponse("Bad request", status_code=400, headers=HEADERS)
        text = await run_in_threadpool(runner.ask, changes)
        return Response(text, media_type="application/json", headers=HEADERS)

    routes = [Route("/{token}/", look, methods=["GET"]), Route("/{token}/run", run, methods=["POST"])]
    hosts = Middleware(TrustedHostMiddleware, allowed_hosts=[LOOPBACK, "localhost"], www_redirect=False)
    found = Starlette(routes=routes, middleware=[hosts])
    found.router.redirect_slashes = False
    return found


async def _body(request: Request) -> bytes:
    """Return the bytes of the body, cut off after the limit."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LARGEST:
            break
    return body


def _changes(body: bytes) -> dict[str, str] | None:
    """Return the requested changes, as a text per key, or None if the request is malformed."""
    if len(body) > LARGEST:
        return None
    try:
        changes = json.loads(body)["changes"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    good = isinstance(changes, dict) and all(isinstance(text, str) for text in changes.values())
    return changes if good else None


def listen(port: int = 0) -> socket.socket:
    """Return a socket listening on the loopback address; port 0 is any free one.

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


def serve(scenario: Scenario, bound: socket.socket, token: str, rules_file: str | None = None) -> None:
    """Serve the explorer of a scenario on a socket from `listen` until Ctrl-C (KeyboardInterrupt)."""
    import uvicorn

    runner = Runner(scenario, rules_file)
    app = application(runner, token, int(bound.getsockname()[1]))
    # The page reports all errors; the log would only say that a run was cut off at the end.
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=1, server_header=False))
    try:
        server.run([bound])
    finally:
        runner.close()


def new_token() -> str:
    """Return a word that cannot be guessed, without which nothing is found at the port."""
    return secrets.token_urlsafe(18)
