//! Templates of messages: built-in ones, and an operator's own that replace them. All are checked when they are
//! loaded, in every enabled language, so that a faulty one stops the start and not a delivery.
//!
//! A template is the shape of a message; its words are those of a language, which it asks for by `text("key")`. HTML is
//! escaped, text is not. Nothing here sends anything.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error as _;
use std::fmt;
use std::path::Path;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Kwargs;
use minijinja::{AutoEscape, Environment, ErrorKind, HtmlEscape, Output, State, UndefinedBehavior, Value};
use vestibule::domain::language::Language;
use vestibule::domain::message::{Envelope, Recipient};
use vestibule::texts::{LanguageFaults, Languages, Texts};

use crate::catalogue::{self, MAIL_PARTS, TEXT_PART, kind, secret, variables};
use crate::letter::{
    Email, InvalidRecipient, RenderedMessage, TextMessage, check_recipient, fits_one_text, one_line,
};
use crate::samples;

/// The templates of all messages.
pub struct Templates {
    environment: Environment<'static>,
    languages: Languages,
    subject_prefix: Option<String>,
    /// The names of the site's own fields.
    fields: Vec<String>,
}

/// Why a message cannot be rendered.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The recipient could hide another one, or a header.
    #[error(transparent)]
    Recipient(#[from] InvalidRecipient),
    /// There is no such message to this kind of recipient, as a confirmation of an email address to a phone.
    #[error("there is no template {0}")]
    NoTemplate(String),
    /// A template fails with what this message says, though it did not with the samples.
    #[error("{0}")]
    Template(Fault),
}

/// What is wrong with a template.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// The file's name.
    pub file: String,
    /// The line, from 1, where the fault has one.
    pub line: Option<usize>,
    /// What is wrong, for a person.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file, self.message),
            None => write!(f, "{}: {}", self.file, self.message),
        }
    }
}

impl Fault {
    fn of_file(file: &str, message: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line: None, message: message.into() }
    }

    /// The innermost cause: it names the file and line to mend.
    fn of_error(file: &str, error: &minijinja::Error) -> Self {
        let mut innermost = error;
        while let Some(cause) = innermost.source().and_then(|cause| cause.downcast_ref::<minijinja::Error>())
        {
            innermost = cause;
        }
        let message = match innermost.detail() {
            Some(detail) => format!("{}: {detail}", innermost.kind()),
            None => innermost.kind().to_string(),
        };
        Self { file: innermost.name().unwrap_or(file).to_owned(), line: innermost.line(), message }
    }
}

/// Everything that is wrong with an operator's templates (`MAIL_TEMPLATES_DIR`), a line each.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("MAIL_TEMPLATES_DIR: {}", self.0.iter().map(Fault::to_string).collect::<Vec<_>>().join("\n"))]
pub struct TemplateFaults(pub Vec<Fault>);

