"""`edgewright warm`: fill the caches before clients come."""

import contextlib
import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

import httpx
import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from edgewright.base.errors import InfrastructureError, ProjectError
from edgewright.base.fault import ProjectFault
from edgewright.base.fault_codes import Code
from edgewright.cli import _console
from edgewright.cli._context import DEFAULT_STACK, StackArgument, load_project
from edgewright.cli._exit import Exit, collected, told
from edgewright.cli._format import FormatOption, JsonOption, wants_json
from edgewright.contract import countries as world
from edgewright.local.session import Session, StateDir
from edgewright.purge.journal import Journal
from edgewright.warm import sources
from edgewright.warm.run import Ask, Warmed, Warmer

_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
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
        faults: list[ProjectFault] = []
        chosen: list[str] = []
        with collected(faults):
            chosen = _countries(countries, url is None)
        named: list[sources.Page] = []
        for text in path or ():
            with collected(faults):
                named.append(sources.page_of(text, "--path"))
        target = _target(session, stack, url, faults)
        hosts = _hosts(session, target)
        pages = _pages(folder, target, hosts, named, source, top if last_traffic else None, faults)
        local = session is not None
        clients: list[str | None] = [*chosen] or [None]
        asks = [Ask(page, country) for page in pages for country in clients]
        if len(asks) > MOST_ASKS:
            raise ProjectError(
                f"{len(pages)} pages for {len(chosen)} countries are more than {MOST_ASKS} requests", Code.OPTION
            )
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
            raise InfrastructureError(f"{target} answered none of {warmed.asked} requests well", Code.NO_ANSWER)
        if warmed.share < min_hits:
            raise typer.Exit(Exit.BREACH)


def _target(session: Session | None, stack: str, url: str | None, faults: list[ProjectFault]) -> str:
    """Return where is asked; empty where --url is at fault.

    Raises:
        ProjectError: nothing runs here, and there are other faults.
        InfrastructureError: nothing runs here.
    """
    if session is not None:
        return session.url
    if url is None:
        if faults:
            raise ProjectError(faults)
        raise InfrastructureError(
            f"the stack {stack!r} does not run here: start it with `edgewright dev {stack} --detach`, or say with --url"
            " where it is deployed",
            Code.NOT_RUNNING,
        )
    try:
        parts = urlsplit(url)
        wrong = parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query
        _ = parts.port
    except ValueError as error:
        faults.append(ProjectFault(f"--url {url!r}: is not a URL: {error}", Code.URL))
        return ""
    if wrong:
        faults.append(
            ProjectFault(f"--url {url!r}: must be an http:// or https:// URL without path and query", Code.URL)
        )
        return ""
    return f"{parts.scheme}://{parts.netloc}"


def _countries(text: str | None, local: bool) -> list[str]:
    if text is None:
        return []
    if not local:
        raise ProjectError(
            "--countries: only the local cloud lets a request choose its country; leave it out with --url", Code.OPTION
        )
    codes = [code.strip().upper() for code in text.split(",")]
    wrong = [code for code in codes if code not in world.countries()]
    if wrong:
        meant = [f"; {code} is {world.NOT_ISO[code]} there" for code in wrong if code in world.NOT_ISO]
        raise ProjectError(
            f"--countries {text!r}: {', '.join(map(repr, wrong))} is no country's code of ISO 3166-1 alpha-2, such as"
            f" US,DE,JP{''.join(meant)}",
            Code.OPTION,
        )
    return list(dict.fromkeys(codes))


@dataclass(frozen=True)
class _Hosts:
    """Which hosts may be named.

    Attributes:
        local: the local cloud's, whose own address stands for the stack.
        names: the stack's, without ports; of a deployed one the address that is asked. Empty: not known.
    """

    local: bool
    names: tuple[str, ...]

    def known(self, page: sources.Page) -> str | None:
        """Return the host to ask for: None where the page means whoever is asked."""
        if page.host is None or not self.local:
            return None
        name = _hostname(page.host)
        return name if name in self.names else None

    def strange(self, page: sources.Page) -> bool:
        """Return whether a page is named with a host that the stack does not have."""
        if page.host is None or not self.names:
            return False
        if not self.local:
            return page.host.lower() not in self.names
        name = _hostname(page.host)
        return name not in self.names and name not in _LOOPBACK


