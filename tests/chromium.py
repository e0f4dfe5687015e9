"""Chromium without a window and without a network, for the tests of what a reader sees and hears.

In: the address of a page. Out: what the browser printed, or the accessibility tree of the page.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from websocket import WebSocket

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--hide-scrollbars",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)
_PATIENCE_SECONDS = 60.0


def browse(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the browser once; it may not reach the network."""
    options = [*_FLAGS, "--virtual-time-budget=9000", "--enable-logging=stderr"]
    return subprocess.run(
        [str(CHROMIUM), *options, *arguments],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
        env=with_fonts(),
    )


def with_fonts() -> dict[str, str]:
    """Give the environment in which programs find the fonts of the machine, which charts are drawn without."""
    return {name: value for name, value in os.environ.items() if name != "FONTCONFIG_FILE"}


def images_told(address: str, until: str = "true") -> list[str]:
    """Give the names of images, and of groups that have one, that a screen reader is told of, once a condition holds.

    The browser builds the tree by and by: it is read until it no longer changes.
    """
    end = time.monotonic() + _PATIENCE_SECONDS
    with opened(address, until) as ask:
        ask("Accessibility.enable")
        told, before = _images(ask), None
        while told != before and time.monotonic() < end:
            time.sleep(1.0)
            told, before = _images(ask), told
    return told


def _images(ask: Callable[..., dict]) -> list[str]:
    nodes = ask("Accessibility.getFullAXTree")["nodes"]
    told = [node for node in nodes if not node["ignored"] and node["role"]["value"] in {"image", "img", "group"}]
    return [node["name"]["value"] for node in told if node["role"]["value"] != "group" or node["name"]["value"]]


def value_of(ask: Callable[..., dict], expression: str) -> Any:  # noqa: ANN401
    """Give what an expression, or its promise, is worth on the page."""
    found = ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
    assert "exceptionDetails" not in found, found
    return found["result"].get("value")


def press(ask: Callable[..., dict], key: str) -> None:
    """Press a key that writes nothing."""
    code = {"Tab": 9, "ArrowRight": 39, "ArrowLeft": 37, "Home": 36, "End": 35, "Enter": 13}[key]
    for kind in ("rawKeyDown", "keyUp"):
        typed = {"text": "\r"} if key == "Enter" and kind == "rawKeyDown" else {}
        ask("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **typed)


def pages_of(pdf: bytes) -> int:
    """Count the pages of a document that the browser printed."""
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf))


@contextmanager
def opened(address: str, until: str = "document.readyState === 'complete'") -> Iterator[Callable[..., dict]]:
    """Open a page in a browser of its own and, once a condition holds, give what sends it DevTools commands."""
    import websocket

    with TemporaryDirectory(ignore_cleanup_errors=True) as profile:  # the browser may still write
        options = [*_FLAGS, "--remote-debugging-port=0", "--remote-allow-origins=*", f"--user-data-dir={profile}"]
        browser = subprocess.Popen(
            [str(CHROMIUM), *options, address],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=with_fonts(),
        )
        try:
            with closing(websocket.create_connection(_page(Path(profile) / "DevToolsActivePort"), timeout=60)) as page:
                ask = _asking(page)
                end = time.monotonic() + _PATIENCE_SECONDS
                there = f"location.href !== 'about:blank' && {until}"
                while not value_of(ask, there) and time.monotonic() < end:
                    time.sleep(0.2)
                yield ask
        finally:
            browser.terminate()
            browser.wait(timeout=30)


def _asking(connection: WebSocket) -> Callable[..., dict]:
    """Give what sends a DevTools command and waits for its answer."""
    numbers = iter(range(1, 10_000))

    def ask(method: str, **parameters: object) -> dict:
        number = next(numbers)
        connection.send(json.dumps({"id": number, "method": method, "params": parameters}))
        answer = next(found for found in _answers(connection) if found.get("id") == number)
        assert "result" in answer, answer
        return answer["result"]

    return ask


def _answers(connection: WebSocket) -> Iterator[dict]:
    while True:
        yield json.loads(connection.recv())


def _page(port_file: Path) -> str:
    """Wait until the browser has written its port, and give the address of its page's socket."""
    end = time.monotonic() + _PATIENCE_SECONDS
    while not (port_file.exists() and port_file.read_text()) and time.monotonic() < end:
        time.sleep(0.1)
    port = port_file.read_text().split()[0]
    while True:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=30) as answer:
            pages = [found for found in json.load(answer) if found["type"] == "page"]
        if pages:
            return pages[0]["webSocketDebuggerUrl"]
        time.sleep(0.1)
