//! The page of a month: its programmes, their audio and length, its slots in a calendar, what the check found.

use std::{collections::BTreeMap, time::Duration};

use askama::Template;
use axum::{extract::Path, response::Response};
use chrono::NaiveDate;

use super::{
    super::{
        error::Fault,
        page::{Page, Visit, html},
        reading,
    },
    EDITORS, SIGNERS,
    calendar::{Day, Rule, rules, weeks},
    staged,
};
use crate::{
    control::{self, CheckReport, Draft, FindingView, ProgrammeReport, Stage, finding_view},
    programme::{Finding, Programme, SegmentKind, Source},
    units::ScheduleName,
    words::{Lang, Message},
};

/// A page waits so long for the check; what takes longer goes on, and the page says so.
const PATIENCE: Duration = Duration::from_secs(2);

/// A month as its pages show it.
pub(super) struct Month {
    pub name: ScheduleName,
    pub draft: Draft,
    pub stage: &'static str,
    pub said: String,
    pub void: Vec<FindingView>,
    pub programmes: Vec<Shown>,
    pub weeks: Vec<Vec<Option<Day>>>,
    pub rules: Vec<Rule>,
    /// `None` while the audio is being measured.
    pub findings: Option<Vec<FindingView>>,
}

/// A programme with what was measured of it.
pub(super) struct Shown {
    pub programme: Programme,
    pub measured: Option<ProgrammeReport>,
    pub minutes: Option<String>,
    pub length: String,
    lang: Lang,
}

#[derive(Template)]
#[template(path = "month.html")]
struct MonthPage {
    page: Page,
    month: Month,
    may_edit: bool,
    /// The file was written by hand and must be taken over before it can be changed here.
    may_take: bool,
    may_approve: bool,
    /// Where what goes out to the stations is signed.
    pack: Option<String>,
    files: Vec<String>,
    units: Vec<(String, String)>,
    topics: Vec<(String, String)>,
    columns: Vec<String>,
    minutes: (u32, u32),
}

#[allow(clippy::unused_self, clippy::trivially_copy_pass_by_ref, reason = "as templates call it")]
impl MonthPage {
    fn kinds(&self) -> Vec<(&'static str, String)> {
        let kinds = SegmentKind::ALL.iter();
        kinds.map(|(word, _)| (*word, self.page.coded("segment-kind", word))).collect()
    }

    fn is_kind(&self, kind: &SegmentKind, word: &str) -> bool {
        SegmentKind::ALL.iter().any(|(known, of)| known == &word && of == kind)
    }

    fn sources(&self) -> Vec<(&'static str, String)> {
        let wanted = |source: Source| (source == Source::Ward) == self.month.name.ward;
        let sources = Source::ALL.iter().filter(|(_, source)| wanted(*source));
        sources.map(|(word, _)| (*word, self.page.coded("web-made-by", word))).collect()
    }

    fn is_source(&self, source: &Source, word: &str) -> bool {
        Source::ALL.iter().any(|(known, of)| known == &word && of == source)
    }

    fn seen(&self) -> String {
        self.month.draft.file.digest.to_string()
    }

    fn first_day(&self) -> NaiveDate {
        self.month.name.month.first()
    }

    /// Where slots begin unless another day is chosen: what has passed airs no more.
    fn begin_day(&self) -> NaiveDate {
        let site = &self.page.visit.site.studio;
        let today = site.now().with_timezone(&site.folder.station.zone).date_naive();
        today.clamp(self.first_day(), self.last_day())
    }

    fn last_day(&self) -> NaiveDate {
        self.month.name.month.last()
    }
}

pub(super) async fn show(visit: Visit, Path(name): Path<ScheduleName>) -> Result<Response, Fault> {
    let month = month(&visit, name).await?;
    let may_take = visit.has(EDITORS) && month.draft.by_hand;
    let may_edit = visit.has(EDITORS) && !may_take;
    let may_approve = visit.has(&[control::Role::Approver]);
    let (files, trust) = visit
        .work(|studio| Ok((control::audio_files(&studio.folder), control::trust_in_force(&studio.folder))))
        .await?;
    // Only a centre packs; where the trust files cannot be read the page of packages says so.
    let may_pack = visit.has(SIGNERS) && !name.ward && !matches!(trust, Ok(None));
    let pack = may_pack.then(|| format!("/month/{name}/pack"));
    let plan = &visit.site.studio.folder.plan;
    let first = name.month.first();
    let units = plan.units.iter().filter(|unit| unit.valid_on(first));
    let units = units.map(|unit| (unit.id.clone(), unit.name.clone())).collect();
    let topics = plan.topics.iter().map(|topic| (topic.id.clone(), topic.text.clone())).collect();
    let columns = plan.columns.iter().map(|column| column.title.clone()).collect();
    let minutes = (plan.minutes_min, plan.minutes_max);
    let page = visit.titled(
        visit.say(&Message::new("web-month-title").with("month", reading::schedule(name, visit.lang))),
    );
    Ok(html(&MonthPage {
        page,
        month,
        may_edit,
        may_take,
        may_approve,
        pack,
        files,
        units,
        topics,
        columns,
        minutes,
    }))
}

