//! The settings that the pages change, each with its place in the file and its look in a form.

use crate::{
    config::{Channels, Station, Tls},
    control::Setting,
    web::form::Form,
};

/// How a setting is filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A text that must be there.
    Text,
    /// One that may be missing.
    Optional,
    /// A number.
    Number,
    /// Texts behind each other, with commas.
    List,
    /// The same, which may be empty.
    OptionalList,
    /// Days of the week.
    Days,
    /// One of these words.
    Choice(&'static [&'static str]),
}

/// A setting of the pages.
#[derive(Debug)]
pub(super) struct Field {
    pub table: &'static str,
    pub key: &'static str,
    pub kind: Kind,
}

const fn field(table: &'static str, key: &'static str, kind: Kind) -> Field {
    Field { table, key, kind }
}

pub(super) const FIELDS: &[Field] = &[
    field("output", "device", Kind::Text),
    field("output", "second", Kind::Optional),
    field("output", "channels", Kind::Choice(&["mono", "stereo"])),
    field("output", "buffer_frames", Kind::Number),
    field("output", "target_lufs", Kind::Number),
    field("output", "ceiling_dbtp", Kind::Number),
    field("output", "volume_db", Kind::Number),
    field("output", "correction_ms", Kind::Number),
    field("windows", "ranges", Kind::List),
    field("windows", "weekdays", Kind::Days),
    field("policy", "resume_within_s", Kind::Number),
    field("policy", "late_start_s", Kind::Number),
    field("policy", "clock_step_s", Kind::Number),
    field("policy", "make_goods", Kind::Number),
    field("retention", "programme_months", Kind::Number),
    field("retention", "captured_days", Kind::Number),
    field("web", "idle_minutes", Kind::Number),
    field("web", "listen", Kind::Text),
    field("web", "names", Kind::OptionalList),
    field("web", "tls", Kind::Choice(&["off", "own"])),
    field("web", "certificate", Kind::Optional),
    field("web", "key", Kind::Optional),
    field("web", "behind", Kind::Optional),
    field("web", "proxy", Kind::Optional),
];

impl Field {
    /// Its name in a form.
    pub fn name(&self) -> String {
        format!("{}.{}", self.table, self.key)
    }

    /// The key of its label.
    pub fn label(&self) -> String {
        format!("web-setting-{}", self.key.replace('_', "-"))
    }

    /// Whether a finding at `key` is about it.
    pub fn is(&self, key: &str) -> bool {
        key.strip_prefix(&self.name()).is_some_and(|rest| rest.is_empty() || rest.starts_with('['))
    }

    /// What `typed` is in the file.
    pub fn setting(&self, typed: &str) -> Setting {
        match self.kind {
            Kind::Optional if typed.is_empty() => Setting::Absent,
            Kind::Text | Kind::Optional | Kind::Choice(_) => Setting::Text(typed.into()),
            Kind::Number => Setting::Number(typed.into()),
            Kind::List | Kind::OptionalList | Kind::Days => Setting::List(
                typed.split(',').map(|part| part.trim().to_owned()).filter(|p| !p.is_empty()).collect(),
            ),
        }
    }
}

/// What a form says of `field`, in one spelling; nothing where it does not have it. A group of boxes of which none is
/// ticked is not sent.
pub(super) fn taken(form: &Form, field: &Field) -> Option<String> {
    let name = field.name();
    if field.kind != Kind::Days && form.all(&name).next().is_none() {
        return None;
    }
    Some(match field.kind {
        Kind::Days => form.all(&name).collect::<Vec<_>>().join(", "),
        // A decimal comma is what people here write.
        Kind::Number => form.get(&name).trim().replace(',', ".").replace('−', "-"),
        Kind::List | Kind::OptionalList => {
            let parts = form.get(&name).split([',', ';']).map(str::trim).filter(|part| !part.is_empty());
            parts.map(|part| part.replace(['–', '—'], "-")).collect::<Vec<_>>().join(", ")
        }
        Kind::Text | Kind::Optional | Kind::Choice(_) => form.get(&name).trim().to_owned(),
    })
}

