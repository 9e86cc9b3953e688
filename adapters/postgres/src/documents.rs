//! Uploaded files of applications and deals: metadata, keys and access.
//!
//! The content is stored outside the database under the document's id, sealed under the key of its owner.

use crate::error::Error;
use crate::pool::Store;
use crate::row::parse;
use crate::schema::{deal_files, kyc_documents};
use crate::{deals, kyc, users, vault};
use amana_domain::id::{DocumentId, UserId};
use amana_domain::kyc::MediaType;
use amana_domain::personal::Personal;
use amana_domain::transfer::TransferRefusal;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, RunQueryDsl};
use std::collections::BTreeSet;
use uuid::Uuid;

/// The metadata of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    pub id: DocumentId,
    pub media_type: MediaType,
    pub bytes: i64,
    pub sha256: [u8; 32],
    pub created_at: DateTime<Utc>,
}

impl Document {
    pub(crate) fn stored(
        id: Uuid,
        media_type: &str,
        bytes: i64,
        sha256: Vec<u8>,
        created_at: DateTime<Utc>,
    ) -> Result<Self, Error> {
        Ok(Self {
            id: DocumentId::new(id),
            media_type: parse(media_type)?,
            bytes,
            sha256: sha256.try_into().map_err(|_| Error::row("a hash has 32 bytes"))?,
            created_at,
        })
    }
}

/// A file that the viewer may open, with its key.
#[derive(Debug)]
pub struct OpenDocument {
    pub document: Document,
    /// The suggested file name for a download, without extension.
    pub name: String,
    pub key: Personal<[u8; 32]>,
}

impl Store {
    /// Returns the key that seals the content of a document.
    ///
    /// # Errors
    /// [`TransferRefusal::SenderClosed`] if the owner is erased.
    pub async fn document_key(
        &self,
        owner: UserId,
        document: DocumentId,
    ) -> Result<Personal<[u8; 32]>, Error> {
        let mut conn = self.connection().await?;
        let key = vault::key_of(&mut conn, self.vault()?, owner).await?;
        Ok(key.ok_or(TransferRefusal::SenderClosed)?.of_file(document)?)
    }

    /// Opens the document behind a link, if the viewer still has access. An event records the access of staff.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the viewer has no access, or the owner is erased.
    pub async fn open_document(
        &self,
        viewer: UserId,
        id: DocumentId,
        now: DateTime<Utc>,
    ) -> Result<OpenDocument, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conn.transaction(async |conn| {
            let viewer = users::load(conn, viewer).await?;
            if viewer.closed_at.is_some() {
                return Err(Error::NotFound("document"));
            }
            let found = match kyc::open(conn, vault, (&viewer, id), now).await? {
                Some(found) => Some(found),
                None => deals::open_file(conn, vault, (&viewer, id), now).await?,
            };
            let (document, name, owner) = found.ok_or(Error::NotFound("document"))?;
            let key = vault::key_of(conn, vault, owner).await?;
            let key = key.ok_or(Error::NotFound("document"))?.of_file(id)?;
            Ok(OpenDocument { document, name, key })
        })
        .await
    }

    /// Returns those of the ids that have a row. Files without one can be deleted.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn known_documents(&self, keys: &[Uuid]) -> Result<BTreeSet<Uuid>, Error> {
        let mut conn = self.connection().await?;
        let of_applications: Vec<Uuid> = kyc_documents::table
            .filter(kyc_documents::id.eq_any(keys))
            .select(kyc_documents::id)
            .load(&mut conn)
            .await?;
        let of_deals: Vec<Uuid> = deal_files::table
            .filter(deal_files::id.eq_any(keys))
            .select(deal_files::id)
            .load(&mut conn)
            .await?;
        Ok(of_applications.into_iter().chain(of_deals).collect())
    }
}
