"""Headless Chromium for tests of pages, driven over a pipe by its own protocol (Chrome DevTools Protocol)."""

import json
import os
import select
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE = 60  # seconds
KEYS = {"ArrowLeft": 37, "ArrowRight": 39, "ArrowUp": 38, "ArrowDown": 40, "PageUp": 33, "PageDown": 34, "Home": 36, "End": 35}


def path() -> str | None:
    """Where a Chromium is; None where there is none."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


class Browser:
    """One page of a headless Chromium that resolves no name, so that nothing can be fetched.

    errors: what the page's console said of errors. asked: addresses that the page asked for.
    """

    def __init__(self, folder: Path, width: int = 1280, height: int = 900):
        ends = [os.pipe() for _ in range(2)]
        (theirs_in, self._write), (self._read, theirs_out) = ends
        command = [
            path(),
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--remote-debugging-pipe",
        ]
        command += [f"--user-data-dir={folder}", "--host-resolver-rules=MAP * ~NOTFOUND", "--disable-background-networking"]
        # the browser reads descriptor 3 and writes 4; dash knows none above 9
        shell = ["bash", "-c", f'exec 3<&{theirs_in} 4>&{theirs_out}; exec "$@"', "bash"]
        self._process = subprocess.Popen(
            [*shell, *command, "about:blank"],
            pass_fds=(theirs_in, theirs_out),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self._held, self._number, self._session = b"", 0, None
        self.errors: list[str] = []
        self.asked: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")
        self.resize(width, height)

    def close(self) -> None:
        """End the browser."""
        os.close(self._write)
        os.close(self._read)
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """A command of the protocol, and its result."""
        self._number += 1
        number = self._number
        said = {"id": number, "method": method, "params": params} | ({"sessionId": self._session} if self._session else {})
        os.write(self._write, json.dumps(said).encode() + b"\0")
        while True:
            heard = self._heard()
            if heard.get("id") == number:
                assert "error" not in heard, heard["error"]
                return heard["result"]

    def _heard(self) -> dict[str, Any]:
        limit = time.monotonic() + PATIENCE
        while b"\0" not in self._held:
            assert select.select([self._read], [], [], max(limit - time.monotonic(), 0))[0], "the browser says nothing"
            said = os.read(self._read, 1 << 20)
            assert said, "the browser has ended"
            self._held += said
        one, _, self._held = self._held.partition(b"\0")
        heard = json.loads(one)
        self._kept(heard.get("method"), heard.get("params", {}))
        return heard

    def _kept(self, event: str | None, about: dict[str, Any]) -> None:
        if event == "Runtime.exceptionThrown":
            self.errors.append(json.dumps(about["exceptionDetails"]))
        elif event == "Runtime.consoleAPICalled" and about["type"] in ("error", "warning", "assert"):
            self.errors.append(json.dumps(about["args"]))
        elif event == "Log.entryAdded" and about["entry"]["level"] in ("error", "warning"):
            self.errors.append(about["entry"]["text"])
        elif event == "Network.requestWillBeSent":
            self.asked.append(about["request"]["url"])

    def resize(self, width: int, height: int) -> None:
        """The size of the page, in pixels."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def open(self, url: str, ready: str = "document.readyState === 'complete'") -> None:
        """Go to an address, and wait until an expression is true there."""
        self.errors, self.asked = [], []
        self.call("Page.navigate", url="about:blank")
        self.asked.clear()
        self.call("Page.navigate", url=url)
        self.wait(ready)

    def wait(self, expression: str) -> None:
        """Wait until an expression is true."""
        limit = time.monotonic() + PATIENCE
        while not self.ask(f"Boolean({expression})"):
            assert time.monotonic() < limit, f"never: {expression}; {self.errors}"
            time.sleep(0.02)

    def ask(self, expression: str) -> Any:
        """The value of an expression of JavaScript, or of its promise."""
        found = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def place(self, selector: str) -> tuple[float, float, float, float]:
        """Where an element is: left, top, width, height; brought into sight first."""
        words = json.dumps(selector)
        return tuple(
            self.ask(
                f"(() => {{ const e = document.querySelector({words}); e.scrollIntoView({{block: 'nearest'}});"
                " const b = e.getBoundingClientRect(); return [b.left, b.top, b.width, b.height]; })()"
            )
        )

    def click(self, selector: str, across: float = 0.5) -> None:
        """Click an element, so far across it."""
        left, top, width, height = self.place(selector)
        at = (left + across * width, top + height / 2)
        self._mouse("mousePressed", at, button="left", clickCount=1, buttons=1)
        self._mouse("mouseReleased", at, button="left", clickCount=1)

    def drag(self, selector: str, begin: float, end: float) -> None:
        """Drag across an element, from so far across it to so far."""
        left, top, width, height = self.place(selector)
        spots = [(left + (begin + (end - begin) * i / 4) * width, top + height / 2) for i in range(5)]
        self._mouse("mousePressed", spots[0], button="left", clickCount=1, buttons=1)
        for spot in spots[1:]:
            self._mouse("mouseMoved", spot, button="left", buttons=1)
        self._mouse("mouseReleased", spots[-1], button="left", clickCount=1)

    def wheel(self, selector: str, turned: float, control: bool = False) -> None:
        """Turn the wheel over an element; down is positive."""
        left, top, width, height = self.place(selector)
        self._mouse("mouseWheel", (left + width / 2, top + height / 2), deltaX=0, deltaY=turned, modifiers=2 if control else 0)

    def _mouse(self, kind: str, at: tuple[float, float], **more: Any) -> None:
        self.call("Input.dispatchMouseEvent", type=kind, x=at[0], y=at[1], **more)

    def press(self, key: str) -> None:
        """Press a key on what has the focus."""
        about = {"windowsVirtualKeyCode": KEYS[key]} if key in KEYS else {"text": key}
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, **about)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key)

    def write(self, selector: str, text: str) -> None:
        """Type into a field."""
        self.ask(f"document.querySelector({json.dumps(selector)}).focus()")
        self.call("Input.insertText", text=text)

    def shot(self, out: Path) -> None:
        """A picture of what is seen."""
        import base64

        out.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))
