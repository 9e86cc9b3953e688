//! Applications from the reviewers' side. Drafts and withdrawn applications are not visible to them. Events record
//! their access to documents.

use super::rows::{self, KycDocument, KycView, Row};
use super::tell;
use crate::conflicts::{self, Matter};
use crate::documents::Document;
use crate::error::Error;
use crate::idempotency::{self, Answer, Keyed, Outcome};
use crate::log;
use crate::page::Page;
use crate::pool::Store;
use crate::schema::{kyc_applications, kyc_documents};
use crate::users::{self, User};
use crate::vault::Vault;
use amana_domain::event::{self, KycEvent};
use amana_domain::id::{DocumentId, KycId, UserId};
use amana_domain::kyc::{self, Command, Reason, State};
use amana_domain::notice::Template;
use amana_domain::permission::{Action, Circumstances, Resource, Staff, permit};
use amana_domain::text_enum;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use std::fmt::{self, Display};
use std::str::FromStr;
use uuid::Uuid;

text_enum! {
    /// The states in which reviewers see an application.
    pub enum ReviewState as "application state" {
        Submitted = "submitted",
        Approved = "approved",
        Rejected = "rejected",
    }
}

/// The right to read an application and its documents.
const READ: (Resource, Action) = (Resource::Kyc, Action::Read);

/// The position of an application in the order of submission, as a cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReviewPlace {
    pub submitted_at: DateTime<Utc>,
    pub id: KycId,
}

impl ReviewPlace {
    #[must_use]
    pub fn of(view: &KycView) -> Self {
        let submitted_at = view.submitted_at.unwrap_or(view.created_at);
        Self { submitted_at, id: view.application.id }
    }
}

impl Display for ReviewPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.submitted_at.timestamp_micros(), self.id)
    }
}

impl FromStr for ReviewPlace {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (micros, id) = text.split_once('.').ok_or(())?;
        let submitted_at = DateTime::from_timestamp_micros(micros.parse().map_err(drop)?);
        Ok(Self { submitted_at: submitted_at.ok_or(())?, id: id.parse().map_err(drop)? })
    }
}

/// The decision of a reviewer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KycDecision {
    Approve,
    Reject(Vec<Reason>),
}

impl Store {
    /// Returns the applications of other users in one state, in the order of submission.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn kyc_reviews(
        &self,
        reviewer: UserId,
        state: ReviewState,
        after: Option<ReviewPlace>,
        limit: i64,
    ) -> Result<Page<KycView>, Error> {
        use kyc_applications::{id, submitted_at};
        let mut conn = self.connection().await?;
        let mut query = Row::query()
            .filter(kyc_applications::state.eq(state.as_str()))
            .filter(kyc_applications::user_id.ne(reviewer.uuid()))
            .order((submitted_at, id))
            .limit(Page::<KycView>::fetch(limit))
            .into_boxed();
        if let Some(after) = after {
            let (at, last) = (Some(after.submitted_at), after.id.uuid());
            query = query.filter(submitted_at.gt(at).or(submitted_at.eq(at).and(id.gt(last))));
        }
        let found = query.load(&mut conn).await?;
        rows::page(&mut conn, found, limit).await
    }

    /// # Errors
    /// [`Error::Denied`], or [`Error::NotFound`], also for drafts and withdrawn applications.
    pub async fn kyc_review(
        &self,
        staff: &Staff,
        id: KycId,
        now: DateTime<Utc>,
    ) -> Result<KycView, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conflicts::permit(&mut conn, vault, staff, READ, Matter::Kyc(id), now).await?;
        view(&mut conn, id).await
    }

    /// Returns a document to link to, and records the link in the log.
    ///
    /// # Errors
    /// [`Error::Denied`], or [`Error::NotFound`] if the document does not exist or is not visible to reviewers.
    pub async fn link_kyc_document(
        &self,
        staff: &Staff,
        (id, document): (KycId, DocumentId),
        now: DateTime<Utc>,
    ) -> Result<KycDocument, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conn.transaction(async |conn| {
            conflicts::permit(conn, vault, staff, READ, Matter::Kyc(id), now).await?;
            let reviewer = staff.user;
            let found = view(conn, id).await?.document(document)?;
            let linked = KycEvent::DocumentLinked { document };
            log::append(conn, now, event::Actor::Operator(reviewer), id, linked).await?;
            Ok(found)
        })
        .await
    }

    /// Approves an application, which sets the user's tier, or rejects it. Notifies the user.
    ///
    /// # Errors
    /// [`Error::Denied`], [`Error::NotFound`], or [`Error::Kyc`], for example if the application is decided already.
    pub async fn decide_kyc(
        &self,
        (keyed, staff): (&Keyed, &Staff),
        id: KycId,
        (decision, note): (&KycDecision, &str),
        render: fn(&KycView) -> Answer,
        now: DateTime<Utc>,
    ) -> Result<Outcome, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conn.transaction(async |conn| {
            if let Some(replay) = idempotency::begin(conn, keyed, now).await? {
                return Ok(replay);
            }
            let right = (Resource::Kyc, Action::Decide);
            conflicts::permit(conn, vault, staff, right, Matter::Kyc(id), now).await?;
            let before = rows::lock(conn, id).await?;
            view(conn, id).await?;
            let (command, reasons) = match decision {
                KycDecision::Approve => (Command::Approve, &[][..]),
                KycDecision::Reject(reasons) => (Command::Reject(reasons), &reasons[..]),
            };
            let next = kyc::decide(&before, command, keyed.user)?;
            save(conn, id, (next, reasons, note), keyed.user, now).await?;
            let (from, to, said) = (before.state, next, note.to_owned());
            let decided = match decision {
                KycDecision::Approve => KycEvent::Approved { from, to, note: said },
                KycDecision::Reject(_) => {
                    let reasons = reasons.iter().map(|reason| reason.to_string()).collect();
                    KycEvent::Rejected { from, to, reasons, note: said }
                }
            };
            log::append(conn, now, event::Actor::Operator(keyed.user), id, decided).await?;
            if next == State::Approved {
                let present = users::load(conn, before.owner).await?.tier;
                // An operator may have set a higher tier meanwhile, which an approval must not lower.
                if !before.tier.is_covered_by(&present) {
                    let tier = (before.tier.as_str(), note);
                    users::put_on_tier(conn, keyed.user, before.owner, tier, now).await?;
                }
                tell(conn, before.owner, Template::KycApproved, "", now).await?;
            } else {
                tell(conn, before.owner, Template::KycRejected, note, now).await?;
            }
            let view = rows::view(conn, id).await?;
            idempotency::complete(conn, keyed, render(&view)).await
        })
        .await
    }
}

