//! Reads settings and collects everything that is wrong with them.
//!
//! A failed read records its problem and returns `None`, so that later reads still run: one message lists every
//! problem of the environment. `finish` turns the records into an error.

use super::variable::{self, Variable};
use secrecy::SecretString;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::ops::RangeInclusive;
use std::str::FromStr;

const NOT_SET: &str = "is not set";

/// A variable that cannot be used. Never contains its value, which may be a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    pub variable: String,
    /// Follows the name in the message.
    pub why: String,
}

impl ConfigError {
    pub fn new(variable: Variable, why: impl Into<String>) -> Self {
        Self { variable: variable.as_str().to_owned(), why: why.into() }
    }
}

impl Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.variable, self.why)
    }
}

/// All variables that cannot be used, as one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors(Vec<ConfigError>);

impl From<ConfigError> for ConfigErrors {
    fn from(error: ConfigError) -> Self {
        Self(vec![error])
    }
}

impl Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (missing, wrong): (Vec<_>, Vec<_>) = self.0.iter().partition(|it| it.why == NOT_SET);
        let missing: Vec<&str> = missing.iter().map(|it| it.variable.as_str()).collect();
        let missing = match missing.as_slice() {
            [] => None,
            [one] => Some(format!("{one} {NOT_SET}")),
            [others @ .., last] => Some(format!("{} and {last} are not set", others.join(", "))),
        };
        let wrong = wrong.iter().map(ToString::to_string);
        let all: Vec<String> = missing.into_iter().chain(wrong).collect();
        write!(f, "configuration: {}", all.join("; "))
    }
}

impl std::error::Error for ConfigErrors {}

/// The environment of the process, or a table in tests.
pub struct Source {
    values: BTreeMap<String, String>,
    problems: RefCell<Vec<ConfigError>>,
    /// The variables that were read; a test compares them with the help texts.
    #[cfg(test)]
    asked: RefCell<std::collections::BTreeSet<String>>,
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Source")
    }
}

impl Source {
    /// A value that is not Unicode counts as not set.
    #[must_use]
    pub fn environment() -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self::new(std::env::vars_os().filter_map(text))
    }

    /// If a name occurs twice, the later value counts.
    pub fn new(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let values: BTreeMap<String, String> = pairs.into_iter().collect();
        let unknown = values.keys().filter_map(|name| {
            let why = variable::rejection(name)?;
            Some(ConfigError { variable: name.clone(), why })
        });
        let problems = RefCell::new(unknown.collect());
        Self {
            values,
            problems,
            #[cfg(test)]
            asked: RefCell::default(),
        }
    }

    /// Copies the source, replaces some values, and drops all recorded problems except unknown names.
    #[must_use]
    pub fn with(&self, pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        Self::new(self.values.clone().into_iter().chain(pairs))
    }

    /// Returns the value unless a problem was recorded.
    ///
    /// # Errors
    /// [`ConfigErrors`] with all problems that were recorded.
    pub fn finish<T>(&self, value: Option<T>) -> Result<T, ConfigErrors> {
        let problems = self.problems.borrow().clone();
        debug_assert!(value.is_some() || !problems.is_empty(), "a read failed without a record");
        match value {
            Some(value) if problems.is_empty() => Ok(value),
            _ => Err(ConfigErrors(problems)),
        }
    }

    /// Records a problem. Equal problems are recorded once.
    pub(crate) fn refuse<T>(&self, variable: Variable, why: impl Into<String>) -> Option<T> {
        let problem = ConfigError::new(variable, why);
        let mut problems = self.problems.borrow_mut();
        if !problems.contains(&problem) {
            problems.push(problem);
        }
        None
    }

    fn value(&self, variable: Variable) -> Option<&String> {
        #[cfg(test)]
        self.asked.borrow_mut().insert(variable.as_str().to_owned());
        self.values.get(variable.as_str())
    }

    /// The names of all variables that were read.
    #[cfg(test)]
    pub(crate) fn asked(&self) -> std::collections::BTreeSet<String> {
        self.asked.borrow().clone()
    }

    pub(crate) fn optional(&self, variable: Variable) -> Option<String> {
        let text = self.value(variable)?.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// Returns the value with its spaces, which a password may have.
    pub(crate) fn untrimmed(&self, variable: Variable) -> Option<String> {
        self.value(variable).cloned()
    }

    pub(crate) fn text(&self, variable: Variable) -> Option<String> {
        self.optional(variable).or_else(|| self.refuse(variable, NOT_SET))
    }

    pub(crate) fn secret(&self, variable: Variable) -> Option<SecretString> {
        self.text(variable).map(SecretString::from)
    }

    pub(crate) fn parsed<T: FromStr>(&self, variable: Variable, wanted: &str) -> Option<T> {
        let parsed = self.text(variable)?.parse().ok();
        parsed.or_else(|| self.refuse(variable, format!("must be {wanted}")))
    }

    pub(crate) fn parsed_or<T: FromStr>(
        &self,
        variable: Variable,
        wanted: &str,
        default: T,
    ) -> Option<T> {
        match self.optional(variable) {
            None => Some(default),
            Some(_) => self.parsed(variable, wanted),
        }
    }

    /// Items between commas.
    pub(crate) fn list<T>(
        &self,
        variable: Variable,
        (wanted, default): (&str, &str),
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<Vec<T>> {
        let text = self.optional(variable).unwrap_or_else(|| default.to_owned());
        let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
        let parsed: Option<Vec<T>> = items.map(parse).collect();
        parsed.or_else(|| self.refuse(variable, format!("must be {wanted}")))
    }

    pub(crate) fn in_range<T>(
        &self,
        variable: Variable,
        default: T,
        range: RangeInclusive<T>,
    ) -> Option<T>
    where
        T: FromStr + PartialOrd + Display + Copy,
    {
        let wanted = format!("a whole number from {} to {}", range.start(), range.end());
        let value = self.parsed_or(variable, &wanted, default)?;
        if range.contains(&value) {
            Some(value)
        } else {
            self.refuse(variable, format!("must be {wanted}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(pairs: &[(&str, &str)]) -> Source {
        Source::new(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    #[test]
    fn one_message_has_everything_that_is_wrong() {
        let source = source(&[
            ("AMANA_LISTN", "127.0.0.1:80"),
            ("AMANA_FEE_FIXED_MINOR", "-1"),
            ("AMANA_MODE", " "),
        ]);
        let read = source
            .text(Variable::Mode)
            .zip(source.in_range(Variable::FeeFixedMinor, 0_i64, 0..=9))
            .zip(source.secret(Variable::JwtSecret))
            .zip(source.text(Variable::Mode));
        assert_eq!(
            source.finish(read).unwrap_err().to_string(),
            "configuration: AMANA_MODE and AMANA_JWT_SECRET are not set; \
            AMANA_LISTN is unknown (did you mean AMANA_LISTEN?); \
            AMANA_FEE_FIXED_MINOR must be a whole number from 0 to 9"
        );
    }

    #[test]
    fn an_unknown_name_is_an_error_even_if_every_read_succeeds() {
        let source = source(&[("AMANA_LISTN", "127.0.0.1:80")]);
        assert!(source.finish(Some(())).is_err());
    }
}
