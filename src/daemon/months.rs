//! The schedules that this station follows: surveyed when their files change, accepted or refused once each.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use super::engine::{Engine, Incoming};
use crate::{
    airing::{self, Input},
    control::{self, ControlError, Folder, Standing, Survey},
    evidence::{Body, ScheduleFact},
    programme::{Approval, Finding, Severity},
    store::Blob,
    units::{Digest, Frames, ScheduleName},
    words::Message,
};

/// What was last seen of a schedule.
#[derive(Default)]
pub(super) struct Seen {
    /// Schedule and approval that the log has accepted, by digest.
    accepted: Option<(Digest, Digest)>,
    /// The audio that the schedule named when it was surveyed last.
    media: Vec<PathBuf>,
    /// Modification times and sizes of all its files when it was surveyed last.
    fingerprint: Vec<Option<(i128, u64)>>,
    /// What was refused last, so that it is told once.
    refused: Option<(Digest, &'static str)>,
    /// For which schedule and approval masters were rendered; a file that is refused is not tried for ever.
    tended: Option<(Digest, Digest)>,
    running: bool,
}

impl Seen {
    /// A schedule that the log has accepted in an earlier run.
    pub fn accepted(fact: &ScheduleFact) -> Seen {
        Seen { accepted: Some((fact.digest, fact.approval)), ..Seen::default() }
    }
}

impl Engine {
    /// Surveys the schedule called `name` on a worker when one of its files changed. The ward's own is held
    /// against the centre's, so that one's files are its too, and it waits until the centre's is settled.
    pub(super) fn survey_if_changed(&mut self, name: ScheduleName) {
        let folder = self.ports.folder.clone();
        let centre = ScheduleName::centre(name.month);
        if name.ward && self.schedules.get(&centre).is_some_and(|centre| centre.running) {
            return;
        }
        let seen = self.schedules.entry(name).or_default();
        let files = |name| [folder.schedule_file(name), folder.approval_file(name)];
        let centres = name.ward.then(|| files(centre)).into_iter().flatten();
        let mut named: Vec<_> =
            files(name).into_iter().chain(centres).map(|file| folder.root.join(file)).collect();
        // Another trust file lets others' approvals count.
        named.push(folder.data().join("packages/trust"));
        let fingerprint: Vec<_> = named.iter().chain(&seen.media).map(|path| fingerprint(path)).collect();
        let no_schedule = fingerprint.first().is_none_or(Option::is_none);
        if seen.running || no_schedule || seen.fingerprint == fingerprint {
            return;
        }
        seen.fingerprint = fingerprint;
        seen.running = true;
        let inbox = self.ports.inbox.clone();
        (self.ports.work)(Box::new(move || {
            let survey = caught(|| measured(&folder, name).map(Box::new));
            let _ = inbox.blocking_send(Incoming::Surveyed(name, survey));
        }));
    }

    /// Takes what a survey found.
    pub(super) fn surveyed(&mut self, name: ScheduleName, result: Result<Box<Survey>, ControlError>) {
        self.take_survey(name, result);
        let settled = self.schedules.get(&name).is_some_and(|seen| !seen.running);
        if !name.ward && settled {
            self.survey_if_changed(ScheduleName::ward(name.month));
        }
    }

    fn take_survey(&mut self, name: ScheduleName, result: Result<Box<Survey>, ControlError>) {
        let seen = self.schedules.entry(name).or_default();
        seen.running = false;
        let survey = match result {
            Ok(survey) => *survey,
            Err(error) => {
                tracing::warn!("{name}: {error}");
                // Looked at again with the next round, whether its files change or not.
                seen.fingerprint.clear();
                return;
            }
        };
        seen.media.clone_from(&survey.media);
        match &survey.standing {
            Standing::Accepted(approval) => self.accept(name, &survey, approval),
            Standing::NotApproved(findings) | Standing::Invalid(findings) => {
                self.refuse(name, &survey, findings);
            }
            Standing::InTheWay(findings) => {
                self.refuse(name, &survey, findings);
                self.leave_room(name, &survey);
            }
        }
    }

