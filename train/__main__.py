"""The commands behind make: fetch corpora, train, evaluate, compare and time other tools, draw, compare readers."""

import sys

if __name__ == "__main__" and not sys.flags.safe_path:
    del sys.path[0]  # the current folder, where anything may be named like a module

from pagesieve.predict.processes import signals

if __name__ == "__main__":  # before the libraries are imported, which takes seconds
    sys.exit(signals.run("pagesieve.train.__main__"))

import gzip
import json
import os
from argparse import Namespace
from dataclasses import replace
from functools import partial
from pathlib import Path

from pagesieve.predict import files
from pagesieve.predict.errors import Failure
from pagesieve.predict.model import load
from pagesieve.predict.output.terminal import one_line
from pagesieve.predict.processes.pool import local_backend
from pagesieve.predict.scoring.stages import score

from . import corpora
from .arguments import (
    CORPORA,
    DATA_CSV,
    FORCE,
    MINE,
    MINE_DIR,
    MODEL,
    PAGES,
    REPORTS,
    WITH_CORPORA,
    WRITE,
    Command,
    arguments,
    check_folder,
    check_mine,
)
from .augment.composed import compose_pages
from .benchmark import bench, bench_tables, compare
from .evaluation import baseline, evaluate, gate, learning_curve, shown_pages
from .fit import model_writer
from .fit.stages import fit_all
from .fit.training_data import (
    ANNOTATIONS,
    DATA,
    PARAGRAPHS,
    RAW,
    SOURCES,
    all_corpora,
    digests_of,
    gather_training_data,
)
from .labels import agreement
from .labels.paragraphs import contradictions, read_paragraphs
from .labels.views import sha256_of
from .plots import draw, gallery
from .plots.reports import FOREIGN, read_reports
from .review import correction_effect
from .review.corrections import WEIGHT, Corrections, read_corrections

CHANGED = Path("reports/changed.json")
README, CHANGELOG = Path("reports/README.md"), Path("CHANGELOG.md")
EXTRACTED = RAW / "extracted.json.gz"  # texts that evaluate extracts, for compare
WORST = RAW / "worst.json.gz"  # pages with the most errors in evaluate, for the gallery
SAMPLES = "samples.json"  # the same of the sample pages, in the folder of the reports
EXTRACTORS = Path(".venv-extractors")  # environment of the tools that compare runs
JOBS = min(2, os.cpu_count() or 1)
IN_PARTS = {"data", "compare", "report"}  # commands that write step by step; the others write when all is computed


def run_data(args: Namespace) -> None:
    for corpus in corpora.fetch(SOURCES, RAW, args.corpora):
        print(corpus)


def run_train(args: Namespace) -> None:
    check_mine(args.mine)
    for line in contradictions(args.data) if args.data else ():
        say(f"warning: {line}")
    views, digests = gather_training_data(JOBS, args.data)
    folder = args.mine or MINE
    mine = read_corrections(folder, views)
    if mine:
        print(f"uses {folder}: {describe_corrections(mine)}")
    every = views + (mine.learned if mine else [])
    model_writer.check_replaceable(args.model, every, force=args.force)
    learned = fit_all(every, JOBS)
    theirs = replace(learned, scores=learned.scores[: len(views)])
    scores = evaluate.all_scores(views, theirs, DATA, JOBS)[0]
    if mine:  # before the model for comparison is replaced
        before = correction_effect.before_of(views, digests, Path("models"), DATA, JOBS)
        report = correction_effect.what_changed(mine, learned, len(views), before, scores)
    path = model_writer.write_model(
        args.model, learned, every, digests | ({"mine": mine.digest} if mine else {}), scores
    )
    print(f"wrote {path} ({path.stat().st_size / 1e6:.1f} MB) and {path.with_suffix('.json').name}")
    print(evaluate.summary(scores))
    if mine:
        changed = json.dumps(report, indent=1, ensure_ascii=False) + "\n"
        files.write_together(CHANGED.parent, {CHANGED.name: changed.encode()})
        print(f"{correction_effect.summary(report)}\nwrote {CHANGED}")


def describe_corrections(mine: Corrections) -> str:
    pages = f"{len(mine.scored(mine.learned))} pages, {len(mine.scored(mine.tests))} test pages"
    return f"{pages}, each block of the weight {WEIGHT:g}; {mine.left_out} blocks left out where readers differ"


def run_evaluate(args: Namespace) -> None:
    views, digests = gather_training_data(JOBS)
    if not any(view.page_type for view in views):
        raise Failure("no evaluation pages: fetch the corpora with `make data`; nothing was written")
    learned = fit_all(views, JOBS)
    scores, pages, predictions = evaluate.all_scores(views, learned, DATA, JOBS)
    texts = evaluate.pack_extracted(evaluate.extract_texts(views, learned.scores), digests)
    worst = gzip.compress(shown_pages.pack_pages(shown_pages.worst_pages(views, learned.scores)), mtime=0)
    samples = {SAMPLES: shown_pages.pack_pages(shown_pages.sample_pages(partial(score, learned.stages())))}
    signals.settle()
    files.write_together(RAW, {EXTRACTED.name: texts, WORST.name: worst})
    evaluate.write_reports(args.reports, scores, pages, predictions, samples)
    print(evaluate.summary(scores))
    print(baseline.summary(read_reports(args.reports).differences))


def run_gate(args: Namespace) -> int:
    """Print a line for each failure of the gate; returns 1 if there is any, else 0."""
    if failures := gate_failures(args):
        print("\n".join(("does not pass:", *failures)), file=sys.stderr)
    return 1 if failures else 0


