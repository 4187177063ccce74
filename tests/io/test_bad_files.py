"""A file that is not as it should be gives one sentence that names the line or the column."""

import gzip
import random
import zipfile

import polars as pl
import pytest

import palate
from palate.data.catalog import CatalogWarning
from palate.io.layout import ReadingWarning

HEADER = "user_id,item_id,rating\n"


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        ("", {}, "t.csv must hold ratings; got an empty file"),
        ("\n\n \n", {}, "t.csv must have its fields separated by a comma; got one column, ' '"),
        (HEADER, {}, "t.csv must hold at least one row; got only a header"),
        (
            f"# made in May\n# by me, too\n{HEADER}1,2,3\n",
            {},
            r"t.csv begins with 2 lines that are not part of the table, '# made in May'\. Leave them out: "
            r"tail -n \+3 t.csv",
        ),
        (
            f"sep=,\n{HEADER}1,2,3\n",
            {},
            r"t.csv begins with a line that is not part of the table, 'sep=,'\. Leave it out: tail -n \+2 "
            r"t.csv",
        ),
        (HEADER + "\n\n", {}, "t.csv must hold at least one row; got only a header"),
        (
            "user,film,stars\n1,2,3\n",
            {"item": "flim"},
            "column 'flim' must be in t.csv; got the columns 'user', 'film', 'stars'. Did you mean "
            "item='film'",
        ),
        (
            "user,film,stars\n1,2,3\n",
            {},
            "t.csv must have an item column; got the columns 'user', 'film', 'stars', none with a usual "
            "name. Name it with item=",
        ),
        (
            "user,Heat,Alien,Dune,Her\n1,2,3,,\n",
            {},
            r"t.csv must have an item column; got 5 columns, 'user', 'Heat', 'Alien', 'Dune', 'Her', none "
            r"with a usual name. Name it with item=, or pass format='wide' if each row is a user",
        ),
        (
            HEADER + "1,2,4 stars\n",
            {},
            r"got '4 stars' at line 2 of t.csv. Leave the number alone in each row",
        ),
        (HEADER + "1,2,80%\n", {}, r"got '80%' at line 2 of t.csv. Leave the number alone .*, here 80\."),
        (HEADER + "1,2,4/5\n", {}, r"got '4/5' at line 2 of t.csv. Write one number in each row"),
        (HEADER + '1,2,"4,5"\n', {}, r"got '4,5' .*Pass decimal=',' if the comma begins the fraction\.$"),
        (
            HEADER + '1,2,"4,512"\n',
            {},
            r"begins the fraction; take it out of the numbers if it separates thou",
        ),
        (
            "1,7,3\n4,5,6\n",
            {},
            r"t.csv seems to have no line of column names \(its first line is '1,7,3'\): pass "
            r"header=False, and the columns are called 1, 2, 3",
        ),
        (
            "user_id;item_id;rating\n1;2;3\n",
            {"separator": ","},
            "t.csv must have its fields separated by a comma; got one column, 'user_id;item_id;rating'. It "
            "seems to be a semicolon: pass separator=';'",
        ),
        (
            "user_id item_id rating\n1 2 3\n",
            {},
            "t.csv must have its fields separated by a comma; got one column.*It seems to be a blank: pass "
            "separator=' '",
        ),
        (
            "user_id\titem_id\trating\n1\t2\t3\n",
            {"separator": ";"},
            r"separated by a semicolon; got one column.*It seems to be a tab: pass separator='\\t'",
        ),
        (
            HEADER + "1,2,3\n1,3,good\n",
            {},
            "column 'rating' must hold numbers; got 'good' at line 3 of t.csv",
        ),
        (
            HEADER + '1,"a\nb",3\n1,3,good\n',
            {},
            "column 'rating' must hold numbers; got 'good' at line 4 of t.csv",
        ),
        (
            HEADER + "\n1,2,3\n\n1,3,\n",
            {},
            "column 'rating' must have a number in every row; got null at line 5 of t.csv",
        ),
        (
            HEADER + "1,2,3\n1,3\n",
            {},
            "column 'rating' must have a number in every row; got null at line 3 of t.csv",
        ),
        (
            HEADER + "1,2,3\n1,3,NaN\n",
            {},
            "column 'rating' must hold finite numbers; got nan at line 3 of t.csv",
        ),
        (HEADER + "1,2,-inf\n", {}, "column 'rating' must hold finite numbers; got -inf at line 2 of t.csv"),
        (
            HEADER + "1,2,3\n1,3,1e400\n",
            {},
            "column 'rating' must hold finite numbers; got inf at line 3 of t.csv",
        ),
        (
            HEADER + "1,2,3\n,3,4\n",
            {},
            "column 'user_id' must have an id in every row; got null at line 3 of t.csv",
        ),
        (
            HEADER + "1,2,3\nx,,4\n",
            {},
            "column 'item_id' must have an id in every row; got null at line 3 of t.csv",
        ),
        (
            HEADER + "1,2,3\n1,3,4,5\n",
            {},
            "each line must have 3 fields like the first one; got 4 at line 3 of t.csv: '1,3,4,5'",
        ),
        (
            HEADER + "1,2,3\n1,3,6\n",
            {"scale": (1, 5)},
            "column 'rating' must be within the declared scale 1 to 5; got 6 at line 3 of t.csv",
        ),
        (
            HEADER + "1,2,3\n1,2,4\n",
            {"duplicates": "error"},
            "user 1 and item 2 at line 2 of t.csv and line 3 of t.csv",
        ),
        (
            HEADER + '1,"2,3\n',
            {},
            "a quoted field of t.csv must be closed within 1 MiB; got a quote without end at line 2",
        ),
        (HEADER + "1,2\0,3\n", {}, "t.csv must be a text file; got a NUL byte at line 2"),
        (
            HEADER.encode() + b"\xe9,2,3\n",
            {},
            "t.csv must be text in UTF-8; got other bytes at line 2. .*encoding='latin-1'",
        ),
        (
            "user_id,item_id,rating,timestamp\n1,2,3,4\n1,3,4,soon\n",
            {},
            "column 'timestamp' must hold times as whole seconds; got 'soon' at line 3 of t.csv",
        ),
        (
            "user_id,item_id,rating,timestamp\n1,2,3,2015-03-31\n1,3,4,2015-99-31\n",
            {},
            "column 'timestamp' must hold seconds or dates like 2015-03-31 23:59:00; got '2015-99-31' at "
            "line 3",
        ),
        (
            "user_id,item_id,rating,timestamp\n1,2,3,\n",
            {},
            "column 'timestamp' must have a time in every row; got null at line 2 of t.csv",
        ),
        (
            "userId,movieId,rating\n1,2,3\nx,3,4\n",
            {},
            "column 'userId' must hold whole numbers; got 'x' at line 3 of t.csv. Pass format='table' if "
            "ids may be text",
        ),
        (
            "userId,movieId,rating\n1,2,3\n1,3,7\n",
            {},
            r"column 'rating' must be within the declared scale 0.5 to 5; got 7 at line 3.*scale=\(lowest, "
            r"highest\)",
        ),
        ("1::2::3::4\n1::x::3::4\n", {}, "field 2 must hold whole numbers; got 'x' at line 2 of t.csv"),
        (
            "1::2\n",
            {"format": "movielens-dat"},
            "t.csv must have 3 fields separated by two colons; got 2 in its first line, '1::2'",
        ),
        ("1::7\n", {}, "t.csv seems to have no line of column names"),
    ],
)
def test_text(tmp_path, content, options, message):
    path = tmp_path / "t.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ValueError, match=message):
        palate.read(path, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"format": "lenskit"},
            "format must be one of auto, table, wide, movielens, movielens-dat, .*; got 'lenskit'",
        ),
        (
            {"format": "movielens", "user": "u"},
            "format 'movielens' has its own columns and separator; pass format='table' to name them",
        ),
        (
            {"separator": ""},
            "separator must be one or more characters other than line ends and quotes; got ''",
        ),
        ({"separator": '"'}, "separator must be one or more characters"),
        (
            {"encoding": "klingon"},
            "encoding must be one that Python knows, such as 'utf-8' or 'latin-1'; got 'klingon'",
        ),
        ({"duplicates": "first"}, "duplicates must be one of 'last', 'mean', .*'error'; got 'first'"),
    ],
)
def test_options(tmp_path, options, message):
    path = tmp_path / "t.csv"
    path.write_text(HEADER + "1,2,3\n")
    with pytest.raises(ValueError, match=message):
        palate.read(path, **options)


