//! The clocks of a machine as a test sets them: every process of the program that carries [`Clocks::environment`]
//! reads them through the library of `clock.c`. Time passes on them by itself; what is set is how far they are ahead.

use std::{
    cell::Cell,
    ffi::OsString,
    fs::{self, File},
    os::unix::fs::FileExt as _,
    path::PathBuf,
};

use chrono::{DateTime, TimeDelta, Utc};

use super::faults;

/// How far the machine's clocks are ahead of the real ones, and what the kernel says of them.
#[derive(Debug, Clone, Copy)]
struct Setting {
    wall_ns: i64,
    boot_ns: i64,
    awake_ns: i64,
    synchronised: bool,
}

/// Clocks of one machine.
pub struct Clocks {
    folder: tempfile::TempDir,
    library: PathBuf,
    file: File,
    setting: Cell<Setting>,
    /// Which of the file's two settings holds.
    which: Cell<u64>,
    boots: Cell<u64>,
}

impl Clocks {
    /// Synchronised clocks that show the real time.
    pub fn new() -> Clocks {
        let folder = tempfile::tempdir().unwrap();
        let library = faults::library(folder.path());
        let file = File::create(folder.path().join("clock")).unwrap();
        let setting = Cell::new(Setting { wall_ns: 0, boot_ns: 0, awake_ns: 0, synchronised: true });
        let clocks = Clocks { folder, library, file, setting, which: Cell::new(0), boots: Cell::new(0) };
        // Room for both settings before anybody maps the file.
        clocks.file.set_len(8 + 2 * 32).unwrap();
        clocks.set(|_| {});
        clocks.name_boot();
        clocks
    }

    /// What a process carries that shall read these clocks.
    pub fn environment(&self) -> Vec<(&'static str, OsString)> {
        vec![
            ("LD_PRELOAD", self.library.clone().into()),
            ("LOA_CLOCK", self.folder.path().join("clock").into()),
        ]
    }

    /// Wall time on these clocks.
    pub fn now(&self) -> DateTime<Utc> {
        Utc::now() + TimeDelta::nanoseconds(self.setting.get().wall_ns)
    }

    fn set(&self, change: impl FnOnce(&mut Setting)) {
        let mut setting = self.setting.get();
        change(&mut setting);
        self.setting.set(setting);
        let Setting { wall_ns, boot_ns, awake_ns, synchronised } = setting;
        let which = self.which.get() + 1;
        let bytes = [wall_ns, boot_ns, awake_ns, i64::from(synchronised)].map(i64::to_ne_bytes).concat();
        self.file.write_all_at(&bytes, 8 + which % 2 * 32).unwrap();
        self.file.write_all_at(&which.to_ne_bytes(), 0).unwrap();
        self.which.set(which);
    }

    fn name_boot(&self) {
        let name = format!("{:08x}-0000-4000-8000-{:012x}\n", self.boots.get(), self.boots.get());
        fs::write(self.folder.path().join("clock.boot"), name).unwrap();
    }

    /// Sets the wall clock by `span`, as a person or a time server does.
    pub fn step(&self, span: TimeDelta) {
        self.set(|setting| setting.wall_ns += span.num_nanoseconds().unwrap());
    }

    /// Sets the wall clock to `wall`.
    pub fn step_to(&self, wall: DateTime<Utc>) {
        self.step(wall - self.now());
    }

    /// Lets `span` pass at once: how a test spares itself the waiting. Not while something sounds, for the device
    /// does not leap.
    pub fn pass(&self, span: TimeDelta) {
        let ns = span.num_nanoseconds().unwrap();
        self.set(|setting| {
            setting.wall_ns += ns;
            setting.boot_ns += ns;
            setting.awake_ns += ns;
        });
    }

    /// The same, until the wall clock shows `wall`; not at all when it is later already.
    pub fn pass_until(&self, wall: DateTime<Utc>) {
        self.pass((wall - self.now()).max(TimeDelta::zero()));
    }

    /// The machine is suspended for `span`.
    pub fn sleep(&self, span: TimeDelta) {
        let ns = span.num_nanoseconds().unwrap();
        self.set(|setting| {
            setting.wall_ns += ns;
            setting.boot_ns += ns;
        });
    }

    /// Whether the kernel says that a time source answers.
    pub fn synchronise(&self, synchronised: bool) {
        self.set(|setting| setting.synchronised = synchronised);
    }

    /// The machine was off for `off` and boots anew; its processes were ended before.
    pub fn reboot(&self, off: TimeDelta) {
        self.boots.set(self.boots.get() + 1);
        self.name_boot();
        self.set(|setting| {
            setting.wall_ns += off.num_nanoseconds().unwrap();
            (setting.boot_ns, setting.awake_ns) = (0, 0);
        });
    }
}
