"""The pages with the most errors, in colour: reports/gallery, built locally and never committed."""

import html
from collections.abc import Sequence
from pathlib import Path, PurePath

from pagesieve.predict import files
from pagesieve.predict.output import coloured

from ..evaluation.shown_pages import Shown

INDEX = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>pagesieve: error gallery</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root {{ color-scheme: light dark; background: light-dark(#fff, #16181a); color: light-dark(#1b1b1b, #e8e6e3); }}
a {{ color: light-dark(#0645ad, #9db8ff); }}
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 56rem; margin: 0 auto; padding: 1rem;
  overflow-wrap: anywhere; }}
table {{ border-collapse: collapse; }}
th, td {{ padding: .15rem .6rem; text-align: left; border-bottom: 1px solid #8886; font-weight: inherit; }}
thead th {{ font-weight: 600; }}
</style></head><body>
<main>
<h1>Error gallery</h1>
<p>Pages with the largest share of blocks that got another label than readers gave them, the worst first; none was
scored by a model that saw a page of its site. Wrong blocks are marked, and say their label by hand.</p>
<table><thead><tr><th scope="col">page</th><th scope="col">type</th><th scope="col">wrong blocks</th></tr>
</thead><tbody>
{rows}
</tbody></table>
</main>
</body></html>
"""


def draw_gallery(folder: Path, pages: Sequence[Shown]) -> Path:
    """Write a file for each page, and index.html with all, replacing the folder; returns the path of index.html."""
    with files.replacing(folder) as new:
        new.mkdir()
        names = files.output_names([f"{number:02}-{Path(page['name']).name}" for number, page in enumerate(pages, 1)])
        for name, page in zip(names, pages, strict=True):
            note = f"{page['page_type']}: {page['wrong']} of {page['labelled']} blocks wrong"
            (new / name).write_text(coloured.coloured(page["blocks"], name=page["name"], note=note), encoding="utf-8")
        (new / "index.html").write_text(INDEX.format(rows="\n".join(map(row, names, pages))), encoding="utf-8")
    return folder / "index.html"


def row(name: PurePath, page: Shown) -> str:
    cells = f"<td>{html.escape(page['page_type'])}</td><td>{page['wrong']} of {page['labelled']}</td>"
    return f'<tr><th scope="row"><a href="{html.escape(str(name))}">{html.escape(page["name"])}</a></th>{cells}</tr>'
