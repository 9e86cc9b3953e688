//! The state on disk: a snapshot and a journal of later changes. The journal has the number of its snapshot, so that
//! no change is applied twice after a crash between the two writes.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use anyhow::Context;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::state::{
    Collection, Core, Customer, EVENTS_KEPT_MAX, Event, Line, MESSAGES_KEPT_MAX, Mail, Payout,
    Scheduled, Sms, State, push_bounded,
};

/// Private, because the files contain all codes and mails.
const PRIVATE_FILE: u32 = 0o600;

const SNAPSHOT: &str = "sandbox.json";
const JOURNAL_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Changes since the last write; records that can change again are listed by key.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    pub(crate) customers: BTreeSet<String>,
    pub(crate) schedule: BTreeSet<u64>,
    pub(crate) lines: Vec<Line>,
    pub(crate) mails: Vec<Mail>,
    pub(crate) sms: Vec<Sms>,
    pub(crate) events: Vec<Event>,
}

/// A line of the journal.
#[derive(Serialize, Deserialize)]
struct Delta {
    core: Core,
    customers: BTreeMap<String, Customer>,
    collections: Vec<(String, Collection)>,
    payouts: Vec<(String, Payout)>,
    /// `None` if the task is no longer scheduled.
    schedule: Vec<(u64, Option<Scheduled>)>,
    lines: Vec<Line>,
    mails: Vec<Mail>,
    sms: Vec<Sms>,
    events: Vec<Event>,
}

impl Delta {
    fn take(state: &mut State) -> Self {
        let touched = std::mem::take(&mut state.touched);
        let customer = |phone: String| state.customers.get(&phone).cloned().map(|it| (phone, it));
        let planned = |id: u64| (id, state.schedule.get(&id).cloned());
        Self {
            core: state.core.clone(),
            customers: touched.customers.into_iter().filter_map(customer).collect(),
            schedule: touched.schedule.into_iter().map(planned).collect(),
            collections: state.collections.take_touched(),
            payouts: state.payouts.take_touched(),
            lines: touched.lines,
            mails: touched.mails,
            sms: touched.sms,
            events: touched.events,
        }
    }

    fn apply(self, state: &mut State) {
        state.customers.extend(self.customers);
        for (key, collection) in self.collections {
            state.collections.insert(&key, collection);
        }
        for (key, payout) in self.payouts {
            state.payouts.insert(&key, payout);
        }
        for (id, planned) in self.schedule {
            match planned {
                Some(planned) => state.schedule.insert(id, planned),
                None => state.schedule.remove(&id),
            };
        }
        for line in self.lines {
            state.keep_line(line);
        }
        for mail in self.mails {
            push_bounded(&mut state.mails, mail, MESSAGES_KEPT_MAX);
        }
        for sms in self.sms {
            push_bounded(&mut state.sms, sms, MESSAGES_KEPT_MAX);
        }
        for event in self.events {
            push_bounded(&mut state.events, event, EVENTS_KEPT_MAX);
        }
        state.core = self.core;
        state.mails.retain(|it| it.id >= state.core.first_mail);
        state.sms.retain(|it| it.id >= state.core.first_sms);
    }
}

#[derive(Deserialize)]
struct Snapshot {
    number: u64,
    state: State,
}

#[derive(Serialize)]
struct SnapshotOf<'a> {
    number: u64,
    state: &'a State,
}

/// Bytes to write, serialised while the state is locked.
pub(crate) enum Page {
    Snapshot(Vec<u8>),
    Delta(Vec<u8>),
}

#[derive(Debug)]
pub(crate) struct Journal {
    dir: PathBuf,
    number: u64,
    file: File,
    bytes: u64,
    /// A page was taken but not written, so only a full snapshot is complete.
    behind: bool,
}

impl Journal {
    /// Reads the state in `dir` and starts a new snapshot.
    pub(crate) fn open(dir: &Path) -> anyhow::Result<(Self, State)> {
        fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
        let (number, mut state) = read_snapshot(&dir.join(SNAPSHOT))?;
        let path = journal_path(dir, number);
        for delta in read_lines::<Delta>(&path)? {
            delta.apply(&mut state);
        }
        let file = File::options().append(true).create(true).mode(PRIVATE_FILE).open(&path);
        let file = file.with_context(|| format!("open {}", path.display()))?;
        let mut journal = Self { dir: dir.to_owned(), number, file, bytes: 0, behind: true };
        let page = journal.page(&mut state)?;
        journal.write(&page)?;
        Ok((journal, state))
    }

    /// Takes changes out of the state, so `write` must follow.
    pub(crate) fn page(&mut self, state: &mut State) -> anyhow::Result<Page> {
        let whole = std::mem::replace(&mut self.behind, true) || self.bytes > JOURNAL_BYTES_MAX;
        let delta = Delta::take(state);
        if whole {
            let number = self.number.saturating_add(1);
            return Ok(Page::Snapshot(serde_json::to_vec(&SnapshotOf { number, state })?));
        }
        let mut line = serde_json::to_vec(&delta)?;
        line.push(b'\n');
        Ok(Page::Delta(line))
    }

    pub(crate) fn write(&mut self, page: &Page) -> anyhow::Result<()> {
        match page {
            Page::Delta(line) => {
                self.file.write_all(line).context("cannot write the journal")?;
                self.bytes = self.bytes.saturating_add(u64::try_from(line.len())?);
            }
            Page::Snapshot(bytes) => {
                let number = self.number.saturating_add(1);
                let path = journal_path(&self.dir, number);
                let file = begin(&path);
                self.file = file.with_context(|| format!("create {}", path.display()))?;
                replace(&self.dir.join(SNAPSHOT), bytes)?;
                // An old journal that remains is harmless, because its number does not match.
                let _ = fs::remove_file(journal_path(&self.dir, self.number));
                self.number = number;
                self.bytes = 0;
            }
        }
        self.behind = false;
        Ok(())
    }
}

fn journal_path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("journal-{number}.jsonl"))
}

fn read_snapshot(path: &Path) -> anyhow::Result<(u64, State)> {
    let foreign = || {
        let path = path.display();
        format!(
            "{path} is not a snapshot of this version: move the folder away to start without data"
        )
    };
    match fs::read(path) {
        Ok(bytes) => {
            let snapshot: Snapshot = serde_json::from_slice(&bytes).with_context(foreign)?;
            Ok((snapshot.number, snapshot.state))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok((0, State::default())),
        Err(error) => Err(error).with_context(|| format!("read {}", path.display())),
    }
}

/// Ignores an incomplete last line. It was being written during a crash, and no response depended on it.
fn read_lines<T: DeserializeOwned>(path: &Path) -> anyhow::Result<Vec<T>> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').unwrap_or(0);
    let lines = bytes.get(..whole).unwrap_or_default().split(|byte| *byte == b'\n');
    let parse =
        |line| serde_json::from_slice(line).with_context(|| format!("read {}", path.display()));
    lines.filter(|line| !line.is_empty()).map(parse).collect()
}

fn begin(path: &Path) -> io::Result<File> {
    File::options().write(true).create(true).truncate(true).mode(PRIVATE_FILE).open(path)
}

/// Replaces a file atomically.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let next = path.with_extension("next");
    begin(&next)
        .and_then(|mut file| file.write_all(bytes))
        .with_context(|| format!("cannot write {}", next.display()))?;
    fs::rename(&next, path).with_context(|| format!("cannot replace {}", path.display()))
}
