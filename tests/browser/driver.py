"""A headless Chromium, driven by the W3C WebDriver protocol that ChromeDriver speaks."""

import base64
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
QUIET = ["--headless=new", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]


def programs():
    """ChromeDriver and Chromium, or the end with what to install."""
    driver = shutil.which("chromedriver")
    browser = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None)
    if driver and browser:
        return driver, browser
    missing = "chromedriver" if browser else "chromium"
    sys.exit(f"expected {missing} on the PATH, found none: on Debian, apt-get install chromium chromium-driver")


class Browser:
    """One window. Use it as a context."""

    def __init__(self):
        self.driver, self.browser = programs()

    def __enter__(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.profile = tempfile.TemporaryDirectory()
        self.root = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen([self.driver, f"--port={port}", "--allowed-ips="], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for line in self.process.stdout:
            if "started successfully" in line:
                break
        else:
            sys.exit("chromedriver ended before it had started")
        # Chromium's own sandbox does not work for root.
        arguments = QUIET + [f"--user-data-dir={self.profile.name}"] + (["--no-sandbox"] if os.geteuid() == 0 else [])
        wanted = {"browserName": "chrome", "goog:chromeOptions": {"binary": self.browser, "args": arguments}, "goog:loggingPrefs": {"browser": "ALL"}}
        answer = self.call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self.session = f"/session/{answer['sessionId']}"
        return self

    def __exit__(self, *_):
        try:
            self.call("DELETE", self.session)
        finally:
            self.process.terminate()
            self.process.wait()
            self.process.stdout.close()
            self.profile.cleanup()

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.root + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            sys.exit(f"{method} {path}: {json.load(error)['value']['message']}")

    def ask(self, method, path, body=None):
        return self.call(method, self.session + path, body)

    def open(self, url):
        self.ask("POST", "/url", {"url": "about:blank"})
        self.ask("POST", "/url", {"url": url})

    def size(self, width, height):
        self.ask("POST", "/goog/cdp/execute", {"cmd": "Emulation.setDeviceMetricsOverride", "params": {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}})

    def scheme(self, name):
        features = [{"name": "prefers-color-scheme", "value": name}]
        self.ask("POST", "/goog/cdp/execute", {"cmd": "Emulation.setEmulatedMedia", "params": {"features": features}})

    def run(self, script, *arguments):
        """What a script's function body returns in the page."""
        return self.ask("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def click(self, css):
        found = self.ask("POST", "/element", {"using": "css selector", "value": css})
        self.ask("POST", f"/element/{found[ELEMENT]}/click", {})

    def text(self, css):
        return self.run("return [...document.querySelectorAll(arguments[0])].map((element) => element.innerText)", css)

    def complaints(self):
        """What the page wrote to the browser's console: errors of its script, and what its policy refused."""
        return [entry["message"] for entry in self.ask("POST", "/se/log", {"type": "browser"})]

    def picture(self, path):
        path.write_bytes(base64.b64decode(self.ask("GET", "/screenshot")))