def gate_failures(args: Namespace) -> list[str]:
    """Return a line for each failure of the gate; with ``--write`` floors are written first."""
    path = args.reports / "gate.json"
    parts, model = gate.read(path), load(args.model)
    there = all_corpora() if args.corpora else []
    digests = digests_of(there) | {f"annotations/{path.stem}": sha256_of(path) for path in ANNOTATIONS.glob("*.*.csv")}
    failures = list(gate.differing_data(model.card, digests, args.model, whole=args.corpora))
    own = read_paragraphs(PARAGRAPHS)
    own += compose_pages(own)
    measured = [gate.measure_embedded(own, fit_all(own, JOBS), model, DATA)]
    if args.corpora and args.write:
        measured.append(gate.measure_corpora(model.card["scores"], digests, DATA))
    elif args.corpora and not failures:  # other data would give another model
        views, _ = gather_training_data(JOBS)
        learned = fit_all(views, JOBS)
        measured.append(gate.measure_corpora(gate.corpora_scores(views, learned, DATA), digests, DATA))
        failures += gate.differing_model(args.model, model, learned)
    if args.write and not failures:
        for one in measured:
            parts = gate.update_floors(one, parts, CHANGELOG.read_text(encoding="utf-8"), lower=args.write == "lower")
        signals.settle()
        files.write_together(args.reports, {path.name: as_json(parts)})
        print(f"wrote {path}")
    print("\n".join(gate.summary(one, parts) for one in measured))
    return failures + [line for one in measured for line in gate.missed_floors(one, parts)]


def run_curve(args: Namespace) -> None:
    views, _ = gather_training_data(JOBS)
    if not any(view.page_type for view in views):
        raise Failure("no pages to learn from: fetch the corpora with `make data`; nothing was written")
    rows = learning_curve.learning_curve(views, JOBS)
    signals.settle()
    curve = rows.to_csv(index=False, float_format="%.6f", lineterminator="\n")
    files.write_together(args.reports, {"curve.csv": curve.encode()})


def run_report(args: Namespace) -> None:
    for path in (*draw.draw(args.reports), *draw_gallery(args.reports)):
        print(f"drew {path}")


def run_agreement(_: Namespace) -> None:
    print(agreement.summary(DATA / "twice.csv"))


def draw_gallery(reports: Path) -> list[Path]:
    """Draw the worst pages of the corpora if their texts are available, else the sample pages."""
    known = next((path for path in (WORST, reports / SAMPLES) if path.exists()), None)
    try:
        return [gallery.draw_gallery(reports / "gallery", shown_pages.read(known))] if known else []
    except FOREIGN as error:
        raise Failure(f"{known}: no pages of a gallery ({error!r:.100}); run `make evaluate`") from error


def run_compare(_: Namespace) -> None:
    report = compare.compare_tools(RAW, EXTRACTORS, DATA / "read.csv", digests_of(all_corpora()))
    readme = compare.with_scoreboard(README.read_text(encoding="utf-8"), report)
    signals.settle()
    files.write_together(README.parent, {"compare.json": as_json(report), README.name: readme.encode()})
    print(compare.scoreboard(report))


def run_bench(args: Namespace) -> None:
    there, _ = corpora.available(SOURCES, RAW)
    wcxb = next((corpus.folder for corpus in there if corpus.name == "wcxb"), None)
    report = bench.bench(wcxb, DATA, EXTRACTORS, args.pages)
    readme = bench_tables.with_tables(README.read_text(encoding="utf-8"), report)
    signals.settle()
    files.write_together(README.parent, {"bench.json": as_json(report), README.name: readme.encode()})
    print(bench_tables.tables(report))


def as_json(report: object) -> bytes:
    return (json.dumps(report, indent=1) + "\n").encode()


def say(message: str) -> None:
    """Print an error or a warning of one or more lines, without characters that control a terminal."""
    print("\n".join(map(one_line, f"pagesieve.train: {message}".split("\n"))), file=sys.stderr)


def main() -> int:
    """Run the command; returns the exit status, 2 after an error, which is a line on stderr."""
    try:
        args = arguments(COMMANDS)
        with signals.signals_first(), local_backend(JOBS):
            return run(args)
    except KeyboardInterrupt as stopped:
        number = signals.signal_of(stopped)
        kept = "nothing was written" if IN_PARTS.isdisjoint(sys.argv) else "what was complete is kept"
        say(f"{signals.ENDED[number]}; {kept}")
        return 128 + number
    except (Failure, OSError) as error:
        say(str(error))
        return 2


def run(args: Namespace) -> int:
    """Run a command; returns its exit status."""
    named = [vars(args)[name] for name in ("model", "reports") if name in args]
    for folder in named:
        check_folder(folder, written=args.command != "gate")
    for folder in (*named, README.parent, RAW):
        files.finish_writing(folder)
    return COMMANDS[args.command].run(args) or 0


COMMANDS = {
    "data": Command(run_data, "fetch the corpora of data/sources.toml to data/raw", [CORPORA]),
    "train": Command(run_train, "train on all data that is there", [MODEL, DATA_CSV, MINE_DIR, FORCE]),
    "evaluate": Command(run_evaluate, "score out of fold by site", [REPORTS]),
    "curve": Command(run_curve, "score by the number of sites learned from", [REPORTS]),
    "report": Command(run_report, "draw the plots of what was written", [REPORTS]),
    "gate": Command(
        run_gate, "compute the scores anew; fails if one is below its floor", [MODEL, REPORTS, WITH_CORPORA, WRITE]
    ),
    "compare": Command(run_compare, "score other extractors beside what evaluate extracted"),
    "bench": Command(run_bench, "time pagesieve and other extractors on the same pages", [PAGES]),
    "agreement": Command(run_agreement, "how far two readers of the same pages agree"),
}