/// Returns a document of an application, its name and its owner; `None` if no application has it. An event records the
/// access of a reviewer.
///
/// # Errors
/// [`Error::NotFound`] if the document is not visible to the viewer.
pub(crate) async fn open(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    (viewer, document): (&User, DocumentId),
    now: DateTime<Utc>,
) -> Result<Option<(Document, String, UserId)>, Error> {
    let id: Option<Uuid> = kyc_documents::table
        .find(document.uuid())
        .select(kyc_documents::application_id)
        .first(conn)
        .await
        .optional()?;
    let Some(id) = id.map(KycId::new) else { return Ok(None) };
    let found = rows::view(conn, id).await?;
    let owner = found.application.owner;
    // The network was checked when the link was created. The role is checked again, because it may have changed.
    let (tie, amount) = conflicts::stakes(conn, vault, viewer.id, Matter::Kyc(id)).await?;
    let now_and_there =
        Circumstances { at: now, from_listed: true, stepped_up: false, tie, amount };
    let reviews = permit(viewer.role, READ, &now_and_there).is_ok();
    if owner != viewer.id && !(reviews && is_reviewed(&found)) {
        return Err(Error::NotFound("document"));
    }
    if owner != viewer.id {
        let viewed = KycEvent::DocumentViewed { document };
        log::append(conn, now, event::Actor::Operator(viewer.id), id, viewed).await?;
    }
    let KycDocument { kind, file } = found.document(document)?;
    Ok(Some((file, kind.to_string(), owner)))
}

async fn view(conn: &mut AsyncPgConnection, id: KycId) -> Result<KycView, Error> {
    let found = rows::view(conn, id).await?;
    if is_reviewed(&found) { Ok(found) } else { Err(Error::NotFound("application")) }
}

fn is_reviewed(view: &KycView) -> bool {
    match view.application.state {
        State::Submitted | State::Approved | State::Rejected => true,
        State::Draft | State::Withdrawn => false,
    }
}

async fn save(
    conn: &mut AsyncPgConnection,
    id: KycId,
    (next, reasons, note): (State, &[Reason], &str),
    by: UserId,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let reasons: Vec<&str> = reasons.iter().map(|reason| reason.as_str()).collect();
    diesel::update(kyc_applications::table.find(id.uuid()))
        .set((
            kyc_applications::state.eq(next.as_str()),
            kyc_applications::reasons.eq(reasons),
            kyc_applications::note.eq(Some(note)),
            kyc_applications::decided_by.eq(Some(by.uuid())),
            kyc_applications::decided_at.eq(Some(now)),
            kyc_applications::updated_at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_back_and_nothing_else_is_one() {
        let place = ReviewPlace {
            submitted_at: DateTime::from_timestamp_micros(1_700_000_000_123_456).unwrap(),
            id: KycId::new(Uuid::from_u128(7)),
        };
        assert_eq!(place.to_string().parse(), Ok(place));
        for text in ["", "1", "1.", "1.deal_00000000000000000000000000000007", "x.kyc_7"] {
            assert_eq!(text.parse::<ReviewPlace>(), Err(()), "{text}");
        }
    }
}
