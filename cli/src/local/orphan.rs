//! Servers that a killed process left behind.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use std::{fs, thread};

use anyhow::{Context, Result, bail};
use nix::sys::signal::{self, Signal};

use super::process::pid_of;

const POLL: Duration = Duration::from_millis(20);

/// The time that a server has to write its data to disk.
const WAIT: Duration = Duration::from_secs(30);

/// Ends the process that `pid_file` names if its working folder is `data`. The pid alone is not enough: the system
/// may have given it to another process.
pub(super) fn end(pid_file: &Path, data: &Path, signal: Signal) -> Result<()> {
    let Some(pid) = first_number(pid_file).filter(|pid| works_in(*pid, data)) else {
        return Ok(());
    };
    tracing::info!(pid, "ending the server that an earlier run left in {}", data.display());
    signal::kill(pid_of(pid)?, signal).with_context(|| format!("cannot end process {pid}"))?;
    let began = Instant::now();
    while works_in(pid, data) {
        if began.elapsed() > WAIT {
            bail!("process {pid} still uses {}: end it, then try again", data.display());
        }
        thread::sleep(POLL);
    }
    Ok(())
}

pub(super) fn first_number(file: &Path) -> Option<u32> {
    fs::read_to_string(file).ok()?.lines().next()?.trim().parse().ok()
}

/// PostgreSQL and Redis change into their data folder at start.
pub(super) fn works_in(pid: u32, data: &Path) -> bool {
    working_folder(pid).is_some_and(|folder| folder == data)
}

fn working_folder(pid: u32) -> Option<PathBuf> {
    if cfg!(target_os = "linux") {
        return fs::read_link(format!("/proc/{pid}/cwd")).ok();
    }
    let pid = pid.to_string();
    let listed = Command::new("lsof").args(["-a", "-d", "cwd", "-p", &pid, "-Fn"]).output().ok()?;
    let listed = String::from_utf8(listed.stdout).ok()?;
    listed.lines().find_map(|line| line.strip_prefix('n')).map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_given_to_someone_else_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let mut bystander =
            Command::new("sleep").arg("60").current_dir("/").spawn().expect("sleep");
        let file = folder.path().join("pid");
        fs::write(&file, bystander.id().to_string()).unwrap();
        end(&file, folder.path(), Signal::SIGKILL).unwrap();
        assert!(bystander.try_wait().unwrap().is_none(), "the bystander was killed");
        bystander.kill().unwrap();
        bystander.wait().unwrap();
    }
}
