"""labelled views -> the learning curve: scores on the sites of a fold, trained on increasing shares of the others."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from pagesieve.predict.labels import LABELS
from pagesieve.predict.scoring.stages import score
from pagesieve.predict.scoring.tables import Stages

from ..fit.stages import fit_all
from ..labels.folds import fold_of
from ..labels.views import OWN, View
from .metrics import macro_by_mode
from .scored_rows import label_rows

SHARES = (1 / 16, 1 / 8, 1 / 4, 1 / 2)  # of the sites outside the fold; the evaluation trains on all of them
REPEATS = (0, 1, 2)  # folds to score, each by models with their own draw of sites
COLUMNS = ["fold", "sites", "mode", "macro_f1"]


def learning_curve(views: Sequence[View], jobs: int) -> pd.DataFrame:
    """Return macro-F1 on all hand-labelled HTML pages of a fold, by the number of training sites.

    A row for each fold and number of sites; larger draws of a fold contain the smaller ones. Lines are left out, since
    each page would be used six times more.
    """
    rows = []
    read = [view for view in views if view.hand and view.page_set != OWN and view.kind in ("html", "text")]
    for fold in REPEATS:
        held = [view for view in read if fold_of(view.site) == fold]
        sites = sorted({view.site for view in read if fold_of(view.site) != fold})
        drawn = np.random.default_rng(fold).permutation(sites)
        for share in SHARES:
            known = set(drawn[: round(share * len(sites))])
            part = [view for view in read if view.kind == "html" and view.site in known]
            stages = fit_all(part, jobs).stages()
            scores = Parallel(n_jobs=jobs, batch_size=8)(delayed(score_page)(stages, view) for view in held)
            rows.append([fold, len(known), "html", macro_by_mode(label_rows(held, scores))["html"]])
            print(f"fold {fold}: learned from {len(known)} of {len(sites)} sites", flush=True)
    return pd.DataFrame(rows, columns=COLUMNS)


def score_page(stages: dict[str, Stages], view: View) -> np.ndarray:
    """Return the scores of an HTML page; for lines, which only carry the readers' blocks, they are zeros."""
    if view.kind == "html":
        return score(stages, view.blocks, view.title)
    return np.zeros((len(view.blocks), len(LABELS)))
