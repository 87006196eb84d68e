#!/usr/bin/env python3
"""loa on a real sound server, beside its peers: one Markdown table of figure, peers and goal. See README.md."""
import argparse, array, collections, os, re, shutil, statistics, subprocess, sys, time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import pairwise
from pathlib import Path

sys.dont_write_bytecode = True  # no litter beside the sources

import sound
from players import ZONE, Loa, Process, installed, wait_until
from sound import RATE, Recorder

ROOT = Path(__file__).resolve().parents[2]

def soon(seconds):
    """A whole second at least that far ahead."""
    return int(time.time()) + seconds + 1


class Bench:
    """What the rows share."""

    def __init__(self, options):
        self.options, self.quick = options, options.quick
        self.work = Path(options.work).resolve()
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir(parents=True)
        os.chdir(self.work)
        self.server = sound.Server()
        self.peers = installed(options.peers.split(","))
        self.noise = sound.noise(self.work, 60)

    def player(self, kind):
        return kind(self.server, self.work, self.options.loa)

    def loa(self):
        return self.player(Loa)

    def air(self, player, files, slots):
        """Has the player air `files` at `slots`; it must be waiting for the first in time."""
        player.air(files, slots)
        if time.time() > slots[0] - 1:
            raise SystemExit(f"{player.name} was not ready {time.time() - slots[0] + 1:.1f} s sooner: is the machine busy?")

    def recorded(self, player, files, slot, seconds):
        """What was heard of one airing."""
        recorder = Recorder(self.server)
        self.air(player, files, [slot])
        time.sleep(max(0, slot + seconds + 2 - time.time()))
        player.stop()
        return recorder.stop()

    def beside(self, measure, kinds=None):
        """`measure` of loa and of every peer: what stands in the second and third column."""
        shown = []
        for kind in [Loa, *(self.peers if kinds is None else kinds)]:
            say(f"  {kind.name}")
            shown.append((kind.name, measure(kind)))
        return shown[0][1], "; ".join(f"{name} {figure}" for name, figure in shown[1:] if figure)


# ---------- the rows: each gives (row, loa, peers, goal), one or several

