"""loa and its peers behind one face: `air` files at the given seconds, `stop`, and the processes to be measured."""
import atexit, json, os, re, shutil, socket, subprocess, threading, time
from datetime import datetime, timedelta, timezone
from itertools import groupby
from pathlib import Path

ZONE = timezone(timedelta(hours=7))  # of the bench station
ALL_DAY = ('ranges   = ["05:30-06:30", "17:00-18:00"]', 'ranges = ["00:00-24:00"]')
# What the bench changes in the files that `loa init` makes.
CHANGES = {
    "config/station.toml": [ALL_DAY, ('device        = "default"', 'device = "pulse:loud"')],
    "config/plan-2026.toml": [ALL_DAY, ("minutes_min = 10", "minutes_min = 0")],
}
SCHEDULE = """format    = 1
month     = "{month}"
revision  = 1
issued_by = "Bench"

[[programme]]
id = "bench"
title = "Bench"
column = "cchc"
source = "town"
topics = ["II.1"]
editor = "Bench"
announcer = "Bench"
"""


def wait_until(what, true, seconds=30, every=0.01):
    """Waits until `true()` gives something true, and gives it."""
    deadline = time.monotonic() + seconds
    while not (result := true()):
        if time.monotonic() > deadline:
            raise SystemExit(f"not within {seconds} s: {what}")
        time.sleep(every)
    return result


class Process:
    """One process, ended at the latest with the bench."""

    def __init__(self, command, **options):
        self.begun = time.time()
        self.child = subprocess.Popen(command, stdin=subprocess.DEVNULL, **options)
        self.pid = self.child.pid
        atexit.register(self.stop, kill=True)

    def stop(self, kill=False):
        (self.child.kill if kill else self.child.terminate)()
        try:
            self.child.wait(15)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()


