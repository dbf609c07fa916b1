"""Pages -> the CPU seconds and the memory that their texts cost. A script that runs in the environment of a tool.

    python stopwatch.py TOOL PAGES OUT      pagesieve or a tool of train/benchmark/extractors.py; PAGES as there
    python stopwatch.py start PAGE OUT      pagesieve from nothing to the text of its first page
    python stopwatch.py import MODULES OUT  nothing but these imports, a JSON list

OUT gets an object. A process is one run, so it begins with empty caches; what a tool loads before its first page is
loaded by WARM_UP and not counted.
"""

import gzip
import json
import re
import resource
import runpy
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

EXTRACTORS = runpy.run_path(str(Path(__file__).with_name("extractors.py")))  # no import: this is a script too
STEPS = (100, 200, 500, 1000, 2000, 5000, 10_000, 20_000)  # numbers of pages after which the cost is recorded
WARM_UP = "<html><head><title>Heron</title></head><body><p>The heron on the pier waits for the tide.</p></body></html>"


def by_pagesieve() -> Callable[[str, str], str]:
    from pagesieve.predict import load

    model = load()
    return lambda html, url: model.text(html)


def cpu() -> float:
    """Return CPU seconds of this process since it began, and of its children that have ended."""
    return time.process_time() + children_cpu()


def children_cpu() -> float:
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime


def memory(name: str) -> int:
    """Return the resident bytes now (VmRSS) or at most (VmHWM); the maximum in both cases without /proc.

    /proc is used, since ru_maxrss of a process is at least that of its parent.
    """
    try:
        status = Path("/proc/self/status").read_text(encoding="utf-8")
    except FileNotFoundError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return int(re.findall(rf"{name}:\s+(\d+)", status)[0]) * 1024


def time_pages(tool: Callable[[str, str], str], path: str) -> dict[str, Any]:
    """Return the costs of one run over the pages of a file: CPU seconds of the calls, memory in bytes, failed pages."""
    EXTRACTORS["answer"](tool, {"id": "", "html": WARM_UP, "url": ""})
    before, spent, count, errors, steps = memory("VmRSS"), 0.0, 0, [], []
    with (gzip.open if path.endswith(".gz") else open)(path, "rt", encoding="utf-8") as lines:
        for count, line in enumerate(lines, 1):
            page = json.loads(line)
            begun = cpu()
            output = EXTRACTORS["answer"](tool, page)
            spent += cpu() - begun
            errors += [output["error"]] if "error" in output else []
            if count in STEPS:
                steps.append({"pages": count, "cpu": spent, "resident": memory("VmRSS")})
    if len(errors) == count:
        sys.exit(f"raised on every page, {errors[0]}" if errors else "no pages")
    peak = memory("VmHWM")
    return {"pages": count, "cpu": spent, "before": before, "peak": peak, "errors": len(errors), "steps": steps}


def time_start(path: str) -> dict[str, Any]:
    """Return CPU seconds until imports, loading the model, and a first page are done; and the imported modules."""
    from pagesieve.predict import load

    content, imported = Path(path).read_bytes(), cpu()
    model, loaded = load(), cpu()
    model.text(content)
    modules = [name for name in sys.modules if name.partition(".")[0] not in ("pagesieve", "__main__")]
    return {"imported": imported, "loaded": loaded, "first_page": cpu(), "modules": modules}


def time_imports(path: str) -> dict[str, float]:
    for name in json.loads(Path(path).read_text(encoding="utf-8")):
        with suppress(ImportError):  # some modules cannot be found by name
            import_module(name)
    return {"cpu": cpu()}


def main() -> None:
    name, path, out = sys.argv[1:]
    sys.addaudithook(EXTRACTORS["offline"])
    if name in ("start", "import"):
        found = (time_start if name == "start" else time_imports)(path)
    else:
        tools = EXTRACTORS["TOOLS"] | EXTRACTORS["TIMED"]
        found = time_pages(by_pagesieve() if name == "pagesieve" else tools[name], path)
    Path(out).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
