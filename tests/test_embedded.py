"""The embedded servers start quickly, are shared, keep their data, and never outlive those who use them."""

import json
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import environ
import psycopg
import pytest
import redis
from kombu.connection import Connection

from gatekeeper import embedded
from gatekeeper.embedded.home import PROJECT, Home
from gatekeeper.embedded.keeper import LINGER

pytestmark = pytest.mark.embedded

ROOT = os.geteuid() == 0
# What a program of its own needs: it must not inherit the servers that the tests themselves run on.
CLEAN = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}


@contextmanager
def a_folder() -> Iterator[Path]:
    """A short folder that other accounts may pass through, which pytest's own is not."""
    base = Path(tempfile.mkdtemp(prefix="gk-test-", dir="/tmp"))
    base.chmod(0o711)
    yield base
    clear(base)


def clear(base: Path) -> None:
    """Have the servers on a folder stop now and not after a while; nothing is left running, and nothing on disk."""
    for pid in keepers(base):
        os.kill(pid, signal.SIGTERM)
    assert eventually(lambda: not processes_on(base), seconds=20), f"left running: {processes_on(base)}"
    shutil.rmtree(base, ignore_errors=True)


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where a test may begin from nothing."""
    with a_folder() as base:
        yield base


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """A data folder in which the servers ran before, for copies: making a database takes longer than all the rest."""
    with a_folder() as base:
        with embedded.servers(base / "data", fast=True):
            pass
        for pid in keepers(base):
            os.kill(pid, signal.SIGTERM)
        assert eventually(lambda: not processes_on(base), seconds=20)
        yield base / "data"


def copied(made: Path, to: Path) -> Path:
    """Copy a data folder with its owners and modes."""
    subprocess.run(["cp", "-a", made, to], check=True)
    return to


@pytest.fixture
def data(folder: Path, made: Path) -> Path:
    """A data folder in which the servers ran before."""
    return copied(made, folder / "data")


@pytest.fixture(scope="module")
def running(made: Path) -> Iterator[tuple[Path, dict[str, str]]]:
    """A data folder with its servers, for those who only look; and the servers' URLs."""
    with a_folder() as base, embedded.servers(copied(made, base / "data"), fast=True) as urls:
        yield base / "data", urls


