//! `loa doctor`: what can be tested beforehand, each with its remedy.

use std::{path::Path, sync::Arc};

use super::{Exit, say::Say, status::word};
use crate::{clock::System, control, daemon};

pub(super) fn doctor(root: &Path, output: Option<&str>, tone: bool, say: Say) -> anyhow::Result<Exit> {
    let clock = Arc::new(System::new());
    let (folder, mut examinations) = control::doctor(root, clock.as_ref(), say.lang);
    let devices = control::devices();
    if let Some(folder) = &folder {
        examinations.extend(daemon::test_devices(folder, output, tone, &clock)?);
    }
    say.document(&serde_json::json!({ "examinations": examinations, "devices": devices }));
    for examination in &examinations {
        let what = say.text(&format!("doctor-{}", examination.what), &[]);
        say.line(&format!(
            "{what}: {} – {}",
            word(&examination.lamp, say),
            examination.lamp.said.in_lang(say.lang)
        ));
    }
    say.line(&say.text("doctor-devices", &[]));
    for device in &devices {
        say.line(&format!("  {device}"));
    }
    let broken = examinations.iter().any(|examination| examination.lamp.state == "error");
    Ok(if broken { Exit::No } else { Exit::Done })
}
