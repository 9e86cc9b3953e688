//! Where the servers' programs are, and whether they are new enough.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result, anyhow, bail};

const POSTGRES_MAJOR_MIN: u32 = 15;
const REDIS_MAJOR_MIN: u32 = 7;

/// The recipe that installs what is missing.
const REMEDY: &str = "`make setup-servers` installs it";

/// Folders (with one `*` in the last but one part) where packagers put PostgreSQL outside PATH:
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

    /// The newest installation, or the one of the version that made existing data.
    pub(super) fn find(made_by: Option<u32>) -> Result<Self> {
        let all = installations();
        if let Some(major) = made_by {
            return all.into_iter().find(|one| one.major == major).ok_or_else(|| {
                anyhow!(
                    "the data was made by PostgreSQL {major}, which is not installed: install \
                     that version, or throw the data away with `make clean-data`"
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

/// Every complete installation on this machine.
fn installations() -> Vec<PostgresBinaries> {
    let mut folders = Vec::new();
    // A link in PATH often stands alone: what belongs to it is where it points to.
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

/// redis-server, or its fork valkey-server where a distribution has only that.
pub(super) fn redis_server() -> Result<PathBuf> {
    let Some(program) = in_path("redis-server").or_else(|| in_path("valkey-server")) else {
        bail!("redis-server is not installed: {REMEDY}");
    };
    let version = output(&program).with_context(|| format!("cannot run {}", program.display()))?;
    match redis_major(&version) {
        Some(major) if major >= REDIS_MAJOR_MIN => Ok(program),
        _ => bail!(
            "{} is too old, Redis {REDIS_MAJOR_MIN} or newer is needed: {REMEDY}",
            program.display()
        ),
    }
}

/// The first program of this name in PATH. System folders come last: root's PATH may lack them.
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

/// `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`; before a release, `19devel`.
fn postgres_major(version: &str) -> Option<u32> {
    leading_number(version.split_once("(PostgreSQL) ")?.1)
}

/// `Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=…`
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