def test_nothing_there(tmp_path):
    with pytest.raises(
        FileNotFoundError,
        match=r"must be a file, a folder or a .zip of ratings; there is no file with this name",
    ):
        palate.read(tmp_path / "none.csv")
    (tmp_path / "t.csv").write_text(HEADER + "1,2,3\n")
    with pytest.raises(FileNotFoundError, match=r"none.csv must be a file; there is no file with this name"):
        palate.read(tmp_path / "t.csv", items=tmp_path / "none.csv")


def test_folders(tmp_path):
    with pytest.raises(
        ValueError,
        match=r"must hold one table of ratings or a known set such as MovieLens; got no files. Name the "
        r"file itself",
    ):
        palate.read(tmp_path)
    for name in ("a.csv", "b.csv", "README.txt"):
        (tmp_path / name).write_text(HEADER + "1,2,3\n")
    with pytest.raises(ValueError, match=r"must hold one table of ratings.*got README.txt, a.csv, b.csv"):
        palate.read(tmp_path)
    with pytest.raises(
        ValueError, match=r"must hold u.data to be read as 'movielens-100k'; got README.txt, a.csv, b.csv"
    ):
        palate.read(tmp_path, format="movielens-100k")
    (tmp_path / "b.csv").unlink()
    assert len(palate.read(tmp_path).ratings) == 1


