//! Renders a template and its values to the text of one message.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use amana_domain::notice::{Channel, Locale, Template};
use fluent_templates::fluent_bundle::FluentValue;
use fluent_templates::{LanguageIdentifier, langid, static_loader};

use crate::catalogue::{Detail, variables};
use crate::gsm7;
use crate::params::{Params, one_line};

const SUBJECT_CHARACTERS_MAX: usize = 150;
/// Longer values are cut in an SMS, so that every SMS fits in two parts.
const SMS_VALUE_CHARACTERS_MAX: usize = 32;
const CUT_MARK: &str = "...";

static ENGLISH: LanguageIdentifier = langid!("en");
static SWAHILI: LanguageIdentifier = langid!("sw");

static_loader! {
    static TEXTS = {
        locales: "./locales",
        fallback_language: "en",
        // Isolating marks are invisible characters around every value, which GSM-7 does not have.
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

type Values = HashMap<Cow<'static, str>, FluentValue<'static>>;

#[derive(Clone, PartialEq, Eq)]
pub enum Rendered {
    Email { subject: String, body: String },
    Sms { text: String },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    #[error("message `{template}` needs a value for `{variable}`")]
    MissingVariable { template: Template, variable: &'static str },
    #[error("message `{template}` has no valid text in this language")]
    BadText { template: Template },
}

/// Contact details of the service. Messages show those that are set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct House {
    /// The URL of the app or the website.
    pub web_url: Option<String>,
    /// An e-mail address, a phone number or a web page for questions.
    pub support_contact: Option<String>,
}

/// Renders a message. A missing or blank value is replaced by a stand-in, so that a message about money is never lost.
///
/// # Errors
/// [`TemplateError::MissingVariable`] if a code is missing, which has no stand-in.
pub fn render(
    template: Template,
    channel: Channel,
    locale: Locale,
    params: &Params,
    house: &House,
) -> Result<Rendered, TemplateError> {
    let text = |id: &str, values: &Values| look_up(template, locale, id, values);
    let params = &with_link(params, house);
    let mut values = required(template, channel, locale, params)?;
    if let Some(part) = part(&values, text)? {
        values.insert(Cow::Borrowed("part"), part.into());
    }
    if let Some(detail) = variables(template).detail {
        let sentence = match told(detail, channel, params) {
            Some((id, value)) => text(&id, &value)?,
            None => String::new(),
        };
        values.insert(Cow::Borrowed(detail.variable()), sentence.into());
    }
    match channel {
        Channel::Email => Ok(Rendered::Email {
            subject: one_line(
                &text(&format!("{template}.subject"), &values)?,
                SUBJECT_CHARACTERS_MAX,
            ),
            body: format!(
                "{}\n\n{}{}\n",
                paragraphs(&text(&format!("{template}.body"), &values)?),
                where_we_are(house, text)?,
                text("footer", &values)?
            ),
        }),
        Channel::Sms => {
            Ok(Rendered::Sms { text: words(&text(&format!("{template}.sms"), &values)?) })
        }
    }
}

/// Finds a text. There is no fallback language: a missing text must not arrive in English.
fn look_up(
    template: Template,
    locale: Locale,
    id: &str,
    values: &Values,
) -> Result<String, TemplateError> {
    TEXTS
        .lookup_single_language(language(locale), id, Some(values))
        .map_err(|_| TemplateError::BadText { template })
}

fn with_link(params: &Params, house: &House) -> Params {
    match &house.web_url {
        Some(url) => params.clone().with("link", url),
        None => params.clone(),
    }
}

/// Returns the lines with the contact details.
fn where_we_are(
    house: &House,
    text: impl Fn(&str, &Values) -> Result<String, TemplateError>,
) -> Result<String, TemplateError> {
    let mut lines = String::new();
    let known =
        [("open_amana", "link", &house.web_url), ("contact_us", "contact", &house.support_contact)];
    for (id, variable, value) in known {
        if let Some(value) = value {
            let values = Values::from([(Cow::Borrowed(variable), value.clone().into())]);
            lines.push_str(&text(id, &values)?);
            lines.push('\n');
        }
    }
    if !lines.is_empty() {
        lines.push('\n');
    }
    Ok(lines)
}

/// Names a milestone together with its deal. If both have the same title, it is shown once.
fn part(
    values: &Values,
    text: impl Fn(&str, &Values) -> Result<String, TemplateError>,
) -> Result<Option<String>, TemplateError> {
    let (Some(part), Some(deal)) = (values.get("milestone"), values.get("deal_title")) else {
        return Ok(None);
    };
    text(if part == deal { "whole" } else { "part" }, values).map(Some)
}

fn required(
    template: Template,
    channel: Channel,
    locale: Locale,
    params: &Params,
) -> Result<Values, TemplateError> {
    let value = |variable: &&'static str| {
        let line = match params.line(variable) {
            Some(line) => line,
            // A code has no stand-in.
            None if *variable == "code" => {
                return Err(TemplateError::MissingVariable { template, variable });
            }
            None => look_up(template, locale, &format!("stand_in.{variable}"), &Values::new())?,
        };
        Ok((Cow::Borrowed(*variable), fitting(channel, line).into()))
    };
    variables(template).required.iter().map(value).collect()
}

/// Returns the sentence of a detail, and the value that fills it.
fn told(detail: Detail, channel: Channel, params: &Params) -> Option<(Cow<'static, str>, Values)> {
    let value = params.line(detail.variable());
    let id = detail.text_id(value.as_deref())?;
    let filling = value
        .map(|line| (Cow::Borrowed(detail.variable()), FluentValue::from(fitting(channel, line))));
    Some((id, filling.into_iter().collect()))
}

fn fitting(channel: Channel, line: String) -> String {
    match channel {
        Channel::Email => line,
        Channel::Sms => cut(&gsm7::fold(&line)),
    }
}

fn cut(text: &str) -> String {
    if text.chars().count() <= SMS_VALUE_CHARACTERS_MAX {
        return text.to_owned();
    }
    let kept = SMS_VALUE_CHARACTERS_MAX.saturating_sub(CUT_MARK.len());
    let start: String = text.chars().take(kept).collect();
    format!("{}{CUT_MARK}", start.trim_end())
}

/// Removes the gap of a missing detail between paragraphs or at the end.
fn paragraphs(body: &str) -> String {
    let told = body.split("\n\n").map(str::trim).filter(|paragraph| !paragraph.is_empty());
    told.collect::<Vec<_>>().join("\n\n")
}

/// Removes the gap of a missing detail between words or at the end.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn language(locale: Locale) -> &'static LanguageIdentifier {
    match locale {
        Locale::English => &ENGLISH,
        Locale::Swahili => &SWAHILI,
    }
}

impl Rendered {
    pub fn text(&self) -> &str {
        match self {
            Self::Email { body, .. } => body,
            Self::Sms { text } => text,
        }
    }
}

impl fmt::Debug for Rendered {
    // The text contains names and amounts, which must not be logged.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Email { .. } => f.write_str("Email(..)"),
            Self::Sms { .. } => f.write_str("Sms(..)"),
        }
    }
}