class Loa:
    """A fresh station folder by `loa init`, which trusts its own approval key and may air all day."""
    name, formats, waits = "loa", ("wav", "flac", "mp3"), True

    def __init__(self, server, work, binary):
        self.server, self.binary, self.daemon, self.cwd = server, binary, None, work
        # Named relatively: the path of a Unix socket must be short.
        self.folder = work / "station"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        self.verb("init")
        for name, changes in CHANGES.items():
            path = self.folder / name
            text = path.read_text()
            for old, new in changes:
                if old not in text:
                    raise SystemExit(f"`loa init` no longer writes `{old}` into {name}")
                text = text.replace(old, new)
            path.write_text(text)

    def command(self, *args):
        return [self.binary, *map(str, args), "--dir", "station", "--lang", "en"]

    def verb(self, *args):
        """Runs a verb, which must succeed; gives its output."""
        done = subprocess.run(self.command(*args), env=self.server.env, cwd=self.cwd, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"loa {args}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def rows(self):
        """The as-run rows."""
        return [json.loads(line) for line in self.verb("log", "--json").splitlines()]

    def schedule(self, files, slots):
        """Writes one programme of `files` with these slots (epoch seconds); gives the months."""
        for file in files:
            shutil.copy(file, self.folder / "media")
        local = sorted(datetime.fromtimestamp(slot, ZONE) for slot in slots)
        months = []
        for month, times in groupby(local, lambda at: at.strftime("%Y-%m")):
            text = SCHEDULE.format(month=month)
            for file in files:
                text += f'\n[[programme.segment]]\nkind = "news"\ntitle = "{file.name}"\nfile = "{file.name}"\n'
            at = ", ".join(f'"{time:%Y-%m-%dT%H:%M:%S}"' for time in times)
            text += f'\n[[slot]]\nprogramme = "bench"\nat = [{at}]\nunits = ["*"]\n'
            (self.folder / f"schedules/{month}.toml").write_text(text)
            months.append(month)
        return months

    def air(self, files, slots):
        """Schedules, approves, renders the master, and runs the daemon."""
        for month in self.schedule(files, slots):
            self.verb("approve", month, "--by", "Bench")
            self.verb("check", month)
        self.run()

    def run(self):
        """Starts the daemon; gives the seconds from exec to `READY=1`."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            path = self.server.folder / "notify"
            path.unlink(missing_ok=True)
            notify.bind(str(path))
            notify.settimeout(30)
            trace = (self.cwd / "loa.stderr").open("ab")
            env = {**self.server.env, "NOTIFY_SOCKET": str(path)}
            begun = time.perf_counter()
            self.daemon = Process(self.command("run"), env=env, cwd=self.cwd, stderr=trace)
            while b"READY=1" not in notify.recv(4096):
                pass
            return time.perf_counter() - begun

    def restart(self):
        self.run()

    def master(self):
        """The frames of the only master, as bytes."""
        [path] = (self.folder / "data/masters").glob("*.wav")
        return path.read_bytes()[44:]

    def ask(self, question):
        """One question over the control socket."""
        with socket.socket(socket.AF_UNIX) as stream:
            stream.connect(os.path.relpath(self.folder / "data/control.sock"))
            stream.sendall(json.dumps(question).encode() + b"\n")
            return stream.makefile().readline()

    @property
    def pid(self):
        return self.daemon.pid

    def stop(self, kill=False):
        self.daemon.stop(kill)


class Mpd:
    """MPD kept running, its queue filled beforehand; an exact timer says `play`."""
    name, formats, waits = "MPD", ("wav", "flac", "mp3"), True

    def __init__(self, server, work, _binary):
        self.server, self.folder, self.timer = server, work / "mpd", None
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        self.address = str(server.folder / "mpd")
        (self.folder / "mpd.conf").write_text(
            f'log_file "{self.folder}/log"\nstate_file "{self.folder}/state"\nbind_to_address "{self.address}"\n'
            f'audio_output {{\n type "pulse"\n name "out"\n server "{server.env["PULSE_SERVER"]}"\n sink "loud"\n}}\n')

    def ask(self, *commands):
        with socket.socket(socket.AF_UNIX) as stream:
            stream.connect(self.address)
            stream.sendall("".join(f"{line}\n" for line in ("command_list_begin", *commands, "command_list_end")).encode())
            answer = stream.makefile()
            greeting, said = answer.readline(), answer.readline()
        if said != "OK\n":
            raise SystemExit(f"MPD: {commands}: {said}")

    def run(self):
        """Starts it; gives the seconds from exec to its greeting."""
        Path(self.address).unlink(missing_ok=True)
        begun = time.perf_counter()
        self.daemon = Process(["mpd", "--no-daemon", self.folder / "mpd.conf"], env=self.server.env,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        def greets():
            try:
                with socket.socket(socket.AF_UNIX) as stream:
                    stream.connect(self.address)
                    return stream.recv(64).startswith(b"OK MPD")
            except OSError:
                return False
        wait_until("MPD greets", greets, every=0.001)
        return time.perf_counter() - begun

    def restart(self):
        self.run()

    def air(self, files, slots):
        self.run()
        self.ask("clear", *(f'add "file://{file}"' for file in files))
        self.timer = Timer(slots, lambda: self.ask("play 0"))

    @property
    def pid(self):
        return self.daemon.pid

    def stop(self, kill=False):
        if self.timer:
            self.timer.stop()
        self.daemon.stop(kill)


class Command:
    """A player that is started at the second by an exact timer: kinder than cron, which is up to a second late."""
    waits, restart, daemon = False, None, None

    def __init__(self, server, _work, _binary):
        self.server, self.daemons = server, []

    def air(self, files, slots):
        self.timer = Timer(slots, lambda: self.daemons.append(self.play(files)))

    def play(self, files):
        return Process([*self.words, *files], env=self.server.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    @property
    def pid(self):
        return wait_until(f"{self.name} plays", lambda: self.daemons)[-1].pid

    def stop(self, kill=False):
        self.timer.stop()
        for daemon in self.daemons:
            daemon.stop(kill)


class Mpg123(Command):
    name, formats, words = "mpg123", ("mp3",), ("mpg123", "-q", "-o", "pulse")


class Sox(Command):
    name, formats, words = "sox", ("wav", "flac", "mp3"), ("play", "-q")


class Timer:
    """Does something at each of these seconds, on a thread."""

    def __init__(self, slots, action):
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._turn, args=(slots, action), daemon=True)
        self.thread.start()

    def _turn(self, slots, action):
        for slot in slots:
            if self.ended.wait(max(0, slot - time.time())):
                return
            action()

    def stop(self):
        self.ended.set()
        self.thread.join()


PEERS = {"mpg123": Mpg123, "mpd": Mpd, "sox": Sox}


def installed(names):
    """The peers of these names that are on PATH."""
    return [PEERS[name] for name in names if shutil.which(name)]
