//! The values that fill a template. They come from people, so they are treated as data only.

use std::collections::BTreeMap;
use std::fmt;

use amana_domain::human;
use serde::{Deserialize, Serialize};
use serde_json::Value;

const PARAMS_MAX: usize = 32;
const VALUE_CHARACTERS_MAX: usize = 500;

/// Why a JSON value cannot be the values of a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParamsError {
    #[error("template values must be a JSON object")]
    NotAnObject,
    #[error("more than {PARAMS_MAX} template values")]
    TooMany,
}

/// Named values, already formatted as people should read them ("KES 1,500.00").
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Params(BTreeMap<String, String>);

impl Params {
    pub fn new() -> Self {
        Self::default()
    }

    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.insert(name.into(), value.into());
        self
    }

    /// What is no text counts as absent: the message has a stand-in for it.
    pub fn from_json(value: &Value) -> Result<Self, ParamsError> {
        let object = value.as_object().ok_or(ParamsError::NotAnObject)?;
        if object.len() > PARAMS_MAX {
            return Err(ParamsError::TooMany);
        }
        let text =
            |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
        Ok(Self(object.iter().filter_map(text).collect()))
    }

    pub fn to_json(&self) -> Value {
        self.0.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect()
    }

    /// The value as one clean line, or nothing if it is absent or would be invisible.
    pub(crate) fn line(&self, name: &str) -> Option<String> {
        let line = one_line(self.0.get(name)?, VALUE_CHARACTERS_MAX);
        (!line.is_empty()).then_some(line)
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Params {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl fmt::Debug for Params {
    // The values name people and sums; a log may only know which ones were there.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// One line without control characters: it can neither end a header, nor start a paragraph of its
/// own, nor turn the reading direction of what follows it.
pub(crate) fn one_line(text: &str, characters_max: usize) -> String {
    let visible = text.chars().filter(|c| c.is_whitespace() || !is_invisible(*c));
    let bounded: String = visible.take(characters_max).collect();
    bounded.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn is_invisible(c: char) -> bool {
    c.is_control() || human::is_hidden_alone(c)
}