/// What an operator has to mend before messages can be sent.
#[derive(Debug, thiserror::Error)]
pub enum MailerFaults {
    /// Templates.
    #[error(transparent)]
    Templates(#[from] TemplateFaults),
    /// Texts.
    #[error(transparent)]
    Languages(#[from] LanguageFaults),
}

impl Templates {
    /// Takes the templates that are compiled in, and those of `folder` in their place (`MAIL_TEMPLATES_DIR`); then
    /// renders each with samples of its message in each language. `subject_prefix` is `ACCOUNT_EMAIL_SUBJECT_PREFIX`; none
    /// means `[<site>] `; `fields` are the names of the site's own fields.
    pub fn load(
        folder: Option<&Path>,
        languages: Languages,
        subject_prefix: Option<String>,
        fields: Vec<String>,
    ) -> Result<Self, TemplateFaults> {
        let mut faults = BTreeSet::new();
        let own = folder.map(|folder| read(folder, &mut faults)).unwrap_or_default();
        let mut environment =
            environment(&languages).map_err(|error| TemplateFaults(vec![Fault::of_error("", &error)]))?;
        let compiled_in = catalogue::compiled_in().map(|(name, source)| (name.to_owned(), source.to_owned()));
        for (name, source) in compiled_in.chain(own) {
            // Where an operator's is faulty, the default stands in, so that the others can be checked.
            if let Err(error) = environment.add_template_owned(name.clone(), source) {
                faults.insert(Fault::of_error(&name, &error));
            }
        }
        let templates = Self { environment, languages, subject_prefix, fields };
        for texts in templates.languages.all() {
            for sample in samples::mails().into_iter().chain(samples::texts()) {
                let mut sample = Envelope { language: texts.language.clone(), ..sample };
                templates.check(&sample, &mut faults);
                if !templates.fields.is_empty() {
                    sample.profile = samples::profile(&templates.fields);
                    templates.check(&sample, &mut faults);
                }
            }
        }
        if faults.is_empty() { Ok(templates) } else { Err(TemplateFaults(faults.into_iter().collect())) }
    }

    /// Puts a message into words.
    pub fn render(&self, envelope: &Envelope) -> Result<RenderedMessage, RenderError> {
        check_recipient(&envelope.to)?;
        let kind = kind(&envelope.message);
        let variables = self.variables(envelope);
        let id = envelope.id.clone();
        let body = |part| self.body(kind, part, &variables);
        Ok(match &envelope.to {
            Recipient::Email(address) => RenderedMessage::Email(Email {
                id,
                kind,
                to: address.clone(),
                subject: self.subject(&envelope.site, &self.fill(kind, "subject.txt", &variables)?),
                text: body("txt")?,
                html: body("html")?,
            }),
            Recipient::Phone(number) => RenderedMessage::Text(TextMessage {
                id,
                kind,
                phone: number.clone(),
                text: body(TEXT_PART)?.trim_end().to_owned(),
            }),
        })
    }

    /// What the templates of a message get: with what it says, its kind and its language.
    fn variables(&self, envelope: &Envelope) -> Value {
        let texts = self.languages.of(envelope.language.as_ref());
        let mut variables = variables(envelope, &self.fields);
        let language = texts.language.as_ref().map_or_else(String::new, Language::to_string);
        let direction = if texts.is_right_to_left() { "rtl" } else { "ltr" };
        variables.insert("kind", Value::from(kind(&envelope.message)));
        variables.insert("language", Value::from(language));
        variables.insert("direction", Value::from(direction));
        Value::from(variables)
    }

    fn subject(&self, site: &str, subject: &str) -> String {
        let default = format!("[{site}] ");
        one_line(&format!("{}{subject}", self.subject_prefix.as_deref().unwrap_or(&default)))
    }

    /// A body: one line break at its end, at most one empty line between paragraphs.
    fn body(&self, kind: &str, part: &str, variables: &Value) -> Result<String, RenderError> {
        let filled = self.fill(kind, part, variables)?;
        let mut body = String::with_capacity(filled.len());
        for line in filled.trim().lines().map(str::trim_end) {
            if !(line.is_empty() && body.ends_with("\n\n")) {
                body.push_str(line);
                body.push('\n');
            }
        }
        Ok(body)
    }

    /// Renders a part of a message, by the operator's template for it or else by that of its shape.
    fn fill(&self, kind: &str, part: &str, variables: &Value) -> Result<String, RenderError> {
        let name = format!("{kind}.{part}");
        let shape = catalogue::template(kind, part).ok_or_else(|| RenderError::NoTemplate(name.clone()))?;
        let own = self.environment.get_template(&name).or_else(|_| self.environment.get_template(&shape));
        let template = own.map_err(|_| RenderError::NoTemplate(shape))?;
        template.render(variables).map_err(|error| {
            let mut fault = Fault::of_error(&name, &error);
            if error.kind() == ErrorKind::UndefinedError && fault.file == name {
                fault.message = format!("{}; {name} gets {}", fault.message, names(variables));
            }
            RenderError::Template(fault)
        })
    }

    fn check(&self, sample: &Envelope, faults: &mut BTreeSet<Fault>) {
        let values = self.variables(sample);
        let kind = kind(&sample.message);
        let parts = match &sample.to {
            Recipient::Email(_) => &MAIL_PARTS[..],
            Recipient::Phone(_) => &[TEXT_PART],
        };
        for part in parts {
            let name = format!("{kind}.{part}");
            match self.body(kind, part, &values) {
                Ok(text) => check_part(sample, part, &name, &text, faults),
                Err(RenderError::Template(fault)) => drop(faults.insert(fault)),
                Err(error) => drop(faults.insert(Fault::of_file(&name, error.to_string()))),
            }
        }
    }
}

fn check_part(sample: &Envelope, part: &str, name: &str, text: &str, faults: &mut BTreeSet<Fault>) {
    match part {
        "subject.txt" => check_subject(sample, name, text, faults),
        "html" => check_html(sample, name, text, faults),
        TEXT_PART => check_text(sample, name, text, faults),
        _ => check_body(sample, name, text, faults),
    }
}

fn check_subject(sample: &Envelope, name: &str, subject: &str, faults: &mut BTreeSet<Fault>) {
    if one_line(subject).is_empty() {
        faults.insert(Fault::of_file(name, "is empty"));
    }
    if let Some((variable, _)) = secret(&sample.message).filter(|(_, secret)| subject.contains(secret)) {
        let message = format!("must not use {variable}: subjects are kept in the logs of mail servers");
        faults.insert(Fault::of_file(name, message));
    }
}

fn check_body(sample: &Envelope, name: &str, body: &str, faults: &mut BTreeSet<Fault>) {
    if body.trim().is_empty() {
        faults.insert(Fault::of_file(name, "is empty"));
    }
    if let Some((variable, _)) = secret(&sample.message).filter(|(_, secret)| !body.contains(secret)) {
        let message = format!("lacks {{{{ {variable} }}}}: the message would be of no use");
        faults.insert(Fault::of_file(name, message));
    }
}

fn check_html(sample: &Envelope, name: &str, html: &str, faults: &mut BTreeSet<Fault>) {
    if html.contains(samples::HOSTILE) {
        faults.insert(Fault::of_file(name, "writes a value unescaped (`safe`, `autoescape false`)"));
    }
    check_body(sample, name, &html.replace("&amp;", "&"), faults);
}

fn check_text(sample: &Envelope, name: &str, text: &str, faults: &mut BTreeSet<Fault>) {
    check_body(sample, name, text, faults);
    if !fits_one_text(text.trim_end()) {
        tracing::warn!(template = name, "this text message is longer than one SMS and billed as several");
    }
}

fn names(variables: &Value) -> String {
    let names = variables.try_iter().map(|names| names.map(|name| name.to_string()).collect::<Vec<_>>());
    names.unwrap_or_default().join(", ")
}

fn environment(languages: &Languages) -> Result<Environment<'static>, minijinja::Error> {
    let mut environment = Environment::new();
    let languages = languages.clone();
    environment.add_function("text", move |state: &State, key: &str, values: Kwargs| {
        let language = state.lookup("language").and_then(|tag| Language::parse(tag.as_str()?));
        say(languages.of(language.as_ref()), state, key, &values)
    });
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    environment.set_formatter(format_value);
    Ok(environment)
}

/// The text of a key: that of the message, or else the one that all messages share. Its placeholders are filled with the
/// values that come with it, and with the variables of the template.
fn say(texts: &Texts, state: &State, key: &str, values: &Kwargs) -> Result<String, minijinja::Error> {
    let own = state.lookup("kind").map_or_else(String::new, |kind| format!("{kind}.{key}"));
    let key = if texts.has(&own) { &own } else { key };
    if !texts.has(key) {
        let detail = format!("there is no text `{key}`");
        return Err(minijinja::Error::new(ErrorKind::InvalidOperation, detail));
    }
    let missing = RefCell::new(None);
    // Text messages have no room for characters that say where a value begins and ends.
    let plain = state.name().ends_with(TEXT_PART);
    let text = texts.fill(key, None, plain, |name| {
        let value = values.peek::<Value>(name).ok().or_else(|| state.lookup(name));
        let value = value.filter(|value| !value.is_undefined()).map(|value| value.to_string());
        if value.is_none() {
            missing.replace(Some(name.to_owned()));
        }
        value
    });
    match missing.into_inner() {
        Some(name) => {
            let detail = format!("the text `{key}` needs `{name}`, which is not there");
            Err(minijinja::Error::new(ErrorKind::UndefinedError, detail))
        }
        None => Ok(text),
    }
}

/// Escapes as the library does, but leaves slashes alone: links stay readable in the source, for people and for
/// programs that look for them in mails.
fn format_value(out: &mut Output, state: &mut State, value: &Value) -> Result<(), minijinja::Error> {
    match value.as_str() {
        Some(text) if *state.auto_escape() == AutoEscape::Html && !value.is_safe() => {
            out.write_str(&HtmlEscape(text).to_string().replace("&#x2f;", "/")).map_err(Into::into)
        }
        _ => minijinja::escape_formatter(out, state, value),
    }
}

/// The templates of a folder. Files whose names begin with a dot are not templates.
fn read(folder: &Path, faults: &mut BTreeSet<Fault>) -> BTreeMap<String, String> {
    let mut own = BTreeMap::new();
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            faults.insert(Fault::of_file(&folder.display().to_string(), error.to_string()));
            return own;
        }
    };
    for entry in entries {
        let path = match entry {
            Ok(entry) => entry.path(),
            Err(error) => {
                faults.insert(Fault::of_file(&folder.display().to_string(), error.to_string()));
                continue;
            }
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        if !catalogue::names().any(|known| known == name) {
            faults.insert(Fault::of_file(&name, unknown(&name)));
            continue;
        }
        match std::fs::read_to_string(&path) {
            Ok(source) => {
                own.insert(name, source);
            }
            Err(error) => {
                faults.insert(Fault::of_file(&name, error.to_string()));
            }
        }
    }
    own
}

