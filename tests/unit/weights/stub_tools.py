"""Stands in for pip, npm and apt-get: copies an archive from a local shelf, slowly if asked, and writes down each call.

Usage: stub_tools.py TOOL SHELF arguments as the real tool takes them. `SHELF/delay` holds seconds per written block; while
`SHELF/hold` holds a package's name, its download stops half-way.
"""

import os
import pathlib
import sys
import time

tool, shelf, *arguments = sys.argv[1:]
shelf = pathlib.Path(shelf)
package = {"pip": arguments[-1], "npm": arguments[1], "apt-get": arguments[-1]}[tool]
suffix = {"pip": ".whl", "npm": ".tgz", "apt-get": ".deb"}[tool]
name = package.replace("/", "_").replace("@", "_").replace("==", "-") + suffix
folder = pathlib.Path(arguments[arguments.index("--dest") + 1]) if tool == "pip" else pathlib.Path.cwd()

with (shelf / "calls.log").open("a") as log:
    log.write(f"{tool} {package} {os.getpid()}\n")
if not (shelf / name).exists():
    sys.exit(f"ERROR: no archive of {package} at https://me:secret@shelf.invalid/")
delay = float((shelf / "delay").read_text()) if (shelf / "delay").exists() else 0
hold = shelf / "hold"
data = (shelf / name).read_bytes()
with (folder / name).open("wb") as out:
    for start in range(0, len(data), 20_000):
        out.write(data[start : start + 20_000])
        out.flush()
        time.sleep(delay)
        while start and hold.exists() and hold.read_text() == package:
            time.sleep(0.01)
