//! A station's log at the centre: the same bytes, the same rows, the same verdict, whatever happens to the copy.

use std::{fs, sync::Arc, thread};

use loa::{
    control::{self, Against, AiringPage, Folder, Home, RowFilter, Which},
    evidence::{Body, Clk},
    store::Log,
};

use crate::home::bring;
use crate::support::{
    far::{Far, centre, leaves_at, opened},
    history::march,
    site::Site,
    station::Station,
};

/// The way home of `station`, whose settings name a centre from now on.
fn home(station: &Station) -> Home {
    let stick = station.path("stick");
    station.settle(&format!("\n[centre]\nfolder = \"{}\"\n", stick.display()));
    Home::open(Arc::new(Folder::open(&station.path("")).unwrap())).unwrap().unwrap()
}

#[test]
fn the_log_of_a_station_is_at_the_centre_byte_for_byte_and_whole() {
    let station = Station::new(&[]);
    station.settle("");
    station.daemon_alone().end();
    // As it was when the log last said so; where its centre is was not known yet.
    let own = Folder::open(&station.path("")).unwrap();
    let (place, home) = (centre(&[]), home(&station));
    let centre = opened(&place);
    bring(&centre, &home);
    let mirror = centre.mirror(home.origin()).unwrap();
    assert!(mirror.root.starts_with(place.path("data/stations")), "{}", mirror.root.display());
    assert_eq!(leaves_at(&mirror.log_path()), leaves_at(&own.log_path()));
    let head = Log::read_only(&mirror.log_path()).unwrap().head().unwrap();
    assert_eq!(head, centre.known(home.origin()).unwrap().head, "as the centre cosigned it");
    let key = home.wish().unwrap().0;
    let key = key.split("\"key\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    for keys in [vec![], vec![key]] {
        let audit = control::audit(&mirror.root, &Against { keys, ..Against::default() }).unwrap();
        assert!(audit.holds(), "{:?}", audit.report.faults);
        assert_eq!(audit.report.size, home.size().unwrap());
    }
    assert_eq!(mirror.station.windows, own.station.windows, "by its own settings");
    assert_eq!((&mirror.station_bytes, &mirror.plan_bytes), (&own.station_bytes, &own.plan_bytes));
    let (code, _) = verify(&place, &mirror);
    assert_eq!(code, Some(0), "by the command line too");
}

fn verify(place: &Station, mirror: &Folder) -> (Option<i32>, String) {
    let mut command = place.command(&["verify"]);
    let output = command.arg(&mirror.root).output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn rows_airings_and_proofs_are_those_of_the_station_and_follow_it() {
    let station = Station::new(&[]);
    station.settle("");
    fs::copy("config/plan-2022.toml", station.path("config/plan-2022.toml")).unwrap();
    march(&station, 7);
    let (place, home) = (centre(&[]), home(&station));
    let centre = opened(&place);
    bring(&centre, &home);
    let own = Folder::open(&station.path("")).unwrap();
    let rows = |folder: &Folder| control::rows(folder, &folder.log_path(), &RowFilter::default()).unwrap();
    let mirror = centre.mirror(home.origin()).unwrap();
    let (here, there) = (rows(&own), rows(&mirror));
    assert!(here.len() > 10 && here == there, "{} rows", there.len());
    let slot = here.iter().find_map(|row| row.slot.clone()).unwrap();
    let page = |folder: &Folder| control::airing(folder, &Which::Slot(slot.clone())).unwrap().unwrap();
    let AiringPage { entries, .. } = page(&mirror);
    assert_eq!(page(&own), page(&mirror));
    let proof = control::proof(&mirror, entries[0].seq).unwrap().unwrap();
    assert!(proof.holds(), "{proof:?}");
    // The station goes on, and so does the copy.
    let mut log = Log::open(&own.log_path(), own.key("station").unwrap()).unwrap();
    let wall_ms = 1_650_000_000_000;
    let clk = Clk { wall_ms, boot_ms: 1, boot: "0".repeat(32), sync: true, offset_min: 420 };
    log.append(&[(clk.clone(), Body::Heartbeat {}), (clk, Body::Heartbeat {})]).unwrap();
    drop(log);
    bring(&centre, &home);
    let again = centre.mirror(home.origin()).unwrap();
    assert_eq!((&again.root, leaves_at(&again.log_path())), (&mirror.root, leaves_at(&own.log_path())));
}

#[test]
fn a_copy_that_somebody_changed_is_made_anew_and_two_who_look_at_once_get_one() {
    let site = Site::new();
    let place = centre(&[]);
    let centre = opened(&place);
    let mut far = Far::new("pho-an");
    far.enter(Body::Heartbeat {});
    far.joins(&centre);
    for leaf in 1..=site_entries() {
        far.enter(Body::Heartbeat {});
        assert_eq!(far.leaves.len(), leaf + 1);
    }
    far.brings(&centre).unwrap();
    let folders: Vec<_> = thread::scope(|scope| {
        let looks: Vec<_> = (0..4).map(|_| scope.spawn(|| centre.mirror(&far.origin).unwrap())).collect();
        looks.into_iter().map(|look| look.join().unwrap()).collect()
    });
    let path = folders[0].log_path();
    let whole = leaves_at(&path);
    assert_eq!(whole.values().cloned().collect::<Vec<_>>(), far.leaves);
    fs::write(&path, "no log at all").unwrap();
    assert_eq!(leaves_at(&centre.mirror(&far.origin).unwrap().log_path()), whole);
    // A shorter one that is not its beginning.
    for file in ["log.db", "log.high"] {
        fs::copy(site.path(&format!("data/{file}")), folders[0].data().join(file)).unwrap();
    }
    assert_eq!(leaves_at(&centre.mirror(&far.origin).unwrap().log_path()), whole);
    fs::remove_dir_all(place.path("data/stations")).unwrap();
    assert_eq!(leaves_at(&centre.mirror(&far.origin).unwrap().log_path()), whole);
}

/// More than the log of a [`Site`] has.
fn site_entries() -> usize {
    30
}

#[test]
fn what_never_came_has_no_copy_and_bytes_beside_the_log_come_with_it() {
    let place = centre(&[]);
    let centre = opened(&place);
    assert!(centre.mirror("loa/station/nobody/1").is_err());
    let far = Far::new("pho-an");
    far.asks(&centre);
    assert!(centre.mirror(&far.origin).is_err(), "it asked, and brought nothing");
    let station = Station::new(&[]);
    station.settle("");
    fs::copy("config/plan-2022.toml", station.path("config/plan-2022.toml")).unwrap();
    march(&station, 3);
    let home = home(&station);
    bring(&centre, &home);
    let mirror = centre.mirror(home.origin()).unwrap();
    let digests = home.named(&home.push(0, u64::MAX).unwrap());
    let blob = |path: &std::path::Path| {
        let log = Log::read_only(path).unwrap();
        digests.iter().map(|digest| log.blob(*digest).unwrap()).collect::<Vec<_>>()
    };
    // The history names some bytes that no station ever kept.
    let own = blob(&station.path("data/log.db"));
    assert!(own.iter().flatten().count() > 2 && own == blob(&mirror.log_path()));
}