def start(bench):
    """Planned second → sample 0 of the file at the monitor, found by correlation."""
    every, lasts = 8, 3

    def measure(kind):
        count = (4 if bench.quick else 41) if kind is Loa else (3 if bench.quick else 20)
        player = bench.player(kind)
        burst = sound.write(bench.work / "burst/burst", bench.noise[:lasts * RATE], kind.formats[0])
        first = soon(20)
        slots = [first + every * n for n in range(count)]
        recorder = Recorder(bench.server)
        bench.air(player, [burst], slots)
        time.sleep(slots[-1] + lasts + 3 - time.time())
        player.stop()
        recording = recorder.stop()
        errors = sorted((error for slot in slots if (error := start_error_ms(bench, recording, slot)) is not None), key=abs)
        missed = f", {count - len(errors)} of {count} missed" if len(errors) < count else f" ({count} starts)"
        if not errors:
            return f"none of {count} heard"
        p95 = errors[-(-95 * len(errors) // 100) - 1]
        return f"{statistics.median(errors):.2f} / {p95:.2f} / {errors[-1]:.2f}{missed}"
    yield "start error, median / p95 / worst, ms", *bench.beside(measure), "≤ 0.5 / ≤ 2 / ≤ 5"


def start_error_ms(bench, recording, slot):
    """Of the burst near `slot`; None where it was not heard. The window stands a quarter second into the burst,
    since a player's head may be missing."""
    lead, place = RATE // 4, recording.frame_at(slot)
    onset = recording.onset(place - RATE // 2, place + 3 * RATE)
    if onset is None:
        return None
    window = bench.noise[lead:lead + 480]
    found = sound.find(recording.left, window, onset + lead, 3000)
    return None if found is None else (recording.time_of(found - lead) - slot) * 1e3


def gap(bench):
    """Frames added (+) or lost (−) at the seams, lost at head and tail, of noise cut at odd places."""
    pieces, seconds = (4, 8) if bench.quick else (12, 30)
    noise = bench.noise[:seconds * RATE]
    ends = {}

    def measure(kind, form):
        if form not in kind.formats:
            return None
        files, cuts = sound.cut(bench.work, noise, form, pieces)
        player = bench.player(kind)
        recording = bench.recorded(player, files, soon(15), seconds)
        onset = recording.onset(0)
        if onset is None:
            return "silence"
        places, near = [], onset
        for a, b in pairwise(cuts):
            middle = (a + b) // 2
            place = sound.find(recording.left, noise[middle:middle + 480], near + middle, RATE)
            if place is None:
                return f"lost after piece {len(places)}"
            near = place - middle
            places.append(near)
        seams = [b - a for a, b in pairwise(places)]
        lost = onset - places[0], places[-1] + len(noise) - recording.last()
        ends.setdefault(kind.name, []).append(f"{form.upper()} {lost[0]} / {lost[1]}")
        same = f", {unlike(recording, player.master())} unlike the master" if kind is Loa else ""
        return f"{max(seams, key=abs):+d}{same}" if any(seams) else f"0{same}"

    for form in ("mp3",) if bench.quick else ("wav", "flac", "mp3"):
        figures = bench.beside(lambda kind, form=form: measure(kind, form))
        yield f"gap at {pieces - 1} seams, {form.upper()}, worst, frames", *figures, "0"
    loa, *peers = [(name, ", ".join(shown)) for name, shown in ends.items()]
    yield "frames lost at head / tail", loa[1], "; ".join(" ".join(peer) for peer in peers), "0 / 0"


def unlike(recording, master):
    """How many frames of the master were heard otherwise."""
    heard = recording.bytes[2 * recording.onset(0):][:len(master)].ljust(len(master), b"\0")
    return sum(map(lambda a, b: a != b, array.array("h", heard), array.array("h", master)))


def load(bench):
    """Processor, memory and wake-ups, waiting and on air."""
    seconds = 8 if bench.quick else 60
    mp3 = sound.programme(bench.work / "programme.mp3", ROOT / "media/cchc", 720)

    def waiting(kind):
        player = bench.player(kind)
        if not kind.waits:
            return None
        bench.air(player, [mp3], [soon(7200)])
        return observed(player, 5 if bench.quick else 20)

    def on_air(kind):
        player = bench.player(kind)
        slot = soon(20)
        bench.air(player, [mp3], [slot])
        time.sleep(slot - time.time())
        return observed(player, 8)

    def observed(player, settle):
        time.sleep(settle)
        pid, before = player.pid, usage(player.pid)
        time.sleep(seconds)
        used = usage(pid) - before
        shown = f"{used[0] / used[2] * 100:.3g} %, {memory_mib(pid):.1f} MiB, {used[1] / used[2]:.2f} a second"
        player.stop()
        return shown
    row = "processor of a core, memory (PSS), wake-ups"
    yield f"waiting: {row}", *bench.beside(waiting), "≤ 0.01 %, ≤ 12 MiB, ≤ 1"
    yield f"on air: {row}", *bench.beside(on_air), "≤ 0.15 % and ≤ 0.5 × mpg123, ≤ 15 MiB"


class usage(collections.namedtuple("usage", "cpu_s switches wall_s")):
    """What a process has used so far; threads that are gone count in its processor time."""

    def __new__(cls, pid):
        statuses = (path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/status"))
        switches = sum(int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", text, re.M)[1]) for text in statuses)
        # The processor clock of another process: clock_getcpuclockid(3).
        return super().__new__(cls, time.clock_gettime(~pid << 3 | 2), switches, time.monotonic())

    def __sub__(self, before):
        return [now - then for now, then in zip(self, before)]


def memory_mib(pid):
    """Proportional set size: a shared page counts once, divided among its users."""
    return int(re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)[1]) / 1024


def ready(bench):
    """exec → `READY=1`, with an empty log and with a year's; MPD: to its greeting."""
    rounds, entries = (3, 500) if bench.quick else (9, 20_000)

    def measure(player):
        times = []
        for _ in range(rounds):
            times.append(player.run())
            player.stop()
        return f"{statistics.median(times) * 1e3:.0f} ms"
    loa = bench.loa()
    slot = soon(86_400)
    [month, *_] = loa.schedule([sound.write(bench.work / "short/short", bench.noise[:RATE], "wav")], [slot])
    loa.verb("approve", month, "--by", "Bench")
    empty = measure(loa)
    loa.run()
    # A year of hourly heartbeats and more, as operators' notes: every entry is one durable append.
    local = datetime.fromtimestamp(slot, ZONE).strftime("%Y-%m-%dT%H:%M:%S")
    note = {"ask": "note", "slot": f"{month}/bench/{local}", "by": "Bench", "text": "a year's log"}
    with ThreadPoolExecutor(8) as many:
        answers = collections.Counter(many.map(lambda _: loa.ask(note)[:7], range(entries)))
    loa.stop()
    full = measure(loa)
    if set(answers) != {'{"done"'}:
        full += f" (answers {answers})"
    peers = "; ".join(f"{kind.name} {measure(bench.player(kind))}" for kind in bench.peers if kind.waits)
    yield f"exec → ready, empty log / log of {entries} entries", f"{empty} / {full}", peers, "≤ 250 ms"


def kill(bench):
    """SIGKILL in mid-programme, restart at once: when is there sound, and from where?"""
    at = 12 if bench.quick else 40
    logged = []

    def measure(kind):
        if not kind.restart:
            return "no restart"
        player = bench.player(kind)
        source = bench.work / "noise.wav"
        recorder = Recorder(bench.server)
        slot = soon(15)
        bench.air(player, [source], [slot])
        time.sleep(slot + at - time.time())
        player.stop(kill=True)
        player.restart()
        restarted = player.daemon.begun
        time.sleep(5)
        if kind is Loa:
            logged.append(after_the_kill(player))
        player.stop()
        recording = recorder.stop()
        programme = player.master() if kind is Loa else bench.noise.tobytes()
        return resumption(recording, programme, restarted)
    row = "SIGKILL in mid-programme, restart at once: sound after exec, resumed from"
    yield row, *bench.beside(measure), "≤ 0.5 s, within 0.3 s of the position"
    yield "log after that SIGKILL", logged[0], "", "cut and resume point recorded, verified"


def resumption(recording, programme, restarted):
    """How long after `restarted` sound came, and where in the programme compared with what was heard last."""
    # The server still plays what it had: the hole is the first 20 ms of silence from the kill on.
    hole = recording.bytes.find(bytes(2 * RATE // 50), 2 * (recording.frame_at(restarted) - RATE // 10))
    cut = (hole + 1) // 2
    onset = recording.onset(cut) if hole >= 0 else None
    if onset is None:
        return "no sound in 5 s"
    # Behind the fade-in, and before what was in the device's buffer at the end: both are bit for bit the programme.
    behind, length = 2400, 512
    resumed = sound.exactly(programme, recording.left[onset + behind:onset + behind + length].tobytes())
    heard = sound.exactly(programme, recording.left[cut - length:cut].tobytes())
    if heard is None:
        heard = sound.exactly(programme, recording.left[cut - 3 * behind:cut - 3 * behind + length].tobytes())
        heard = heard and heard + 3 * behind - length
    after = f"{recording.time_of(onset) - restarted:.2f} s"
    if resumed is None or heard is None:
        return f"{after}, at an unknown place"
    return f"{after}, {(resumed - behind - heard - length) / RATE:+.2f} s"


def after_the_kill(loa):
    """What the log says of the airing that was cut and went on."""
    [row] = wait_until("the airing is closed", lambda: [row for row in loa.rows() if row["outcome"]], 90, 0.5)
    loa.verb("verify")
    told = ", ".join(f"{key} {row[key]}" for key in ("starts", "hole_ms", "outcome"))
    return f"{told}; verified"


def check(bench):
    """Processor time of `loa check` of a 12-minute MP3 without a cache, beside ffmpeg's loudness and true peak."""
    rounds = 2 if bench.quick else 7
    mp3 = sound.programme(bench.work / "check.mp3", ROOT / "media/cchc", 720)
    loa = bench.loa()
    [month] = loa.schedule([mp3], [soon(600)])
    loa.verb("approve", month, "--by", "Bench")
    ffmpeg = ["ffmpeg", "-v", "error", "-nostats", "-i", mp3, "-af", "ebur128=peak=true", "-f", "null", "-"]
    ours, theirs = [], []
    for _ in range(rounds):
        shutil.rmtree(loa.folder / "data/masters", ignore_errors=True)
        ours.append(cpu_s(loa.command("check", month)))
        theirs.append(cpu_s(ffmpeg))
    ratio = statistics.median(a / b for a, b in zip(ours, theirs))
    yield ("`loa check` of a 12-minute MP3, master rendered, processor time",
           f"{statistics.median(ours):.2f} s, {ratio:.2f} ×", f"ffmpeg ebur128=peak=true {statistics.median(theirs):.2f} s", "≤ 1.2 ×")


def cpu_s(command):
    """User and system time of one run, which must succeed."""
    process = Process(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.child.returncode = os.waitstatus_to_exitcode(status)
    if process.child.returncode:
        raise SystemExit(f"{command}: exit {process.child.returncode}")
    return used.ru_utime + used.ru_stime


def appends(bench):
    """Durable appends a second, by the criterion bench; beside it what the disk gives to a bare fdatasync."""
    command = ["cargo", "bench", "--bench", "store", "--", "durable append", *(["--quick"] if bench.quick else [])]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    found = re.search(r"thrpt:\s+\[\S+\s+\S+\s+(\S+)\s+(\S+)", done.stdout)
    if not found:
        raise SystemExit(f"{command}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    rate = float(found[1]) * (1000 if found[2].startswith("K") else 1)
    yield "durable appends a second", f"{rate:.0f}", f"bare fdatasync of 4 KiB {fdatasyncs(bench.work / 'sync'):.0f}", "–"


def fdatasyncs(path):
    """How many a second, each behind a write in place."""
    begun, count = time.monotonic(), 0
    with path.open("wb", 0) as file:
        while time.monotonic() < begun + 2:
            os.pwrite(file.fileno(), bytes(4096), 0)
            os.fdatasync(file.fileno())
            count += 1
    return count / (time.monotonic() - begun)


ROWS = [start, gap, load, ready, kill, check, appends]


def say(text):
    print(text, file=sys.stderr, flush=True)


def main():
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few and short measurements: does it work?")
    parser.add_argument("--rows", default=",".join(row.__name__ for row in ROWS), help="default: %(default)s")
    parser.add_argument("--peers", default="mpg123,mpd", help="those on PATH take part; also known: sox (default: %(default)s)")
    parser.add_argument("--loa", default=target / "release/loa", type=lambda text: Path(text).resolve(), help="default: %(default)s")
    parser.add_argument("--work", default=target / "system-bench", help="emptied first; default: %(default)s")
    options = parser.parse_args()
    bench = Bench(options)
    table = ["| row | loa | peers | goal |", "|---|---|---|---|"]
    for row in ROWS:
        if row.__name__ in options.rows.split(","):
            say(f"{row.__name__}: {row.__doc__.splitlines()[0]}")
            for cells in row(bench):
                table.append(f"| {' | '.join(cells)} |")
                say(table[-1])
    print(f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, "
          f"peers {', '.join(kind.name for kind in bench.peers) or 'none'}{', quick' if bench.quick else ''}\n")
    print("\n".join(table))


if __name__ == "__main__":
    main()
