"""`python -m app.admin verify|backup|restore|rebuild|key`: is everything there, a copy of it, and getting it back;
a new API key.

Exit codes: 0 where all is well, 1 where something was found or failed, 2 where it was not done as asked.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tqdm import tqdm

from app import logs
from app.admin.api_keys import give_key
from app.admin.backing_up import back_up
from app.admin.embedded import catalog_file
from app.admin.findings import Finding, Progress, Severity
from app.admin.rebuilding import rebuild
from app.admin.restoring import check_backup, restore
from app.admin.verifying import verify
from app.errors import CommandRefused, TransientError
from app.pipeline.workplace import Workplace
from app.settings import Settings
from app.startup import load_settings

WELL, FOUND, REFUSED = 0, 1, 2


@dataclass
class Answer:
    """summary: a line for people. figures: the same for scripts."""

    summary: str
    figures: dict[str, Any]
    findings: list[Finding] = field(default_factory=list)

    @property
    def well(self) -> bool:
        return all(finding.severity != Severity.ERROR for finding in self.findings)


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    if options.command == "key":  # also where settings are wrong: who is told so is told of this command
        return give_key(options.name, "read" if options.read else "write", options.stdin, options.json)
    settings = load_settings()
    logs.configure(settings, console_level="ERROR")
    command: Callable[[Settings, argparse.Namespace, Progress], Answer] = options.run
    try:
        with _bars(options.json) as progress:
            answer = command(settings, options, progress)
    except CommandRefused as error:
        return _failed(options, REFUSED, str(error))
    except (TransientError, OSError) as error:
        return _failed(options, FOUND, str(error))
    if options.json:
        findings = [vars(finding) for finding in answer.findings]
        print(
            json.dumps(
                {"command": options.command, "ok": answer.well, **answer.figures, "findings": findings}
            )
        )
    else:
        for finding in answer.findings:
            print(f"{finding.severity:<6} {finding.subject}: {finding.text}")
        print(answer.summary)
    return WELL if answer.well else FOUND


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m app.admin", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--json", action="store_true", help="one JSON object on stdout, and nothing else")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    checked = commands.add_parser(
        "verify", parents=[shared], help="compare arrays, catalog and files; safe while a server runs"
    )
    checked.add_argument("--quick", action="store_true", help="names and figures only: no row is read")
    checked.add_argument(
        "--backup", type=Path, metavar="FOLDER", help="a backup's files instead of the store"
    )
    checked.set_defaults(run=_verify)

    kept = commands.add_parser(
        "backup", parents=[shared], help="catalog and arrays into a folder; safe while a server runs"
    )
    kept.add_argument(
        "folder", type=Path, help="where the backups lie; what an earlier one holds is not copied"
    )
    kept.set_defaults(run=_backup)

    back = commands.add_parser("restore", parents=[shared], help="db/ from a backup; no server may run")
    back.add_argument("folder", type=Path, help="a backup, or the folder of backups for the newest")
    back.set_defaults(run=_restore)

    anew = commands.add_parser(
        "rebuild", parents=[shared], help="the catalog from arrays and files; no server may run"
    )
    anew.set_defaults(run=_rebuild)

    given = commands.add_parser(
        "key", parents=[shared], help="a new API key, shown this once, and its line for BOREHOLE_API_KEYS"
    )
    given.add_argument("name", help="what logs will call it")
    given.add_argument("--read", action="store_true", help="for reading only")
    given.add_argument(
        "--stdin", action="store_true", help="a key you have, from stdin, instead of a new one"
    )
    for command in (back, anew):
        command.add_argument(
            "--replace", action="store_true", help="put aside what is there (it is not removed)"
        )
    return parser


def _verify(settings: Settings, options: argparse.Namespace, progress: Progress) -> Answer:
    if options.backup is not None:
        findings = list(check_backup(options.backup, progress))
        return Answer(_verdict(findings, "the backup's files"), {}, findings)
    if settings.database_url is None and not catalog_file(settings).is_file():
        raise CommandRefused(
            f"{settings.db_dir} holds no catalog: `restore` gets it from a backup, `rebuild` from the arrays"
        )
    place = Workplace.open(settings)
    with closing(place.catalog):
        done = verify(place, quick=options.quick, progress=progress)
    figures = {"quick": done.quick, "images": done.images, "rows": done.rows, "seconds": done.seconds}
    extent = "by name and figures" if done.quick else "row by row"
    checked = f"{done.images} images of {done.rows:,} rows, {extent}, in {done.seconds:.1f} s"
    return Answer(_verdict(done.findings, checked), figures | {"counts": done.counts}, done.findings)


def _backup(settings: Settings, options: argparse.Namespace, progress: Progress) -> Answer:
    made = back_up(settings, options.folder.absolute(), progress)
    summary = (
        f"{made.folder}: {made.images} images; {_mib(made.copied)} copied, "
        f"{_mib(made.shared)} shared with the backup before"
    )
    figures = {
        "backup": str(made.folder),
        "images": made.images,
        "copied_bytes": made.copied,
        "shared_bytes": made.shared,
    }
    return Answer(summary, figures, made.findings)


def _restore(settings: Settings, options: argparse.Namespace, progress: Progress) -> Answer:
    done = restore(settings, options.folder.absolute(), replace=options.replace, progress=progress)
    manifest = done.manifest
    summary = (
        f"{settings.db_dir} is as {done.backup} has it: {manifest.images} images, of {manifest.created_at}"
    )
    figures = {
        "backup": str(done.backup),
        "images": manifest.images,
        "created_at": manifest.created_at,
        "aside": done.aside and str(done.aside),
    }
    return Answer(summary + _aside(done.aside), figures)


def _rebuild(settings: Settings, options: argparse.Namespace, progress: Progress) -> Answer:
    done = rebuild(settings, replace=options.replace, progress=progress)
    summary = (
        f"a new catalog of {done.images} images, {done.picks} picks and {done.jobs} jobs; "
        f"the next image will be {done.next_image_id}"
    )
    figures = {
        "images": done.images,
        "picks": done.picks,
        "jobs": done.jobs,
        "next_image_id": done.next_image_id,
        "aside": done.aside and str(done.aside),
    }
    return Answer(summary + _aside(done.aside), figures, done.findings)


def _aside(folder: Path | None) -> str:
    return f"\nwhat was there before lies in {folder}" if folder is not None else ""


def _verdict(findings: Sequence[Finding], checked: str) -> str:
    errors = sum(finding.severity == Severity.ERROR for finding in findings)
    return f"{checked}: {f'{errors} errors' if errors else 'nothing is wrong'}"


def _mib(size: int) -> str:
    return f"{size / 2**20:,.1f} MiB"


def _failed(options: argparse.Namespace, code: int, message: str) -> int:
    if options.json:
        print(json.dumps({"command": options.command, "ok": False, "message": message}))
    else:
        print(message, file=sys.stderr)
    return code


@contextmanager
def _bars(quiet: bool) -> Iterator[Progress]:
    """Progress on a terminal; nothing elsewhere."""
    bars: dict[str, tqdm[Any]] = {}
    hidden = quiet or not sys.stderr.isatty()

    def tell(what: str, done: int, total: int) -> None:
        if what not in bars:
            bars[what] = tqdm(unit=f" {what}", leave=False, disable=hidden)
        bars[what].total = total
        bars[what].update(done - bars[what].n)

    try:
        yield tell
    finally:
        for bar in bars.values():
            bar.close()


if __name__ == "__main__":
    sys.exit(main())
