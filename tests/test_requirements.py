"""The images install what requirements*.txt allow, pinned and hashed."""

from __future__ import annotations

from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from app import __version__

ROOT = Path(__file__).parent.parent
LISTS = sorted(ROOT.glob("requirements*.txt"))
AGAIN = "run scripts/lock.sh"


def asked_for(listing: Path) -> list[Requirement]:
    lines = [line.partition("#")[0].strip() for line in listing.read_text().splitlines()]
    return [Requirement(line) for line in lines if line and not line.startswith("-")]


def locked(listing: Path) -> dict[str, tuple[Version, int]]:
    """Of each package its version and the number of its hashes."""
    pinned = {}
    for entry in listing.with_suffix(".lock").read_text().replace("\\\n", " ").splitlines():
        if entry and not entry.startswith((" ", "#")):
            name, version = entry.split(" ")[0].split("==")
            pinned[canonicalize_name(name)] = (Version(version), entry.count("--hash=sha256:"))
    return pinned


@pytest.mark.parametrize("listing", LISTS, ids=lambda path: path.name)
def test_every_requirement_is_pinned_within_its_range_and_hashed(listing):
    pinned = locked(listing)
    for requirement in asked_for(listing):
        assert (name := canonicalize_name(requirement.name)) in pinned, f"{requirement.name}: {AGAIN}"
        assert pinned[name][0] in requirement.specifier, f"{requirement} is {pinned[name][0]}: {AGAIN}"
    assert all(hashes for _, hashes in pinned.values())


@pytest.mark.parametrize("listing", LISTS, ids=lambda path: path.name)
def test_every_lock_has_the_servers_packages_in_the_servers_versions(listing):
    servers = locked(ROOT / "requirements.txt")
    ours = locked(listing)
    assert {name: ours.get(name) for name in servers} == servers, AGAIN


def test_the_newest_release_in_the_changelog_is_this_version():
    headings = [line for line in (ROOT / "CHANGELOG.md").read_text().splitlines() if line.startswith("## [")]
    newest = next(line for line in headings if not line.startswith("## [Unreleased]"))
    assert newest.startswith(f"## [{__version__}]")
