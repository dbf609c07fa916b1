"""CSV files of labelled paragraphs: what is read of them, and how what is wrong with them is told."""

import os
from pathlib import Path

import pytest

from pagesieve.predict.errors import Failure
from pagesieve.train.fit import training_data
from pagesieve.train.labels.paragraphs import contradictions, read_paragraphs

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("text,label\nHello,article\n", "line 2: label 'article' is none of article_content"),
        ("text,label\nA,site_chrome\n ,site_chrome\n", "line 3: no text"),
        ("text,label\nA,site_chrome,en\n", "line 2: expected 2 cells"),
        (
            "words,label\nA,site_chrome\n",
            "line 1: columns are words, label; expected text and label, and if you",
        ),
        ("text,label,colour\nA,site_chrome,red\n", "line 1: columns are text, label, colour; expected text and label"),
        ("text,text,label\nA,B,site_chrome\n", "line 1: columns are text, text, label; expected .* each once"),
        ("text,label,a\x1b[2J\x07\nA,site_chrome,red\n", r"columns are text, label, a\[2J; expected"),
        (f"text,label,{'a' * 100_000}\nA,site_chrome,red\n", "columns are text, label, a{187}; expected"),
        ("text,label,order\nA,site_chrome,first\n", "line 2: order 'first' is no number"),
        ("text,label,order\nA,site_chrome,nan\n", "line 2: order 'nan' is no number"),
        ('text,label\n"A,site_chrome\n', "line 2: unexpected end of data"),
        ("text,label\nCaf\udce9,site_chrome\n", "line 2: not UTF-8"),
        ("\udcff\udcfet\0e\0", "line 1: not UTF-8; save the file as CSV in UTF-8"),
        ("", "line 1: columns are missing"),
        ("text,label\n", "no rows"),
    ],
)
def test_a_bad_row_is_named_by_file_and_line(tmp_path: Path, content: str, message: str):
    path = tmp_path / "mine.csv"
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(Failure, match=message) as caught:
        read_paragraphs(path)
    assert str(path) in str(caught.value) and str(caught.value).isprintable()


def test_all_bad_rows_are_named_at_once_and_the_21st_and_later_are_counted(tmp_path: Path):
    path = tmp_path / "mine.csv"
    path.write_bytes(b'text,label\n,site_chrome\nA,\n"B"x,site_chrome\nGood,site_chrome\n\xff,site_chrome\n')
    with pytest.raises(Failure) as caught:
        read_paragraphs(path)
    assert [line.partition(": ")[0] for line in str(caught.value).splitlines()] == [
        f"{path}, line {number}" for number in (2, 3, 4, 6)
    ]
    path.write_text("text,label\n" + "A,wrong\n" * 23)
    with pytest.raises(Failure, match="line 21: label 'wrong'.*\nand 3 more$"):
        read_paragraphs(path)


def test_a_missing_file_is_no_such_file(tmp_path: Path):
    with pytest.raises(Failure, match="typo.csv: no such file"):
        read_paragraphs(tmp_path / "typo.csv")
    with pytest.raises(Failure, match="cannot be read: Is a directory"):
        read_paragraphs(tmp_path)


def test_a_pipe_is_not_waited_for(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(Failure, match="pipe.csv: cannot be read: a pipe, socket or device, not a file; name a CSV"):
        read_paragraphs(tmp_path / "pipe.csv")


def test_only_text_and_label_are_asked_for_and_the_same_text_with_two_labels_is_told(tmp_path: Path):
    path = tmp_path / "mine.csv"
    path.write_text("label,text\nsite_chrome,Home\nsite_chrome,Home\npromo_teaser,Home \ncomment_form,Reply\n")
    assert [len(view.blocks) for view in read_paragraphs(path)] == [1, 1, 1, 1]
    assert contradictions(path) == [f"{path}, lines 2 and 4: the same text is labelled site_chrome and promo_teaser"]


def test_rows_become_pages_in_their_order(tmp_path: Path):
    path = tmp_path / "mine.csv"
    path.write_text("text,label,page,order\nlast,site_chrome,p,2\nfirst,article_content,p,1\nalone,comment_form,,\n")
    views = read_paragraphs(path)
    assert [[block.text for block in view.blocks] for view in views] == [["first", "last"], ["alone"]]
    assert list(views[0].labels) == [0, 3]


def test_a_file_named_like_other_training_data_leaves_out_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training_data, "PARAGRAPHS", tmp_path / "paragraphs.csv")
    monkeypatch.setattr(training_data, "SOURCES", ROOT / "data" / "sources.toml")
    monkeypatch.setattr(training_data, "RAW", tmp_path / "raw")
    (tmp_path / "own").mkdir()
    for folder, text in (tmp_path, "heron"), (tmp_path / "own", "tide"):
        (folder / "paragraphs.csv").write_text(f"text,label\n{text},site_chrome\n")
    views, digests = training_data.gather_training_data(1, tmp_path / "own" / "paragraphs.csv")
    assert len(set(digests.values())) == 2 and set(digests) == {"paragraphs", "paragraphs.csv"}
    assert {view.source for view in views} == set(digests)
