//! What pages remember of a month holds until one of its files changes, however it changes.

use std::{
    fs::{self, File, FileTimes},
    io::{Seek as _, SeekFrom, Write as _},
};

use loa::control::{Draft, Folder, Glance, Heard, Stage};

use crate::support::station::{Station, in_seconds};

#[test]
fn a_month_is_looked_at_once_until_a_file_of_it_changes() {
    let mut station = Station::new(&[("a.wav", 3)]);
    let at = in_seconds(3600);
    station.schedule(&["a.wav"], &[at]);
    station.approve();
    let folder = Folder::open(&station.path("")).unwrap();
    let name = loa::control::schedules(&folder).unwrap()[0];
    let glance = Glance::default();
    let stage = || glance.stage(&folder, &Draft::read(&folder, name).unwrap()).unwrap();

    assert!(glance.checked(&folder, name).unwrap().is_none());
    assert!(glance.check(&folder, name).unwrap().ready);
    assert!(glance.checked(&folder, name).unwrap().is_some_and(|report| report.ready));
    assert!(matches!(stage(), Stage::Approved(_)));
    let digest = |file: &str| Heard::at_a_glance(&folder, &glance, file).unwrap().measure.file;
    let before = digest("a.wav");

    // Other sound of the same length, under the time of the old one.
    let audio = station.path("media/a.wav");
    let modified = fs::metadata(&audio).unwrap().modified().unwrap();
    let mut file = File::options().write(true).open(&audio).unwrap();
    file.seek(SeekFrom::Start(4000)).unwrap();
    file.write_all(&[7; 64]).unwrap();
    file.set_times(FileTimes::new().set_modified(modified)).unwrap();
    drop(file);
    assert!(glance.checked(&folder, name).unwrap().is_none());
    assert_ne!(digest("a.wav"), before);
    assert!(matches!(stage(), Stage::Void(_)));
    assert!(!glance.check(&folder, name).unwrap().ready);

    // The approval alone.
    station.approve();
    assert!(matches!(stage(), Stage::Approved(_)));
    assert!(glance.check(&folder, name).unwrap().ready);
    fs::remove_file(station.path(&folder.approval_file(name))).unwrap();
    assert!(matches!(stage(), Stage::Working));
    assert!(glance.checked(&folder, name).unwrap().is_none());
}
