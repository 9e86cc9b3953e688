//! The ports of `amana up`: chosen at the first start, then stored beside the data.

use crate::local::Port;
use anyhow::{Context, Result};
use std::fs;
use std::net::SocketAddr;
use std::path::Path;

const FILE: &str = "ports";

/// The name of each port in the file, and the part that listens on it.
const NAMES: [(&str, &str); 3] =
    [("api", "the API"), ("sandbox", "the sandbox"), ("smtp", "the sandbox's mail server")];

/// The wanted ports. A taken port is replaced by a free one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ports {
    pub api: u16,
    pub sandbox: u16,
    pub smtp: u16,
}

impl Ports {
    pub const WELL_KNOWN: Ports = Ports { api: 8080, sandbox: 8090, smtp: 8025 };
    pub const ANY: Ports = Ports { api: 0, sandbox: 0, smtp: 0 };

    /// The ports of the last start in `folder`, if there was one.
    ///
    /// # Errors
    /// If the file cannot be read or has an invalid format.
    pub fn kept(folder: &Path) -> Result<Option<Self>> {
        let file = folder.join(FILE);
        if !file.exists() {
            return Ok(None);
        }
        let text = fs::read_to_string(&file);
        let text = text.with_context(|| format!("cannot read {}", file.display()))?;
        let ports = parse(&text);
        ports.map(Some).with_context(|| {
            format!("{} has an invalid format: remove it, and new ports are chosen", file.display())
        })
    }

    /// # Errors
    /// If the file cannot be written.
    pub fn keep(self, folder: &Path) -> Result<()> {
        let (file, new) = (folder.join(FILE), folder.join("ports.new"));
        // Renamed in one step, so that an interrupted start leaves the old ports.
        fs::write(&new, self.text())
            .and_then(|()| fs::rename(&new, &file))
            .with_context(|| format!("cannot write {}", file.display()))
    }

    /// Reserves the wanted ports. Prints one line for each port that another program uses.
    ///
    /// # Errors
    /// If no port is free.
    pub(crate) fn reserve(self) -> Result<[Port; 3]> {
        let [api, sandbox, smtp] = self.all();
        let reserved = [Port::reserve(api)?, Port::reserve(sandbox)?, Port::reserve(smtp)?];
        for ((wanted, port), (_, part)) in self.all().into_iter().zip(&reserved).zip(NAMES) {
            let used = port.address.port();
            if wanted != 0 && wanted != used {
                eprintln!("amana: port {wanted} for {part} is in use; using {used} instead");
            }
        }
        Ok(reserved)
    }

    fn all(self) -> [u16; 3] {
        [self.api, self.sandbox, self.smtp]
    }

    fn text(self) -> String {
        let lines = NAMES.iter().zip(self.all());
        lines.map(|((name, _), port)| format!("{name}={port}\n")).collect()
    }
}

impl From<[SocketAddr; 3]> for Ports {
    fn from([api, sandbox, smtp]: [SocketAddr; 3]) -> Self {
        Self { api: api.port(), sandbox: sandbox.port(), smtp: smtp.port() }
    }
}

fn parse(text: &str) -> Option<Ports> {
    let port = |name: &str| {
        let mut values = text.lines().filter_map(|line| line.split_once('='));
        values.find(|(found, _)| *found == name)?.1.trim().parse::<u16>().ok()
    };
    let [api, sandbox, smtp] = NAMES.map(|(name, _)| port(name));
    Some(Ports { api: api?, sandbox: sandbox?, smtp: smtp? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_kept_and_a_broken_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Ports::kept(folder.path()).unwrap(), None);
        Ports::WELL_KNOWN.keep(folder.path()).unwrap();
        assert_eq!(Ports::kept(folder.path()).unwrap(), Some(Ports::WELL_KNOWN));
        fs::write(folder.path().join(FILE), "api=8080\nsandbox=x\n").unwrap();
        let error = Ports::kept(folder.path()).unwrap_err().to_string();
        assert!(error.contains("ports has an invalid format"), "{error}");
    }
}
