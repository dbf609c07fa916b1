"""`pagesieve review`: pages -> a web page on this machine only, where a reader labels their blocks.

Requests need the token in the address, which changes with each start; pages are requested by number. The page loads
nothing from elsewhere, and no text of a page becomes markup.
"""

import argparse
import datetime
import secrets
import signal
import sys
from collections.abc import Sequence
from functools import partial
from importlib.resources import files
from pathlib import Path
from socketserver import BaseServer
from typing import Any

from flask import Flask, Response, abort, jsonify, request
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from pagesieve.predict.cli.sandboxed import in_worker, status_of, visit_each
from pagesieve.predict.errors import Failure
from pagesieve.predict.inputs import Source, find, kind
from pagesieve.predict.labels import CODES, COLOURS, LABELS
from pagesieve.predict.model import Model
from pagesieve.predict.output.coloured_style import EACH_LABEL, STYLE
from pagesieve.predict.output.terminal import note
from pagesieve.predict.processes.signals import signal_of

from ..labels import label_studio
from ..labels.label_store import (
    CODE_OF,
    Stale,
    change_marks,
    check_writable,
    differences,
    label_file,
    marks_of,
    read_sheets,
    sheet_of,
)
from .queue import Task, queued, task_of

HOST = "127.0.0.1"
MOST = 1_000_000  # maximum bytes of a change
SILENT = 60  # seconds after which an inactive client is dropped
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def review(args: argparse.Namespace, model: Model | None) -> int:
    """Serve the review until Ctrl-C, or export or import a file of labels; returns the exit status."""
    if not args.export:
        check_writable(args.out)
    tasks, status = tasks_of(args.inputs, args.input, args.out, model)
    sheets = [task.sheet for task in tasks]
    label_file(args.out, sheets[0], args.reader)  # raises Failure if the reader's name is not valid for a file
    if args.imported:
        print(label_studio.import_labels(args.imported, args.out, sheets, args.reader, today()))
    elif args.export:
        print(label_studio.export_labels(args.export, args.out, sheets))
    else:
        serve(queued(tasks), args.out, args.reader, args.port)
    return status


def tasks_of(inputs: list[str], given: Any, folder: Path, model: Model | None) -> tuple[list[Task], int]:
    """Return the distinct pages with words, and the exit status: 2 if one that the user named was skipped, else 0."""
    sites = {sheet.id: sheet.site for sheet in read_sheets(folder)}
    found: dict[str, Task] = {}
    skipped: list[Source] = []
    with in_worker(partial(task_at_site, sites, given, model)) as visit:
        for _, _, task in visit_each(list(find(inputs)), visit, skipped):
            if task.sheet.blocks:
                found.setdefault(task.sheet.id, task)
    if not found:
        raise Failure(f"{', '.join(inputs)}: no page with words")
    return list(found.values()), 2 if status_of(skipped) == 2 else 0


def task_at_site(sites: dict[str, str], given: Any, model: Model | None, page: str, content: bytes) -> Task:
    """Return a page to label; one that was labelled before keeps its site."""
    return task_of(sheet_of(content, page, kind(page, given), sites), model)


class Handler(WSGIRequestHandler):
    """Handles a client, also one that sends no request; prints nothing, as requests contain the token."""

    timeout = SILENT

    def log(self, type: str, message: str, *args: Any) -> None:
        pass


