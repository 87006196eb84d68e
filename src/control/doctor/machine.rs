//! What the PC itself must do for a station that nobody attends: keep what was written, know the time after a power
//! cut, start loa, and be on when a slot is due.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};

use super::{Examination, failed};
use crate::{
    control::Folder,
    disk::{self, At as _, DiskError},
    words::Message,
};

/// Where Linux and systemd tell of themselves.
pub struct Machine {
    /// The folder of the hardware clock: `rtc(4)`, sysfs.
    pub rtc: PathBuf,
    /// The folder of enabled units: `systemd.unit(5)`.
    pub units: PathBuf,
    /// The list of mounted file systems: `proc_pid_mountinfo(5)`.
    pub mounts: PathBuf,
}

impl Default for Machine {
    fn default() -> Machine {
        Machine {
            rtc: "/sys/class/rtc/rtc0".into(),
            units: "/etc/systemd/system".into(),
            mounts: "/proc/self/mountinfo".into(),
        }
    }
}

/// So many small writes are made durable, one behind the other.
const WRITES: usize = 32;
/// A write that claims to be durable sooner than this has hardly left the memory of disk or PC: an SSD that really
/// writes takes 0.1 to 5 ms, a turning disk 8.
const TOO_FAST: Duration = Duration::from_micros(40);
/// Above this an entry a second is too much for the disk.
const TOO_SLOW: Duration = Duration::from_millis(500);
/// A hardware clock that differs by more than any zone does was never set, or lost its battery.
const DEAD_BATTERY_S: i64 = 15 * 3600;
/// More than this is worth setting it.
const RTC_OFF_S: i64 = 60;

impl Machine {
    /// Whether what is written stays after a power cut, as far as software can tell.
    pub fn flush(&self, folder: &Folder) -> Examination {
        // Before `loa init` it is not there yet.
        let data = Some(folder.data()).filter(|data| data.exists()).unwrap_or_else(|| folder.root.clone());
        let said = |state, code| Examination::new("flush", state, &Message::new(code));
        if disk::in_memory(&data) {
            return said("error", "doctor-flush-memory");
        }
        let mounts = fs::read_to_string(&self.mounts).unwrap_or_default();
        if let Some(option) = unsafe_option(&mounts, &data) {
            let message = Message::new("doctor-flush-mount").with("option", option);
            return Examination::new("flush", "error", &message);
        }
        let took = match durable_write(&data) {
            Ok(took) => took,
            Err(error) => return Examination::new("flush", "error", &failed(&error)),
        };
        let (state, code) = match took {
            took if took < TOO_FAST => ("warning", "doctor-flush-fast"),
            took if took > TOO_SLOW => ("warning", "doctor-flush-slow"),
            _ => ("ok", "doctor-flush-good"),
        };
        let ms = format!("{:.2}", took.as_secs_f64() * 1e3);
        Examination::new("flush", state, &Message::new(code).with("ms", ms))
    }

    /// The clock that runs on while the power is off.
    pub fn hardware_clock(&self, now: DateTime<Utc>) -> Examination {
        let read = fs::read_to_string(self.rtc.join("since_epoch")).ok();
        let Some(seconds) = read.and_then(|text| text.trim().parse::<i64>().ok()) else {
            return Examination::new("rtc", "warning", &Message::new("doctor-rtc-none"));
        };
        let off = seconds - now.timestamp();
        let (state, code) = match off.abs() {
            off if off > DEAD_BATTERY_S => ("error", "doctor-rtc-dead"),
            off if off > RTC_OFF_S => ("warning", "doctor-rtc-off"),
            _ => ("ok", "doctor-rtc-good"),
        };
        let shown = DateTime::from_timestamp(seconds, 0).map_or_else(String::new, |at| at.to_rfc3339());
        Examination::new("rtc", state, &Message::new(code).with("s", off).with("shows", shown))
    }

