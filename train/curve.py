"""Labelled views -> the learning curve: scores on the sites of a fold, learned from ever more of the other sites."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from pagesieve.predict.model import score

from .corpus import OWN, View
from .evaluate import label_rows, macro_by_mode, mode_of
from .fit import EVERYTHING, learn_from
from .split import fold_of

SHARES = (1 / 16, 1 / 8, 1 / 4, 1 / 2)  # of the sites outside the fold; of all of them the evaluation learns
REPEATS = (0, 1, 2)  # folds that are scored, each by models of its own draw of sites
COLUMNS = ["fold", "sites", "mode", "macro_f1"]


def learning_curve(views: Sequence[View], jobs: int) -> pd.DataFrame:
    """Macro-F1 on all hand-labelled pages of a fold by how many sites were learned from, beside our own paragraphs.

    A row for each fold, number of sites and mode. A larger draw of a fold holds the smaller ones.
    """
    rows = []
    read = [view for view in views if view.hand and view.page_set != OWN]
    for fold in REPEATS:
        held = [view for view in read if mode_of(view) and fold_of(view.site) == fold]
        sites = sorted({view.site for view in read if fold_of(view.site) != fold})
        drawn = np.random.default_rng(fold).permutation(sites)
        for share in SHARES:
            known = set(drawn[: round(share * len(sites))])
            part = [view for view in views if view.page_set == OWN or (view.hand and view.site in known)]
            pipelines = learn_from(part, jobs).pipelines[EVERYTHING]
            scores = Parallel(n_jobs=jobs, batch_size=8)(
                delayed(score)(pipelines, view.blocks, view.title) for view in held
            )
            found = macro_by_mode(label_rows(held, scores))
            rows += [[fold, len(known), mode, macro] for mode, macro in found.items()]
            print(f"fold {fold}: learned from {len(known)} of {len(sites)} sites", flush=True)
    return pd.DataFrame(rows, columns=COLUMNS)
