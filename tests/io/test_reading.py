"""Every known format is recognised and read, alone, in a folder, in a zip, compressed."""

import gzip
import warnings
import zipfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import palate
from palate.data.catalog import CatalogWarning
from palate.data.duplicates import CountedRowsWarning, DuplicateRatingsWarning

U_ITEM = (
    "1|Toy Story (1995)|01-Jan-1995||http://x|0|0|0|1|1|1|0|0|0|0|0|0|0|0|0|0|0|0|0\n2|Sjö, Der (1980)|||"
    + "|0" * 18
    + "|1\n"
)

# name: (format, files, rows of ratings, scale, rows of the catalog)
FORMATS = {
    "movielens": (
        "movielens",
        {
            "ratings.csv": "userId,movieId,rating,timestamp\n1,31,2.5,1260759144\n1,2,3.0,1260759179\n",
            "movies.csv": 'movieId,title,genres\n31,"Net, The (1995)",Action|Crime\n2,Émilie (1990),(no '
            "genres listed)\n",
            "links.csv": "movieId,imdbId\n31,0112792\n",
        },
        [(1, 2, 3.0, 1260759179), (1, 31, 2.5, 1260759144)],
        (0.5, 5.0),
        [
            (31, "The Net", 1995, "Action|Crime", "Net, The (1995)"),
            (2, "Émilie", 1990, "(no genres listed)", "Émilie (1990)"),
        ],
    ),
    "movielens on Kaggle": (
        "movielens",
        {
            "rating.csv": '"userId","movieId","rating","timestamp"\n1,2,3.5,"2005-04-02 23:53:47"\n',
            "movie.csv": '"movieId","title","genres"\n2,"Jumanji (1995)","Adventure"\n',
        },
        [(1, 2, 3.5, 1112486027)],
        (0.5, 5.0),
        [(2, "Jumanji", 1995, "Adventure", "Jumanji (1995)")],
    ),
    "1M": (
        "movielens-dat",
        {
            "ratings.dat": "1::1193::5::978300760\n2::661::3::978302109\n",
            "movies.dat": "661::Fée, La: x (1995)::Drama\n".encode("latin-1"),
        },
        [(1, 1193, 5.0, 978300760), (2, 661, 3.0, 978302109)],
        (1.0, 5.0),
        [(661, "Fée, La: x", 1995, "Drama", "Fée, La: x (1995)")],
    ),
    "10M": (
        "movielens-dat",
        {"ratings.dat": "1::122::4.5::838985046\n"},
        [(1, 122, 4.5, 838985046)],
        (0.5, 5.0),
        None,
    ),
    "1M without times": (
        "movielens-dat",
        {"ratings.dat": "1::122::4\r\n2::122::5\r\n"},
        [(1, 122, 4.0), (2, 122, 5.0)],
        (1.0, 5.0),
        None,
    ),
    "100K": (
        "movielens-100k",
        {
            "u.data": "196\t242\t3\t881250949\n186\t302\t3\t891717742\n",
            "u.item": U_ITEM.encode("latin-1"),
            "u.user": "x",
        },
        [(186, 302, 3.0, 891717742), (196, 242, 3.0, 881250949)],
        (1.0, 5.0),
        [
            (1, "Toy Story", 1995, "Animation|Children's|Comedy", "Toy Story (1995)"),
            (2, "Der Sjö", 1980, "Western", "Sjö, Der (1980)"),
        ],
    ),
    "goodbooks, first release": (
        "goodbooks",
        {
            "ratings.csv": "book_id,user_id,rating\n1,314,5\n2,314,3\n",
            "books.csv": (
                "id,book_id,best_book_id,work_id,authors,original_publication_year,title,language_code\n"
                '1,2767052,9,9,"A, B",2008.0,"Games, The",eng\n2,3,9,9,C,-750.0,"Ilíad, ""x""",\n'
            ),
        },
        [(314, 1, 5.0), (314, 2, 3.0)],
        (1.0, 5.0),
        [(1, "Games, The", 2008, "A, B", "eng"), (2, 'Ilíad, "x"', -750, "C", None)],
    ),
    "goodbooks, second release": (
        "goodbooks",
        {
            "ratings.csv": "user_id,book_id,rating\n314,1,5\n",
            "books.csv": "book_id,goodreads_book_id,title\n1,77,Games\n",
        },
        [(314, 1, 5.0)],
        (1.0, 5.0),
        [(1, "Games")],
    ),
    "movietweetings": (
        "movietweetings",
        {
            "ratings.dat": "1::0054890::9::1381945744\n2::1408101::0::1382400295\n",
            "movies.dat": "0054890::Léa: B (1961)::Crime|Drama\n1408101::X (2013)::\n",
        },
        [(1, "0054890", 9.0, 1381945744), (2, "1408101", 0.0, 1382400295)],
        (0.0, 10.0),
        [
            ("0054890", "Léa: B", 1961, "Crime|Drama", "Léa: B (1961)"),
            ("1408101", "X", 2013, None, "X (2013)"),
        ],
    ),
    "triplets": (
        "triplets",
        {
            "train_triplets.txt": "b80344d\tSOAKIMP12\t1\nb80344d\tSOBBMDR12\t20\n",
            "unique_tracks.txt": "TR1<SEP>SOAKIMP12<SEP>Jack<SEP>The "
            "Cove\nTR2<SEP>SOAKIMP12<SEP>Jim<SEP>No\n",
        },
        [("b80344d", "SOAKIMP12", 1.0), ("b80344d", "SOBBMDR12", 20.0)],
        (1.0, 20.0),
        [("SOAKIMP12", "The Cove", "Jack")],
    ),
    "lesson": (
        "lesson",
        {
            "rating.csv": "userId,movieId,rating,y\n0,1,4.5,0.97\n1,0,3.0,-0.5\n",
            "movie.csv": ",movieId,title,genres,key,year,n_ratings,mean_rating\n0,0,A,x|y,A "
            "(1999),1999,1,3.0\n1,1,B,z,B (),,1,4.5\n",
        },
        [(0, 1, 4.5), (1, 0, 3.0)],
        (0.5, 5.0),
        [(0, "A", 1999, "x|y", "A (1999)", 1, 3.0), (1, "B", None, "z", "B ()", 1, 4.5)],
    ),
    "table": (
        "table",
        {
            "mine.csv": "Item;Customer-ID;Stars;note\nx;é;1,5;a\n".replace("1,5", "1.5"),
            "items.csv": "item,name,pages,code\nx,Ex,12,007\n",
        },
        [("é", "x", 1.5)],
        (1.5, 1.5),
        [("x", "Ex", 12, "007")],
    ),
}


