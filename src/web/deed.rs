//! What a form does, in the words of the button that sends it: shown before it is sent again after signing in.

use super::{form::Form, page::Page, reading};
use crate::units::ScheduleName;

/// The forms that are kept for their sender, each with its words. Those with a password or a file are not kept.
const DEEDS: &[(&str, &str)] = &[
    ("/months", "web-month-new"),
    ("/month/{name}/return", "web-return-do"),
    ("/on-air/stop", "web-stop-do"),
    ("/on-air/release", "web-release"),
    ("/on-air/cancel", "web-cancel-do"),
    ("/on-air/clock", "web-clock-confirm"),
    ("/log/note", "web-note-do"),
    ("/log/correct", "web-correct-do"),
    ("/log/check", "web-proof-do"),
    ("/log/verify", "web-audit-do"),
    ("/fleet/station/{station}/log/check", "web-proof-do"),
    ("/fleet/station/{station}/log/verify", "web-audit-do"),
    ("/settings/people/add", "web-people-add"),
    ("/settings/people/change", "web-people-change"),
    ("/settings/people/reset", "web-people-reset-do"),
    ("/settings/station", "web-station-change"),
    ("/settings/restart", "web-restart"),
    ("/settings/keys/add", "web-keys-add"),
    ("/settings/keys/remove", "web-keys-remove"),
    ("/settings/units/change", "web-unit-change"),
    ("/settings/units/end", "web-unit-end"),
    ("/settings/holds/set", "web-holds-set"),
    ("/settings/holds/lift", "web-holds-lift"),
    ("/settings/tone", "web-tone-do"),
    ("/import/take", "web-import-do"),
    ("/sign-out", "web-sign-out"),
];

/// The changes of a month that have words of their own.
const OPS: &[&str] = &[
    "take-over",
    "issuer",
    "programme-add",
    "programme",
    "programme-remove",
    "segments-add",
    "segment",
    "segment-up",
    "segment-down",
    "segment-move",
    "segment-remove",
    "slots-add",
    "slots-remove",
];

/// What `form`, sent to `path`, does; nothing where no form of the pages is sent there.
pub(super) fn deed(page: &Page, path: &str, form: &Form) -> Option<String> {
    let path = without_query(path);
    if fits("/month/{name}", path) {
        return Some(change(page, form));
    }
    DEEDS.iter().find(|(pattern, _)| fits(pattern, path)).map(|(_, key)| page.t(key))
}

/// What `form` changes of a month.
pub(super) fn change(page: &Page, form: &Form) -> String {
    page.coded("web-op", if OPS.contains(&form.get("op")) { form.get("op") } else { "other" })
}

/// The month that a form sent to `path` is about, where its address names one.
pub(super) fn month(page: &Page, path: &str) -> Option<String> {
    let name = without_query(path).strip_prefix("/month/")?.split('/').next()?;
    Some(reading::schedule(name.parse::<ScheduleName>().ok()?, page.visit.lang))
}

fn without_query(path: &str) -> &str {
    path.split_once('?').map_or(path, |(path, _)| path)
}

/// Whether `path` is one of `pattern`, in which `{…}` is any one part.
fn fits(pattern: &str, path: &str) -> bool {
    let (mut wanted, mut found) = (pattern.split('/'), path.split('/'));
    loop {
        match (wanted.next(), found.next()) {
            (None, None) => return true,
            (Some(wanted), Some(found))
                if wanted == found || (wanted.starts_with('{') && !found.is_empty()) => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{web::route::table, words};

    /// Forms that are never kept: with a password, with files, sent by a script, or done by who is not signed in.
    const NOT_KEPT: [&str; 14] = [
        "/sign-in",
        "/set-up/{word}",
        "/lang",
        "/password",
        "/month/{name}/approve",
        "/month/{name}/audio",
        "/month/{name}/pack",
        "/import/send",
        "/fleet/enrol",
        "/fleet/revoke",
        "/fleet/settle",
        "/settings/units/plan",
        "/upload",
        "/upload/{id}",
    ];

    #[test]
    fn every_form_that_is_kept_has_words_for_what_it_does() {
        let worded =
            |path: &str| path == "/month/{name}" || DEEDS.iter().any(|(pattern, _)| *pattern == path);
        for (method, path, _) in table().into_iter().filter(|(method, ..)| *method == "POST") {
            let kept = !NOT_KEPT.contains(&path) && path != "/upload/{id}/finish";
            assert_eq!(worded(path), kept, "{method} {path}");
        }
        let ops = OPS.iter().chain(&["other"]).map(|op| format!("web-op-{op}"));
        for key in ops.chain(DEEDS.iter().map(|(_, key)| (*key).to_owned())) {
            assert_ne!(words::say(words::Lang::Vi, &key, &[]), key, "{key}");
        }
    }

    #[test]
    fn every_button_of_a_month_has_words_for_what_it_does() {
        let templates = ["month.html", "calendar.html"].map(|name| {
            std::fs::read_to_string(format!("{}/templates/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
        });
        let ops: Vec<&str> = templates
            .iter()
            .flat_map(|text| text.split("name=\"op\" value=\"").skip(1))
            .filter_map(|rest| rest.split('"').next())
            .collect();
        assert!(ops.len() > 10, "{ops:?}");
        for op in ops {
            assert!(OPS.contains(&op), "{op}");
        }
    }

    #[test]
    fn an_address_is_one_of_its_pattern_in_every_part() {
        for (path, of) in [
            ("/month/2026-03/return", true),
            ("/month/2026-03", false),
            ("/month//return", false),
            ("/month/2026-03/return/x", false),
            ("/on-air/2026-03/return", false),
        ] {
            assert_eq!(fits("/month/{name}/return", path), of, "{path}");
        }
    }
}