    fn accept(&mut self, name: ScheduleName, survey: &Survey, approval: &Approval) {
        let seen = self.schedules.entry(name).or_default();
        let note = survey.file.approval.clone().unwrap_or_default();
        let pair = (survey.file.digest, Digest::of(&note));
        let fresh = seen.accepted != Some(pair);
        if fresh {
            self.enter_trust(survey.trust.as_ref());
            let seen = self.schedules.entry(name).or_default();
            seen.accepted = Some(pair);
            seen.refused = None;
            let fact = ScheduleFact {
                month: name.month,
                ward: name.ward,
                revision: survey.file.schedule.as_ref().map_or(0, |schedule| schedule.revision),
                digest: pair.0,
                slots: Digest::of(survey.slot_list.as_bytes()),
                count: survey.slots.len() as u64,
                approval: pair.1,
                by: approval.release.by.clone(),
                document: approval.release.document.clone(),
            };
            let blobs = vec![
                Blob { kind: "schedule", bytes: survey.file.bytes.clone() },
                Blob { kind: "slots", bytes: survey.slot_list.clone().into_bytes() },
                Blob { kind: "approval", bytes: note },
            ];
            self.record_with(vec![Body::ScheduleAccept(fact)], blobs);
        }
        let standing = if fresh { airing::Standing::Fresh } else { airing::Standing::Known };
        self.step(Input::Rundown { schedule: name, slots: survey.slots.clone(), standing });
        self.tend_masters(name, pair);
    }

    fn refuse(&mut self, name: ScheduleName, survey: &Survey, findings: &[Finding]) {
        let seen = self.schedules.entry(name).or_default();
        let why = findings.iter().find(|finding| finding.severity == Severity::Error);
        let code = why.map_or("schedule-unreadable", |finding| finding.message.code);
        let never_accepted = seen.accepted.is_none();
        if seen.refused != Some((survey.file.digest, code)) {
            seen.refused = Some((survey.file.digest, code));
            let digest = survey.file.digest;
            let ScheduleName { month, ward } = name;
            self.record(vec![Body::ScheduleRefuse { month, ward, digest, reason: code.into() }]);
        }
        // The slots of an accepted month stand, and each will say what is wrong now; those of a month that was
        // never accepted are shown, so that each says why it does not air.
        if never_accepted {
            let in_the_way = matches!(survey.standing, Standing::InTheWay(_));
            let slots = if in_the_way { Vec::new() } else { survey.slots.clone() };
            let standing = airing::Standing::Draft;
            self.step(Input::Rundown { schedule: name, slots, standing });
        }
    }

    /// The ward's own was accepted as it is, and is in the way of the centre's since: with the lengths that
    /// are known now, those of its slots give way that must.
    fn leave_room(&mut self, name: ScheduleName, survey: &Survey) {
        let accepted = self.schedules.get(&name).and_then(|seen| seen.accepted);
        if accepted.is_some_and(|(digest, _)| digest == survey.file.digest) {
            let standing = airing::Standing::Known;
            self.step(Input::Rundown { schedule: name, slots: survey.slots.clone(), standing });
        }
    }

    /// Renders the masters of an accepted schedule that the cache lacks, drops those that none needs any
    /// more, and surveys again: then every slot knows its length.
    fn tend_masters(&mut self, name: ScheduleName, pair: (Digest, Digest)) {
        let seen = self.schedules.entry(name).or_default();
        if seen.running || seen.tended == Some(pair) {
            return;
        }
        (seen.running, seen.tended) = (true, Some(pair));
        let (folder, inbox) = (self.ports.folder.clone(), self.ports.inbox.clone());
        let this_month = self.this_month();
        (self.ports.work)(Box::new(move || {
            let tended = caught(|| {
                control::render_month(&folder, name)?;
                control::prune_masters(&folder, this_month)?;
                control::survey(&folder, name).map(Box::new)
            });
            let _ = inbox.blocking_send(Incoming::Surveyed(name, tended));
        }));
    }
}

/// A survey of the schedule called `name`. What overlaps is known by the lengths, so the ward's own is
/// rendered before it is accepted; the centre's stands in any case and is rendered after.
fn measured(folder: &Folder, name: ScheduleName) -> Result<Survey, ControlError> {
    let survey = control::survey(folder, name)?;
    let unmeasured = survey.slots.iter().any(|slot| slot.length == Frames::ZERO);
    if !name.ward || !unmeasured || !matches!(survey.standing, Standing::Accepted(_)) {
        return Ok(survey);
    }
    control::render_month(folder, name)?;
    control::survey(folder, name)
}

/// A panic in slow work is a failure of that work; without an answer a month would never be looked at again.
pub(super) fn caught<T>(work: impl FnOnce() -> Result<T, ControlError>) -> Result<T, ControlError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(Message::new("survey-panicked").into()))
}

/// Changes when a file is written: modification time in nanoseconds and size.
fn fingerprint(path: &Path) -> Option<(i128, u64)> {
    use std::os::unix::fs::MetadataExt as _;
    let meta = std::fs::metadata(path).ok()?;
    Some((i128::from(meta.mtime()) * 1_000_000_000 + i128::from(meta.mtime_nsec()), meta.len()))
}
