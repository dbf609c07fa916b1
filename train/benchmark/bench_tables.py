"""Figures of `make bench` -> the tables in reports/README.md."""

from collections.abc import Sequence
from statistics import median
from typing import Any

import numpy as np

from .compare import OURS, markdown, replace_section

STEADY = 100_000  # bytes from which the constant cost of a page is small, so that growth is that by size


def ratios(ours: Sequence[float], others: Sequence[float]) -> tuple[float, float, float]:
    """Return the ratio of ours to another's by round: median, smallest and largest."""
    each = [our / other for our, other in zip(ours, others, strict=True)]
    return median(each), min(each), max(each)


def power(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """Return the exponent of the growth of costs with size: 1 is linear, 2 quadratic (least squares of logarithms)."""
    return float(np.polyfit(np.log(sizes), np.log(costs), 1)[0])


def growth(sizes: list[dict[str, Any]], cost: str) -> float:
    """Return the exponent of the growth of a cost (cpu, memory) with the size of a page, from STEADY bytes on."""
    large = [row for row in sizes if row["bytes"] >= STEADY]
    return power([row["bytes"] for row in large], [median(row[cost]) for row in large])


def size_name(size: int) -> str:
    return f"{size / 1e6:,.0f} MB" if size >= 1e6 else f"{size / 1e3:,.0f} kB"


def tables(report: dict[str, Any]) -> str:
    """Return the figures as Markdown: all tools, costs by size and number of pages, and the picture."""
    pages, machine = report["pages"], report["machine"]
    where = f"{machine['cores']} cores ({machine['processor']}), Python {machine['python']}"
    return "\n".join(
        [
            f"{pages['count']:,} pages of {pages['from']}, {pages['bytes'] / pages['count'] / 1e3:,.0f} kB on average, "
            f"median of {report['rounds']} rounds and their range, on {where}:\n",
            *tool_table(report),
            "\npagesieve alone, by the size of a page and by the number of pages:\n",
            *size_table(report["sizes"]),
            "",
            *number_table(report["numbers"]),
            "",
            *summary_lines(report),
            "\n![CPU and memory by tool, by size of a page, by number of pages, and by stage](bench.png)\n",
        ]
    )


def tool_table(report: dict[str, Any]) -> list[str]:
    """Return a row for each tool, the fastest first."""
    tools, count = report["tools"], report["pages"]["count"]
    rows = []
    for tool in sorted(tools, key=lambda tool: median(tools[tool]["cpu"])):
        name = f"{tool} {report['versions'][tool]}"
        cpu, peak = tools[tool]["cpu"], tools[tool]["peak"]
        shares = (
            ["1", "1"] if tool == OURS else [proportion(tools[OURS][of], tools[tool][of]) for of in ("cpu", "peak")]
        )
        rows.append(
            [f"**{name}**" if tool == OURS else name, f"{1e3 * median(cpu) / count:.1f}", shares[0],
             f"{median(peak) / 1e6:.0f}", shares[1], str(tools[tool]["errors"])]
        )  # fmt: skip
    return markdown(["tool", "CPU ms a page", "pagesieve ÷ tool", "peak MB", "pagesieve ÷ tool", "errors"], rows)


def proportion(ours: Sequence[float], others: Sequence[float]) -> str:
    middle, low, high = ratios(ours, others)
    return f"{middle:#.3g} ({low:#.3g} to {high:#.3g})"


def size_table(sizes: list[dict[str, Any]]) -> list[str]:
    """Return a row for each size; memory is above that of the loaded model."""
    rows = []
    for row in sizes:
        cpu, memory, size = median(row["cpu"]), median(row["memory"]), row["bytes"]
        rows.append([size_name(size), f"{cpu:.3f}", f"{1e6 * cpu / size:.2f}", f"{memory / 1e6:,.0f}"])
    return markdown(["a page of", "CPU s", "CPU s a MB", "memory MB"], rows)


def number_table(numbers: list[dict[str, Any]]) -> list[str]:
    rows = [
        [
            f"{row['pages']:,}",
            f"{row['cpu']:.1f}",
            f"{1e3 * row['cpu'] / row['pages']:.1f}",
            f"{row['resident'] / 1e6:.0f}",
        ]
        for row in numbers
    ]
    return markdown(["pages", "CPU s", "CPU ms a page", "resident MB"], rows)


def summary_lines(report: dict[str, Any]) -> list[str]:
    """Return a list of the other figures: growth, CPU by stage, start-up, and speed on plain text and in bulk."""
    sizes, numbers, stages, lines = (report[name] for name in ("sizes", "numbers", "stages", "lines"))
    by_number = power([row["pages"] for row in numbers], [row["cpu"] for row in numbers])
    shares = ", ".join(f"{stage} {spent / sum(stages.values()):.0%}" for stage, spent in stages.items())
    start = {name: median_and_range(of, ".2f") for name, of in report["start"].items()}
    return [
        f"- Growth: CPU with the power {growth(sizes, 'cpu'):.2f} of the size of a page and memory with the power "
        f"{growth(sizes, 'memory'):.2f}, from {size_name(STEADY)} on; CPU with the power {by_number:.2f} of the number "
        "of pages. 1 is linear.",
        f"- Where the CPU goes: {shares}.",
        f"- Starting up: the model and a first page take {start['above']} CPU seconds above importing the same "
        f"libraries, which takes {start['import']}; the page by itself {start['first_page']}.",
        f"- Plain text, from file to JSON lines: {median_and_range(lines['per_second'], ',.0f')} distinct lines a CPU "
        f"second, of {lines['characters'] / lines['lines']:.0f} characters.",
        bulk_line(report["bulk"]),
    ]


def bulk_line(bulk: dict[str, Any]) -> str:
    """Return pages per second by number of processes, relative to one process, and the share of repeated blocks."""
    alone = bulk["seconds"]["1"]
    rates = []
    for jobs, seconds in bulk["seconds"].items():
        rate = median_and_range([bulk["pages"] / of for of in seconds], ".1f")
        more = "" if jobs == "1" else f"es, {proportion(alone, seconds)} times as many"
        rates.append(f"{rate} pages a second in {jobs} process{more}")
    return (
        f"- `pagesieve bulk` on {bulk['pages']:,} pages, from start to end by the clock: {'; '.join(rates)}. "
        f"Of {bulk['blocks']:,} blocks {bulk['repeated'] / bulk['blocks']:.0%} repeat the text of another one."
    )


def median_and_range(values: Sequence[float], form: str) -> str:
    return f"{median(values):{form}} ({min(values):{form}} to {max(values):{form}})"


def with_tables(readme: str, report: dict[str, Any]) -> str:
    """Return reports/README.md with this report's tables between its markers."""
    return replace_section(readme, "bench", tables(report))
