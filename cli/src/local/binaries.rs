//! Finds the programs of PostgreSQL and Redis, and checks their versions.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result, anyhow, bail};

const POSTGRES_MAJOR_MIN: u32 = 15;
const REDIS_MAJOR_MIN: u32 = 7;

/// The recipe that installs missing programs.
const REMEDY: &str = "`make setup-servers` installs it";

/// Folders where packagers install PostgreSQL outside PATH: parent, prefix of the next part, last part.
/// Debian, Red Hat, Homebrew on Apple silicon, Homebrew on Intel.
const POSTGRES_FOLDERS: [(&str, &str, &str); 4] = [
    ("/usr/lib/postgresql", "", "bin"),
    ("/usr", "pgsql-", "bin"),
    ("/opt/homebrew/opt", "postgresql", "bin"),
    ("/usr/local/opt", "postgresql", "bin"),
];

/// One installation of PostgreSQL: server and client programs of the same version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PostgresBinaries {
    pub(super) major: u32,
    folder: PathBuf,
}

impl PostgresBinaries {
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Returns the newest installation, or the version that created existing data.
    pub(super) fn find(made_by: Option<u32>) -> Result<Self> {
        let all = installations();
        if let Some(major) = made_by {
            return all.into_iter().find(|one| one.major == major).ok_or_else(|| {
                anyhow!(
                    "the data was created by PostgreSQL {major}, which is not installed: install \
                    that version, or delete the data with `make clean-data`"
                )
            });
        }
        match all.into_iter().max_by_key(|one| one.major) {
            Some(best) if best.major >= POSTGRES_MAJOR_MIN => Ok(best),
            Some(old) => bail!(
                "PostgreSQL {} in {} is too old, {POSTGRES_MAJOR_MIN} or newer is needed: {REMEDY}",
                old.major,
                old.folder.display()
            ),
            None => bail!("PostgreSQL (initdb, postgres, psql) is not installed: {REMEDY}"),
        }
    }
}

/// Returns all complete installations on this machine.
fn installations() -> Vec<PostgresBinaries> {
    let mut folders = Vec::new();
    // In PATH there may be a link to `postgres` only: the other programs are beside its target.
    let linked = in_path("postgres").and_then(|program| fs::canonicalize(program).ok());
    folders.extend(linked.as_deref().and_then(Path::parent).map(Path::to_owned));
    for (parent, prefix, last) in POSTGRES_FOLDERS {
        let entries = fs::read_dir(parent).into_iter().flatten().flatten();
        let named = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix));
        folders.extend(named.map(|entry| entry.path().join(last)));
    }
    folders.into_iter().filter_map(installation).collect()
}

fn installation(folder: PathBuf) -> Option<PostgresBinaries> {
    let complete = ["initdb", "postgres", "psql"].iter().all(|name| folder.join(name).is_file());
    let version = complete.then(|| output(&folder.join("postgres"))).flatten()?;
    Some(PostgresBinaries { major: postgres_major(&version)?, folder })
}

/// Finds redis-server, or its fork valkey-server on distributions without Redis.
pub(super) fn redis_server() -> Result<PathBuf> {
    let Some(program) = in_path("redis-server").or_else(|| in_path("valkey-server")) else {
        bail!("redis-server is not installed: {REMEDY}");
    };
    let version =
        output(&program).with_context(|| format!("cannot run {} --version", program.display()))?;
    match redis_major(&version) {
        Some(major) if major >= REDIS_MAJOR_MIN => Ok(program),
        _ => bail!(
            "{} is too old, Redis {REDIS_MAJOR_MIN} or newer is needed: {REMEDY}",
            program.display()
        ),
    }
}

/// Returns the first program of this name in PATH. System folders come last, because root's PATH may lack them.
pub(super) fn in_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let system = ["/usr/bin", "/usr/sbin", "/bin", "/sbin"].map(PathBuf::from);
    env::split_paths(&path)
        .filter(|folder| folder.is_absolute())
        .chain(system)
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
}

fn output(program: &Path) -> Option<String> {
    let output = Command::new(program).arg("--version").output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Parses `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`, or `19devel` before a release.
fn postgres_major(version: &str) -> Option<u32> {
    leading_number(version.split_once("(PostgreSQL) ")?.1)
}

/// Parses `Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=…`.
fn redis_major(version: &str) -> Option<u32> {
    leading_number(version.split_once("v=")?.1)
}

fn leading_number(text: &str) -> Option<u32> {
    text.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_the_programs_print_them() {
        let debian = "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n";
        assert_eq!(postgres_major(debian), Some(15));
        assert_eq!(postgres_major("postgres (PostgreSQL) 19devel"), Some(19));
        assert_eq!(postgres_major("EnterpriseDB 9"), None);
        assert_eq!(redis_major("Redis server v=7.0.15 sha=00000000:0"), Some(7));
        assert_eq!(redis_major("Valkey server v=8.1.0 sha=00000000:0"), Some(8));
        assert_eq!(redis_major("?"), None);
    }

    #[test]
    fn data_of_a_version_that_is_not_there_names_the_way_out() {
        let error = PostgresBinaries::find(Some(9)).unwrap_err().to_string();
        assert!(error.contains("PostgreSQL 9") && error.contains("make clean-data"), "{error}");
    }
}
