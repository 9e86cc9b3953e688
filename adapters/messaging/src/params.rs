//! The values of a template. They come from users, so they are treated as data only.

use std::collections::BTreeMap;
use std::fmt;

use amana_domain::human;
use serde::{Deserialize, Serialize};
use serde_json::Value;

const PARAMS_MAX: usize = 32;
const VALUE_CHARACTERS_MAX: usize = 500;

/// The reason for which a JSON value is rejected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParamsError {
    #[error("template values must be a JSON object")]
    NotAnObject,
    #[error("a template has at most {PARAMS_MAX} values")]
    TooMany,
}

/// Named values, already formatted for the reader ("KES 1,500.00").
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

    /// Reads the values. Values that are not texts count as missing, and the message has stand-ins for them.
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

    /// Returns the value as one clean line, or `None` if it is missing or invisible.
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
    // The values contain names and amounts, so a log shows only their keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Returns one line without control characters, so that a value cannot end a header, start a
/// paragraph or change the text direction.
pub(crate) fn one_line(text: &str, characters_max: usize) -> String {
    let visible = text.chars().filter(|c| c.is_whitespace() || !is_invisible(*c));
    let bounded: String = visible.take(characters_max).collect();
    bounded.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn is_invisible(c: char) -> bool {
    c.is_control() || human::is_hidden_alone(c)
}
