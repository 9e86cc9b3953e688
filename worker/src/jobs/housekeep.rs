//! Removes data after its retention period.

use crate::context::Context;
use crate::failure::Failure;
use amana_files::FileError;
use amana_postgres::{Claim, Old};
use chrono::{DateTime, TimeDelta, Utc};
use std::time::SystemTime;

/// Ended sessions stay visible this long, for investigations. A later log-in from the same device counts as a new
/// device.
const SESSIONS_KEPT: TimeDelta = TimeDelta::days(90);

/// One run removes at most this many parts of one kind of old data; the next run continues.
const PARTS_MAX: usize = 100;

/// Documents of rejected, withdrawn and abandoned applications are stored this long, so that users can object to
/// the decision.
const DOCUMENTS_KEPT: TimeDelta = TimeDelta::days(90);

/// Revoked and expired API keys stay visible to their owner this long. The audit log keeps its records of them.
const API_KEYS_KEPT: TimeDelta = TimeDelta::days(90);

/// A file is written before its row, so a process that dies between the two leaves a file without a row. This time
/// is longer than any upload takes.
const UNKNOWN_FILES_KEPT: TimeDelta = TimeDelta::days(1);

/// One query looks up this many files.
const FILES_AT_ONCE: usize = 1_000;

pub(super) async fn run(context: &Context, claim: &Claim) -> Result<(), Failure> {
    let now = context.clock.now();
    let before = |kept| now.checked_sub_signed(kept).unwrap_or(now);
    context.store.add_event_months(now).await?;
    context.store.forget_kyc_documents(before(DOCUMENTS_KEPT), now).await?;
    context.store.forget_api_keys(before(API_KEYS_KEPT)).await?;
    context.step(claim, "forgotten").await?;
    remove_unknown_files(context, before(UNKNOWN_FILES_KEPT)).await?;
    context.step(claim, "removed").await?;
    context.store.end_expired_invitations(now).await?;
    context.step(claim, "ended").await?;
    for _ in 0..PARTS_MAX {
        if !context.store.remove_old_sessions(before(SESSIONS_KEPT)).await? {
            break;
        }
    }
    for _ in 0..PARTS_MAX {
        if !context.store.forget_callbacks(now).await? {
            break;
        }
    }
    for old in Old::ALL {
        remove_old(context, *old, now).await?;
    }
    Ok(context.store.finish_job(claim, now).await?)
}

/// Removes at most [`PARTS_MAX`] parts.
async fn remove_old(context: &Context, old: Old, now: DateTime<Utc>) -> Result<(), Failure> {
    for _ in 0..PARTS_MAX {
        if !context.store.remove_old(old, now).await? {
            return Ok(());
        }
    }
    tracing::warn!("{old}: one run removes at most {PARTS_MAX} parts; the next run continues");
    Ok(())
}

async fn remove_unknown_files(context: &Context, before: DateTime<Utc>) -> Result<(), Failure> {
    let before = SystemTime::from(before);
    context.files.remove_unfinished(before).await?;
    for part in u8::MIN..=u8::MAX {
        let old = context.files.written_before(part, before).await?;
        for keys in old.chunks(FILES_AT_ONCE) {
            let known = context.store.known_documents(keys).await?;
            for key in keys.iter().filter(|key| !known.contains(key)) {
                context.files.delete(*key).await?;
            }
        }
    }
    Ok(())
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        Failure::retry("files_failed", crate::failure::describe(&error))
    }
}