/// What `station` has for `field`, in the same spelling.
pub(super) fn text_of(station: &Station, field: &Field) -> String {
    let Station { output, windows, policy, retention, web, .. } = station;
    match field.key {
        "device" => output.device.clone(),
        "second" => output.second.clone().unwrap_or_default(),
        "channels" => word(Channels::ALL, output.channels),
        "buffer_frames" => output.buffer_frames.to_string(),
        "correction_ms" => in_ms(output.correction_us),
        "target_lufs" => output.target_lufs.db().to_string(),
        "ceiling_dbtp" => output.ceiling_dbtp.db().to_string(),
        "volume_db" => output.volume_db.db().to_string(),
        "ranges" => windows.texts().join(", "),
        "weekdays" => windows.weekdays.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        "resume_within_s" => policy.resume_within_s.to_string(),
        "late_start_s" => policy.late_start_s.to_string(),
        "clock_step_s" => policy.clock_step_s.to_string(),
        "make_goods" => policy.make_goods.to_string(),
        "programme_months" => retention.programme_months.to_string(),
        "captured_days" => retention.captured_days.to_string(),
        "idle_minutes" => web.idle_minutes.to_string(),
        "listen" => web.listen.map_or_else(|| "off".into(), |address| address.to_string()),
        "names" => web.names.join(", "),
        "tls" => (if web.tls == Tls::Own { "own" } else { "off" }).into(),
        "certificate" | "key" => match &web.tls {
            Tls::Files { certificate, .. } if field.key == "certificate" => certificate.display().to_string(),
            Tls::Files { key, .. } => key.display().to_string(),
            Tls::Off | Tls::Own => String::new(),
        },
        "behind" => web.proxy.as_ref().map(|proxy| proxy.name.clone()).unwrap_or_default(),
        "proxy" => web.proxy.as_ref().map(|proxy| proxy.address.to_string()).unwrap_or_default(),
        _ => String::new(),
    }
}

fn word<T: PartialEq + Copy>(words: &[(&str, T)], value: T) -> String {
    words.iter().find(|(_, known)| *known == value).map_or_else(String::new, |(word, _)| (*word).to_owned())
}

#[allow(clippy::cast_precision_loss, reason = "five seconds at most")]
fn in_ms(us: i64) -> String {
    (us as f64 / 1000.0).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    #[test]
    fn what_is_shown_is_read_back_as_it_was() {
        let text = "id = \"a\"\nunit = \"b\"\n[windows]\nranges = [\"00:00-06:30\", \"17:00-24:00\"]\nweekdays = [\"Mon\", \"Sun\"]\n";
        let (station, _) = config::read("s", text.as_bytes());
        let station = station.unwrap();
        for field in FIELDS {
            assert_ne!((text_of(&station, field).as_str(), field.kind), ("", Kind::Number), "{}", field.key);
        }
        let of = |key: &str| FIELDS.iter().find(|field| field.key == key).unwrap();
        let shown = text_of(&station, of("ranges"));
        assert_eq!(shown, "00:00-06:30, 17:00-24:00");
        let typed = Form(vec![("windows.ranges".into(), "00:00–06:30;17:00-24:00,".into())]);
        assert_eq!(taken(&typed, of("ranges")), Some(shown.clone()));
        assert_eq!(
            of("ranges").setting(&shown),
            Setting::List(vec!["00:00-06:30".into(), "17:00-24:00".into()])
        );
        for (key, shown) in [
            ("channels", "mono"),
            ("buffer_frames", "4096"),
            ("correction_ms", "0"),
            ("listen", "127.0.0.1:8470"),
            ("names", ""),
            ("tls", "off"),
            ("proxy", ""),
        ] {
            assert_eq!(text_of(&station, of(key)), shown, "{key}");
        }
        let typed = Form(vec![("output.volume_db".into(), " −3,5 ".into())]);
        assert_eq!(taken(&typed, of("volume_db")).as_deref(), Some("-3.5"));
        assert_eq!(taken(&typed, of("ranges")), None);
    }
}
