"""A sound server of our own without a sound card, a recorder on its monitor, known sound and finding it again."""
import array, atexit, bisect, itertools, operator, os, re, shutil, signal, subprocess, tempfile, threading, time, wave
from pathlib import Path

RATE = 48_000
SINK = "module-null-sink sink_name=loud rate=48000 format=float32le channels=2 norewinds=1"
NOT_ZERO = re.compile(rb"[^\0]")


class Server:
    """A PulseAudio in a fresh folder with one null sink called `loud`, which plays at exactly its rate."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="loa-bench-"))
        (self.folder / "pulse").mkdir(mode=0o700)
        address = f"{self.folder}/pulse/native"
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("LOA_", "PULSE_", "DBUS_", "XDG_"))}
        self.env |= {"HOME": str(self.folder), "XDG_RUNTIME_DIR": str(self.folder), "LC_ALL": "C.UTF-8"}
        command = ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "--disallow-exit",
                   "-L", f"module-native-protocol-unix socket={address} auth-anonymous=1", "-L", SINK]
        self.process = subprocess.Popen(command, env=self.env, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.env |= {"PULSE_SERVER": f"unix:{address}", "PULSE_SINK": "loud",
                     "AUDIODRIVER": "pulseaudio", "SDL_AUDIODRIVER": "pulseaudio"}
        atexit.register(self.stop)
        deadline = time.monotonic() + 10
        while subprocess.run(["pactl", "info"], env=self.env, capture_output=True).returncode:
            if time.monotonic() > deadline:
                raise SystemExit("the sound server does not answer")
            time.sleep(0.05)

    def stop(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Recorder:
    """Reads the monitor with the arrival time of every piece, from construction to `stop`."""

    def __init__(self, server):
        command = ["parec", "--raw", "-d", "loud.monitor", "--format=s16le", "--rate=48000", "--channels=2",
                   "--latency-msec=10", "--process-time-msec=5"]
        self.process = subprocess.Popen(command, env=server.env, stdout=subprocess.PIPE, bufsize=0)
        atexit.register(self.process.kill)
        self.raw, self.pieces, self.first = bytearray(), [], threading.Event()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        if not self.first.wait(10):
            raise SystemExit("the monitor gives nothing")

    def _read(self):
        while piece := os.read(self.process.stdout.fileno(), 1 << 16):
            self.pieces.append((time.time(), len(self.raw) // 4))
            self.raw += piece
            self.first.set()

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.reader.join()
        return Recording(self.raw, self.pieces)


class Recording:
    """What the monitor gave, its left channel; frames are counted from the recording's beginning."""

    def __init__(self, raw, pieces):
        self.left = array.array("h", bytes(raw[:len(raw) // 4 * 4]))[::2]
        self.bytes = self.left.tobytes()
        self.pieces = pieces

    def time_of(self, frame):
        """When a frame was due at the sink, epoch seconds. A null sink renders a block when the clock reaches its
        first frame, and a piece can only be read late, never early: of all pieces within 4 s, each carried over to
        the frame by its count, the 5th percentile is taken, so that a busy machine does not count."""
        firsts = [first for _, first in self.pieces]
        near = self.pieces[bisect.bisect(firsts, frame - 4 * RATE):bisect.bisect(firsts, frame + 4 * RATE)]
        times = sorted(at + (frame - first) / RATE for at, first in near)
        return times[len(times) // 20]

    def frame_at(self, when):
        """The frame at about this time (± 20 ms)."""
        at = bisect.bisect([at for at, _ in self.pieces], when)
        return self.pieces[min(at, len(self.pieces) - 1)][1]

    def onset(self, start, end=None):
        """The first frame in [start, end) that is not silence; None if all are."""
        found = NOT_ZERO.search(self.bytes, 2 * max(start, 0), 2 * (len(self.left) if end is None else end))
        return found and found.start() // 2

    def last(self, end=None):
        """One past the last frame before `end` that is not silence."""
        return (len(self.bytes[:2 * (len(self.left) if end is None else end)].rstrip(b"\0")) + 1) // 2


def find(frames, window, near, reach):
    """Where in `frames` the window begins, by cross-correlation, looking ever further from `near`, at most `reach`
    frames; None where it is not (r < 0.8). A short window is enough: noise is like itself nowhere else."""
    power = sum(x * x for x in window)
    for reach in sorted({min(reach, step) for step in (600, 6_000, 60_000)}):
        start, end = max(near - reach, 0), min(near + reach, len(frames) - len(window))
        products = [sum(map(operator.mul, frames[at:at + len(window)], window)) for at in range(start, end)]
        if not products:
            return None
        at = start + max(range(len(products)), key=products.__getitem__)
        if products[at - start] > 0.8 * (power * sum(x * x for x in frames[at:at + len(window)])) ** 0.5:
            return at
    return None


def exactly(haystack, needle):
    """The frame at which these bytes of 16-bit frames stand in others; None if nowhere."""
    at = haystack.find(needle)
    while at % 2 and at >= 0:
        at = haystack.find(needle, at + 1)
    return at // 2 if at >= 0 else None


# ---------- known sound

def noise(folder, seconds):
    """`noise.wav`: low-pass noise that survives MP3, 48 kHz mono; gives its frames."""
    path = folder / "noise.wav"
    run("sox", "-R", "-n", "-r", RATE, "-c", 1, "-b", 16, path, "synth", seconds, "whitenoise", "vol", 0.25, "sinc", "-9000")
    return frames_of(path)


def frames_of(path):
    """The samples of a 16-bit mono WAV file."""
    with wave.open(str(path)) as file:
        return array.array("h", file.readframes(file.getnframes()))


def write(stem, frames, kind):
    """A file of these frames as `wav`, `flac` or `mp3`; gives its path."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    path = stem.with_suffix(".wav")
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(frames.tobytes())
    if kind == "flac":
        run("flac", "-s", "-f", "-o", stem.with_suffix(".flac"), path)
    elif kind == "mp3":
        run("lame", "--quiet", "-b", 128, path, stem.with_suffix(".mp3"))
    return stem.with_suffix("." + kind)


def cut(folder, frames, kind, pieces):
    """`frames` cut at odd places into that many files; gives their paths and the cuts, both ends included."""
    step = len(frames) // pieces
    cuts = [0, *(step * n + [317, -211, 997, -1003, 5][n % 5] for n in range(1, pieces)), len(frames)]
    pairs = enumerate(itertools.pairwise(cuts))
    return [write(folder / kind / f"{n:02}", frames[a:b], kind) for n, (a, b) in pairs], cuts


def programme(path, media, seconds):
    """An MP3 of so many seconds, 44.1 kHz stereo, 128 kbit/s, of the real speech and music in `media`."""
    pcm = b"".join(subprocess.run(["ffmpeg", "-v", "error", "-i", file, "-f", "s16le", "-ar", "44100", "-ac", "2", "-"],
                                  check=True, capture_output=True).stdout
                   for file in sorted(media.iterdir()))
    size = seconds * 44_100 * 4
    subprocess.run(["lame", "--quiet", "-r", "-s", "44.1", "-b", "128", "-", path], check=True, stderr=subprocess.DEVNULL,
                   input=(pcm * (size // len(pcm) + 1))[:size])
    return path


def run(*command):
    subprocess.run([str(word) for word in command], check=True, stdout=subprocess.DEVNULL)
