"""Matching by words: what is a partner, what is not, and that order and words are kept."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagesieve.predict.errors import Failure
from pagesieve.train.labels import alignment
from pagesieve.train.labels.alignment import (
    Span,
    find_spans,
    hash_of,
    majority,
    match,
    read_spans,
    running_words,
    spans_of,
    words,
)

# Ten lines of a page, written for the purpose, and what a reference keeps of them: lines 3 to 5 and 8.
LINES = [
    "Home Tides Boats Contact",
    "The ferry to Skaw is late again",
    "By Ada Holm, 3 May",
    "The ferry to Skaw left an hour late on Monday because the tide was out.",
    "Passengers waited in the cafe, where the tea was free and the chairs were not.",
    "A second ferry, said to be newer, is expected in the autumn.",
    "Leave a reply to Ada Holm",
    "Share this page",
    "Until then the timetable stays as it is, said the harbour master.",
    "Boats for sale: a ferry to Skaw, late owner",
]
KEPT = (3, 4, 5, 8)
REFERENCE = " ".join(LINES[line] for line in KEPT)
VOCABULARY = st.lists(st.sampled_from("the ferry is late tide a boat of".split()), max_size=40)


def share_matched(texts: list[str], reference: str) -> list[float]:
    running, owners = running_words(texts)
    partners = match(running, words(reference))
    hits = [sum(o == line and p >= 0 for o, p in zip(owners, partners, strict=True)) for line in range(len(texts))]
    return [hit / max(1, owners.count(line)) for line, hit in enumerate(hits)]


def test_words_are_lower_case_and_without_punctuation() -> None:
    assert words("The Tide's OUT — 3,5 m; høyvann 潮") == ["the", "tide", "s", "out", "3", "5", "m", "høyvann", "潮"]
    assert words(" ... ") == []


def test_running_words_know_their_text() -> None:
    assert running_words(["One two", "", "-", "Three"]) == (["one", "two", "three"], [0, 0, 3])
    assert running_words([]) == ([], [])


def test_lines_of_the_reference_match_wholly_and_others_do_not() -> None:
    shares = share_matched(LINES, REFERENCE)
    assert [line for line, share in enumerate(shares) if share == 1] == list(KEPT)
    assert all(share == 0 for line, share in enumerate(shares) if line not in KEPT)


def test_the_same_words_elsewhere_on_the_page_have_no_partner() -> None:
    page = words("Ferry Tide Late Skaw") + words(LINES[3]) + words("tide ferry late skaw")
    partners = match(page, words(LINES[3]))
    count = len(words(LINES[3]))
    assert partners == [-1] * 4 + list(range(count)) + [-1] * 4


def test_single_words_match_in_the_gap_between_two_runs() -> None:
    left = words("one two three four NEW five six seven eight nine")
    right = words("one two three four OLD five six seven eight nine")
    assert match(left, right) == [0, 1, 2, 3, -1, 5, 6, 7, 8, 9]
    changed = words("one two three four x gap y five six seven eight")
    assert match(changed, words("one two three four gap five six seven eight"))[4:7] == [-1, 4, -1]


def test_without_an_anchor_single_words_match_in_order() -> None:
    assert match(["a", "b", "c"], ["a", "x", "c"]) == [0, -1, 2]
    assert match([], ["a"]) == [] and match(["a"], []) == [-1]


@given(VOCABULARY, VOCABULARY)
def test_partners_are_equal_words_in_order_and_nobody_has_two(left: list[str], right: list[str]) -> None:
    partners = match(left, right)
    assert len(partners) == len(left)
    pairs = [(i, j) for i, j in enumerate(partners) if j >= 0]
    assert all(left[i] == right[j] for i, j in pairs)
    assert [j for _, j in pairs] == sorted({j for _, j in pairs})


@given(VOCABULARY)
def test_a_page_matches_itself_wholly(page: list[str]) -> None:
    assert match(page, page) == list(range(len(page)))


@given(VOCABULARY, VOCABULARY)
def test_the_same_gives_the_same(left: list[str], right: list[str]) -> None:
    assert match(left, right) == match(left, right)


CHROME = st.lists(st.sampled_from(["menu", "login", "cookies", "share"]))


@given(VOCABULARY, CHROME, CHROME)
def test_chrome_around_a_text_changes_no_partner(text: list[str], before: list[str], after: list[str]) -> None:
    expected = [-1] * len(before) + list(range(len(text))) + [-1] * len(after)
    assert match([*before, *text, *after], text) == expected


@given(st.lists(st.text(max_size=20), max_size=10))
def test_running_words_are_the_words_of_the_texts(texts: list[str]) -> None:
    running, owners = running_words(texts)
    assert running == [word for text in texts for word in words(text)]
    assert owners == sorted(owners) and len(owners) == len(running)


def test_spans_are_found_again_on_a_page_that_changed() -> None:
    running, _ = running_words(LINES)
    codes = [(code, LINES[line]) for code, line in (("N", 0), ("H", 1), ("M", 2), ("T", 3), ("T", 4), ("P", 9))]
    spans = spans_of("page", running, codes, "reader", "2025-01-01")
    assert [span.code for span in spans] == ["N", "H", "M", "T", "T", "P"]
    assert find_spans(spans, running) == [(span.start, span) for span in spans]
    assert all(hash_of(running[span.start : span.end]) == span.hash for span in spans)

    changed, _ = running_words(["A new notice", *LINES[:3], "Advert", *LINES[3:4], *LINES[5:]])
    found = find_spans(spans, changed)
    assert [span for _, span in found] == [span for span in spans if span is not spans[4]]
    for place, span in found:
        assert changed[place : place + span.end - span.start] == running[span.start : span.end]


def test_a_span_that_stands_twice_is_found_where_it_was() -> None:
    running, _ = running_words(["Read more", "The tide is out.", "Read more"])
    labelled = [("N", "Read more"), ("T", "The tide is out"), ("P", "Read more")]
    first, text, last = spans_of("p", running, labelled, "r", "d")
    assert [(s.start, s.end) for s in (first, text, last)] == [(0, 2), (2, 6), (6, 8)]
    longer, _ = running_words(["Hello", "Read more", "The tide is out.", "Read more"])
    assert [place for place, _ in find_spans([first, text, last], longer)] == [1, 3, 7]


def test_spans_hold_no_text() -> None:
    running, _ = running_words(LINES)
    (span,) = spans_of("page", running, [("T", LINES[4])], "reader", "2025-01-01")
    assert not {"passengers", "cafe"} & set(words(str(span)))


def test_majority_needs_half_of_the_words() -> None:
    assert majority([0, 0, 0, 1, 1, 2], [5, 5, 6, 7, -1, -1], 4) == [5, 7, -1, -1]
    assert majority([0, 0, 0], [5, -1, -1], 1) == [-1]


GOOD = "p,0,2,0123456789ab,T,r,2026-01-31"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (",2,", ",x,"),
        (",T,", ",Z,"),
        (",T,r,2026-01-31", ""),
        ("r,", "r,more,"),
        (",0,2,", ",2,2,"),
        (",0,2,", ",1_0,20,"),
        (",0,2,", f",0,{10**12},"),
        ("0123456789ab", "=1+1"),
        ("2026-01-31", "=1+1"),
        ("2026-01-31", "2026-01-31\x1b[2J"),
        ("2026-01-31", "9" * 200_000),
        (",r,", ",../r,"),
        ("p,", "p\x07,"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, old: str, new: str) -> None:
    path = tmp_path / "spans.csv"
    assert old in GOOD
    path.write_text(f"page,start,end,hash,code,reader,date\n{GOOD}\n{GOOD.replace(old, new)}\n", encoding="utf-8")
    with pytest.raises(Failure, match="spans.csv, line 3: not a labelled span") as caught:
        read_spans(path)
    assert str(caught.value).isprintable() and len(str(caught.value)) < 300 + len(str(path))
    path.write_text(f"page,start,end,hash,code,reader,date\n{GOOD}\n", encoding="utf-8")
    assert read_spans(path) == [Span("p", 0, 2, "0123456789ab", "T", "r", "2026-01-31")]


@pytest.mark.parametrize(("start", "end"), [(10**12, 10**12 + 1), (10**12, 10**13), (-(10**12), 1), (5, 2)])
def test_a_span_is_searched_for_on_the_page_alone(start: int, end: int) -> None:
    running, _ = running_words(LINES)
    assert find_spans([Span("p", start, end, "none", "T", "r", "d")], running) == []


def test_the_search_for_spans_that_are_nowhere_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(alignment, "MAX_READ", 10_000)
    monkeypatch.setattr(alignment, "hash_of", lambda words: asked.append(len(words)) or hash_of(words))
    running = list(map(str, range(1000)))
    here = Span("p", 3, 5, hash_of(["3", "4"]), "T", "r", "d")
    assert find_spans([*[Span("p", 0, 500, "none", "T", "r", "d")] * 50, here], running) == [(3, here)]
    assert sum(asked) < 50_000


def test_spans_that_overlap_without_end_are_not_read_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(alignment, "MAX_SPANNED", 10_000)
    monkeypatch.setattr(alignment, "hash_of", lambda words: asked.append(len(words)) or hash_of(words))
    running = list(map(str, range(1000)))
    for known in ("none", hash_of(running)):
        asked.clear()
        assert len(find_spans([Span("p", 0, 1000, known, "T", "r", "d")] * 500, running)) <= 10
        assert sum(asked) <= 10_000