    /// Whether systemd starts loa on this folder.
    pub fn autostart(&self, folder: &Folder) -> Examination {
        let root = fs::canonicalize(&folder.root).unwrap_or_else(|_| folder.root.clone());
        let enabled = enabled_units(&self.units);
        let starts = |unit: &(String, String)| started_folder(&unit.1).is_some();
        let here = |unit: &&(String, String)| {
            started_folder(&unit.1).and_then(|dir| fs::canonicalize(dir).ok()).as_ref() == Some(&root)
        };
        let units: Vec<_> = enabled.into_iter().filter(starts).collect();
        let (state, code, unit) = match (units.iter().find(here), units.first()) {
            (Some(unit), _) => ("ok", "doctor-autostart-on", unit.0.as_str()),
            (None, Some(unit)) => ("warning", "doctor-autostart-elsewhere", unit.0.as_str()),
            (None, None) => ("warning", "doctor-autostart-off", ""),
        };
        let message = Message::new(code).with("unit", unit).with("folder", root.display());
        Examination::new("autostart", state, &message)
    }

    /// Whether the hardware clock wakes the PC before `next`.
    pub fn wake(&self, next: Option<DateTime<Utc>>) -> Examination {
        let said = |state, code, at: &str| {
            Examination::new("power", state, &Message::new(code).with("at", at.to_owned()))
        };
        let Ok(text) = fs::read_to_string(self.rtc.join("wakealarm")) else {
            return said("warning", "doctor-power-cannot", "");
        };
        let alarm = text.trim().parse().ok().and_then(|at| DateTime::from_timestamp(at, 0));
        match (alarm, next) {
            (Some(at), Some(next)) if at <= next => said("ok", "doctor-power-wakes", &at.to_rfc3339()),
            _ => said("warning", "doctor-power-unset", ""),
        }
    }
}

/// The median time that a small durable write takes in `folder`.
fn durable_write(folder: &Path) -> Result<Duration, DiskError> {
    let mut file = tempfile::tempfile_in(folder).at("create a file in", folder)?;
    let mut once = || -> io::Result<Duration> {
        let begun = Instant::now();
        file.write_all(&[0x55; 4096])?;
        File::sync_data(&file)?;
        Ok(begun.elapsed())
    };
    let took: io::Result<Vec<Duration>> = (0..WRITES).map(|_| once()).collect();
    let mut took = took.at("write in", folder)?;
    took.sort_unstable();
    Ok(took.get(WRITES / 2).copied().unwrap_or_default())
}

/// The option by which the file system of `path` promises durability without writing, if it was mounted so.
fn unsafe_option<'a>(mounts: &'a str, path: &Path) -> Option<&'a str> {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.into());
    // Fields by position: the fifth is the mount point, behind ` - ` come type, source and options.
    let mounted = mounts.lines().filter_map(|line| {
        let (mount, file_system) = line.split_once(" - ")?;
        let at = mount.split(' ').nth(4)?.replace("\\040", " ");
        path.starts_with(&at).then(|| (at.len(), file_system.split(' ').nth(2).unwrap_or_default()))
    });
    let (_, options) = mounted.max_by_key(|(length, _)| *length)?;
    options.split(',').find(|option| ["nobarrier", "barrier=0", "nobarriers"].contains(option))
}

/// The services that some target wants, by name, each with its text.
fn enabled_units(units: &Path) -> Vec<(String, String)> {
    let list = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let targets = list(units).filter(|path| path.extension().is_some_and(|of| of == "wants"));
    let services = targets.flat_map(|target| list(&target).collect::<Vec<_>>());
    let named = services.filter(|path| path.extension().is_some_and(|of| of == "service"));
    let mut found: Vec<_> = named
        .filter_map(|path| Some((path.file_name()?.to_str()?.to_owned(), fs::read_to_string(&path).ok()?)))
        .collect();
    found.sort();
    found
}

