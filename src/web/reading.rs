//! How the pages write what people read: months, slots, numbers, sizes, rules that repeat, and words set apart.

use std::fmt::Display;

use askama::filters::{Html, Safe, escape};

use crate::{
    programme::Repeats,
    units::{Month, ScheduleName, SlotId},
    words::{Lang, Message},
};

/// A month as people write it; addresses and data keep `2022-03`.
pub(super) fn month(month: Month) -> String {
    format!("{:02}/{}", month.number(), month.year())
}

/// The schedule called `name`.
pub(super) fn schedule(name: ScheduleName, lang: Lang) -> String {
    let ward =
        if name.ward { format!(" · {}", Message::new("web-month-ward").say(lang)) } else { String::new() };
    month(name.month) + &ward
}

/// The civil time of a slot.
pub(super) fn slot(slot: &SlotId) -> String {
    slot.local.format("%d/%m/%Y %H:%M:%S").to_string()
}

/// A length of `ms` milliseconds, as `m:ss`.
pub(super) fn length(ms: u64) -> String {
    format!("{}:{:02}", ms / 60_000, ms / 1000 % 60)
}

/// A number with its thousands apart, as `lang` writes it.
pub(super) fn grouped(n: impl Into<i128>, lang: Lang) -> String {
    let (n, mark) = (n.into(), if lang == Lang::Vi { '.' } else { ',' });
    let digits = n.unsigned_abs().to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(mark);
        }
        text.push(digit);
    }
    if n < 0 { format!("−{text}") } else { text }
}

/// A measured number with `places` decimals, as `lang` writes it; its sign stands before it where it is `signed`.
pub(super) fn decimal(n: f64, places: usize, signed: bool, lang: Lang) -> String {
    let text = if signed { format!("{n:+.places$}") } else { format!("{n:.places$}") };
    let text = text.replace('-', "−");
    if lang == Lang::Vi { text.replace('.', ",") } else { text }
}

/// Milliseconds in seconds.
#[allow(clippy::cast_precision_loss, reason = "one decimal is shown")]
pub(super) fn seconds(ms: u64, lang: Lang) -> String {
    decimal(ms as f64 / 1000.0, 1, false, lang)
}

/// A size, counted by 1024 as most people's machines count it.
#[allow(clippy::cast_precision_loss, reason = "one decimal is shown")]
pub(super) fn size(bytes: u64, lang: Lang) -> String {
    let mb = bytes as f64 / f64::from(1_u32 << 20);
    if mb < 1024.0 {
        decimal(mb, 1, false, lang) + " MB"
    } else {
        decimal(mb / 1024.0, 1, false, lang) + " GB"
    }
}

/// A rule that repeats, in words; `None` where there are none for it.
pub(super) fn rule(cron: &str, lang: Lang) -> Option<String> {
    let Repeats { times, weekdays, days } = Repeats::of(cron)?;
    let times: Vec<_> = times.iter().map(|time| time.format("%H:%M:%S").to_string()).collect();
    let said = if weekdays.len() == 7 && days.len() == 31 {
        Message::new("web-rule-daily")
    } else if days.len() == 31 {
        let named = |day: &chrono::Weekday| {
            let key = format!("web-day-{}", day.to_string().to_lowercase());
            crate::words::say(lang, &key, &[])
        };
        Message::new("web-rule-weekly")
            .with("days", weekdays.iter().map(named).collect::<Vec<_>>().join(", "))
    } else {
        let days: Vec<_> = days.iter().map(u32::to_string).collect();
        Message::new("web-rule-monthly").with("days", days.join(", "))
    };
    Some(said.with("times", times.join(", ")).say(lang))
}

/// A sentence of the catalogue for a page: escaped, its words in ticks set as code.
pub(super) fn ticked(sentence: impl Display) -> Safe<String> {
    let escaped =
        escape(sentence.to_string(), Html).map_or_else(|never| match never {}, |text| text.to_string());
    let parts: Vec<&str> = escaped.split('`').collect();
    // A tick without its fellow stays what it is.
    if parts.len().is_multiple_of(2) {
        return Safe(escaped);
    }
    let set =
        |(n, part): (usize, &&str)| if n % 2 == 1 { format!("<code>{part}</code>") } else { (*part).into() };
    Safe(parts.iter().enumerate().map(set).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_the_language_does() {
        assert_eq!(grouped(34_560_000_u64, Lang::Vi), "34.560.000");
        assert_eq!(grouped(-1200_i64, Lang::En), "−1,200");
        assert_eq!(grouped(999_u32, Lang::Vi), "999");
        assert_eq!(decimal(4.02, 1, true, Lang::Vi), "+4,0");
        assert_eq!(decimal(-16.04, 1, false, Lang::En), "−16.0");
        assert_eq!(
            (size(1_258_291, Lang::Vi), size(43 << 30, Lang::En)),
            ("1,2 MB".into(), "43.0 GB".into())
        );
    }

    #[test]
    fn words_in_ticks_are_set_as_code_and_nothing_else_becomes_markup() {
        for (said, page) in [
            ("Ô `a<b` và `c`.", "Ô <code>a&#60;b</code> và <code>c</code>."),
            ("<b>`</b>", "&#60;b&#62;`&#60;/b&#62;"),
            ("không có", "không có"),
        ] {
            assert_eq!(ticked(said).0, page);
        }
    }

    #[test]
    fn a_rule_is_said_in_words() {
        for (cron, vi, en) in [
            ("0 30 5 * * *", "Hằng ngày, lúc 05:30:00", "Every day at 05:30:00"),
            ("0 30 5,17 * * *", "Hằng ngày, lúc 05:30:00, 17:30:00", "Every day at 05:30:00, 17:30:00"),
            (
                "0 0 17 * * Sat,Tue",
                "Thứ ba, Thứ bảy hằng tuần, lúc 17:00:00",
                "Every Tuesday, Saturday at 17:00:00",
            ),
            ("15 0 17 * * Sun", "Chủ nhật hằng tuần, lúc 17:00:15", "Every Sunday at 17:00:15"),
            (
                "0 0 17 5,20 * *",
                "Các ngày 5, 20 của tháng, lúc 17:00:00",
                "On days 5, 20 of the month at 17:00:00",
            ),
        ] {
            assert_eq!(
                (rule(cron, Lang::Vi).as_deref(), rule(cron, Lang::En).as_deref()),
                (Some(vi), Some(en))
            );
        }
        // What words would not say truly is not said.
        for cron in
            ["* 30 5 * * *", "0 30 5 1 3 *", "0 30 5 5 * Sat", "0 0,30 5 * * *", "0 30 5 * * * 2022", "x"]
        {
            assert_eq!(rule(cron, Lang::Vi), None, "{cron}");
        }
    }
}
