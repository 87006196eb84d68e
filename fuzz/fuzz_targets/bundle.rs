//! An evidence bundle: a ZIP file from a stranger. Whatever it is, it is judged in bounded time and memory.
//!
//! An input that begins like a ZIP file is one. Any other edits the parts of an honest bundle, which are then hashed,
//! signed and packed anew: past the checksums and the signature, the content is the attacker's.
#![no_main]

use std::{collections::BTreeMap, fs, io::Write as _, path::PathBuf, sync::LazyLock};

use libfuzzer_sys::fuzz_target;
use loa::{
    clock::System,
    control::{self, Against, Folder, audit_bundle},
    evidence::{
        Body, BootFacts, Checkpoint, Clk, Frontier, ManualFact, Missed, Outcome, Reason, ScheduleFact,
        statement,
        tiles::{self, Content, Tile},
    },
    keys::SigningKey,
    programme::{Approval, ApprovalSubject, Release, SlotList},
    store::{Blob, Log},
    units::{Digest, SlotId},
};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

/// One file in memory for all runs of this process.
static PATH: LazyLock<PathBuf> =
    LazyLock::new(|| PathBuf::from(format!("/dev/shm/loa-fuzz-{}", std::process::id())));

static HONEST: LazyLock<Honest> = LazyLock::new(Honest::new);

fuzz_target!(|bytes: &[u8]| {
    let file = if bytes.starts_with(b"PK") { bytes.to_vec() } else { HONEST.forged(bytes) };
    fs::write(&*PATH, file).expect("a file in memory");
    if let Ok(report) = audit_bundle(&PATH, &Against::default()) {
        assert!(report.log.size <= report.of || !report.log.holds(), "no more is held than was signed");
        assert!(!bytes.is_empty() || report.log.holds(), "what nobody edited holds: {:?}", report.log.faults);
    }
});

/// A station's log with something of everything that a bundle is judged by.
struct Honest {
    key: SigningKey,
    origin: String,
    leaves: Vec<Vec<u8>>,
    blobs: Vec<Vec<u8>>,
    /// What no signature covers.
    beside: Vec<(String, Vec<u8>)>,
}

impl Honest {
    fn new() -> Honest {
        let root = PATH.with_extension("station");
        let _ = fs::remove_dir_all(&root);
        control::init(&root, &System::new()).expect("a station");
        let folder = Folder::open(&root).expect("its folder");
        let mut log = Log::open(&folder.log_path(), folder.key("station").expect("its key")).expect("its log");
        let clk = log.reader().entries(0..1).next().expect("an opening").expect("an entry").clk;
        let (bodies, blobs) = month();
        let entries: Vec<(Clk, Body)> = bodies.into_iter().map(|body| (clk.clone(), body)).collect();
        let named: Vec<Vec<u8>> = blobs.iter().map(|blob| blob.bytes.clone()).collect();
        log.append_with_blobs(&entries, &blobs).expect("entries");
        let leaves = log.reader().leaves(0..log.size());
        let leaves: Vec<Vec<u8>> = leaves.map(|leaf| leaf.expect("a leaf").1.into_bytes()).collect();
        let origin = log.reader().head().expect("a head").lines().next().expect("an origin").to_owned();
        let manifest = |size: usize, root: Digest| {
            format!(
                "{{\"format\":1,\"origin\":\"{origin}\",\"size\":{size},\"root\":\"{root}\",\"from\":null,\"to\":null,\
                 \"entries\":[{{\"first\":0,\"last\":{}}}],\"software\":\"loa\"}}",
                size - 1
            )
        };
        let mut tree = Frontier::default();
        for leaf in &leaves {
            tree.push(leaf);
        }
        let key = folder.key("station").expect("its key");
        let beside = vec![
            ("bundle.json".to_owned(), manifest(leaves.len(), tree.root()).into_bytes()),
            ("README.md".to_owned(), b"read me".to_vec()),
            ("rows.json".to_owned(), b"[]".to_vec()),
            ("media.json".to_owned(), b"{\"format\":1,\"files\":[]}".to_vec()),
            ("summary.html".to_owned(), b"<p>".to_vec()),
            ("keys/station.pub".to_owned(), format!("{}\n", key.public().as_text()).into_bytes()),
        ];
        let _ = fs::remove_dir_all(&root);
        Honest { key, origin, leaves, blobs: named, beside }
    }

    /// Each edit is a part, what to do with it, a place in it, a length, and bytes of that length.
    fn forged(&self, mut edits: &[u8]) -> Vec<u8> {
        let (mut leaves, mut blobs) = (self.leaves.clone(), self.blobs.clone());
        let mut beside = self.beside.clone();
        while let [part, how, high, low, length, rest @ ..] = edits {
            let (put, rest) = rest.split_at(usize::from(*length).min(rest.len()));
            let place = usize::from(u16::from_be_bytes([*high, *low]));
            let n = usize::from(*part) % (leaves.len() + blobs.len() + beside.len());
            if let Some(leaf) = leaves.get_mut(n) {
                edit(leaf, *how, place, put);
            } else if let Some(blob) = blobs.get_mut(n - self.leaves.len()) {
                let was = Digest::of(blob).to_string();
                edit(blob, *how, place, put);
                let is = Digest::of(blob).to_string();
                for leaf in &mut leaves {
                    *leaf = String::from_utf8_lossy(leaf).replace(&was, &is).into_bytes();
                }
            } else {
                edit(&mut beside[n - self.leaves.len() - self.blobs.len()].1, *how, place, put);
            }
            edits = rest;
        }
        self.packed(&leaves, &blobs, beside)
    }

