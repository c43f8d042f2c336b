"""The page in a browser, with what tests do and look at."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Locator, Page

DRAWN = "[...document.querySelectorAll('.pane:not([hidden]) .picture')].every(box => box.dataset.whole === 'true')"


class Viewer:
    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        """What the browser's console and the page's scripts complained of; a test that expects some clears it."""
        page.on("console", lambda message: self._hear(message.type, message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def must_be_content(self) -> None:
        assert self.complaints == []

    def open(self, url: str) -> Viewer:
        self.page.goto(url)
        return self.wait_until_drawn()

    def wait_until_drawn(self) -> Viewer:
        self.until(f"document.querySelector('.picture[data-whole]') && {DRAWN}")
        return self

    def until(self, condition: str, seconds: float = 15) -> None:
        """Wait for an expression to be true. (The page's policy forbids Playwright's own way of waiting.)"""
        deadline = time.monotonic() + seconds
        while not self.page.evaluate(condition):
            assert time.monotonic() < deadline, f"not within {seconds:g} s: {condition}"
            self.page.wait_for_timeout(20)

    def __getitem__(self, selector: str) -> Locator:
        return self.page.locator(selector)

    @property
    def track(self) -> Locator:
        return self.page.locator(".pane:not([hidden]) .picture").first

    @property
    def window(self) -> tuple[float, float]:
        return float(self["#depth-min"].input_value()), float(self["#depth-max"].input_value())

    @property
    def query(self) -> dict[str, str]:
        """Of the address."""
        return {name: values[0] for name, values in parse_qs(urlsplit(self.page.url).query).items()}

    def until_window(self, condition: str) -> tuple[float, float]:
        """Wait until `min` and `max` of the depth fields meet a condition and have come to rest; returns them."""
        self.until(
            f"""() => {{
                const read = (id) => Number(document.getElementById(id).value);
                const [min, max] = [read("depth-min"), read("depth-max")];
                const before = window.lastSeen;
                window.lastSeen = {{ at: performance.now(), window: `${{min}} ${{max}}` }};
                if (before?.window === window.lastSeen.window) window.lastSeen.at = before.at;
                return ({condition}) && performance.now() - window.lastSeen.at > 60;
            }}"""
        )
        return self.window

    def point(self, x: float, y: float) -> tuple[float, float]:
        """The place on the page at these shares of the track's width and height."""
        box = self.track.bounding_box()
        assert box is not None
        return box["x"] + x * box["width"], box["y"] + y * box["height"]

    def hover(self, x: float, y: float) -> None:
        self.page.mouse.move(*self.point(x, y))

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """From one place on the track to another, both as shares of its size."""
        self.page.mouse.move(*self.point(*start))
        self.page.mouse.down()
        self.page.mouse.move(*self.point(*end), steps=5)
        self.page.mouse.up()

    def wheel(self, pixels: float, *, zoom: bool = False) -> None:
        if zoom:
            self.page.keyboard.down("Control")
        self.page.mouse.wheel(0, pixels)
        if zoom:
            self.page.keyboard.up("Control")

    def colour(self, x: float, y: float, canvas: str = ".pane:not([hidden]) canvas") -> tuple[int, ...]:
        """Red, green, blue and opacity of the track at these shares of its size."""
        return tuple(
            self.page.evaluate(
                """([selector, x, y]) => {
                    const canvas = document.querySelector(selector);
                    const at = (share, size) => Math.min(Math.floor(share * size), size - 1);
                    const place = [at(x, canvas.width), at(y, canvas.height)];
                    return [...canvas.getContext("2d").getImageData(...place, 1, 1).data];
                }""",
                [canvas, x, y],
            )
        )

    def copied(self) -> str:
        text: str = self.page.evaluate("navigator.clipboard.readText()")
        return text

    def facts(self, selector: str) -> dict[str, str]:
        """A list of terms and descriptions as a dictionary."""
        rows: list[tuple[str, str]] = self.page.evaluate(
            """(selector) => [...document.querySelectorAll(`${selector} dt`)].map(
                (term) => [term.textContent, term.nextElementSibling.textContent])""",
            selector,
        )
        return dict(rows)

    def _hear(self, kind: str, text: str) -> None:
        if kind == "error" or "Content Security Policy" in text:
            self.complaints.append(text)

    def evaluate(self, script: str, argument: Any = None) -> Any:
        return self.page.evaluate(script, argument)
