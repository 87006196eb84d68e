//! A centre, a station that trusts it, and a stick that goes from the one to the other.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
};

use chrono::{DateTime, Utc};
use loa::{
    clock::System,
    control::{self, Folder, Standing, survey},
    evidence::{Body, PackageAct, PackageFact},
    keys::SigningKey,
    package::{Manifest, Part, TlogProof, Trust},
    store::{Filter, Log},
    units::{Digest, ScheduleName},
};
use serde_json::Value;

use super::station::{Station, in_seconds};

/// A centre with an editor, an approver and a root, a station that trusts it, and a stick.
pub struct Way {
    pub centre: Station,
    pub station: Station,
    pub tools: tempfile::TempDir,
    pub slots: Vec<DateTime<Utc>>,
}

impl Way {
    /// Both, and revision 1 of the month with `a.wav` on the stick.
    pub fn new() -> Way {
        let (centre, station) = (Station::new(&[("2022-03/a.wav", 1)]), Station::new(&[]));
        let tools = tempfile::tempdir().unwrap();
        for who in ["editor", "root", "stranger"] {
            let file = tools.path().join(format!("{who}.key"));
            centre.ok(&["key", "new", who, "-o", file.to_str().unwrap()]);
        }
        let way = Way { centre, station, tools, slots: vec![in_seconds(3600)] };
        way.new_trust();
        let trust = way.centre.path("data/packages/trust/1.note").display().to_string();
        way.station.ok(&["trust", "accept", &trust, "--by", "Trực"]);
        way.issue(1, &["2022-03/a.wav"]);
        way
    }

    /// Makes the centre's next trust file.
    pub fn new_trust(&self) {
        let (editor, approver, root) = (self.public("editor"), self.public("approver"), self.public("root"));
        let mut new = vec!["trust", "new", "--editor", &editor, "--approver", &approver, "--root", &root];
        let key = self.key("root");
        new.extend(["--until", "2099-12-31", "--key", &key, "--by", "Lãnh đạo"]);
        self.centre.ok(&new);
    }

    /// The key file of `who`. Whoever approves months at the centre approves packages, with the same key.
    pub fn key(&self, who: &str) -> String {
        if who == "approver" {
            return self.centre.path("data/keys/approval.key").display().to_string();
        }
        self.tools.path().join(format!("{who}.key")).display().to_string()
    }

    /// The same, read.
    pub fn signer(&self, who: &str) -> SigningKey {
        SigningKey::parse(&fs::read_to_string(self.key(who)).unwrap()).unwrap()
    }

    /// Its public half.
    pub fn public(&self, who: &str) -> String {
        self.signer(who).public().as_text().to_owned()
    }

    /// The stick.
    pub fn stick(&self) -> PathBuf {
        self.tools.path().join("stick")
    }

    /// The month of the slots.
    pub fn month(&self) -> ScheduleName {
        let at = self.slots[0].with_timezone(&chrono_tz::Asia::Ho_Chi_Minh);
        at.format("%Y-%m").to_string().parse().unwrap()
    }

    /// Packs the month onto the stick, with these arguments as well.
    pub fn pack(&self, more: &[&str]) -> Output {
        let (month, stick) = (self.month().to_string(), self.stick().display().to_string());
        let mut pack = vec!["pack", &month, "-o", &stick];
        pack.extend(more);
        self.centre.run(&pack)
    }

    /// Approves a revision at the centre and packs it onto the stick.
    pub fn issue(&self, revision: u32, files: &[&str]) {
        self.centre.issue(revision, files, &self.slots);
        let packed = self.pack(&["--key", &self.key("editor"), "--key", &self.key("approver")]);
        assert!(packed.status.success(), "{}", String::from_utf8_lossy(&packed.stderr));
    }

    /// Imports the stick; what became of each of its files.
    pub fn import(&self) -> Vec<(String, String)> {
        self.import_from(&self.stick())
    }

    /// The same from elsewhere.
    pub fn import_from(&self, from: &Path) -> Vec<(String, String)> {
        let from = from.display().to_string();
        let told = self.station.json(&["import", &from, "--by", "Trực"]).remove(0);
        let became = |package: &Value| {
            let became = package["no"]["code"].as_str().or(package["became"].as_str());
            (package["file"].as_str().unwrap().to_owned(), became.unwrap().to_owned())
        };
        told["packages"].as_array().unwrap_or_else(|| panic!("{told}")).iter().map(became).collect()
    }

