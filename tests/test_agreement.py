"""Two readings of the same pages: how far they agree."""

from pathlib import Path

import pytest

from pagesieve.predict.errors import Failure
from pagesieve.train.labels.agreement import labels_of_both, summary

HEAD = "page,start,end,hash,code,reader,date\n"


def reading(path: Path, codes: dict[str, str]) -> Path:
    rows = [
        f"p,{place},{place + 1},{place:012d},{code},{reader},2026-01-01\n"
        for reader, said in codes.items()
        for place, code in enumerate(said)
    ]
    path.write_text(HEAD + "".join(rows))
    return path


def test_agreement_is_of_labels_not_of_codes(tmp_path: Path):
    path = reading(tmp_path / "twice.csv", {"a": "TTPPNN", "b": "HTPNNM"})
    assert labels_of_both(path)[0] == ("article_content", "article_content")
    # 5 of 6 the same; by chance 2/6 * 2/6 + 2/6 * 1/6 + 2/6 * 3/6 = 1/3, so kappa is (5/6 - 1/3) / (1 - 1/3) = 3/4
    assert summary(path).splitlines()[0] == "6 stretches read twice: 83.3% the same, Cohen's kappa 0.750"
    assert "promo_teaser: 0.667" in summary(path)


@pytest.mark.parametrize("codes", [{"a": "TT"}, {"a": "TT", "b": "T"}, {"a": "T", "b": "T", "c": "T"}])
def test_a_page_without_two_whole_readings_is_named(tmp_path: Path, codes: dict[str, str]):
    with pytest.raises(Failure, match="page p has not the same stretches"):
        labels_of_both(reading(tmp_path / "twice.csv", codes))
