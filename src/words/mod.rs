//! Every sentence for people, in Vietnamese and English, by Project Fluent catalogues.
//!
//! A room that has something to say gives a [`Message`]: a stable code and named values. The surfaces
//! turn it into a sentence of the reader's language here. Catalogue keys are the codes themselves; a
//! finding's remedy is the attribute `.hint` of its code.

use std::{borrow::Cow, cell::RefCell, fmt};

use fluent_bundle::{FluentArgs, FluentBundle, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

/// A language of the catalogues; Vietnamese is the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lang {
    /// Tiếng Việt.
    #[default]
    Vi,
    /// English.
    En,
}

impl Lang {
    /// From a `--lang` value or a `LANG` variable: English if it says so, else Vietnamese.
    #[must_use]
    pub fn from_tag(tag: &str) -> Lang {
        if tag.to_ascii_lowercase().starts_with("en") { Lang::En } else { Lang::Vi }
    }
}

/// What a panic said.
#[must_use]
pub fn of_panic(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without words")
}

/// Something to say: a stable code with the values that its sentence names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Message {
    /// Key in the catalogues, such as `slot-overlap`.
    pub code: &'static str,
    /// Named values, in the order in which they were given.
    pub args: Vec<(&'static str, String)>,
}

impl Message {
    /// A message without values.
    #[must_use]
    pub fn new(code: &'static str) -> Message {
        Message { code, args: Vec::new() }
    }

    /// Adds a named value.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl fmt::Display) -> Message {
        self.args.push((name, value.to_string()));
        self
    }

    /// The sentence in `lang`.
    #[must_use]
    pub fn say(&self, lang: Lang) -> String {
        let args: Vec<(&str, &str)> = self.args.iter().map(|(n, v)| (*n, v.as_str())).collect();
        say(lang, self.code, &args)
    }

    /// The remedy in `lang`, where the catalogue has one.
    #[must_use]
    pub fn hint(&self, lang: Lang) -> Option<String> {
        let args: Vec<(&str, &str)> = self.args.iter().map(|(n, v)| (*n, v.as_str())).collect();
        format(lang, self.code, Some("hint"), &args)
    }
}

/// The sentence called `key`. A key that the catalogue lacks comes back as itself, so that a person
/// still sees what was meant; a test holds both catalogues complete.
#[must_use]
pub fn say(lang: Lang, key: &str, args: &[(&str, &str)]) -> String {
    format(lang, key, None, args).unwrap_or_else(|| key.to_owned())
}

/// The stable word of a code, such as `power-off`; empty for what is none.
#[must_use]
pub fn code(value: impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// Like [`say`], but `None` where the catalogue has no such key.
#[must_use]
pub fn find(lang: Lang, key: &str) -> Option<String> {
    format(lang, key, None, &[])
}

const VI: &[&str] = &[
    include_str!("vi/cli.ftl"),
    include_str!("vi/findings.ftl"),
    include_str!("vi/fleet.ftl"),
    include_str!("vi/web-fleet.ftl"),
    include_str!("vi/package.ftl"),
    include_str!("vi/reconcile.ftl"),
    include_str!("vi/terms.ftl"),
    include_str!("vi/verify.ftl"),
    include_str!("vi/web-audio.ftl"),
    include_str!("vi/web-month.ftl"),
    include_str!("vi/web.ftl"),
    include_str!("vi/report.ftl"),
    include_str!("vi/web-log.ftl"),
    include_str!("vi/web-reports.ftl"),
    include_str!("vi/urge.ftl"),
    include_str!("vi/web-settings.ftl"),
];
const EN: &[&str] = &[
    include_str!("en/cli.ftl"),
    include_str!("en/findings.ftl"),
    include_str!("en/fleet.ftl"),
    include_str!("en/web-fleet.ftl"),
    include_str!("en/package.ftl"),
    include_str!("en/reconcile.ftl"),
    include_str!("en/terms.ftl"),
    include_str!("en/verify.ftl"),
    include_str!("en/web-audio.ftl"),
    include_str!("en/web-month.ftl"),
    include_str!("en/web.ftl"),
    include_str!("en/report.ftl"),
    include_str!("en/web-log.ftl"),
    include_str!("en/web-reports.ftl"),
    include_str!("en/urge.ftl"),
    include_str!("en/web-settings.ftl"),
];

type Bundle = FluentBundle<FluentResource>;

thread_local! {
    // A bundle is not Sync; each thread that speaks to people parses the catalogues once.
    static BUNDLES: RefCell<[Option<Bundle>; 2]> = const { RefCell::new([None, None]) };
}

fn bundle(lang: Lang) -> Bundle {
    let (tag, texts) = match lang {
        Lang::Vi => ("vi", VI),
        Lang::En => ("en", EN),
    };
    let mut bundle = FluentBundle::new(vec![tag.parse::<LanguageIdentifier>().unwrap_or_default()]);
    // Isolation marks would end up in terminals, files and golden tests.
    bundle.set_use_isolating(false);
    for text in texts {
        // Errors leave out the faulty message only; the catalogue test below refuses them.
        let resource = FluentResource::try_new((*text).to_owned()).unwrap_or_else(|(resource, _)| resource);
        bundle.add_resource_overriding(resource);
    }
    bundle
}

fn format(lang: Lang, key: &str, attribute: Option<&str>, args: &[(&str, &str)]) -> Option<String> {
    BUNDLES.with_borrow_mut(|bundles| {
        let bundle = bundles[lang as usize].get_or_insert_with(|| bundle(lang));
        let message = bundle.get_message(key)?;
        let pattern = match attribute {
            None => message.value()?,
            Some(name) => message.get_attribute(name)?.value(),
        };
        let mut values = FluentArgs::new();
        for (name, value) in args {
            values.set(*name, FluentValue::String(Cow::Borrowed(value)));
        }
        Some(bundle.format_pattern(pattern, Some(&values), &mut Vec::new()).into_owned())
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use unicode_normalization::is_nfc;

    use super::*;

    fn keys(texts: &[&str]) -> BTreeSet<String> {
        let mut keys = BTreeSet::new();
        for text in texts {
            assert!(is_nfc(text), "catalogue text must be NFC");
            FluentResource::try_new((*text).to_owned()).expect("a catalogue parses");
            let mut message = "";
            for line in text.lines() {
                if let Some((key, _)) = line.split_once(" =") {
                    let key = if let Some(attribute) = key.trim_start().strip_prefix('.') {
                        format!("{message}.{attribute}")
                    } else if key.starts_with(|c: char| c.is_ascii_lowercase()) {
                        message = key;
                        key.to_owned()
                    } else {
                        continue;
                    };
                    assert!(keys.insert(key.clone()), "{key} stands twice");
                }
            }
        }
        keys
    }

    #[test]
    fn both_catalogues_say_the_same_things() {
        let (vi, en) = (keys(VI), keys(EN));
        assert_eq!(vi.difference(&en).collect::<Vec<_>>(), Vec::<&String>::new(), "only in vi");
        assert_eq!(en.difference(&vi).collect::<Vec<_>>(), Vec::<&String>::new(), "only in en");
    }

    #[test]
    fn an_unknown_key_is_said_as_itself() {
        assert_eq!(say(Lang::En, "no-such-key", &[]), "no-such-key");
        assert_eq!(Lang::from_tag("en_US.UTF-8"), Lang::En);
        assert_eq!(Lang::from_tag("C.UTF-8"), Lang::Vi);
    }
}
