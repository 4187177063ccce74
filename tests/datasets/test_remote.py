"""Data sets from a server: a local one that can cut connections, answer 404 and lie about checksums."""

import hashlib
import io
import os
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

import palate
from palate.datasets import download as downloading
from palate.datasets.download import DownloadError, download
from palate.datasets.fetching import cache_folder
from palate.datasets.sets import SETS


class Server(ThreadingHTTPServer):
    """Serves `files`; the first `cuts` answers of the file itself end after `cut_after` bytes."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.cuts, self.cut_after, self.ranges, self.tag = {}, 0, 1000, [], '"one"'

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        if self.path not in server.files:
            self.send_error(404)
            return
        data, start = server.files[self.path], 0
        wanted = self.headers.get("Range")
        server.ranges.append(wanted)
        if wanted and self.headers.get("If-Range") == server.tag:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
        self.send_response(206 if start else 200)
        if server.tag:
            self.send_header("ETag", server.tag)
        self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        body = data[start:]
        if server.cuts and not self.path.endswith(".md5"):
            server.cuts -= 1
            body = body[: server.cut_after]
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch, tmp_path):
    monkeypatch.setattr(downloading, "_PAUSE", 0.0)
    monkeypatch.setenv("PALATE_DATA", str(tmp_path / "cache"))
    found = Server()
    monkeypatch.setenv("PALATE_MIRROR", found.url)
    thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield found
    found.shutdown()
    found.server_close()


def zipped(members=None):
    out = io.BytesIO()
    ratings = "userId,movieId,rating,timestamp\n" + "".join(
        f"{u},{i},{(u * i) % 5 + 0.5},1\n" for u in range(9) for i in range(9)
    )
    files = {"ml-25m/ratings.csv": ratings} if members is None else members
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return out.getvalue()


def publish(server, name="ml-25m", data=None, md5=None):
    data = zipped() if data is None else data
    server.files[f"/{name}/{name}.zip"] = data
    server.files[f"/{name}/{name}.zip.md5"] = (
        f"MD5 ({name}.zip) = {md5 or hashlib.md5(data).hexdigest()}\n".encode()
    )
    return data


def kept(tmp_path):
    return sorted(path.name for path in (tmp_path / "cache").rglob("*") if path.is_file())


def test_a_set_is_fetched_once_and_read(server, tmp_path):
    publish(server)
    seen = []
    place = palate.datasets.fetch("ml-25m", progress=lambda *told: seen.append(told))
    assert place == tmp_path / "cache" / "ml-25m" / "ml-25m.zip" == palate.datasets.path("ml-25m")
    assert palate.read(place).ratings.n_ratings == 81
    assert seen[-1][0] == "ml-25m.zip"
    assert seen[-1][1] == seen[-1][2] == place.stat().st_size
    assert kept(tmp_path) == ["ml-25m.zip"]
    server.files.clear()
    assert palate.datasets.fetch("ml-25m") == place
    assert palate.datasets.available().filter(name="ml-25m")["fetched"].item()


def test_several_files_lie_in_one_folder(server, tmp_path):
    server.files["/goodbooks-10k/ratings.csv"] = b"user_id,book_id,rating\n1,1,5\n1,2,3\n2,1,4\n"
    server.files["/goodbooks-10k/books.csv"] = b"book_id,title,authors\n1,A,X\n2,B,Y\n"
    data = palate.read(palate.datasets.fetch("goodbooks-10k"))
    assert data.ratings.n_ratings == 3
    assert data.catalog.frame["authors"].to_list() == ["X", "Y"]


def test_a_cut_connection_is_gone_on_with(server):
    data = publish(server, data=zipped({"ml-25m/ratings.csv": os.urandom(3000)}))
    server.cuts = 2
    place = palate.datasets.fetch("ml-25m")
    assert place.read_bytes() == data
    assert server.ranges[1:] == [None, "bytes=1000-", "bytes=2000-"]


def test_the_next_call_goes_on_too(server, tmp_path):
    data = publish(server, data=zipped({"ml-25m/ratings.csv": os.urandom(9000)}))
    server.cuts = 3
    with pytest.raises(
        DownloadError,
        match=r"ml-25m.zip was interrupted after 3,000 bytes .*The same command continues from there\.",
    ):
        palate.datasets.fetch("ml-25m")
    assert "ml-25m.zip" not in kept(tmp_path)
    place = palate.datasets.fetch("ml-25m")
    assert place.read_bytes() == data
    assert server.ranges[-1] == "bytes=3000-"
    assert kept(tmp_path) == ["ml-25m.zip"]


def test_a_file_that_changed_meanwhile_comes_anew(server):
    publish(server, data=zipped({"ml-25m/ratings.csv": os.urandom(9000)}))
    server.cuts = 3
    with pytest.raises(DownloadError):
        palate.datasets.fetch("ml-25m")
    server.tag = '"two"'
    data = publish(server)
    assert palate.datasets.fetch("ml-25m").read_bytes() == data


def test_without_a_mark_nothing_is_kept_of_a_broken_download(server, tmp_path):
    server.tag = ""
    publish(server, data=zipped({"ml-25m/ratings.csv": os.urandom(9000)}))
    server.cuts = 9
    with pytest.raises(DownloadError, match=r"broke off .*Nothing was kept"):
        palate.datasets.fetch("ml-25m")
    assert kept(tmp_path) == []


def test_not_there(server, tmp_path):
    with pytest.raises(
        DownloadError,
        match=r"ml-25m.zip.md5 could not be downloaded: the server answered 404 Not Found. Nothing was",
    ):
        palate.datasets.fetch("ml-25m")
    publish(server)
    del server.files["/ml-25m/ml-25m.zip"]
    with pytest.raises(DownloadError, match=r"ml-25m.zip could not be downloaded: the server answered 404"):
        palate.datasets.fetch("ml-25m")
    assert kept(tmp_path) == []


def test_a_checksum_that_need_not_be_published(server):
    server.files["/ml-latest-small/ml-latest-small.zip"] = zipped()
    assert palate.datasets.fetch("ml-latest-small").is_file()


def test_wrong_checksum(server, tmp_path):
    publish(server, md5="0" * 32)
    with pytest.raises(
        DownloadError,
        match=r"must have the MD5 checksum 0{32} that its owner publishes; got .*Nothing was kept",
    ):
        palate.datasets.fetch("ml-25m")
    server.files["/ml-25m/ml-25m.zip.md5"] = b"<html>"
    with pytest.raises(DownloadError, match=r"ml-25m.zip.md5 must hold an MD5 checksum; got '<html>'"):
        palate.datasets.fetch("ml-25m")
    assert kept(tmp_path) == []


def test_offline(server, tmp_path, monkeypatch):
    monkeypatch.setenv("PALATE_MIRROR", "http://127.0.0.1:9")
    for name in ("ml-25m", "taste-profile"):
        with pytest.raises(
            DownloadError,
            match=r"127.0.0.1:9 could not be reached \(.*\). Are you offline\? Nothing was kept",
        ):
            palate.datasets.fetch(name)
    assert kept(tmp_path) == []


def test_too_large(server, tmp_path):
    server.files["/x"] = bytes(5000)
    with pytest.raises(DownloadError, match=r"must be at most 0 MB; got 0 MB or more. Nothing was kept"):
        download(f"{server.url}/x", tmp_path / "cache" / "x", md5=None, max_bytes=4000)
    assert kept(tmp_path) == []


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_disk_full(server, tmp_path):
    publish(server)
    folder = tmp_path / "cache" / "ml-25m"
    folder.mkdir(parents=True)
    (folder / ".ml-25m.zip.part").symlink_to("/dev/full")
    with pytest.raises(OSError, match=r"No space left on device; nothing was kept"):
        palate.datasets.fetch("ml-25m")
    assert kept(tmp_path) == []


@pytest.mark.parametrize("name", ["../ratings.csv", "/ratings.csv", "C:/ratings.csv", "a\\..\\ratings.csv"])
def test_a_zip_that_points_outside(server, tmp_path, name):
    publish(server, data=zipped({name: "x"}))
    with pytest.raises(
        DownloadError, match=r"must be a sound zip archive; its member .* points outside the archive. Nothing"
    ):
        palate.datasets.fetch("ml-25m")
    assert kept(tmp_path) == []


def test_a_zip_that_is_none_or_a_bomb_or_damaged(server, tmp_path):
    publish(server, data=b"<html>not here</html>")
    with pytest.raises(
        DownloadError, match=r"must be a sound zip archive; reading it failed: File is not a zip file"
    ):
        palate.datasets.fetch("ml-25m")
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ratings.csv", bytes(1 << 20))
    publish(server, data=bomb.getvalue())
    with pytest.raises(
        DownloadError, match=r"it would unpack to 1,048,576 bytes, more than 40 times its size"
    ):
        palate.datasets.fetch("ml-25m")
    publish(server, data=zipped({f"{number}": "" for number in range(1001)}))
    with pytest.raises(DownloadError, match=r"it has 1,001 members, more than 1,000"):
        palate.datasets.fetch("ml-25m")
    server.files["/taste-profile/train_triplets.txt.zip"] = zipped({"t": "abcabc"}).replace(
        b"abcabc", b"abcabd"
    )
    with pytest.raises(DownloadError, match=r"its member 't' is damaged"):
        palate.datasets.fetch("taste-profile")
    assert kept(tmp_path) == []


def test_names_and_places(monkeypatch, tmp_path):
    with pytest.raises(KeyError, match=r"unknown data set 'ml1m'. Did you mean 'ml-1m'\?"):
        palate.datasets.fetch("ml1m")
    with pytest.raises(KeyError, match=r"unknown data set 'zzz'. Known are ml-latest-small, "):
        palate.datasets.path("zzz")
    monkeypatch.setenv("PALATE_DATA", str(tmp_path))
    with pytest.raises(
        FileNotFoundError, match=r"ml-1m must be downloaded first: palate datasets fetch ml-1m\."
    ):
        palate.datasets.path("ml-1m")
    with pytest.raises(
        DownloadError, match=r"address must begin with https:// or http://; got file:///etc/passwd"
    ):
        download("file:///etc/passwd", tmp_path / "x", md5=None, max_bytes=10)
    monkeypatch.delenv("PALATE_DATA")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setattr("sys.platform", "linux")
    assert cache_folder() == tmp_path / "xdg" / "palate"
    monkeypatch.setattr("sys.platform", "darwin")
    assert cache_folder().parts[-3:] == ("Library", "Caches", "palate")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    monkeypatch.setattr("sys.platform", "win32")
    assert cache_folder() == tmp_path / "palate" / "Cache"


def test_what_is_listed():
    from palate.io.formats import FORMATS

    for one in SETS.values():
        assert one.format in FORMATS
        assert one.licence
        assert (one.checksum != "none published") == one.urls[0].startswith("https://files.grouplens.org/")


def test_two_fetches_of_one_file_do_not_mix(server, tmp_path):
    import fcntl

    publish(server, data=zipped({"ratings.csv": "x"}))
    (tmp_path / "cache" / "ml-25m").mkdir(parents=True)
    lock = tmp_path / "cache" / "ml-25m" / ".ml-25m.zip.part.lock"
    with lock.open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(
            DownloadError, match="is being downloaded by another process; wait until it is done"
        ):
            palate.datasets.fetch("ml-25m")
    assert palate.datasets.fetch("ml-25m").exists()
    assert not lock.exists()
