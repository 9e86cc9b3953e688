//! Turns a template and its values into the text of one message.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use fluent_templates::fluent_bundle::FluentValue;
use fluent_templates::{LanguageIdentifier, langid, static_loader};

use crate::catalogue::Template;
use crate::gsm7;
use crate::params::{Params, one_line};

const SUBJECT_CHARACTERS_MAX: usize = 150;
/// A longer title or name is cut in an SMS, so that no message grows past two parts.
const SMS_VALUE_CHARACTERS_MAX: usize = 32;
const CUT_MARK: &str = "...";

static ENGLISH: LanguageIdentifier = langid!("en");
static SWAHILI: LanguageIdentifier = langid!("sw");

static_loader! {
    static TEXTS = {
        locales: "./locales",
        fallback_language: "en",
        // The marks would surround every value with invisible characters that GSM-7 does not have.
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

type Values = HashMap<Cow<'static, str>, FluentValue<'static>>;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Channel {
    Email,
    Sms,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Locale {
    English,
    Swahili,
}

/// The text is not one of the stored names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown channel or language")]
pub struct UnknownName;

#[derive(Clone, PartialEq, Eq)]
pub enum Rendered {
    Email { subject: String, body: String },
    Sms { text: String },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    #[error("message `{template}` needs a value for `{variable}`")]
    MissingVariable { template: Template, variable: &'static str },
    #[error("message `{template}` has no usable text in this language")]
    BadText { template: Template },
}

/// The message as this reader gets it. Every variable of the template must have a value, also one
/// that this channel does not show: the same values must do for all channels.
pub fn render(
    template: Template,
    channel: Channel,
    locale: Locale,
    params: &Params,
) -> Result<Rendered, TemplateError> {
    let values = values(template, channel, params)?;
    let text = |id: &str| {
        // This look-up knows no fallback: a text that is missing must not arrive in English.
        TEXTS
            .lookup_single_language(locale.language(), id, Some(&values))
            .map_err(|_| TemplateError::BadText { template })
    };
    match channel {
        Channel::Email => Ok(Rendered::Email {
            subject: one_line(&text(&format!("{template}.subject"))?, SUBJECT_CHARACTERS_MAX),
            body: format!("{}\n\n{}\n", text(&format!("{template}.body"))?, text("footer")?),
        }),
        Channel::Sms => Ok(Rendered::Sms { text: text(&format!("{template}.sms"))? }),
    }
}

fn values(template: Template, channel: Channel, params: &Params) -> Result<Values, TemplateError> {
    let value = |variable: &&'static str| {
        let line =
            params.line(variable).ok_or(TemplateError::MissingVariable { template, variable })?;
        let fitting = match channel {
            Channel::Email => line,
            Channel::Sms => cut(&gsm7::fold(&line)),
        };
        Ok((Cow::Borrowed(*variable), FluentValue::String(Cow::Owned(fitting))))
    };
    template.variables().iter().map(value).collect()
}

fn cut(text: &str) -> String {
    if text.chars().count() <= SMS_VALUE_CHARACTERS_MAX {
        return text.to_owned();
    }
    let kept = SMS_VALUE_CHARACTERS_MAX.saturating_sub(CUT_MARK.len());
    let start: String = text.chars().take(kept).collect();
    format!("{}{CUT_MARK}", start.trim_end())
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
    // The text names people and sums, which have no place in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Email { .. } => f.write_str("Email(..)"),
            Self::Sms { .. } => f.write_str("Sms(..)"),
        }
    }
}

impl Channel {
    pub const ALL: &[Channel] = &[Channel::Email, Channel::Sms];

    pub fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Sms => "sms",
        }
    }
}

impl Locale {
    pub const ALL: &[Locale] = &[Locale::English, Locale::Swahili];

    /// The ISO 639-1 code, which is also the name of the folder under `locales/`.
    pub fn name(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Swahili => "sw",
        }
    }

    fn language(self) -> &'static LanguageIdentifier {
        match self {
            Self::English => &ENGLISH,
            Self::Swahili => &SWAHILI,
        }
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Locale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Channel {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        Self::ALL.iter().copied().find(|channel| channel.name() == text).ok_or(UnknownName)
    }
}

impl FromStr for Locale {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        Self::ALL.iter().copied().find(|locale| locale.name() == text).ok_or(UnknownName)
    }
}
