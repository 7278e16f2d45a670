//! `docs/settings.md`, written from the declarations.

use std::fmt::Write;

use super::claims::{ClaimSource, FIELD_PREFIX};
use super::declared::ALL;
use super::frontend::PAGES;
use super::rate::Action;
use super::setting::{About, Default, Setting};
use super::unusable::{UNUSABLE, Verdict};

const INTRODUCTION: &str = "\
<!-- Written by `make docs` from shared/src/settings/declared.rs. Change it there. -->

# Settings

Settings are environment variables, or members of the file that `SETTINGS_FILE` names. Those that allauth or Django know
have their names, values and defaults; those marked **Vestibule** are Vestibule's own, and unknown to allauth.

A value is parsed as JSON, or else taken as plain text; a list may also be comma-separated. Durations are in seconds. An
empty value counts as unset, unless the setting says otherwise.

Invalid or contradictory settings stop the start, with all errors listed. So does an unknown name with a prefix of
allauth's or Django's settings: `ACCOUNT_`, `ALLAUTH_`, `CSRF_`, `HEADLESS_`, `MFA_`, `SESSION_`, `SOCIALACCOUNT_`,
`USERSESSIONS_`.
";

/// All settings, as Markdown: tables of name, value, default and meaning.
pub fn document() -> String {
    let mut text = INTRODUCTION.to_owned();
    for group in ALL {
        group.walk(&mut |group| section(&mut text, group));
    }
    unusable(&mut text);
    text
}

fn section(text: &mut String, group: &About) {
    heading(text, group.title, &joined(group.text));
    table(text, &["Name", "Value", "Default", "Meaning"]);
    for setting in group.settings {
        row(text, &[&code(setting.name), setting.expects, &default(setting), &meaning(setting)]);
    }
    for setting in group.settings {
        match setting.name {
            "ACCOUNT_RATE_LIMITS" => actions(text),
            "HEADLESS_FRONTEND_URLS" => pages(text),
            "HEADLESS_JWT_CLAIMS" => sources(text),
            _ => {}
        }
    }
}

fn meaning(setting: &Setting) -> String {
    let mut meaning = joined(setting.text);
    if setting.origin.contains(&"Vestibule") {
        meaning = format!("**Vestibule.** {meaning}");
    }
    for alias in setting.aliases {
        // Writing to a string cannot fail.
        let _ = write!(meaning, " Also read as {}.", code(alias));
    }
    meaning
}

fn default(setting: &Setting) -> String {
    match setting.default {
        Default::Is(text) => code(text),
        Default::Of(other) => format!("value of {}", code(other)),
        Default::Computed(_, words) => words.to_owned(),
    }
}

fn actions(text: &mut String) {
    text.push_str("\nThe actions of `ACCOUNT_RATE_LIMITS`:\n\n");
    table(text, &["Action", "Default", "Meaning"]);
    for action in Action::ALL {
        row(text, &[&code(action.name()), &code(action.default_rates()), &joined(action.text())]);
    }
}

fn pages(text: &mut String) {
    text.push_str("\nThe pages of `HEADLESS_FRONTEND_URLS`:\n\n");
    table(text, &["Page", "Default path", "Meaning"]);
    for (page, path, meaning) in PAGES {
        row(text, &[&code(page), &code(path), &joined(meaning)]);
    }
}

fn sources(text: &mut String) {
    text.push_str("\nThe sources of `HEADLESS_JWT_CLAIMS`:\n\n");
    table(text, &["Source", "Value"]);
    for (name, _, meaning) in ClaimSource::NAMED {
        row(text, &[&code(name), &joined(meaning)]);
    }
    let name = code(&format!("{FIELD_PREFIX}NAME"));
    row(text, &[&name, "The value of the field NAME of `ACCOUNT_PROFILE_FIELDS`."]);
}

fn unusable(text: &mut String) {
    heading(text, "Unsupported names", "Settings of allauth and Django that have no meaning here.");
    table(text, &["Name", "Effect", "Reason"]);
    for name in UNUSABLE {
        let effect = match name.verdict {
            Verdict::Refused => "stops the start",
            Verdict::RefusedUnlessOff => "stops the start unless it is off",
            Verdict::Ignored => "logged",
        };
        row(text, &[&code(name.name), effect, name.text]);
    }
}

fn heading(text: &mut String, title: &str, introduction: &str) {
    let _ = write!(text, "\n## {title}\n\n{introduction}\n\n");
}

fn table(text: &mut String, columns: &[&str]) {
    row(text, columns);
    row(text, &vec!["---"; columns.len()]);
}

fn row(text: &mut String, cells: &[&str]) {
    let cells: Vec<_> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    let _ = writeln!(text, "| {} |", cells.join(" | "));
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

/// Lines of documentation as one.
fn joined(lines: &[&str]) -> String {
    lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ")
}