@pytest.fixture
def home(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of the servers of commands that are given GATEKEEPER_DATA; for root it lies elsewhere."""
    monkeypatch.setenv("GATEKEEPER_DATA", str(folder / "data"))
    home = embedded.data_folder()
    monkeypatch.setitem(CLEAN, "GATEKEEPER_DATA", str(folder / "data"))
    yield home
    clear(home)


def processes_on(base: Path) -> list[str]:
    """The command lines of live processes that name the folder, whoever started them; ours, which test, aside."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(base) in line and entry.parent.name != str(os.getpid()):
            found.append(line[:160])
    return found


def eventually(true: Callable[[], bool], *, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def user_of(data: Path, *, then: str = "input()", fast: bool = True) -> subprocess.Popen[str]:
    """A process of its own that holds the servers, prints the URLs as JSON, and then does as it is told."""
    program = (
        "import json, pathlib, sys; from gatekeeper import embedded\n"
        f"with embedded.servers(pathlib.Path({str(data)!r}), fast={fast}) as urls:\n"
        f"    print(json.dumps(urls), flush=True); {then}"
    )
    return subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=PROJECT,
        env=CLEAN,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def said(process: subprocess.Popen[str]) -> dict[str, str]:
    assert process.stdout is not None
    answer: dict[str, str] = json.loads(process.stdout.readline())
    return answer


def let_go(process: subprocess.Popen[str]) -> None:
    process.communicate("\n", timeout=20)
    assert process.returncode == 0


def keepers(base: Path) -> list[int]:
    """The processes that own the servers on a folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            words = entry.read_bytes().split(b"\0")
            if b"start" in words and os.fsencode(base) in b" ".join(words):
                found.append(int(entry.parent.name))
    return found


def test_it_starts_both_servers_in_seconds_and_warm_in_less(folder: Path) -> None:
    """A first start makes the database; the next finds it. Limits are wide of the mark for a busy machine."""
    began = time.monotonic()
    with embedded.servers(folder / "data"):
        cold = time.monotonic() - began
    assert eventually(lambda: not processes_on(folder), seconds=10)
    began = time.monotonic()
    with embedded.servers(folder / "data"):
        warm = time.monotonic() - began
    assert (cold < 30, warm < 10) == (True, True), (cold, warm)


def test_its_urls_work_in_django_psycopg_redis_and_celery(
    running: tuple[Path, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same text serves Django's settings, libpq, redis-py, Django's cache and, re-spelled, Celery's broker."""
    _data, urls = running
    monkeypatch.setenv("DATABASE_URL", urls["DATABASE_URL"])
    settings = environ.Env().db()
    with psycopg.connect(
        dbname=settings["NAME"], user=settings["USER"], password=settings["PASSWORD"], **settings["OPTIONS"]
    ) as database:
        assert database.execute("select current_database(), current_user").fetchone() == ("gatekeeper",) * 2
    with psycopg.connect(urls["DATABASE_URL"]) as database:
        database.execute("create extension pg_trgm")
        assert database.execute("select similarity('stage', 'stages') > 0.5").fetchone() == (True,)
    with redis.from_url(urls["REDIS_URL"]) as store:
        assert store.ping()
    with Connection(embedded.broker_url(urls["REDIS_URL"])) as broker:
        broker.ensure_connection(max_retries=1, timeout=5)


def test_it_leaves_other_redis_urls_as_they_are() -> None:
    """Only the name of a unix socket differs between redis-py and Celery."""
    assert embedded.broker_url("rediss://:word@valkey:6379/1") == "rediss://:word@valkey:6379/1"
    assert embedded.broker_url("unix:///a%20b/valkey?db=3") == "redis+socket:///a%20b/valkey?virtual_host=3"
    assert embedded.broker_url("unix:///run/valkey") == "redis+socket:///run/valkey?virtual_host=0"


def test_it_listens_on_no_network_and_asks_for_the_password(running: tuple[Path, dict[str, str]]) -> None:
    """The socket's folder is closed to others; whoever reaches the socket still needs the password."""
    _data, urls = running
    with psycopg.connect(urls["DATABASE_URL"]) as database:
        assert database.execute("show listen_addresses").fetchone() == ("",)
        rules = database.execute("select distinct auth_method from pg_hba_file_rules").fetchall()
        assert rules == [("scram-sha-256",)]
    with redis.from_url(urls["REDIS_URL"]) as store:
        assert store.config_get("port") == {"port": "0"}
    wrong = urls["DATABASE_URL"].replace(":", ":x", 2).replace(":x", ":", 1)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(wrong)


def test_its_folders_are_closed_to_others(running: tuple[Path, dict[str, str]]) -> None:
    """Others can read nothing; as root, the servers' account can pass to its own folders and no further."""
    data, _urls = running
    assert stat.S_IMODE(data.stat().st_mode) == (0o711 if ROOT else 0o700)
    for name in ("postgres", "valkey", "sockets"):
        assert stat.S_IMODE((data / name).stat().st_mode) == 0o700, name
    for path in data.iterdir():
        if path.is_file():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
            assert path.stat().st_uid == os.geteuid(), path


@pytest.mark.skipif(not ROOT, reason="only root has to hand PostgreSQL to another account")
def test_it_runs_neither_server_as_root(running: tuple[Path, dict[str, str]]) -> None:
    """PostgreSQL refuses root; Valkey gains nothing from it. Both programs are copied to where the account can go."""
    nobody = pwd.getpwnam("nobody").pw_uid
    owners = {
        program.name: entry.stat().st_uid
        for entry in Path("/proc").glob("[0-9]*")
        if (program := named_program(entry)).is_relative_to(running[0])
    }
    assert owners == {"postgres": nobody, "valkey-server": nobody}


def named_program(entry: Path) -> Path:
    try:
        return (entry / "exe").readlink()
    except OSError:
        return Path("/")


@pytest.mark.skipif(not ROOT, reason="only root has to hand PostgreSQL to another account")
def test_it_says_when_the_servers_account_cannot_reach_the_folder(folder: Path) -> None:
    """A data folder under root's closed home can't work: the sentence names the folder that stands in the way."""
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    with (
        pytest.raises(embedded.EmbeddedError, match=f"may not enter {closed}.*under open ones"),
        embedded.servers(closed / "data"),
    ):
        pass


def test_it_keeps_data_between_runs(folder: Path, data: Path) -> None:
    """What was committed, and what Valkey held at a clean stop, is there at the next start."""
    with embedded.servers(data) as urls:
        with psycopg.connect(urls["DATABASE_URL"]) as database:
            database.execute("create table kept as select 7 as number")
        with redis.from_url(urls["REDIS_URL"]) as store:
            store.set("kept", "7")
    assert eventually(lambda: not processes_on(folder), seconds=10)
    with embedded.servers(data) as again:
        assert again == urls
        with psycopg.connect(again["DATABASE_URL"]) as database:
            assert database.execute("select number from kept").fetchone() == (7,)
        with redis.from_url(again["REDIS_URL"]) as store:
            assert store.get("kept") == b"7"


def test_it_is_shared_and_stays_until_the_last_user_is_gone(folder: Path, data: Path) -> None:
    """The process that started the servers may end first."""
    first = user_of(data)
    urls = said(first)
    second = user_of(data)
    assert said(second) == urls
    let_go(first)
    time.sleep(LINGER + 0.75)
    with psycopg.connect(urls["DATABASE_URL"]) as database:
        assert database.execute("select 1").fetchone() == (1,)
    let_go(second)
    assert eventually(lambda: not processes_on(folder), seconds=10)


def test_it_starts_one_pair_when_many_ask_at_once(folder: Path) -> None:
    """Four processes race for a folder that does not exist yet; all get the same servers."""
    users = [user_of(folder / "data") for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(said, users))
    assert answers == [answers[0]] * 4
    assert sum("start --data" in line for line in processes_on(folder)) == 1
    for user in users:
        let_go(user)


def test_it_stops_when_its_user_is_killed(folder: Path, data: Path) -> None:
    """kill -9 runs no clean-up; the closed connection is enough."""
    user = user_of(data)
    said(user)
    user.kill()
    user.communicate()
    assert eventually(lambda: not processes_on(folder), seconds=5), processes_on(folder)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel's parent-death signal is Linux's")
def test_it_stops_when_its_keeper_is_killed_and_starts_again(folder: Path, data: Path) -> None:
    """Without a keeper nobody would stop the servers, so the kernel tells them; what was committed is kept."""
    user = user_of(data, fast=False)
    urls = said(user)
    with psycopg.connect(urls["DATABASE_URL"]) as database:
        database.execute("create table kept as select 7 as number")
    [keeper] = keepers(folder)
    os.kill(keeper, signal.SIGKILL)
    assert eventually(lambda: len(processes_on(folder)) == 1, seconds=5), processes_on(folder)  # the user itself
    let_go(user)
    with embedded.servers(data) as again, psycopg.connect(again["DATABASE_URL"]) as database:
        assert database.execute("select number from kept").fetchone() == (7,)


def test_it_starts_over_a_lock_file_whose_number_belongs_to_another_program(data: Path) -> None:
    """After a power cut the number in postmaster.pid may be anyone's; PostgreSQL alone would refuse to start."""
    bystander = subprocess.Popen(["sleep", "60"], user="nobody" if ROOT else None)
    try:
        (data / "postgres" / "postmaster.pid").write_text(f"{bystander.pid}\n{data / 'postgres'}\n0\n5432\n", "utf-8")
        with embedded.servers(data, fast=True) as urls, psycopg.connect(urls["DATABASE_URL"]) as database:
            assert database.execute("select 1").fetchone() == (1,)
    finally:
        bystander.kill()
        bystander.wait()


def test_it_begins_again_after_a_first_start_cut_short(folder: Path) -> None:
    """A half-made cluster is never taken for a whole one."""
    data = folder / "data"
    data.mkdir(mode=0o700)
    (data / "lock").touch(mode=0o600)
    (data / "postgres.new").mkdir(mode=0o700)
    (data / "postgres.new" / "PG_VERSION").write_text("18\n")
    with embedded.servers(data, fast=True) as urls, psycopg.connect(urls["DATABASE_URL"]) as database:
        assert database.execute("select 1").fetchone() == (1,)


def test_it_refuses_data_of_another_postgresql(data: Path) -> None:
    """The sentence says which version made it and what to do, before PostgreSQL fails with its own."""
    (data / "postgres" / "PG_VERSION").write_text("16\n")
    with pytest.raises(embedded.EmbeddedError, match="made by PostgreSQL 16"), embedded.servers(data, fast=True):
        pass


@pytest.mark.parametrize("name", ["long-" + "x" * 120, "with space, comma and 'quote'"])
def test_it_works_in_folders_with_awkward_names(folder: Path, name: str) -> None:
    """A socket's path has 107 bytes at most, and libpq splits a host at commas: then the sockets lie in /tmp."""
    data = folder / name
    with embedded.servers(data, fast=True) as urls:
        with psycopg.connect(urls["DATABASE_URL"]) as database:
            assert database.execute("select 1").fetchone() == (1,)
        with redis.from_url(urls["REDIS_URL"]) as store:
            assert store.ping()
        runtime = Home(data).runtime
        assert runtime.parent == Path("/tmp")
        assert stat.S_IMODE(runtime.stat().st_mode) == (0o711 if ROOT else 0o700)
    assert eventually(lambda: not processes_on(folder), seconds=10)
    shutil.rmtree(runtime)


def test_it_refuses_a_link_in_place_of_its_folder(folder: Path) -> None:
    """/tmp is everyone's: a folder laid there beforehand by another must not become ours."""
    data = folder / ("x" * 120)
    runtime = Home(data).runtime
    runtime.symlink_to(folder)
    try:
        with pytest.raises(embedded.EmbeddedError, match="not a folder of ours"), embedded.servers(data, fast=True):
            pass
    finally:
        runtime.unlink()


def test_it_leaves_a_folder_of_other_files_alone(folder: Path) -> None:
    """A data folder set by mistake to one in use, /tmp even, must not be closed to those who use it."""
    (folder / "letter.txt").write_text("theirs")
    with pytest.raises(embedded.EmbeddedError, match="holds other files"), embedded.servers(folder, fast=True):
        pass
    assert stat.S_IMODE(folder.stat().st_mode) == 0o711
    assert [path.name for path in folder.iterdir()] == ["letter.txt"]


def test_run_gives_a_command_both_urls_and_its_status_back(home: Path, made: Path) -> None:
    """`run -- COMMAND` becomes the command: its status is the caller's, and the servers end with it."""
    copied(made, home)
    program = "import os, sys; print(os.environ['DATABASE_URL'], os.environ['REDIS_URL']); sys.exit(7)"
    done = embedded_command("run", "--", sys.executable, "-c", program)
    assert done.returncode == 7, done.stderr
    assert done.stdout.startswith("postgres://gatekeeper:")
    assert f" unix://{home}/" in done.stdout
    assert eventually(lambda: not processes_on(home), seconds=10)


def test_run_keeps_urls_that_are_set_and_starts_nothing(home: Path) -> None:
    """Whoever brings servers of their own gets no others."""
    program = "import os; print(os.environ['DATABASE_URL'], os.environ['REDIS_URL'])"
    theirs = {"DATABASE_URL": "postgres://theirs", "REDIS_URL": "redis://theirs"}
    done = embedded_command("run", "--", sys.executable, "-c", program, **theirs)
    assert done.stdout == "postgres://theirs redis://theirs\n"
    assert not home.exists()


def test_a_program_alone_gets_them_for_its_own_life(home: Path, made: Path) -> None:
    """The settings ask for the addresses; nobody has to start anything before `manage.py shell`."""
    copied(made, home)
    program = "from gatekeeper import embedded; print(embedded.urls() == embedded.urls(), embedded.urls()['REDIS_URL'])"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, env=CLEAN, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(f"True unix://{home}/")
    assert eventually(lambda: not processes_on(home), seconds=10)


def test_run_fast_leaves_nothing_behind() -> None:
    """The folder of a test run is thrown away with its servers."""
    program = "import os, urllib.parse as u; print(u.parse_qs(u.urlsplit(os.environ['DATABASE_URL']).query)['host'][0])"
    done = embedded_command("run", "--fast", "--", sys.executable, "-c", program)
    assert done.returncode == 0, done.stderr
    thrown_away = Path(done.stdout.strip()).parent
    assert thrown_away.name.startswith("gk-fast-")
    assert eventually(lambda: not thrown_away.exists(), seconds=15)


def test_reset_removes_the_data_once_nobody_uses_it(home: Path, made: Path) -> None:
    """It waits for servers that are just stopping."""
    with embedded.servers(copied(made, home), fast=True):
        (home / "notes.txt").write_text("not ours to remove")
    done = embedded_command("reset")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in home.iterdir()) == ["lock", "notes.txt"]


def python_for_all() -> str | None:
    """A Python of this version that other accounts may run: the one that runs the tests may lie in root's home."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for candidate in (Path(sys.executable).resolve(), Path("/usr/bin") / version, Path("/usr/local/bin") / version):
        if candidate.exists() and open_to_all(candidate.resolve()):
            return str(candidate)
    return None


def open_to_all(path: Path) -> bool:
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in path.parents)


@pytest.mark.skipif(not ROOT, reason="needs root to become somebody else")
@pytest.mark.skipif(shutil.which("setpriv") is None, reason="needs setpriv to become somebody else")
@pytest.mark.skipif(python_for_all() is None, reason="needs a Python that others may run")
@pytest.mark.skipif(not open_to_all(Path(embedded.__file__)), reason="the project lies where others may not enter")
@pytest.mark.skipif(not open_to_all(Path(psycopg.__file__)), reason="the packages lie where others may not enter")
def test_it_works_for_an_ordinary_user(folder: Path) -> None:
    """Without root the programs run in place, as the user, on a folder of the user's own."""
    nobody = pwd.getpwnam("nobody")
    own = folder / "own"
    own.mkdir(mode=0o700)
    os.chown(own, nobody.pw_uid, nobody.pw_gid)
    program = "import os, psycopg; print(psycopg.connect(os.environ['DATABASE_URL']).execute('select 1').fetchone())"
    python = python_for_all() or ""
    done = subprocess.run(
        [
            *("setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"),
            *(python, "-m", "gatekeeper.embedded", "run", "--", python, "-W", "ignore", "-c", program),
        ],
        cwd=PROJECT,
        env=CLEAN
        | {
            "GATEKEEPER_DATA": str(own / "data"),
            "HOME": str(own),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": str(Path(psycopg.__file__).parents[1]),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (0, "(1,)\n"), done.stderr
    assert {path.lstat().st_uid for path in (own / "data").rglob("*")} == {nobody.pw_uid}


def embedded_command(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gatekeeper.embedded", *words],
        cwd=PROJECT,
        env=CLEAN | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