def write(folder, files):
    for name, content in files.items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def main_file(files):
    return next(iter(files))


def check(data, form):
    _, _, rows, scale, catalog = FORMATS[form]
    assert data.ratings.to_frame().rows() == rows
    assert data.ratings.scale == scale
    assert (None if data.catalog is None else data.catalog.frame.rows()) == catalog


HOW = ["folder", "file", "zip", "zip in a folder", "gz", "named format"]


# A folder with two tables of no known name has to be told which one holds the ratings.
@pytest.mark.parametrize(
    ("form", "how"), [(form, how) for form in FORMATS for how in HOW if form != "table" or how == "file"]
)
def test_formats(tmp_path, form, how):
    name, files, *_ = FORMATS[form]
    folder = tmp_path / "set"
    folder.mkdir()
    path = write(folder, files)
    options = {}
    if how == "file":
        path = folder / main_file(files)
    elif how.startswith("zip"):
        path = tmp_path / "set.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for entry in folder.iterdir():
                archive.write(entry, entry.name if how == "zip" else f"ml/{entry.name}")
            archive.writestr("__MACOSX/._ratings.csv", b"\0")
    elif how == "gz":
        for entry in list(folder.iterdir()):
            entry.with_name(entry.name + ".gz").write_bytes(gzip.compress(entry.read_bytes()))
            entry.unlink()
    elif how == "named format":
        options["format"] = name
    data = palate.read(path, **options)
    check(data, form)
    assert data.name == (main_file(files).split(".")[0] if how == "file" else "set")