def test_text_files_get_ids_of_one_kind(tmp_path):
    """Neither file has types: the ratings' whole numbers are text if an id of the catalog is no number."""
    (tmp_path / "ratings.csv").write_text(HEADER + "1,7,3\n")
    (tmp_path / "items.csv").write_text("item_id,title\n7,x\nseven,y\n")
    with pytest.warns(
        CatalogWarning,
        match=r"ids are read as text, because the catalog by item_id from items.csv holds 'seven'",
    ):
        data = palate.read(tmp_path)
    assert data.ratings.items.ids() == ["7"]
    assert data.catalog.frame.rows() == [("7", "x"), ("seven", "y")]


def test_a_catalog_without_a_rated_item_is_left_out(tmp_path):
    (tmp_path / "ratings.csv").write_text(HEADER + "1,7,3\n")
    (tmp_path / "items.csv").write_text("item_id,title\n07,x\n")
    with pytest.warns(
        CatalogWarning,
        match=r"none of its 1 ids by item_id from items.csv is among the items rated \('07' beside 7",
    ):
        data = palate.read(tmp_path)
    assert data.catalog is None
    assert data.ratings.items.ids().tolist() == [7]


def test_text_ids_meet_ids_that_look_like_numbers(tmp_path):
    (tmp_path / "ratings.csv").write_text(HEADER + "1,7,3\n1,x,3\n")
    (tmp_path / "items.csv").write_text("item_id,title\n7,Seven\n")
    assert palate.read(tmp_path).catalog.frame.rows() == [("7", "Seven")]


def test_typed_files_are_not_reconciled(tmp_path):
    pl.DataFrame({"user_id": [1], "item_id": ["7"], "rating": [3]}).write_parquet(
        tmp_path / "ratings.parquet"
    )
    pl.DataFrame({"item_id": [7]}).write_parquet(tmp_path / "items.parquet")
    with pytest.warns(
        CatalogWarning, match=r"must be strings as in the ratings; got integers \(7 beside '7'\)"
    ):
        assert palate.read(tmp_path).catalog is None
    with pytest.raises(TypeError, match=r"must be strings as in the ratings; got integers \(7 beside '7'\)"):
        palate.read(tmp_path, items=tmp_path / "items.parquet")


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (
            {"user_id": [1], "item_id": [2], "stars": [None]},
            "column 'stars' must have a number in every row; got null at 0-based row 0 of r.parquet",
        ),
        ({"user_id": [1.5], "item_id": [2], "rating": [3]}, "column 'user_id' must hold ids; got Float64"),
        ({"user_id": [1], "item_id": [2], "rating": ["3"]}, "column 'rating' must hold numbers; got text"),
        (
            {"user_id": [1], "thing": [2], "rating": [3]},
            "r.parquet must have an item column; got the columns 'user_id', 'thing', 'rating'",
        ),
    ],
)
def test_parquet(tmp_path, columns, message):
    pl.DataFrame(columns).write_parquet(tmp_path / "r.parquet")
    with pytest.raises((ValueError, TypeError), match=message):
        palate.read(tmp_path / "r.parquet")