/// The month called `name`, checked as far as a page can wait for it.
pub(super) async fn month(visit: &Visit, name: ScheduleName) -> Result<Month, Fault> {
    let (draft, stage) = visit
        .work(move |studio| {
            let draft = Draft::read(&studio.folder, name)?;
            Ok((draft.clone(), studio.glance.stage(&studio.folder, &draft)?))
        })
        .await?;
    let report = check(visit, name).await?;
    let (word, said) = staged(visit, &stage);
    let void = if let Stage::Void(why) = &stage { why.as_slice() } else { &[] };
    let seen = |finding: &Finding| finding_view(finding, visit.lang);
    let schedule = draft.file.schedule.clone();
    let mut measured: BTreeMap<String, ProgrammeReport> = BTreeMap::new();
    let mut findings = None;
    if let Some(report) = report {
        let waits = |code: &str| code == "approval-missing";
        findings = Some(
            report
                .findings
                .iter()
                .filter(|finding| !waits(finding.message.code))
                .map(seen)
                .collect::<Vec<_>>(),
        );
        measured = report.programmes.into_iter().map(|programme| (programme.id.clone(), programme)).collect();
    }
    let lengths =
        measured.iter().filter_map(|(id, report)| Some((id.clone(), report.duration_ms?))).collect();
    let programmes = schedule.iter().flat_map(|schedule| &schedule.programmes);
    let programmes =
        programmes.map(|programme| shown(programme, measured.remove(&programme.id), visit.lang)).collect();
    let station = &visit.site.studio.folder.station;
    Ok(Month {
        name,
        stage: word,
        said,
        void: void.iter().map(seen).collect(),
        programmes,
        weeks: schedule
            .as_ref()
            .map_or_else(Vec::new, |schedule| weeks(station, schedule, &lengths, visit.lang)),
        rules: schedule.as_ref().map_or_else(Vec::new, |schedule| rules(schedule, visit.lang)),
        findings,
        draft,
    })
}

/// The check of a month; `None` while it takes longer than a page can wait.
async fn check(visit: &Visit, name: ScheduleName) -> Result<Option<CheckReport>, Fault> {
    let known = visit.work(move |studio| studio.glance.checked(&studio.folder, name)).await?;
    if known.is_some() {
        return Ok(known);
    }
    let Ok(turn) = visit.site.checking.clone().try_lock_owned() else { return Ok(None) };
    let work = visit.work(move |studio| {
        // One at a time: rendering takes a core.
        let _turn = turn;
        studio.glance.check(&studio.folder, name)
    });
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(done) => done.map(Some),
        Err(_) => Ok(None),
    }
}

fn shown(programme: &Programme, measured: Option<ProgrammeReport>, lang: Lang) -> Shown {
    let ms = measured.as_ref().and_then(|report| report.duration_ms);
    let minutes = ms.map(|ms| format!("{}.{:02}", ms / 60_000, ms % 60_000 / 600));
    Shown {
        programme: programme.clone(),
        length: ms.map_or_else(|| "–".into(), reading::length),
        minutes,
        measured,
        lang,
    }
}

#[allow(clippy::unused_self, clippy::trivially_copy_pass_by_ref, reason = "as templates call it")]
impl Shown {
    /// What was measured of segment `n`.
    pub fn segment(&self, n: &usize) -> Option<String> {
        let measure = self.measured.as_ref()?.segments.get(*n)?.measure.as_ref()?;
        let loudness = reading::decimal(measure.loudness_lufs.db(), 1, false, self.lang);
        Some(format!("{} · {loudness} LUFS", reading::length(measure.duration_ms)))
    }
}
