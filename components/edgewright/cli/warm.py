"""`edgewright warm`: fill the caches before clients come."""

import contextlib
import json
import re
import sys
from collections.abc import Callable, Iterator
from typing import Annotated
from urllib.parse import urlsplit

import httpx
import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from edgewright.cli import _console
from edgewright.cli._context import DEFAULT_STACK, StackArgument, load_project
from edgewright.cli._exit import Exit, told
from edgewright.cli._format import FormatOption, JsonOption, wants_json
from edgewright.local.errors import InfrastructureError
from edgewright.local.session import Session, StateDir
from edgewright.program.errors import ProjectError
from edgewright.purge.journal import Journal
from edgewright.warm import sources
from edgewright.warm.run import Ask, Warmed, Warmer

_COUNTRY = re.compile(r"[A-Z]{2}\Z")
MOST_ASKS = 500_000


def warm(
    stack: StackArgument = DEFAULT_STACK,
    path: Annotated[list[str] | None, typer.Option(help="A path or URL. May be given again.")] = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="FILE", help="A list with a path or URL a line, or a sitemap; - reads the input."
        ),
    ] = None,
    last_traffic: Annotated[
        bool, typer.Option("--last-traffic", help="What the local cloud was asked for, the most wanted first.")
    ] = False,
    top: Annotated[int, typer.Option(min=1, help="How many pages of the last traffic.")] = 1000,
    url: Annotated[
        str | None, typer.Option(help="Where a deployed stack answers. Default: the local cloud that runs the stack.")
    ] = None,
    rate: Annotated[float, typer.Option(min=0.1, max=10_000, help="Requests a second, at most.")] = 20,
    concurrency: Annotated[int, typer.Option(min=1, max=256, help="Requests at once, at most.")] = 8,
    countries: Annotated[
        str | None, typer.Option(metavar="US,DE,..", help="Ask as clients of these countries. Local cloud only.")
    ] = None,
    min_hits: Annotated[
        float, typer.Option(min=0, max=100, help="Share of hits (%) that must be reached; less exits with 1.")
    ] = 0,
    restart: Annotated[bool, typer.Option("--restart", help="Do not go on with a run that was interrupted.")] = False,
    format_: FormatOption = "text",
    as_json: JsonOption = False,
) -> None:
    """Ask for pages at a bounded rate, and say how many are served from a cache then.

    Each page that was no hit is asked for once more, to see whether it became one. What is interrupted goes on where it
    stopped when the same command is run again.

    A deployed stack is warmed where this request enters the network: the data centre that is near, the tiers behind it,
    and KV, which all data centres share.

    Exit code: 0 done, 1 fewer hits than --min-hits, 2 usage or settings, 3 nothing was answered.

    Examples:

      edgewright warm --from paths.txt --countries US,DE,JP

      edgewright warm prod --url https://api.example.com --from sitemap.xml --rate 50 --min-hits 95
    """
    with told():
        as_json = wants_json(format_, as_json)
        project = load_project(stack)
        folder = StateDir(project, stack)
        session = folder.running() if url is None else None
        target = _target(session, stack, url)
        local = session is not None
        chosen = _countries(countries, local)
        pages = _pages(folder, target, local, path or [], source, top if last_traffic else None)
        if session is not None:
            pages = _known_hosts(session, pages)
        clients: list[str | None] = [*chosen] or [None]
        asks = [Ask(page, country) for page in pages for country in clients]
        if len(asks) > MOST_ASKS:
            raise ProjectError(f"{len(pages)} pages for {len(chosen)} countries are more than {MOST_ASKS} requests")
        task = [target, [ask.id for ask in asks]]
        folder.create()
        journal = Journal(folder.path / "warm.journal", task, restart=restart)
        if journal.resumed:
            _console.step(f"going on where it was interrupted: {len(journal.done)} of {len(asks)} are done")
        warmer = Warmer(target, rate=rate, concurrency=concurrency, local=local)
        with _progress() as progress:
            warmed = warmer.run(asks, journal, progress)
        if as_json:
            typer.echo(json.dumps(_document(warmed, target), indent=2))
        else:
            _show(warmed, target)
        if sum(warmed.failed.values()) == warmed.asked:
            raise InfrastructureError(f"{target} answered none of {warmed.asked} requests well")
        if warmed.share < min_hits:
            raise typer.Exit(Exit.BREACH)


def _target(session: Session | None, stack: str, url: str | None) -> str:
    if session is not None:
        return session.url
    if url is None:
        raise InfrastructureError(
            f"the stack {stack!r} does not run here: start it with `edgewright dev {stack} --detach`, or say with --url"
            " where it is deployed"
        )
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ProjectError(f"--url {url!r}: must be an http:// or https:// URL without path and query")
    return f"{parts.scheme}://{parts.netloc}"