def _hostname(host: str) -> str:
    """Return a host without its port."""
    return re.sub(r":\d*\Z", "", host.lower())


def _hosts(session: Session | None, target: str) -> _Hosts:
    if session is None:
        return _Hosts(False, (urlsplit(target).netloc.lower(),) if target else ())
    with session.control() as control:
        return _Hosts(True, tuple(dict.fromkeys(str(entry["host"]) for entry in control.status()["urls"])))


def _pages(
    folder: StateDir,
    target: str,
    hosts: _Hosts,
    named: list[sources.Page],
    source: str | None,
    top: int | None,
    faults: list[ProjectFault],
) -> list[sources.Page]:
    """Return the pages that are asked for.

    Raises:
        ProjectError: there are faults, those of before included.
    """
    for page in named:
        if hosts.strange(page):
            faults.append(_strange(f"--path {page.host}{page.path}", page, hosts))
    others: list[sources.Page] = []
    if source is not None:
        with collected(faults):
            others += _listed(target, hosts, source)
    if top is not None:
        with collected(faults):
            others += sources.traffic_pages(folder.gateway_log, top)
    strange = [page for page in others if hosts.strange(page)]
    if strange and not hosts.local:
        faults.append(_strange(f"{len(strange)} pages, such as {strange[0].host}{strange[0].path}", strange[0], hosts))
    if not (named or others or faults):
        faults.append(
            ProjectFault(
                "nothing to warm: give --path, --from or --last-traffic, with at least one page in it", Code.NOTHING
            )
        )
    if faults:
        raise ProjectError(faults)
    if strange:
        # A sitemap names the hosts of production, which the local cloud stands for.
        names = list(dict.fromkeys(str(page.host) for page in strange))
        some = "1 page has a host" if len(strange) == 1 else f"{len(strange)} pages have hosts"
        _console.step(
            f"{some} that the stack does not have, and the stack is asked for the path alone:"
            f" {', '.join(names[:5])}{' ...' if len(names) > 5 else ''}"
        )
    return list(dict.fromkeys(sources.Page(hosts.known(page), page.path) for page in (*named, *others)))


def _strange(what: str, page: sources.Page, hosts: _Hosts) -> ProjectFault:
    if hosts.local:
        text = f"{what}: the stack has no host {page.host}. It has: {', '.join(hosts.names) or 'none'}. Give one of them, or the path."
    else:
        text = f"{what}: of another host than --url {hosts.names[0]}; warm each host by itself"
    return ProjectFault(text, Code.OPTION)


def _listed(target: str, hosts: _Hosts, source: str) -> list[sources.Page]:
    text = sources.read(source, lambda: sys.stdin.buffer.read(sources.MOST_BYTES + 1))
    where = "the standard input" if source == "-" else source
    if not sources.is_sitemap(text):
        return sources.parse_list(text, where)
    return sources.sitemap_pages(text, where, lambda url: _fetch(target, hosts, url))


def _fetch(target: str, hosts: _Hosts, url: str) -> bytes:
    """A sitemap that another one names is asked of the target, whatever host it is named with locally."""
    page = sources.page_of(url, "a sitemap")
    local = hosts.local
    if not target:
        raise ProjectError(f"{url}: cannot be asked for, because --url is wrong", Code.OPTION)
    if not local and hosts.strange(page):
        raise ProjectError(f"{url}: is a sitemap of another host than --url {target}", Code.OPTION)
    host = hosts.known(page)
    headers = {"X-Local-Host": host} if host else {}
    try:
        with httpx.stream("GET", target + page.path, headers=headers, timeout=30, trust_env=not local) as answer:
            if answer.status_code != 200:
                raise InfrastructureError(
                    f"{target}{page.path}: answers {answer.status_code}, not a sitemap", Code.NO_ANSWER
                )
            text = b""
            for chunk in answer.iter_bytes():
                text += chunk
                if len(text) > sources.MOST_BYTES:
                    raise ProjectError(
                        f"{url}: has more than {sources.MOST_BYTES // 1024 // 1024} MiB", Code.UNREADABLE
                    )
            return text
    except httpx.HTTPError as error:
        raise InfrastructureError(f"{target}{page.path}: {type(error).__name__}: {error}", Code.NO_ANSWER) from None


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