class Server(ThreadedWSGIServer):
    """Serves each client in a thread; prints a line if a request fails."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        note(f"a request was not answered ({sys.exception()})")


def serve(tasks: Sequence[Task], folder: Path, reader: str, port: int) -> None:
    token = secrets.token_urlsafe(32)
    try:
        server = Server(HOST, port, Flask(__name__), Handler)
    except (OSError, OverflowError, SystemExit) as error:
        raise Failure(f"port {port} of {HOST} cannot be had; leave --port out for a free one") from error
    host = HOST if server.server_port == 80 else f"{HOST}:{server.server_port}"  # as in the Host header of browsers
    server.app = application(tasks, folder, reader, token, host)
    try:
        print(f"review of {len(tasks)} pages; labels go to {folder}; Ctrl-C stops it", flush=True)
        print(f"http://{host}/{token}/", flush=True)
        BaseServer.serve_forever(server)  # werkzeug's own hides the signal that ended it
    except KeyboardInterrupt as stopped:
        if signal_of(stopped) != signal.SIGINT:
            raise
    finally:
        server.server_close()


def application(tasks: Sequence[Task], folder: Path, reader: str, token: str, host: str) -> Flask:
    """Return the web application, which answers at this host and under this token only."""
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MOST
    app.before_request(partial(guard, token, host))
    app.after_request(sealed)
    for fault in (Failure, OSError):
        app.register_error_handler(fault, failed)
    route = partial(app.add_url_rule, endpoint=None)
    for name, content_type, content in assets():
        view = partial(Response, content, content_type=content_type)
        route(f"/<token>/{name}", endpoint=name or "page", view_func=lambda token, view=view: view())
    route("/<token>/queue", endpoint="queue", view_func=lambda token: jsonify(overview(tasks, folder, reader)))
    route(
        "/<token>/pages/<int:number>",
        endpoint="get",
        view_func=lambda token, number: shown(tasks, number, folder, reader),
    )
    route(
        "/<token>/pages/<int:number>", endpoint="put", methods=["PUT"],
        view_func=lambda token, number: changed(tasks, number, folder, reader),
    )  # fmt: skip
    return app


def guard(token: str, host: str) -> None:
    """Refuse requests that the page itself would not send, with 403 and the reason."""
    given = request.path.split("/")[1]
    if not secrets.compare_digest(given.encode(), token.encode()):
        abort(403, "the token of the address is missing or wrong")
    if request.host != host:
        abort(403, "another host")
    if request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
        abort(403, "asked by another site")
    if request.method not in ("GET", "HEAD") and request.headers.get("Origin") != f"http://{host}":
        abort(403, "written by another origin")


def failed(fault: Exception) -> Response:
    """Print an error of the label folder, and send it as the answer; nothing was saved."""
    message = f"{fault.filename}: {fault.strerror}" if isinstance(fault, OSError) and fault.filename else str(fault)
    note(message)
    return Response(message, 500, content_type="text/plain; charset=utf-8")


def sealed(response: Response) -> Response:
    response.headers.update(HEADERS)
    return response


def assets() -> list[tuple[str, str, str]]:
    """Return name, type and content of the web page's files."""
    here = files("pagesieve.train.review")
    rules = "".join(EACH_LABEL.format(label=label, colour=COLOURS[label]) for label in LABELS)
    return [
        ("", "text/html; charset=utf-8", (here / "review.html").read_text("utf-8")),
        ("review.js", "text/javascript; charset=utf-8", (here / "review.js").read_text("utf-8")),
        ("review.css", "text/css; charset=utf-8", STYLE + rules + (here / "review.css").read_text("utf-8")),
    ]


def overview(tasks: Sequence[Task], folder: Path, reader: str) -> dict[str, Any]:
    """Return the queue with its progress, and the blocks on which readers differ."""
    pages, differing = [], []
    for number, task in enumerate(tasks):
        sheet, differ = task.sheet, differences(folder, task.sheet)
        texts = {block.index: block.text for block in sheet.blocks}
        differing += [
            {"page": number, "index": index, "text": texts[index][:80], "labels": by} for index, by in differ.items()
        ]
        labelled = len(marks_of(folder, sheet, reader)[1])
        pages.append(
            {"name": sheet.name, "site": sheet.site, "blocks": len(sheet.blocks), "labelled": labelled,
             "differ": len(differ), "doubt": task.doubt if task.predicted else None}
        )  # fmt: skip
    return {"reader": reader, "codes": CODES, "code_of": CODE_OF, "pages": pages, "differences": differing}


def task_at(tasks: Sequence[Task], number: int) -> Task:
    if number >= len(tasks):
        abort(404, "no page of this number")
    return tasks[number]


def shown(tasks: Sequence[Task], number: int, folder: Path, reader: str) -> Response:
    """Return a page's blocks with predictions, and the ``state`` of its labels."""
    task = task_at(tasks, number)
    blocks = [
        {"index": block.index, "text": block.text, "predicted": task.predicted.get(block.index)}
        for block in task.sheet.blocks
    ]
    version, marks = marks_of(folder, task.sheet, reader)
    return state(task, folder, version, marks, {"name": task.sheet.name, "site": task.sheet.site, "blocks": blocks})


def changed(tasks: Sequence[Task], number: int, folder: Path, reader: str) -> Response:
    """Save codes by block, based on the version in If-Match; 412 if that is no longer the version on disk."""
    task = task_at(tasks, number)
    codes, known = change_asked(), {str(block.index) for block in task.sheet.blocks}
    right = isinstance(codes, dict) and set(codes) <= known and all(code in (None, *CODES) for code in codes.values())
    if not right:
        abort(400, "expected an object of codes by the index of a block")
    version = request.headers.get("If-Match", "").strip('"')
    changes = {int(index): code for index, code in codes.items()}
    try:
        return state(task, folder, *change_marks(folder, task.sheet, reader, version, changes, today()))
    except Stale as error:
        abort(412, str(error))


def change_asked() -> Any:
    try:
        return request.get_json()
    except RecursionError:
        abort(400, "nested too deep")


def state(task: Task, folder: Path, version: str, marks: Any, more: dict[str, Any] | None = None) -> Response:
    """Return the reader's codes by block, and the blocks on which readers differ; the version is the ETag."""
    codes = {str(index): mark.code for index, mark in marks.items()}
    response = jsonify({"codes": codes, "differ": differences(folder, task.sheet), **(more or {})})
    response.set_etag(version)
    return response


def today() -> str:
    return datetime.date.today().isoformat()
