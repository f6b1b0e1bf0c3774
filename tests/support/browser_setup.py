"""Makes sure the browser tests have a browser: says nothing when there is one, else tries to get it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PLACES = (
    "/usr/bin/chromium",
    "/usr/lib/chromium/chromium",
    "/snap/bin/chromium",
    "/opt/google/chrome/chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
PACKAGES = ("chromium", "fonts-liberation", "fonts-noto-color-emoji")
HOW_TO_GET_ONE = (
    "The browser tests need Chromium or Chrome and found none: install one"
    " (on Debian or Ubuntu: apt-get install chromium), or run: python -m playwright install chromium"
)


def find_browser() -> str | None:
    """The path of a Chromium or Chrome: on the PATH, in a usual place, or downloaded by Playwright."""
    on_path = (shutil.which(name) for name in NAMES)
    usual = (place for place in PLACES if os.access(place, os.X_OK))
    return next(filter(None, on_path), None) or next(usual, None) or _downloaded()


def _downloaded() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def _install_package() -> bool:
    """Debian's package, when we may install it."""
    apt = shutil.which("apt-get")
    if apt is None or not hasattr(os, "geteuid") or os.geteuid() != 0:
        return False
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = [apt, "install", "-y", "--no-install-recommends", *PACKAGES]
    return _run([apt, "update"], quiet) and _run(install, quiet)


def _download() -> bool:
    """Playwright's own build; the libraries it needs can only be installed by root."""
    with_libraries = ["--with-deps"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    command = [sys.executable, "-m", "playwright", "install", *with_libraries, "chromium"]
    return _run(command, dict(os.environ))


def _run(command: list[str], environment: dict[str, str]) -> bool:
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    return done.returncode == 0


def main() -> None:
    if find_browser() is not None:
        return
    print("Getting a browser for the browser tests ...", flush=True)  # noqa: T201
    gotten = _install_package() or _download()
    if not gotten or find_browser() is None:
        print(HOW_TO_GET_ONE)  # noqa: T201


if __name__ == "__main__":
    main()