def _countries(text: str | None, local: bool) -> list[str]:
    if text is None:
        return []
    if not local:
        raise ProjectError(
            "--countries: only the local cloud lets a request choose its country; leave it out with --url"
        )
    codes = [code.strip().upper() for code in text.split(",")]
    wrong = [code for code in codes if not _COUNTRY.match(code)]
    if wrong:
        raise ProjectError(
            f"--countries {text!r}: {', '.join(map(repr, wrong))} is no ISO 3166-1 alpha-2 code, such as US,DE,JP"
        )
    return list(dict.fromkeys(codes))


def _pages(
    folder: StateDir, target: str, local: bool, paths: list[str], source: str | None, top: int | None
) -> list[sources.Page]:
    pages = sources.pages_of(("--path", text) for text in paths)
    if source is not None:
        text = sources.read(source, lambda: sys.stdin.buffer.read(sources.MOST_BYTES + 1))
        where = "the standard input" if source == "-" else source
        if sources.is_sitemap(text):
            pages += sources.sitemap_pages(text, where, lambda url: _fetch(target, local, url))
        else:
            pages += sources.parse_list(text, where)
    if top is not None:
        pages += sources.traffic_pages(folder.gateway_log, top)
    if not pages:
        raise ProjectError("nothing to warm: give --path, --from or --last-traffic, with at least one page in it")
    host = urlsplit(target).netloc
    if not local:
        others = [page for page in pages if page.host not in (None, host)]
        if others:
            raise ProjectError(
                f"{others[0].host}: {len(others)} pages are of another host than --url {target}; warm each host by itself"
            )
    return list(dict.fromkeys(pages))


def _fetch(target: str, local: bool, url: str) -> bytes:
    """A sitemap that another one names is asked of the target, whatever host it is named with locally."""
    page = sources.page_of(url, "a sitemap")
    if not local and page.host not in (None, urlsplit(target).netloc):
        raise ProjectError(f"{url}: is a sitemap of another host than --url {target}")
    headers = {"X-Local-Host": page.host} if local and page.host else {}
    try:
        with httpx.stream("GET", target + page.path, headers=headers, timeout=30, trust_env=not local) as answer:
            if answer.status_code != 200:
                raise InfrastructureError(f"{target}{page.path}: answers {answer.status_code}, not a sitemap")
            text = b""
            for chunk in answer.iter_bytes():
                text += chunk
                if len(text) > sources.MOST_BYTES:
                    raise ProjectError(f"{url}: has more than {sources.MOST_BYTES // 1024 // 1024} MiB")
            return text
    except httpx.HTTPError as error:
        raise InfrastructureError(f"{target}{page.path}: {type(error).__name__}: {error}") from None


def _known_hosts(session: Session, pages: list[sources.Page]) -> list[sources.Page]:
    """Hosts that the local cloud does not serve stand for the stack: a sitemap names those of production."""
    with session.control() as control:
        known = {str(entry["host"]) for entry in control.status()["urls"]}
    local = [sources.Page(page.host if page.host in known else None, page.path) for page in pages]
    return list(dict.fromkeys(local))


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    console = _console.errors()
    if not console.is_terminal:
        yield lambda _done, _all: None
        return
    columns = (TextColumn("warm"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, refresh_per_second=4) as bar:
        task = bar.add_task("warm", total=None)
        yield lambda done, whole: bar.update(task, completed=done, total=whole)


def _document(warmed: Warmed, target: str) -> dict[str, object]:
    return {
        "url": target,
        "asked": warmed.asked,
        "hits": warmed.hits,
        "hits_before": warmed.before,
        "became_hits": warmed.became,
        "hit_share_percent": round(warmed.share, 2),
        "missed": dict(warmed.missed),
        "failed": dict(warmed.failed),
        "examples": dict(warmed.examples),
    }


def _show(warmed: Warmed, target: str) -> None:
    out = _console.results()
    out.print(
        f"{warmed.hits} of {warmed.asked} ({warmed.share:.1f} %) are served from a cache on {escape(target)}:"
        f" {warmed.became} became hits, {warmed.before} were before",
        soft_wrap=True,
    )
    words = {
        "miss": "are not kept, or not for a second request",
        "bypass": "are not cached by their policy",
        "private": "ask for credentials, and what they get is nobody else's",
        "unknown": "say nothing of a cache",
    }
    for name, count in warmed.missed.items():
        out.print(f"  {count} {words[name]}, such as {escape(warmed.examples[name])}", soft_wrap=True)
    for name, count in warmed.failed.items():
        out.print(
            f"  [red]{count} failed[/] with {escape(name)}, such as {escape(warmed.examples[name])}", soft_wrap=True
        )
