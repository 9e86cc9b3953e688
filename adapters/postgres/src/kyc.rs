//! Applications for a tier from the applicant's side: creation, documents, submission, withdrawal.
//!
//! The rows have the metadata of documents. Their content is stored outside the database.

mod review;
mod rows;
mod upkeep;

pub(crate) use review::open;
pub use review::{KycDecision, ReviewPlace, ReviewState};
pub use rows::{KycDocument, KycView};

use crate::error::{Conflict, Error};
use crate::idempotency::{self, Answer, Keyed, Outcome};
use crate::page::Page;
use crate::pool::Store;
use crate::schema::kyc_documents;
use crate::{log, notifications, users};
use amana_domain::deal::Actor;
use amana_domain::event::KycEvent;
use amana_domain::id::{DocumentId, KycId, UserId};
use amana_domain::kyc::{self, Application, Command, State, Tier};
use amana_domain::notice::Template;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde_json::json;
use uuid::Uuid;

impl Store {
    /// Creates an application.
    ///
    /// # Errors
    /// [`Conflict::ApplicationOpen`] if the user has an open application. [`Error::Kyc`] if the user has the tier
    /// already, or created too many applications.
    pub async fn create_kyc_application(
        &self,
        keyed: &Keyed,
        tier: Tier,
        render: fn(&KycView) -> Answer,
        now: DateTime<Utc>,
    ) -> Result<Outcome, Error> {
        let mut conn = self.connection().await?;
        conn.transaction(async |conn| {
            if let Some(replay) = idempotency::begin(conn, keyed, now).await? {
                return Ok(replay);
            }
            let begun = rows::begun_lately(conn, keyed.user, now).await?;
            tier.apply(&users::load(conn, keyed.user).await?.tier, begun)?;
            let id = KycId::new(Uuid::now_v7());
            rows::insert(conn, (id, keyed.user, tier), now).await.map_err(|e| {
                e.on_constraint("kyc_applications_open_unique", Conflict::ApplicationOpen)
            })?;
            let tier = tier.as_str().to_owned();
            let created = KycEvent::Created { tier, to: State::Draft };
            log::append(conn, now, Actor::User(keyed.user), id, created).await?;
            let view = rows::view(conn, id).await?;
            idempotency::complete(conn, keyed, render(&view)).await
        })
        .await
    }

    /// Adds a document. Its content is stored already.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an application of another user, [`Error::Kyc`] by the rules.
    pub async fn add_kyc_document(
        &self,
        keyed: &Keyed,
        id: KycId,
        document: &KycDocument,
        render: fn(&KycDocument) -> Answer,
        now: DateTime<Utc>,
    ) -> Result<Outcome, Error> {
        let mut conn = self.connection().await?;
        conn.transaction(async |conn| {
            if let Some(replay) = idempotency::begin(conn, keyed, now).await? {
                return Ok(replay);
            }
            let application = lock_own(conn, keyed.user, id).await?;
            let next = kyc::decide(&application, Command::Attach, keyed.user)?;
            rows::insert_document(conn, id, document).await?;
            rows::save_state(conn, id, next, now).await?;
            let added = KycEvent::DocumentAdded {
                document: document.file.id,
                kind: document.kind.as_str().to_owned(),
                sha256: hex::encode(document.file.sha256),
            };
            log::append(conn, now, Actor::User(keyed.user), id, added).await?;
            idempotency::complete(conn, keyed, render(document)).await
        })
        .await
    }

    /// Removes a document. The caller deletes its content afterwards.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an application of another user, [`Error::Kyc`] by the rules.
    pub async fn remove_kyc_document(
        &self,
        user: UserId,
        (id, document): (KycId, DocumentId),
        now: DateTime<Utc>,
    ) -> Result<KycView, Error> {
        let mut conn = self.connection().await?;
        conn.transaction(async |conn| {
            users::require_active(conn, user).await?;
            let application = lock_own(conn, user, id).await?;
            let rows = kyc_documents::table
                .find(document.uuid())
                .filter(kyc_documents::application_id.eq(id.uuid()));
            if diesel::delete(rows).execute(conn).await? == 0 {
                return Err(Error::NotFound("document"));
            }
            let next = kyc::decide(&application, Command::Detach, user)?;
            rows::save_state(conn, id, next, now).await?;
            let removed = KycEvent::DocumentRemoved { document };
            log::append(conn, now, Actor::User(user), id, removed).await?;
            rows::view(conn, id).await
        })
        .await
    }

    /// Submits an application for review.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an application of another user, [`Error::Kyc`] by the rules.
    pub async fn submit_kyc(
        &self,
        user: UserId,
        id: KycId,
        now: DateTime<Utc>,
    ) -> Result<KycView, Error> {
        self.command_kyc((user, id), Command::Submit, now).await
    }

    /// Withdraws an application.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an application of another user, [`Error::Kyc`] by the rules.
    pub async fn withdraw_kyc(
        &self,
        user: UserId,
        id: KycId,
        now: DateTime<Utc>,
    ) -> Result<KycView, Error> {
        self.command_kyc((user, id), Command::Withdraw, now).await
    }

    async fn command_kyc(
        &self,
        (user, id): (UserId, KycId),
        command: Command<'_>,
        now: DateTime<Utc>,
    ) -> Result<KycView, Error> {
        let mut conn = self.connection().await?;
        conn.transaction(async |conn| {
            users::require_active(conn, user).await?;
            let before = lock_own(conn, user, id).await?;
            let next = kyc::decide(&before, command, user)?;
            rows::save_state(conn, id, next, now).await?;
            if next == State::Submitted {
                tell(conn, user, Template::KycSubmitted, "", now).await?;
            }
            let changed = match command {
                Command::Withdraw => KycEvent::Withdrawn { from: before.state, to: next },
                _ => KycEvent::Submitted { from: before.state, to: next },
            };
            log::append(conn, now, Actor::User(user), id, changed).await?;
            rows::view(conn, id).await
        })
        .await
    }

    /// # Errors
    /// [`Error::NotFound`] for an application of another user.
    pub async fn kyc_application(&self, user: UserId, id: KycId) -> Result<KycView, Error> {
        let mut conn = self.connection().await?;
        own(rows::view(&mut conn, id).await?, user)
    }

    /// Returns a user's applications, newest first.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn kyc_applications(
        &self,
        user: UserId,
        after: Option<KycId>,
        limit: i64,
    ) -> Result<Page<KycView>, Error> {
        let mut conn = self.connection().await?;
        rows::list(&mut conn, user, after, limit).await
    }

    /// Returns a document of the user's own application, so that the caller may create a link to it.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the user has no such document.
    pub async fn kyc_document(
        &self,
        user: UserId,
        (id, document): (KycId, DocumentId),
    ) -> Result<KycDocument, Error> {
        self.kyc_application(user, id).await?.document(document)
    }
}

fn own(view: KycView, user: UserId) -> Result<KycView, Error> {
    if view.application.owner == user { Ok(view) } else { Err(Error::NotFound("application")) }
}

/// Locks an application of the user, so that concurrent commands run one after the other.
async fn lock_own(
    conn: &mut AsyncPgConnection,
    user: UserId,
    id: KycId,
) -> Result<Application, Error> {
    let application = rows::lock(conn, id).await?;
    if application.owner == user { Ok(application) } else { Err(Error::NotFound("application")) }
}

async fn tell(
    conn: &mut AsyncPgConnection,
    user: UserId,
    template: Template,
    note: &str,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let user = users::load(conn, user).await?;
    notifications::enqueue(conn, &user, template, json!({ "reason": note }), now).await
}
