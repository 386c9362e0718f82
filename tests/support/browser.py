"""Headless Chromium for tests of pages, controlled over a pipe by the Chrome DevTools Protocol."""

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


def find_chromium() -> str | None:
    """Path of the Chromium executable, or None."""
    return next((executable for name in NAMES if (executable := shutil.which(name))), None)


class Browser:
    """One page of a headless Chromium that resolves no host names, so that nothing can be fetched.

    Attributes: errors, messages of the console; requests, URLs that the page requested.
    """

    def __init__(self, folder: Path, width: int = 1280, height: int = 900):
        pipes = [os.pipe() for _ in range(2)]
        (child_in, self._write), (self._read, child_out) = pipes
        command = [
            find_chromium(),
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--remote-debugging-pipe",
        ]
        command += [f"--user-data-dir={folder}", "--host-resolver-rules=MAP * ~NOTFOUND", "--disable-background-networking"]
        # the browser reads descriptor 3 and writes 4; dash knows none above 9
        shell = ["bash", "-c", f'exec 3<&{child_in} 4>&{child_out}; exec "$@"', "bash"]
        self._process = subprocess.Popen(
            [*shell, *command, "about:blank"],
            pass_fds=(child_in, child_out),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(child_in)
        os.close(child_out)
        self._buffer, self._number, self._session = b"", 0, None
        self.errors: list[str] = []
        self.requests: list[str] = []
        target = self.send_command("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send_command("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.send_command(f"{domain}.enable")
        self.resize(width, height)

    def close(self) -> None:
        """Close the browser."""
        os.close(self._write)
        os.close(self._read)
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def send_command(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command of the protocol and return its result."""
        self._number += 1
        number = self._number
        message = {"id": number, "method": method, "params": params} | ({"sessionId": self._session} if self._session else {})
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            reply = self._read_message()
            if reply.get("id") == number:
                assert "error" not in reply, reply["error"]
                return reply["result"]

    def _read_message(self) -> dict[str, Any]:
        limit = time.monotonic() + PATIENCE
        while b"\0" not in self._buffer:
            assert select.select([self._read], [], [], max(limit - time.monotonic(), 0))[0], "the browser does not answer"
            chunk = os.read(self._read, 1 << 20)
            assert chunk, "the browser has ended"
            self._buffer += chunk
        message, _, self._buffer = self._buffer.partition(b"\0")
        reply = json.loads(message)
        self._record_event(reply.get("method"), reply.get("params", {}))
        return reply

    def _record_event(self, event: str | None, details: dict[str, Any]) -> None:
        if event == "Runtime.exceptionThrown":
            self.errors.append(json.dumps(details["exceptionDetails"]))
        elif event == "Runtime.consoleAPICalled" and details["type"] in ("error", "warning", "assert"):
            self.errors.append(json.dumps(details["args"]))
        elif event == "Log.entryAdded" and details["entry"]["level"] in ("error", "warning"):
            self.errors.append(details["entry"]["text"])
        elif event == "Network.requestWillBeSent":
            self.requests.append(details["request"]["url"])

    def resize(self, width: int, height: int) -> None:
        """Set the size of the page in pixels."""
        self.send_command("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def open_url(self, url: str, ready: str = "document.readyState === 'complete'") -> None:
        """Open a URL and wait until an expression is true there."""
        self.errors, self.requests = [], []
        self.send_command("Page.navigate", url="about:blank")
        self.requests.clear()
        self.send_command("Page.navigate", url=url)
        self.wait_until(ready)

    def wait_until(self, expression: str) -> None:
        """Wait until an expression is true."""
        limit = time.monotonic() + PATIENCE
        while not self.evaluate(f"Boolean({expression})"):
            assert time.monotonic() < limit, f"never: {expression}; {self.errors}"
            time.sleep(0.02)

    def evaluate(self, expression: str) -> Any:
        """Value of a JavaScript expression, or of its promise."""
        reply = self.send_command("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in reply, reply["exceptionDetails"]
        return reply["result"].get("value")

    def find_box(self, selector: str) -> tuple[float, float, float, float]:
        """Scroll to an element and return its left, top, width and height."""
        quoted = json.dumps(selector)
        return tuple(
            self.evaluate(
                f"(() => {{ const e = document.querySelector({quoted}); e.scrollIntoView({{block: 'nearest'}});"
                " const b = e.getBoundingClientRect(); return [b.left, b.top, b.width, b.height]; })()"
            )
        )

    def click_element(self, selector: str, across: float = 0.5) -> None:
        """Click an element at a fraction of its width."""
        left, top, width, height = self.find_box(selector)
        position = (left + across * width, top + height / 2)
        self._send_mouse_event("mousePressed", position, button="left", clickCount=1, buttons=1)
        self._send_mouse_event("mouseReleased", position, button="left", clickCount=1)

    def drag_across(self, selector: str, begin: float, end: float) -> None:
        """Drag across an element, between two fractions of its width."""
        left, top, width, height = self.find_box(selector)
        positions = [(left + (begin + (end - begin) * i / 4) * width, top + height / 2) for i in range(5)]
        self._send_mouse_event("mousePressed", positions[0], button="left", clickCount=1, buttons=1)
        for position in positions[1:]:
            self._send_mouse_event("mouseMoved", position, button="left", buttons=1)
        self._send_mouse_event("mouseReleased", positions[-1], button="left", clickCount=1)

    def turn_wheel(self, selector: str, turned: float, control: bool = False) -> None:
        """Turn the mouse wheel over an element; down is positive."""
        left, top, width, height = self.find_box(selector)
        self._send_mouse_event(
            "mouseWheel", (left + width / 2, top + height / 2), deltaX=0, deltaY=turned, modifiers=2 if control else 0
        )

    def _send_mouse_event(self, kind: str, position: tuple[float, float], **more: Any) -> None:
        self.send_command("Input.dispatchMouseEvent", type=kind, x=position[0], y=position[1], **more)

    def press_key(self, key: str) -> None:
        """Press a key on the focused element."""
        details = {"windowsVirtualKeyCode": KEYS[key]} if key in KEYS else {"text": key}
        self.send_command("Input.dispatchKeyEvent", type="keyDown", key=key, **details)
        self.send_command("Input.dispatchKeyEvent", type="keyUp", key=key)

    def type_text(self, selector: str, text: str) -> None:
        """Type into a field."""
        self.evaluate(f"document.querySelector({json.dumps(selector)}).focus()")
        self.send_command("Input.insertText", text=text)

    def save_screenshot(self, out: Path) -> None:
        """Save a screenshot."""
        import base64

        out.write_bytes(base64.b64decode(self.send_command("Page.captureScreenshot", format="png")["data"]))
