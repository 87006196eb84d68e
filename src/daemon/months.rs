//! The months that this station follows: surveyed when their files change, accepted or refused once each.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use super::engine::{Engine, Incoming, told};
use crate::{
    airing::{self, Input},
    control::{self, ControlError, Standing, Survey},
    evidence::{Body, ScheduleFact},
    programme::{Approval, Finding},
    store::Blob,
    units::{Digest, Month},
    words::Message,
};

/// What was last seen of a month.
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
    /// A month that the log has accepted in an earlier run.
    pub fn accepted(fact: &ScheduleFact) -> Seen {
        Seen { accepted: Some((fact.digest, fact.approval)), ..Seen::default() }
    }
}

impl Engine {
    /// Surveys `month` on a worker when one of its files changed.
    pub(super) fn survey_if_changed(&mut self, month: Month) {
        let folder = self.ports.folder.clone();
        let seen = self.months.entry(month).or_default();
        let named =
            [folder.schedule_file(month), folder.approval_file(month)].map(|file| folder.root.join(file));
        let fingerprint: Vec<_> = named.iter().chain(&seen.media).map(|path| fingerprint(path)).collect();
        let no_schedule = fingerprint.first().is_none_or(Option::is_none);
        if seen.running || no_schedule || seen.fingerprint == fingerprint {
            return;
        }
        seen.fingerprint = fingerprint;
        seen.running = true;
        let inbox = self.ports.inbox.clone();
        (self.ports.work)(Box::new(move || {
            let survey = caught(|| control::survey(&folder, month).map(Box::new));
            let _ = inbox.blocking_send(Incoming::Surveyed(month, survey));
        }));
    }

    /// Takes what a survey found.
    pub(super) fn surveyed(&mut self, month: Month, result: Result<Box<Survey>, ControlError>) {
        let seen = self.months.entry(month).or_default();
        seen.running = false;
        let survey = match result {
            Ok(survey) => *survey,
            Err(error) => {
                tracing::warn!("{month}: {error}");
                // Looked at again with the next round, whether its files change or not.
                seen.fingerprint.clear();
                return;
            }
        };
        seen.media.clone_from(&survey.media);
        match &survey.standing {
            Standing::Accepted(approval) => self.accept(month, &survey, approval),
            Standing::NotApproved(findings) | Standing::Invalid(findings) => {
                self.refuse(month, &survey, findings);
            }
        }
    }

    fn accept(&mut self, month: Month, survey: &Survey, approval: &Approval) {
        let seen = self.months.entry(month).or_default();
        let note = survey.file.approval.clone().unwrap_or_default();
        let pair = (survey.file.digest, Digest::of(&note));
        let fresh = seen.accepted != Some(pair);
        if fresh {
            seen.accepted = Some(pair);
            seen.refused = None;
            let fact = ScheduleFact {
                month,
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
            self.append(vec![Body::ScheduleAccept(fact)], blobs, told);
        }
        let standing = if fresh { airing::Standing::Fresh } else { airing::Standing::Known };
        self.step(Input::Rundown { month, slots: survey.slots.clone(), standing });
        self.tend_masters(month, pair);
    }

    fn refuse(&mut self, month: Month, survey: &Survey, findings: &[Finding]) {
        let seen = self.months.entry(month).or_default();
        let code = findings.first().map_or("schedule-unreadable", |finding| finding.message.code);
        let never_accepted = seen.accepted.is_none();
        if seen.refused != Some((survey.file.digest, code)) {
            seen.refused = Some((survey.file.digest, code));
            let digest = survey.file.digest;
            self.record(vec![Body::ScheduleRefuse { month, digest, reason: code.into() }]);
        }
        // The slots of an accepted month stand, and each will say what is wrong now; those of a month that was
        // never accepted are shown, so that each says why it does not air.
        if never_accepted {
            let standing = airing::Standing::Draft;
            self.step(Input::Rundown { month, slots: survey.slots.clone(), standing });
        }
    }

    /// Renders the masters of an accepted month that the cache lacks, drops those that no month needs any
    /// more, and surveys again: then every slot knows its length.
    fn tend_masters(&mut self, month: Month, pair: (Digest, Digest)) {
        let seen = self.months.entry(month).or_default();
        if seen.running || seen.tended == Some(pair) {
            return;
        }
        (seen.running, seen.tended) = (true, Some(pair));
        let (folder, inbox) = (self.ports.folder.clone(), self.ports.inbox.clone());
        let this_month = self.this_month();
        (self.ports.work)(Box::new(move || {
            let tended = caught(|| {
                control::render_month(&folder, month)?;
                control::prune_masters(&folder, this_month)?;
                control::survey(&folder, month).map(Box::new)
            });
            let _ = inbox.blocking_send(Incoming::Surveyed(month, tended));
        }));
    }
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