/// The station's folder that the service `unit` runs loa on; `None` for other services.
fn started_folder(unit: &str) -> Option<PathBuf> {
    let value = |key: &str| unit.lines().find_map(|line| line.trim().strip_prefix(key)?.strip_prefix('='));
    let mut words = value("ExecStart")?.split_whitespace();
    let loa = words.next()?.trim_start_matches(['-', '@', ':', '+', '!']);
    let words: Vec<_> = words.collect();
    if !loa.ends_with("/loa") || !words.contains(&"run") {
        return None;
    }
    let behind = words.iter().position(|word| *word == "--dir").and_then(|at| words.get(at + 1)).copied();
    let joined = words.iter().find_map(|word| word.strip_prefix("--dir="));
    Some(behind.or(joined).or_else(|| value("WorkingDirectory")).unwrap_or("/").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_that_promises_without_writing_is_known() {
        let mounts = "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro\n\
            30 22 8:2 / /srv rw shared:2 - ext4 /dev/sda2 rw,nobarrier\n\
            31 22 8:3 / /srv/a\\040b rw - ext4 /dev/sda3 rw,barrier=1\n";
        let check = |path: &str, expected: Option<&str>| {
            assert_eq!(unsafe_option(mounts, Path::new(path)), expected, "{path}");
        };
        check("/home/x", None);
        check("/srv/loa", Some("nobarrier"));
        check("/srv/a b/loa", None);
        check("/srvx", None);
        assert_eq!(unsafe_option("", Path::new("/")), None);
        assert_eq!(unsafe_option("broken - line\n\n -  \n", Path::new("/")), None);
    }

    #[test]
    fn a_unit_that_starts_loa_is_told_from_others() {
        let check = |unit: &str, expected: Option<&str>| {
            assert_eq!(started_folder(unit), expected.map(PathBuf::from), "{unit}");
        };
        check(include_str!("../../../config/loa.service"), Some("/srv/loa"));
        check("ExecStart=/usr/bin/loa run\nWorkingDirectory=/home/loa", Some("/home/loa"));
        check("ExecStart=-/usr/bin/loa --dir=/a run", Some("/a"));
        check("ExecStart=/usr/bin/loa status", None);
        check("ExecStart=/usr/bin/mpd run", None);
        check("", None);
    }

    #[test]
    fn an_enabled_unit_is_found_by_the_folder_that_it_runs_on() {
        let place = tempfile::tempdir().unwrap();
        let (root, units) = (place.path().join("station"), place.path().join("units"));
        crate::control::init(&root, &crate::clock::System::new()).unwrap();
        let folder = Folder::open(&root).unwrap();
        let machine = Machine { units: units.clone(), ..Machine::default() };
        let state = || {
            let Examination { lamp, .. } = machine.autostart(&folder);
            (lamp.state, lamp.said.code)
        };
        assert_eq!(state(), ("warning".into(), "doctor-autostart-off".into()));
        let wants = units.join("multi-user.target.wants");
        fs::create_dir_all(&wants).unwrap();
        fs::write(wants.join("a.service"), "ExecStart=/usr/bin/loa run --dir /srv").unwrap();
        assert_eq!(state(), ("warning".into(), "doctor-autostart-elsewhere".into()));
        let unit = format!("ExecStart=/usr/bin/loa run --dir {}", root.display());
        fs::write(wants.join("b.service"), unit).unwrap();
        assert_eq!(state(), ("ok".into(), "doctor-autostart-on".into()));
    }

    #[test]
    fn the_hardware_clock_and_its_alarm_are_held_against_what_is_due() {
        let rtc = tempfile::tempdir().unwrap();
        let machine = Machine { rtc: rtc.path().into(), ..Machine::default() };
        let now = DateTime::from_timestamp(1_646_431_200, 0).unwrap();
        let clock = || machine.hardware_clock(now).lamp.said.code;
        assert_eq!(clock(), "doctor-rtc-none");
        for (off, expected) in [
            (0, "doctor-rtc-good"),
            (-60, "doctor-rtc-good"),
            (61, "doctor-rtc-off"),
            (7 * 3600, "doctor-rtc-off"),
            (-1_646_000_000, "doctor-rtc-dead"),
        ] {
            fs::write(rtc.path().join("since_epoch"), format!("{}\n", now.timestamp() + off)).unwrap();
            assert_eq!(clock(), expected, "{off} s");
        }
        let wake = |next: Option<i64>| {
            let next = next.and_then(|at| DateTime::from_timestamp(now.timestamp() + at, 0));
            machine.wake(next).lamp.said.code
        };
        assert_eq!(wake(Some(600)), "doctor-power-cannot");
        fs::write(rtc.path().join("wakealarm"), "").unwrap();
        assert_eq!(wake(Some(600)), "doctor-power-unset");
        fs::write(rtc.path().join("wakealarm"), format!("{}\n", now.timestamp() + 300)).unwrap();
        assert_eq!(wake(Some(600)), "doctor-power-wakes");
        assert_eq!(wake(Some(299)), "doctor-power-unset", "too late for it");
        assert_eq!(wake(None), "doctor-power-unset");
    }

    #[test]
    fn a_durable_write_takes_time() {
        let folder = tempfile::tempdir().unwrap();
        assert!(durable_write(folder.path()).unwrap() > Duration::ZERO);
        assert!(durable_write(Path::new("/proc/nowhere")).is_err());
    }
}