def test_parquet_and_its_catalog(tmp_path):
    pl.DataFrame({"user": [2, 1], "item": ["b", "a"], "rating": [4, 5], "w": [1.0, 2.0]}).write_parquet(
        tmp_path / "ratings.parquet"
    )
    pl.DataFrame({"item": ["a"], "title": ["A"]}).write_parquet(tmp_path / "items.parquet")
    data = palate.read(tmp_path, weight="w", scale=(1, 5))
    assert data.ratings.to_frame().rows() == [(1, "a", 5.0, 2.0), (2, "b", 4.0, 1.0)]
    assert data.ratings.declared
    assert data.catalog.frame.rows() == [("a", "A")]


def test_columns_by_name(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("who,what,stars,at,trust\nu,007,3,2020-01-01,2\nv,7,4,2020-01-02 00:00:01,3\n")
    data = palate.read(path, user="who", item="what", rating="stars", timestamp="at", weight="trust")
    assert data.ratings.to_frame().rows() == [
        ("u", "007", 3.0, 1577836800, 2.0),
        ("v", "7", 4.0, 1577923201, 3.0),
    ]
    assert not data.ratings.declared


def test_a_named_catalog(tmp_path):
    (tmp_path / "ratings.csv").write_text("user_id,item_id,rating\n1,5,3\n")
    other = tmp_path / "elsewhere"
    other.mkdir()
    (other / "films.csv").write_text("Movie-ID;Title;Year;Genre\n5;Heat;1995;Crime\n")
    assert palate.read(tmp_path, items=other / "films.csv").catalog.frame.rows() == [
        (5, "Heat", 1995, "Crime")
    ]


def test_a_neighbour_that_is_no_catalog_is_left(tmp_path):
    (tmp_path / "ratings.csv").write_text("user_id,item_id,rating\n1,5,3\n")
    (tmp_path / "items.csv").write_text("colour\nred\n")
    with pytest.warns(
        CatalogWarning,
        match=r"items.csv has no column 'item_id' \(its columns are 'colour'\). It is not used",
    ):
        assert palate.read(tmp_path).catalog is None
    with pytest.raises(ValueError, match=r"column 'item_id' must be in items.csv; got the columns 'colour'"):
        palate.read(tmp_path, items=tmp_path / "items.csv")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_line_ends_and_encodings(tmp_path, end, encoding):
    path = tmp_path / "t.csv"
    path.write_bytes(end.join(["user_id,item_id,rating", "", 'é,"a, ""b""",3', "ü,7,4", ""]).encode(encoding))
    data = palate.read(path, encoding="latin-1" if encoding == "latin-1" else "utf-8")
    assert data.ratings.to_frame().rows() == [("é", 'a, "b"', 3.0), ("ü", "7", 4.0)]


def test_the_encoding_counts_for_known_formats_too(tmp_path):
    path = tmp_path / "triplets.txt"
    path.write_bytes("".join(f"usér{row}\tsong{row % 3}\t{row + 1}\n" for row in range(6)).encode("latin-1"))
    assert palate.read(path, encoding="latin-1").ratings.users.id(0) == "usér0"


@pytest.mark.parametrize("separator", [",", ";", "\t", "|", "::"])
def test_separators_are_found(tmp_path, separator):
    path = tmp_path / "t.csv"
    path.write_text(
        separator.join(["user_id", "item_id", "rating"]) + "\n" + separator.join(["ann", "x", "3"]) + "\n"
    )
    for given_separator in (None, separator):
        assert palate.read(path, separator=given_separator).ratings.to_frame().rows() == [("ann", "x", 3.0)]


def test_goodbooks_repeats_pairs(tmp_path):
    write(tmp_path, {"ratings.csv": "book_id,user_id,rating\n1,3,5\n1,3,4\n", "books.csv": "id,title\n1,x\n"})
    with pytest.warns(DuplicateRatingsWarning, match="1 row repeats"):
        data = palate.read(tmp_path, items="none")
    assert data.ratings.value.tolist() == [4.0]
    assert data.ratings.n_duplicates == 1
    with pytest.raises(
        ValueError, match=r"user 3 and item 1 at line 2 of ratings.csv and line 3 of ratings.csv"
    ):
        palate.read(tmp_path, duplicates="error", items="none")


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\t\n\r"), max_size=5)
IDS = st.one_of(
    st.lists(st.integers(-(10**20), 10**20).map(str), min_size=1, max_size=9),
    st.lists(CELLS.filter(bool), min_size=1, max_size=9),
)


@given(IDS, st.data())
def test_ids_in_a_file_come_back(tmp_path_factory, ids, data):
    """Whole numbers come back as int if all are, anything else as the text it was."""
    import csv

    path = tmp_path_factory.mktemp("ids") / "t.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(
            file, quoting=csv.QUOTE_ALL, lineterminator=data.draw(st.sampled_from(["\n", "\r\n"]))
        ).writerows([["user_id", "item_id", "rating"], *([id_, "x", 1] for id_ in ids)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DuplicateRatingsWarning)
        found = palate.read(path).ratings.users.ids()
    whole = all(plain(id_) for id_ in ids)
    assert list(found) == sorted(map(int, set(ids)) if whole else set(ids))


def plain(text):
    try:
        return str(int(text)) == text and -(2**63) <= int(text) < 2**63
    except ValueError:
        return False


@given(
    st.lists(
        st.tuples(st.integers(0, 99), st.sampled_from(["a", "b", "07", "é"]), st.integers(1, 5)),
        min_size=1,
        max_size=60,
    )
)
def test_blocks_do_not_show(rows):
    """A file read in blocks of a few bytes is the file read at once, and rows have their lines."""
    import tempfile

    from palate.io import text
    from palate.io.layout import TextFile
    from palate.io.sources import file_source

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        path.write_text("u,i,r\n" + "".join(f'{u},"{i}",{r}\n' for u, i, r in rows), encoding="utf-8")
        file = TextFile(file_source(path))

        class Small(TextFile):
            def blocks(self, size=None):
                return super().blocks(9)

        columns, kinds = (
            {"user": "u", "item": "i", "rating": "r"},
            {"user": "id", "item": "id", "rating": "number"},
        )
        small = text.read_columns(Small(file_source(path)), columns, kinds)
        assert [small.where(row) for row in range(len(rows))] == [
            f"line {row + 2} of t.csv" for row in range(len(rows))
        ]
        assert small.column["user"].tolist() == [u for u, _, _ in rows]
        assert small.column["rating"].tolist() == [r for _, _, r in rows]
        whole = text.read_columns(file, columns, kinds)
        assert (
            small.column["item"].series().to_list()
            == [i for _, i, _ in rows]
            == whole.column["item"].series().to_list()
        )


def test_a_set_that_is_cut_into_train_and_test(tmp_path):
    """Named files of a known format are read by what is in them."""
    (tmp_path / "u1.base").write_text("1\t2\t3\t4\n")
    data = palate.read(tmp_path / "u1.base")
    assert data.ratings.to_frame().rows() == [(1, 2, 3.0, 4)]
    assert data.ratings.scale == (1.0, 5.0)


@pytest.mark.parametrize("size", [8, 1 << 20])
@pytest.mark.parametrize("rows", ["1,x,3\n2,y,4,b\n", "1,x,3,a\n2,y,4\n", "1,x,3\n2,y,4\n"])
def test_columns_that_are_not_wanted_may_be_missing(tmp_path, monkeypatch, size, rows):
    path = tmp_path / "t.csv"
    path.write_text("user_id,item_id,rating,note\n" + rows)
    monkeypatch.setattr("palate.io.blocks.BLOCK", size)
    assert palate.read(path).ratings.to_frame().rows() == [(1, "x", 3.0), (2, "y", 4.0)]


LOG = "user_id,item_id,plays\n1,a,2\n1,a,3\n2,a,1\n"
PAIRS = "user_id,item_id\n1,a\n1,a\n2,b\n"


def test_rows_of_counts_add_up(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text(LOG)
    for options in ({"counts": True}, {"duplicates": "sum"}):
        with pytest.warns(DuplicateRatingsWarning, match="are added"):
            assert palate.read(path, **options).ratings.value.tolist() == [5.0, 1.0]
    with pytest.warns(DuplicateRatingsWarning, match="the last one read is kept .*to add up rows of counts"):
        assert palate.read(path, counts=True, duplicates="last").ratings.value.tolist() == [3.0, 1.0]


def test_counts_of_a_known_format_are_not_held_to_its_scale(tmp_path):
    path = tmp_path / "ratings.csv"
    path.write_text("userId,movieId,rating\n1,2,4\n1,2,4\n")
    with pytest.warns(DuplicateRatingsWarning):
        ratings = palate.read(path, counts=True).ratings
    assert (ratings.value.tolist(), ratings.declared) == ([8.0], False)


@pytest.mark.parametrize("kind", ["csv", "parquet", "jsonl", "movielens", "headless", "wide"])
def test_ratings_are_not_looked_at_where_a_table_says_only_who_chose_what(tmp_path, kind):
    rows = {"userId": [1, 1, 2], "movieId": [7, 8, 7], "rating": ["4.5", "", "-1"]}
    path = tmp_path / ("table" if kind == "movielens" else "table.csv")
    if kind == "movielens":
        path.mkdir()
        pl.DataFrame(rows).write_csv(path / "ratings.csv")
    elif kind == "parquet":
        pl.DataFrame(rows).write_parquet(path)
    elif kind == "jsonl":
        pl.DataFrame(rows).write_ndjson(path)
    elif kind == "wide":
        path.write_text("who,7,8\n1,5,2\n2,1,\n")
    else:
        pl.DataFrame(rows).write_csv(path, include_header=kind != "headless")
    how = {"headless": {"header": False}, "wide": {"format": "wide"}}.get(kind, {})
    with warnings.catch_warnings():
        warnings.simplefilter("error", CountedRowsWarning)
        ratings = palate.read(path, no_rating=True, **how).ratings
    assert ratings.to_frame().rows() == [(1, 7, 1.0), (1, 8, 1.0), (2, 7, 1.0)]
    assert ratings.events
    assert ratings.select([0]).events


def test_a_rating_column_is_not_named_where_none_is_read(tmp_path):
    path = tmp_path / "pairs.csv"
    path.write_text("user_id,item_id\n1,2\n")
    with pytest.raises(palate.ArgumentError, match="rating must be left out with no_rating=True"):
        palate.read(path, no_rating=True, rating="stars")
    with pytest.raises(palate.ArgumentError, match="missing must be left out with no_rating=True"):
        palate.read(path, no_rating=True, missing=-1)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_pairs_without_a_rating_column_count_one_each(tmp_path, suffix):
    path = tmp_path / f"pairs.{suffix}"
    frame = pl.read_csv(PAIRS.encode()).with_columns(pl.lit("x").alias("device"))
    frame.write_csv(path) if suffix == "csv" else frame.write_parquet(path)
    with pytest.raises(ValueError, match=r"must have a rating column; .* pass no_rating=True\.$"):
        palate.read(path)
    with (
        pytest.warns(
            CountedRowsWarning,
            match=r"each row counts 1\. If the counts are in a column \('device'\), name it with rating=",
        ),
        pytest.warns(DuplicateRatingsWarning, match="are added"),
    ):
        ratings = palate.read(path, counts=True).ratings
    assert ratings.to_frame().rows() == [(1, "a", 2.0), (2, "b", 1.0)]
