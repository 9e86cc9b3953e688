//! Settings of interactive commands: the environment, or the servers of `amana up`.

use crate::config::{ConfigError, ConfigErrors, Log, Source, Variable};
use crate::local;
use crate::stack::{DATABASE, JWT_SECRET_FILE, MASTER_KEY_FILE};
use crate::up::FOLDER;
use anyhow::Result;
use std::fs;
use std::path::Path;

/// The secrets that `amana up` creates, and their files.
const SECRETS: [(Variable, &str); 2] =
    [(Variable::JwtSecret, JWT_SECRET_FILE), (Variable::MasterKey, MASTER_KEY_FILE)];

/// Adds the settings of the servers in `.amana/` if `DATABASE_URL` is not set, and reports this on stderr.
///
/// # Errors
/// [`ConfigErrors`] if `.amana/` has servers that are not running.
pub fn by_hand(source: &Source) -> Result<Source> {
    let folder = Path::new(FOLDER);
    let mut private = Vec::new();
    if source.optional(Variable::DatabaseUrl).is_none() && folder.join("postgres").exists() {
        private = of_servers(source, folder)?;
        eprintln!("amana: DATABASE_URL is not set; using the servers of {FOLDER}/");
    }
    let source = source.with(private);
    // Records an invalid log setting, so that it is reported with the others.
    let _ = Log::read(&source);
    Ok(source)
}

fn of_servers(source: &Source, folder: &Path) -> Result<Vec<(String, String)>> {
    let Some(url) = local::running_url(&folder.join("postgres"), DATABASE)? else {
        let why = format!(
            "is not set, and the servers of {} are not running: start `amana up` first",
            folder.display()
        );
        return Err(ConfigErrors::from(ConfigError::new(Variable::DatabaseUrl, why)).into());
    };
    let mut private = vec![(Variable::DatabaseUrl, url)];
    for (variable, file) in SECRETS {
        // `amana up` prefers a given master key too.
        let own = (variable == Variable::MasterKey).then(|| source.optional(variable)).flatten();
        let kept = || fs::read_to_string(folder.join(file)).ok();
        private.extend(own.or_else(kept).map(|value| (variable, value)));
    }
    Ok(private.into_iter().map(|(name, value)| (name.as_str().to_owned(), value)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_that_do_not_run_are_named_with_the_way_out() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("postgres/data")).unwrap();
        let error = of_servers(&Source::new([]), folder.path()).unwrap_err().to_string();
        assert!(error.contains("DATABASE_URL is not set") && error.contains("amana up"), "{error}");
    }
}
