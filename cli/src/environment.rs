//! Variables of commands that people run by hand: their own, or those of the servers of `amana up`.

use crate::config::{ConfigError, MASTER_KEY_VARIABLE};
use crate::local;
use crate::stack::{DATABASE, JWT_SECRET_FILE, MASTER_KEY_FILE, given};
use crate::up::FOLDER;
use anyhow::Result;
use std::fs;
use std::path::Path;

const DATABASE_VARIABLE: &str = "DATABASE_URL";

/// The secrets that `amana up` makes, and their files.
const SECRETS: [(&str, &str); 2] =
    [("AMANA_JWT_SECRET", JWT_SECRET_FILE), (MASTER_KEY_VARIABLE, MASTER_KEY_FILE)];

/// A variable of the process counts, unless the private servers have another value for it.
#[derive(Default)]
pub struct Environment {
    private: Vec<(&'static str, String)>,
}

/// The values are secrets.
impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Environment")
    }
}

impl Environment {
    /// Without `DATABASE_URL`, the private servers in `.amana/` are meant. A line on stderr says so.
    ///
    /// # Errors
    /// [`ConfigError`] if there are such servers and they do not run.
    pub fn read() -> Result<Self> {
        let folder = Path::new(FOLDER);
        if given(DATABASE_VARIABLE).is_some() || !folder.join("postgres").exists() {
            return Ok(Self::default());
        }
        let environment = Self::of_servers(folder)?;
        eprintln!("amana: {DATABASE_VARIABLE} is not set; the servers of {FOLDER}/ are used");
        Ok(environment)
    }

    fn of_servers(folder: &Path) -> Result<Self> {
        let Some(url) = local::running_url(&folder.join("postgres"), DATABASE)? else {
            let why = format!(
                "is not set, and the servers of {} do not run: start `amana up` first",
                folder.display()
            );
            return Err(ConfigError { variable: DATABASE_VARIABLE, why }.into());
        };
        let mut private = vec![(DATABASE_VARIABLE, url)];
        for (variable, file) in SECRETS {
            // As `amana up` has it: a master key that is given comes first.
            let own = (variable == MASTER_KEY_VARIABLE).then(|| given(variable)).flatten();
            let kept = || fs::read_to_string(folder.join(file)).ok();
            private.extend(own.or_else(kept).map(|value| (variable, value)));
        }
        Ok(Self { private })
    }

    #[must_use]
    pub fn get(&self, name: &str) -> Option<String> {
        let private = self.private.iter().find(|(variable, _)| *variable == name);
        private.map(|(_, value)| value.clone()).or_else(|| std::env::var(name).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_that_do_not_run_are_named_with_the_way_out() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("postgres/data")).unwrap();
        let error = Environment::of_servers(folder.path()).unwrap_err().to_string();
        assert!(error.contains("DATABASE_URL is not set") && error.contains("amana up"), "{error}");
    }
}
