//! `schema.rs` of the store, printed by `diesel print-schema` from a migrated database.

use std::path::Path;
use std::process::{Command, Stdio};
use std::{env, fs};

use anyhow::{Context, Result, bail, ensure};

use crate::local::{Durability, Postgres, Scratch};

const DATABASE: &str = "schema";

/// Partitions are part of their table.
const PARTITIONS: &str = "^events_default$";

/// Returns the expected content of the file. `migrate` migrates the empty database at the URL.
///
/// Blocks, like everything in `local`.
pub fn print(migrate: impl FnOnce(&str) -> Result<()>) -> Result<String> {
    let scratch = Scratch::new()?;
    let postgres = Postgres::start(&scratch.join("postgres"), Durability::TestOnly)?;
    postgres.create_database(DATABASE)?;
    let url = postgres.url(DATABASE);
    migrate(&url).context("the migrations fail on an empty database")?;
    read(&url)
}

/// Fails and names the first difference unless `file` has the expected content.
pub fn check(file: &Path, printed: &str) -> Result<()> {
    let written =
        fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    match first_difference(&written, printed) {
        None => Ok(()),
        Some(difference) => {
            bail!("{} differs from the migrations: {difference}; run `make schema`", file.display())
        }
    }
}

/// Rewrites `file`.
pub fn write(file: &Path, printed: &str) -> Result<()> {
    fs::write(file, printed).with_context(|| format!("cannot write {}", file.display()))
}

fn read(url: &str) -> Result<String> {
    let mut diesel = Command::new("diesel");
    diesel
        .args(["print-schema", "--except-tables", PARTITIONS])
        // All accounts could read a password in the arguments.
        .env("DATABASE_URL", url)
        // A folder without .env and diesel.toml, so that they have no influence.
        .current_dir(env::temp_dir())
        .stdin(Stdio::null());
    let output = diesel.output().context("cannot run diesel: install it with `make setup-lint`")?;
    ensure!(
        output.status.success(),
        "diesel print-schema failed: {}",
        String::from_utf8_lossy(&output.stderr).trim_end()
    );
    String::from_utf8(output.stdout).context("the output of diesel is not UTF-8")
}

fn first_difference(written: &str, printed: &str) -> Option<String> {
    let (mut left, mut right) = (written.lines(), printed.lines());
    (1_usize..).find_map(|number| match (left.next(), right.next()) {
        (None, None) => Some(None),
        (left, right) if left == right => None,
        (left, right) => Some(Some(format!(
            "line {number} is `{}` and should be `{}`",
            left.unwrap_or_default().trim(),
            right.unwrap_or_default().trim()
        ))),
    })?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn differs(written: &str, printed: &str, expected: Option<&str>) {
        assert_eq!(first_difference(written, printed).as_deref(), expected);
    }

    #[test]
    fn the_first_difference_is_named() {
        differs("a\nb\n", "a\nb\n", None);
        differs("a\nb\n", "a\n  c\n", Some("line 2 is `b` and should be `c`"));
        differs("a\n", "a\nb\n", Some("line 2 is `` and should be `b`"));
        differs("a\nb\n", "a\n", Some("line 2 is `b` and should be ``"));
    }

    #[test]
    fn a_file_that_lags_behind_is_refused_with_the_way_out() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("schema.rs");
        write(&file, "old\n").unwrap();
        let error = check(&file, "new\n").unwrap_err().to_string();
        assert!(error.contains("make schema") && error.contains("line 1"), "{error}");
        check(&file, "old\n").unwrap();
    }
}