fn unknown(name: &str) -> String {
    let nearest = catalogue::names()
        .map(|known| (strsim::damerau_levenshtein(&known, name), known))
        .min()
        .filter(|(distance, _)| *distance <= 4);
    match nearest {
        Some((_, known)) => format!("is no template; did you mean {known}?"),
        None => "is no template".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use vestibule::domain::message::{Event, Message, Origin};
    use vestibule::settings::Settings;

    use super::*;
    use crate::samples::HOSTILE;

    fn defaults() -> Templates {
        Templates::load(None, english(), None, Vec::new()).unwrap()
    }

    fn english() -> Languages {
        languages("en")
    }

    /// All languages that are built in, and every sample in each of them.
    fn everywhere(samples: impl Fn() -> Vec<Envelope>) -> (Templates, Vec<Envelope>) {
        let languages = languages("en,ar,de,es,fr,pt-BR");
        let in_each = languages.all().flat_map(|texts| {
            let language = &texts.language;
            samples().into_iter().map(move |sample| Envelope { language: language.clone(), ..sample })
        });
        let samples = in_each.collect();
        (Templates::load(None, languages, None, Vec::new()).unwrap(), samples)
    }

    /// These languages, the first being the default.
    fn languages(tags: &str) -> Languages {
        let variables = [("LANGUAGES".to_owned(), tags.to_owned())];
        catalogue::languages(&Settings::read(variables).unwrap().settings).unwrap()
    }

    fn email(templates: &Templates, envelope: &Envelope) -> Email {
        match templates.render(envelope).unwrap() {
            RenderedMessage::Email(email) => email,
            RenderedMessage::Text(_) => panic!("a text"),
        }
    }

    fn text(templates: &Templates, envelope: &Envelope) -> TextMessage {
        match templates.render(envelope).unwrap() {
            RenderedMessage::Text(text) => text,
            RenderedMessage::Email(_) => panic!("an email"),
        }
    }

    fn sample(wanted: &str) -> Envelope {
        samples::mails().into_iter().rfind(|sample| kind(&sample.message) == wanted).unwrap()
    }

    /// The longest and the first thing that looks like a code to a program, as `BCDF-GHJK` and `123456` do.
    fn codes(text: &str) -> Vec<&str> {
        let part_of_word = |c: char| c.is_alphanumeric() || "_.+/:=%-".contains(c);
        text.split(|c: char| !part_of_word(c))
            .map(|word| word.trim_end_matches('.'))
            .filter(|word| {
                let is_code = |alphabet: fn(char) -> bool| word.chars().all(|c| alphabet(c) || c == '-');
                let letters = |c: char| "BCDFGHJKLMNPQRSTVWXZ".contains(c);
                let is_date = word.len() == 10 && word.matches('-').count() == 2;
                (is_code(letters) || is_code(|c| c.is_ascii_digit()))
                    && word.replace('-', "").len() >= 6
                    && !is_date
            })
            .collect()
    }

    #[test]
    fn there_is_a_sample_of_every_mail_and_text() {
        let sampled: BTreeSet<String> = samples::mails()
            .iter()
            .map(|sample| format!("{}.html", kind(&sample.message)))
            .chain(samples::texts().iter().map(|sample| format!("{}.sms.txt", kind(&sample.message))))
            .collect();
        let shared: BTreeSet<String> = catalogue::compiled_in().map(|(name, _)| name.to_owned()).collect();
        let known: BTreeSet<String> = catalogue::names()
            .filter(|name| [".html", ".sms.txt"].iter().any(|end| name.ends_with(end)))
            .filter(|name| !shared.contains(name))
            .collect();
        assert_eq!(sampled, known);
    }

    #[test]
    fn the_login_code_reads_like_this() {
        let email = email(&defaults(), &sample("login_code"));
        assert_eq!(email.subject, "[auth.example.com] Your code to log in");
        assert_eq!(
            email.text,
            "Hello,\n\nHere is your code to log in to auth.example.com:\n\nBCDF-GHJK\n\nKeep it to yourself: nobody \
             from auth.example.com will ever ask you for it.\n\nIf you did not ask for it, you can ignore this email.\n\n\
             Kind regards,\nauth.example.com\n"
        );
    }

    #[test]
    fn a_notification_reads_like_this() {
        let email = email(&defaults(), &sample("email_changed"));
        assert_eq!(email.subject, "[auth.example.com] Your email address was changed");
        assert_eq!(
            email.text,
            format!(
                "Hello,\n\nThe email address of your account at auth.example.com was changed from \
                 old.address@example.com to new.address@example.com.\n\nWhen: 2026-03-04 15:06 UTC\nIP address: \
                 2001:db8::17\nBrowser: Mozilla/5.0 {HOSTILE}\n\nIf this was you, all is well.\n\nIf it was not, \
                 somebody else may be using your account. Please tell the people at auth.example.com at once.\n\n\
                 Kind regards,\nauth.example.com\n"
            )
        );
    }

    #[test]
    fn a_username_is_told_where_there_is_one() {
        let templates = defaults();
        let mut envelope = sample("reset_password");
        for (username, told) in [(Some("alice"), true), (None, false)] {
            let url = "https://a.example/r".to_owned();
            envelope.message = Message::ResetPassword { url, username: username.map(str::to_owned) };
            let email = email(&templates, &envelope);
            assert_eq!(email.text.contains("Your username is alice"), told);
            assert_eq!(email.html.contains(">Your username is alice<"), told);
        }
    }

    #[test]
    fn codes_and_links_stand_alone_on_a_line_and_in_the_html_but_never_in_the_subject() {
        let (templates, samples) = everywhere(samples::mails);
        for sample in samples {
            let email = email(&templates, &sample);
            if let Some((name, secret)) = secret(&sample.message) {
                assert_eq!(email.text.lines().filter(|line| *line == secret).count(), 1, "{}", email.text);
                let escaped = secret.replace('&', "&amp;");
                assert!(email.html.contains(&format!(">{escaped}<")), "{}", email.html);
                assert!(!email.subject.contains(secret));
                if name != "code" {
                    assert!(email.html.contains(&format!("href=\"{escaped}\"")), "{}", email.html);
                }
            }
        }
    }

    #[test]
    fn programs_find_the_code_and_nothing_like_one() {
        let (templates, samples) = everywhere(|| [samples::mails(), samples::texts()].concat());
        for mut sample in samples {
            if let Message::Notification { origin, .. } = &mut sample.message {
                origin.user_agent = "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) (KHTML, like Gecko)".to_owned();
            }
            let body = match templates.render(&sample).unwrap() {
                RenderedMessage::Email(email) => email.text,
                RenderedMessage::Text(text) => text.text,
            };
            let expected: Vec<&str> = secret(&sample.message)
                .filter(|(name, _)| *name == "code")
                .map(|(_, code)| code)
                .into_iter()
                .collect();
            assert_eq!(codes(&body), expected, "{body}");
        }
    }

    #[test]
    fn mails_link_only_to_what_their_message_says() {
        let (templates, samples) = everywhere(samples::mails);
        for sample in samples {
            let email = email(&templates, &sample);
            let links: BTreeSet<&str> = email.text.lines().filter(|line| line.contains("://")).collect();
            let expected: BTreeSet<&str> = match &sample.message {
                Message::UnknownAccount { signup_url } => [signup_url.as_str()].into(),
                Message::AccountAlreadyExists { password_reset_url } => [password_reset_url.as_str()].into(),
                message => {
                    secret(message).filter(|(_, s)| s.contains("://")).map(|(_, s)| s).into_iter().collect()
                }
            };
            assert_eq!(links, expected);
            let in_html: BTreeSet<&str> =
                email.html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
            let expected: BTreeSet<String> = expected.iter().map(|link| link.replace('&', "&amp;")).collect();
            assert_eq!(in_html, expected.iter().map(String::as_str).collect());
        }
    }

    #[test]
    fn html_fetches_nothing_and_is_escaped() {
        let templates = defaults();
        let mut hostile = sample("password_changed");
        hostile.site = HOSTILE.to_owned();
        hostile.message = Message::Notification {
            event: Event::PasswordChanged,
            origin: Origin { at: 0, ip: HOSTILE.to_owned(), user_agent: format!("\"'{HOSTILE}") },
        };
        for envelope in samples::mails().into_iter().chain([hostile]) {
            let html = email(&templates, &envelope).html;
            for forbidden in ["<script", "<img", "<link", "src=", "url(", "@import", "javascript:"] {
                assert!(!html.contains(forbidden), "{forbidden} in {html}");
            }
        }
    }

    #[test]
    fn values_add_no_lines_to_a_text() {
        let mut envelope = sample("password_changed");
        envelope.message = Message::Notification {
            event: Event::PasswordChanged,
            origin: Origin {
                at: 0,
                ip: "192.0.2.1".to_owned(),
                user_agent: "a\r\n\r\nYour code:\n123456".to_owned(),
            },
        };
        let text = email(&defaults(), &envelope).text;
        assert!(text.contains("\nBrowser: a Your code: 123456\n"), "{text}");
    }

    #[test]
    fn subjects_have_the_prefix_and_one_line() {
        let render = |prefix: Option<&str>, site: &str| {
            let templates = Templates::load(None, english(), prefix.map(str::to_owned), Vec::new()).unwrap();
            let mut envelope = sample("password_changed");
            envelope.site = site.to_owned();
            email(&templates, &envelope).subject
        };
        assert_eq!(render(None, "a.example"), "[a.example] Your password was changed");
        assert_eq!(render(Some(""), "a.example"), "Your password was changed");
        assert_eq!(render(Some("Acme: "), "a.example"), "Acme: Your password was changed");
        assert_eq!(
            render(None, "a.example\r\nBcc: evil@example.com\u{2028}\u{85}x"),
            "[a.example Bcc: evil@example.com x] Your password was changed"
        );
        assert_eq!(render(Some("Acme\nX: "), "a"), "Acme X: Your password was changed");
    }

    #[test]
    fn a_recipient_that_hides_another_is_refused() {
        let mut envelope = sample("login_code");
        envelope.to = Recipient::Email("a@b.c\r\nBcc: evil@example.com".to_owned());
        let error = defaults().render(&envelope).err().unwrap();
        assert!(matches!(error, RenderError::Recipient(InvalidRecipient)));
        assert!(!error.to_string().contains("evil"));
    }

    #[test]
    fn a_message_that_no_phone_can_get_is_refused() {
        let mut envelope = sample("password_changed");
        envelope.to = Recipient::Phone("+31612345678".to_owned());
        let error = defaults().render(&envelope).err().unwrap();
        assert_eq!(error.to_string(), "there is no template password_changed.sms.txt");
    }

    #[test]
    fn texts_are_one_sms_in_every_language_even_for_a_long_site_name() {
        let (templates, samples) = everywhere(samples::texts);
        for mut sample in samples {
            sample.site = "accounts.a-rather-long-name.example.com".to_owned();
            let text = text(&templates, &sample).text;
            assert!(fits_one_text(&text), "{text}");
            assert!(!text.contains(['\n', '/', '\u{2068}']), "{text}");
        }
    }

    #[test]
    fn every_mail_is_in_its_language_and_says_so() {
        let (templates, samples) = everywhere(samples::mails);
        for sample in samples {
            let (ours, english) = (email(&templates, &sample), Envelope { language: None, ..sample.clone() });
            let english = email(&templates, &english);
            let tag = sample.language.unwrap();
            let direction = if tag.tag() == "ar" { "rtl" } else { "ltr" };
            assert!(
                ours.html.contains(&format!("<html lang=\"{tag}\" dir=\"{direction}\">")),
                "{}",
                ours.html
            );
            let is_english = tag.tag() == "en";
            for (ours, english) in
                [(ours.subject, english.subject), (ours.text, english.text), (ours.html, english.html)]
            {
                assert_eq!(ours == english, is_english, "{tag}: {ours}");
            }
        }
    }

    #[test]
    fn values_in_arabic_do_not_change_places() {
        let (templates, samples) = everywhere(samples::mails);
        let is_it = |sample: &&Envelope| {
            kind(&sample.message) == "phone_changed" && sample.language == Language::parse("ar")
        };
        let email = email(&templates, samples.iter().find(is_it).unwrap());
        assert!(email.text.contains("هو الآن \u{2068}+31612345678\u{2069}."), "{}", email.text);
    }

    #[test]
    fn an_operators_template_has_the_words_of_each_language() {
        let folder = tempfile::tempdir().unwrap();
        let own = "{{ text(\"body\") }} {{ code }} ({{ language }}, {{ direction }}, {{ kind }})";
        std::fs::write(folder.path().join("login_code.txt"), own).unwrap();
        let templates = Templates::load(Some(folder.path()), languages("en,de"), None, Vec::new()).unwrap();
        let german = Envelope { language: Language::parse("de"), ..sample("login_code") };
        assert_eq!(
            email(&templates, &german).text,
            "Hier ist Ihr Code für die Anmeldung bei auth.example.com: BCDF-GHJK (de, ltr, login_code)\n"
        );
        std::fs::write(folder.path().join("login_code.txt"), "{{ text(\"bodi\") }} {{ code }}").unwrap();
        let faults =
            Templates::load(Some(folder.path()), languages("en,de"), None, Vec::new()).err().unwrap();
        assert!(
            faults.to_string().contains("login_code.txt:1: invalid operation: there is no text `bodi`"),
            "{faults}"
        );
    }

    fn with_files(files: &[(&str, &str)]) -> Result<Templates, Vec<String>> {
        let folder = tempfile::tempdir().unwrap();
        for (name, source) in files {
            std::fs::write(folder.path().join(name), source).unwrap();
        }
        Templates::load(Some(folder.path()), english(), None, vec!["first_name".to_owned()])
            .map_err(|faults| faults.0.iter().map(Fault::to_string).collect())
    }

    #[test]
    fn an_operators_template_wins_and_the_others_stay() {
        let templates = with_files(&[
            ("login_code.subject.txt", "Inlogcode"),
            ("login_code.txt", "Je code voor {{ site }}:\n\n{{ code }}\n"),
            (".gitkeep", "{% not a template"),
        ])
        .unwrap();
        let replaced = email(&templates, &sample("login_code"));
        assert_eq!(replaced.subject, "[auth.example.com] Inlogcode");
        assert_eq!(replaced.text, "Je code voor auth.example.com:\n\nBCDF-GHJK\n");
        assert_eq!(replaced.html, email(&defaults(), &sample("login_code")).html);
    }

    #[test]
    fn fields_of_the_site_are_told_on_one_line_and_escaped() {
        let greeting = "{% extends \"base.html\" %}{% block content %}Hello {{ profile.first_name or \"you\" }}!{% endblock %}";
        let templates = with_files(&[
            ("password_changed.subject.txt", "For {{ profile.first_name or \"you\" }}"),
            ("password_changed.txt", "Hello {{ profile.first_name or \"you\" }}!"),
            ("password_changed.html", greeting),
        ])
        .unwrap();
        let mut envelope = sample("password_changed");
        for (name, text, html) in [
            (None, "you", "you"),
            (Some("Ann"), "Ann", "Ann"),
            (Some("A\r\nBcc: x"), "A Bcc: x", "A Bcc: x"),
            (Some("<b>Ann</b>"), "<b>Ann</b>", "&lt;b&gt;Ann&lt;/b&gt;"),
        ] {
            envelope.profile = name.map(|name| ("first_name".to_owned(), name.into())).into_iter().collect();
            let email = email(&templates, &envelope);
            assert_eq!(email.subject, format!("[auth.example.com] For {text}"));
            assert_eq!(email.text, format!("Hello {text}!\n"));
            assert!(email.html.contains(&format!("Hello {html}!")), "{}", email.html);
        }
    }

    #[test]
    fn every_fault_is_listed_with_file_and_line() {
        let faults = with_files(&[
            ("base.txt", "Hi {{ nobody }}"),
            ("confirm_email.txt", "one\n{{ activate_ur }}"),
            ("email_changed.html", "{{ user_agent | safe }}"),
            ("login_code.html", "no code here"),
            ("login_code.subject.txt", "{{ code }} is your code"),
            ("login_code.txt", "one\ntwo\n{% if code %}{{ code }}"),
            ("logincode.txt", "{{ code }}"),
            ("password_changed.html", "{{ profile.first_name | safe }}"),
            ("password_changed.txt", "{{ profile.frst_name }}"),
            ("confirm_email_code.txt", "{{ code }} {{ profile.first_name }}"),
            ("pasword_set.html", "x"),
            ("README", "x"),
            ("password_set.subject.txt", " \n"),
            ("reset_password.txt", "{{ password_reset_url }}{% if username %}\n{{ usrname }}{% endif %}"),
        ])
        .err()
        .unwrap();
        let expected = ["README: is no template", "base.txt:1: undefined value: `nobody` is undefined"];
        assert_eq!(&faults[..2], &expected);
        for expected in [
            "confirm_email.txt:2: undefined value: `activate_ur` is undefined; confirm_email.txt gets activate_url, direction, email, kind, language, site",
            "email_changed.html: writes a value unescaped (`safe`, `autoescape false`)",
            "login_code.html: lacks {{ code }}: the message would be of no use",
            "login_code.subject.txt: must not use code: subjects are kept in the logs of mail servers",
            "login_code.txt:3: syntax error: unexpected end of input, expected end of block",
            "logincode.txt: is no template; did you mean login_code.txt?",
            "password_changed.html: writes a value unescaped (`safe`, `autoescape false`)",
            "confirm_email_code.txt:1: undefined value: `profile` is undefined; confirm_email_code.txt gets code, direction, email, kind, language, site",
            "pasword_set.html: is no template; did you mean password_set.html?",
            "password_set.subject.txt: is empty",
            "reset_password.txt:2: undefined value: `usrname` is undefined; reset_password.txt gets direction, email, kind, language, password_reset_url, profile, site, username",
        ] {
            assert!(faults.iter().any(|fault| fault == expected), "{expected:?} not in {faults:#?}");
        }
        assert!(
            faults.iter().any(|fault| fault.starts_with("password_changed.txt:1: undefined value")),
            "{faults:#?}"
        );
    }

    #[test]
    fn a_folder_that_is_not_there_is_a_fault() {
        let faults =
            Templates::load(Some(Path::new("/nowhere/at/all")), english(), None, Vec::new()).err().unwrap();
        assert!(faults.to_string().starts_with("MAIL_TEMPLATES_DIR: /nowhere/at/all: "), "{faults}");
    }
}