    fn packed(&self, leaves: &[Vec<u8>], blobs: &[Vec<u8>], beside: Vec<(String, Vec<u8>)>) -> Vec<u8> {
        let mut tree = Frontier::default();
        let mut hashes = Vec::new();
        for leaf in leaves {
            let nodes = tree.push(leaf);
            hashes.extend(nodes.into_iter().next().map(|(_, hash)| hash.0).into_iter().flatten());
        }
        let (origin, size, root) = (self.origin.clone(), tree.size(), tree.root());
        let note = Checkpoint { origin, size, root }.sign(&self.key).expect("a head");
        let tile = Tile::of(0, 0, size).expect("a tile");
        let mut members: BTreeMap<String, Vec<u8>> = beside.into_iter().collect();
        members.insert("log/checkpoint".into(), note.into_bytes());
        members.insert(format!("log/{}", tile.path(Content::Hashes)), hashes);
        let entries = tiles::bundle(leaves.iter().map(Vec::as_slice));
        members.insert(format!("log/{}", tile.path(Content::Entries)), entries);
        for blob in blobs {
            members.insert(format!("blobs/sha256/{}", Digest::of(blob)), blob.clone());
        }
        let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, bytes) in members {
            let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
            zip.start_file(name, stored).expect("a member");
            zip.write_all(&bytes).expect("its bytes");
        }
        zip.finish().expect("a file").into_inner()
    }
}

fn edit(bytes: &mut Vec<u8>, how: u8, place: usize, put: &[u8]) {
    let at = place.min(bytes.len());
    let cut = match how % 4 {
        0 => at..(at + put.len()).min(bytes.len()),
        1 => at..at,
        2 => at..(at + usize::from(how)).min(bytes.len()),
        _ => 0..bytes.len(),
    };
    bytes.splice(cut, put.iter().copied());
    bytes.truncate(60_000);
}

/// A month of two slots: accepted, one missed and vouched for by hand, the other missed.
fn month() -> (Vec<Body>, Vec<Blob>) {
    let person = SigningKey::generate("duyet").expect("a key");
    let blob = |kind, text: String| Blob { kind, bytes: text.into_bytes() };
    let digest = |blob: &Blob| Digest::of(&blob.bytes);
    let month = "2022-03".parse().expect("a month");
    let slot = |day: u32| -> SlotId { format!("2022-03/cchc/2022-03-{day:02}T05:30:00").parse().expect("a slot") };
    let at = |day: u32| format!("2022-03-{:02}T22:30:00Z", day - 1).parse().expect("a time");
    let config = blob(
        "config",
        format!(
            "id = \"pho-hoa\"\nunit = \"pho-hoa\"\n[trust]\napprovers = [\"{}\"]\n",
            person.public().as_text()
        ),
    );
    let (plan, schedule) = (blob("plan", "year = 2022".into()), blob("schedule", "month = 3".into()));
    let list = SlotList {
        station: "pho-hoa-pho-hoa".into(),
        month,
        schedule: digest(&schedule),
        slots: [5, 12].map(|day| (slot(day), at(day))).to_vec(),
    };
    let slots = blob("slots", list.to_string());
    let subject = ApprovalSubject::new(month, 1, digest(&schedule), BTreeMap::new());
    let release = Release {
        by: "Lãnh đạo".into(),
        document: "1/PD".into(),
        editor: "Biên tập".into(),
        self_approved: false,
        at: at(2),
    };
    let approval = blob("approval", Approval::sign(&subject, &release, &person).expect("an approval"));
    let fact = ScheduleFact {
        ward: false,
        month,
        revision: 1,
        digest: digest(&schedule),
        slots: digest(&slots),
        count: 2,
        approval: digest(&approval),
        by: release.by,
        document: release.document,
    };
    let missed = |day: u32, reason| {
        Body::Missed(Missed {
            slot: slot(day),
            planned_ms: 1_646_433_000_000,
            outcome: Outcome::Missed,
            reason,
            detail: "mất điện".into(),
        })
    };
    let mut manual = ManualFact {
        slot: Some(slot(12)),
        month,
        programme: "cchc".into(),
        first_ms: 1_647_041_200_000,
        last_ms: 1_647_041_300_000,
        outcome: Outcome::Full,
        by: "An".into(),
        text: "máy FM cũ".into(),
        statement: Digest::of(b""),
    };
    let note = blob("statement", statement::sign("pho-hoa", &manual, &person).expect("a statement"));
    manual.statement = digest(&note);
    let settings = Body::Config {
        digest: digest(&config),
        plan: digest(&plan),
        station: "pho-hoa".into(),
        unit: "pho-hoa".into(),
        output: "pulse:loud".into(),
        demo: false,
        trust: None,
    };
    let bodies = vec![
        Body::Boot(BootFacts { clean: true, last_alive_ms: None }),
        settings,
        Body::ScheduleAccept(fact),
        missed(5, Reason::ScheduleLate),
        missed(12, Reason::PowerOff),
        Body::Manual(Box::new(manual)),
    ];
    (bodies, vec![config, plan, schedule, slots, approval, note])
}
