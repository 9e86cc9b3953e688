//! The account of the servers. PostgreSQL refuses to run as root, and Redis does not need to.

use std::fs;

use anyhow::{Context, Result, bail};
use nix::unistd;

/// The preferred accounts, best first.
const PREFERRED: [&str; 2] = ["postgres", "nobody"];

/// An account without privileges. It must have a name, because initdb looks it up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub name: String,
    pub uid: u32,
    pub gid: u32,
}

/// Returns the account that servers run as, or `None` if this process is not root.
pub fn run_as() -> Result<Option<User>> {
    if !unistd::geteuid().is_root() {
        return Ok(None);
    }
    for name in PREFERRED {
        if let Some(found) =
            unistd::User::from_name(name).context("cannot read the user database")?
        {
            return Ok(Some(User {
                name: found.name,
                uid: found.uid.as_raw(),
                gid: found.gid.as_raw(),
            }));
        }
    }
    let accounts = fs::read_to_string("/etc/passwd").context("cannot read /etc/passwd")?;
    match accounts.lines().filter_map(parse).find(|user| user.uid != 0 && user.gid != 0) {
        Some(user) => Ok(Some(user)),
        None => bail!(
            "PostgreSQL cannot run as root, and this system has no other account: \
            add one with `useradd --system postgres`"
        ),
    }
}

fn parse(line: &str) -> Option<User> {
    let mut fields = line.split(':');
    let name = fields.next().filter(|name| !name.is_empty())?.to_owned();
    let uid = fields.nth(1)?.parse().ok()?;
    let gid = fields.next()?.parse().ok()?;
    Some(User { name, uid, gid })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_passwd_names_the_account() {
        let daemon = User { name: "daemon".into(), uid: 1, gid: 2 };
        assert_eq!(parse("daemon:x:1:2:daemon:/usr/sbin:/usr/sbin/nologin"), Some(daemon));
        assert_eq!(parse("+::::::"), None);
        assert_eq!(parse(""), None);
    }

    #[test]
    fn only_root_drops_to_another_account() {
        let user = run_as().unwrap();
        assert_eq!(user.is_some(), unistd::geteuid().is_root());
        assert!(user.is_none_or(|user| user.uid != 0));
    }
}