def test_damaged_parquet(tmp_path):
    path = tmp_path / "r.parquet"
    path.write_bytes(b"PAR1 and nothing else")
    with pytest.raises(ValueError, match=r"r.parquet must be a sound Parquet file; reading it failed: "):
        palate.read(path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "movies.dat",
            "1::Heat (1995)\n",
            "movies.dat must have 3 fields separated by '::'; got 2 at line 1: '1::Heat",
        ),
        (
            "movies.dat",
            "1::Heat (1995)::Crime\n\nx::Y::Z\n",
            "ids of movies.dat must be whole numbers; got 'x' at 0-based row 1",
        ),
        ("movies.dat", "1::A::B\n1::A::B\n", "the catalog must contain each item once; got item_id 1"),
    ],
)
def test_damaged_catalogs(tmp_path, name, content, message):
    (tmp_path / "ratings.dat").write_text("1::2::3::4\n")
    (tmp_path / name).write_text(content)
    with pytest.warns(CatalogWarning, match=message):  # nobody named it: the ratings are read all the same
        assert palate.read(tmp_path).catalog is None
    assert palate.read(tmp_path, items="none").catalog is None
    with pytest.raises(ValueError, match=message):
        palate.read(tmp_path, items=tmp_path / name)


def test_damaged_archives(tmp_path):
    rng = random.Random(0)
    whole = gzip.compress((HEADER + "".join(f"{rng.random()},x,3\n" for _ in range(5000))).encode())
    (tmp_path / "t.csv.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"t.csv must be a sound compressed file; unpacking it failed"):
        palate.read(tmp_path / "t.csv.gz")
    path = tmp_path / "t.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ratings.csv", HEADER + "".join(f"{rng.random()},x,3\n" for _ in range(5000)))
    data = bytearray(path.read_bytes())
    data[1000:1100] = bytes(100)
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"ratings.csv must be a sound compressed file; unpacking it failed"):
        palate.read(path)
    path.write_bytes(data[:2000])
    with pytest.raises(ValueError, match=r"t.zip must be a sound compressed file; unpacking it failed"):
        palate.read(path)


def test_bombs(tmp_path):
    path = tmp_path / "t.csv.gz"
    with gzip.open(path, "wb", compresslevel=9) as file:
        file.write(HEADER.encode())
        for _ in range(90):
            file.write(b"1,2,3\n" * (1 << 17))
    with pytest.raises(ValueError, match=r"t.csv must not unpack to more than 100 times its compressed size"):
        palate.read(path)


def test_a_header_and_ids_may_begin_as_a_remark_does(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("#user,item,rating\n#a,//x,3\nb,%y,4\n")
    assert palate.read(path, user="#user").ratings.users.ids() == ["#a", "b"]
    path.write_text("#a,x,3\n#b,x,4\nc,y,5\n")
    assert len(palate.read(path, header=False).ratings) == 3


def test_an_address_is_to_be_downloaded_first():
    with pytest.raises(
        FileNotFoundError, match=r"https://a\.b/r\.csv must be .*; got an address. Download it"
    ):
        palate.read("https://a.b/r.csv")


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (
            "NULL,2,3\nann,2,4\n",
            "1 row has the user id 'NULL' in t.csv, which usually stands for a missing value",
        ),
        ("ann,nan,3\nann,None,4\n", "2 rows have the item id 'nan' or another one in t.csv"),
        ("ann,9.78E+12,3\nbo,9.78E+12,4\n", r"item ids of t.csv such as '9\.78E\+12' look like long numbers"),
    ],
)
def test_ids_that_another_program_has_spoilt_are_named(tmp_path, rows, said):
    (tmp_path / "t.csv").write_text(HEADER + rows)
    with pytest.warns(ReadingWarning, match=said):
        palate.read(tmp_path / "t.csv")
