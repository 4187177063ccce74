"""Titles are turned round, years are split off, keys are unique."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from palate.data.titles import split_title, title_columns, turn_round, unique_keys


@pytest.mark.parametrize(
    ("raw", "title", "year"),
    [
        ("Toy Story (1995)", "Toy Story", 1995),
        ("Naked Gun, The (1988)", "The Naked Gun", 1988),
        (
            "Naked Gun: From the Files of Police Squad!, The (1988)",
            "The Naked Gun: From the Files of Police Squad!",
            1988,
        ),
        ("Naked Gun 33 1/3: The Final Insult (1994)", "Naked Gun 33 1/3: The Final Insult", 1994),
        ("American Tail, An (1986)", "An American Tail", 1986),
        ("Very Potter Musical, A (2009)", "A Very Potter Musical", 2009),
        ("Chorus, Les (Choir, The) (1995)", "Les Chorus (The Choir)", 1995),
        (
            "City of Lost Children, The (Cité des enfants perdus, La) (1995)",
            "The City of Lost Children (La Cité des enfants perdus)",
            1995,
        ),
        ("Atalante, L' (1934)", "L'Atalante", 1934),
        ("Seven (a.k.a. Se7en) (1995)", "Seven (a.k.a. Se7en)", 1995),
        ("Good Son (a.k.a. Bad Son, The) (1993)", "Good Son (a.k.a. The Bad Son)", 1993),
        (
            "Wings of Desire (Himmel über Berlin, Der) (1987)",
            "Wings of Desire (Der Himmel über Berlin)",
            1987,
        ),
        ("Runaway Brain (1995) ", "Runaway Brain", 1995),
        ("  Dune, The  (1984)  ", "The Dune", 1984),
        ("Death Note: Desu nôto (2006–2007)", "Death Note: Desu nôto", 2006),
        ("Big Bang Theory, The (2007-)", "The Big Bang Theory", 2007),
        ("Babylon 5", "Babylon 5", None),
        ("Matrix, The", "The Matrix", None),
        ("(500) Days of Summer (2009)", "(500) Days of Summer", 2009),
        ("2001: A Space Odyssey (1968)", "2001: A Space Odyssey", 1968),
        ("1984", "1984", None),
        ("(1984)", "(1984)", None),
        ("Monsters, Inc. (2001)", "Monsters, Inc.", 2001),
        ("Crazy, Stupid, Love. (2011)", "Crazy, Stupid, Love.", 2011),
        ("Happy, Texas (1999)", "Happy, Texas", 1999),
        (
            "Good, the Bad and the Ugly, The (Buono, il brutto, il cattivo, Il) (1966)",
            "The Good, the Bad and the Ugly (Il Buono, il brutto, il cattivo)",
            1966,
        ),
        ("", "", None),
    ],
)
def test_split(raw, title, year):
    assert split_title(raw) == (title, year)


@given(st.text())
def test_turning_loses_no_character(text):
    def letters(title):
        return sorted(character for character in title if not character.isspace() and character != ",")

    assert letters(turn_round(text)) == letters(text)


def test_titles_that_are_not_turned():
    assert split_title("Sorpasso, Il (1962)", turn=False) == ("Sorpasso, Il", 1962)


def test_columns():
    raw = pl.Series(["Emma (1996)", None, "Heat, The (2013) ", "Emma (1996)"])
    title, year, key = title_columns(raw, pl.Series([838, 5, 7, 26958]))
    assert title.to_list() == ["Emma", None, "The Heat", "Emma"]
    assert year.to_list() == [1996, None, 2013, 1996]
    assert key.to_list() == ["Emma (1996)", None, "Heat, The (2013)", "Emma (1996) [26958]"]


@given(st.lists(st.sampled_from(["a", "a [1]", "a [2]", "a [1] [1]"]), max_size=6))
def test_keys_are_unique(titles):
    keys = unique_keys(titles, range(len(titles)))
    assert len(set(keys)) == len(titles)
    assert all(key.startswith(title) for key, title in zip(keys, titles, strict=True))