    /// Lays `text` as package 1 onto the stick, signed by `keys`.
    pub fn sign(&self, text: &str, keys: &[&str]) {
        let first = self.signer(keys[0]).sign(text).unwrap();
        let all =
            keys[1..].iter().fold(first, |note, who| loa::keys::cosign(&note, &self.signer(who)).unwrap());
        fs::write(self.stick().join("1.note"), all).unwrap();
    }

    /// Lays `manifest` onto the stick, signed as it must be and issued in the programme log: what is wrong with it lies in
    /// what it says.
    pub fn issue_as(&self, manifest: &Manifest) {
        let note = manifest.sign(&[self.signer("editor"), self.signer("approver")]).unwrap();
        let digest = Digest::of(manifest.text().unwrap().as_bytes());
        let path = self.centre.path("data/keys/programme.key");
        let key = SigningKey::parse(&fs::read_to_string(path).unwrap()).unwrap();
        let mut log = Log::open(&self.centre.path("data/programme.db"), key).unwrap();
        let (act, what) = (PackageAct::Issued, Some(manifest.name()));
        let fact = PackageFact { act, by: String::new(), digest, reason: String::new(), urgent: None, what };
        let clk = control::clk(&System::new(), chrono_tz::Asia::Ho_Chi_Minh);
        let index = log.append(&[(clk, Body::Package(fact))]).unwrap()[0];
        let reader = log.reader();
        let leaf = reader.leaf(index).unwrap().unwrap();
        let path = reader.inclusion_proof(index, log.size()).unwrap();
        let proof = TlogProof { leaf, index, path, checkpoint: reader.head().unwrap() };
        fs::write(self.stick().join(format!("{}.note", manifest.seq)), note).unwrap();
        fs::write(self.stick().join(format!("{}.tlog-proof", manifest.seq)), proof.text()).unwrap();
    }

    /// The bytes `bytes` as a blob on the stick.
    pub fn lay(&self, bytes: &[u8]) -> Part {
        let part = Part::of(bytes);
        fs::write(self.stick().join("blobs/sha256").join(part.sha256.to_string()), bytes).unwrap();
        part
    }

    /// What package `seq` on the stick says.
    pub fn manifest(&self, seq: u64) -> Manifest {
        Manifest::unchecked(&fs::read(self.stick().join(format!("{seq}.note"))).unwrap()).0.unwrap()
    }

    /// Signs the trust file after the first onto the stick: the first with `change`.
    pub fn next_trust(&self, change: impl Fn(&mut Trust), signers: &[&str]) {
        let note = fs::read_to_string(self.centre.path("data/packages/trust/1.note")).unwrap();
        let mut trust: Trust = serde_json::from_str(note.lines().nth(1).unwrap()).unwrap();
        trust.version = 2;
        change(&mut trust);
        let signers: Vec<SigningKey> = signers.iter().map(|who| self.signer(who)).collect();
        fs::write(self.stick().join("trust/2.note"), trust.sign(&signers).unwrap()).unwrap();
    }

    /// The last thing that became of a package, by the station's log.
    pub fn last(&self) -> PackageFact {
        facts(&self.station.path("")).pop().unwrap()
    }
}

/// What the log of the folder `root` says of packages.
pub fn facts(root: &Path) -> Vec<PackageFact> {
    let log = Log::read_only(&root.join("data/log.db")).unwrap();
    let filter = Filter { kinds: vec!["package"], ..Filter::default() };
    let fact = |body| match body {
        Body::Package(fact) => fact,
        other => panic!("{other:?}"),
    };
    log.entries_of(&filter).unwrap().into_iter().map(|entry| fact(entry.body)).collect()
}

/// The revision that would air from the folder `root`; it is approved, whole and by a trusted key.
pub fn airs(root: &Path, month: ScheduleName) -> u32 {
    let survey = survey(&Folder::open(root).unwrap(), month).unwrap();
    let Standing::Accepted(approval) = survey.standing else { panic!("{:?}", survey.standing) };
    approval.subject.revision
}

/// What became of the one thing that was there.
pub fn only(became: &[(String, String)]) -> &str {
    assert_eq!(became.len(), 1, "{became:?}");
    &became[0].1
}
