//! What is held of a person under that person's key, opened only by whoever needs it.

use super::User;
use crate::error::{Error, StoreError};
use crate::pool::Store;
use crate::vault::{Column, PersonKey, Vault};
use amana_domain::contact::{Contact, ContactKind};
use amana_domain::personal::Personal;
use amana_domain::phone::Msisdn;
use amana_domain::transfer::TransferRefusal;

/// As it comes out of the database.
#[derive(Clone)]
pub(crate) struct Held {
    /// Wrapped by the master key.
    pub(super) key: Vec<u8>,
    pub(super) email: Vec<u8>,
    pub(super) phone: Vec<u8>,
}

/// Where a person is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contacts {
    /// Lower case.
    pub email: Personal<String>,
    pub phone: Msisdn,
}

impl User {
    fn held(&self) -> Result<&Held, Error> {
        match (&self.held, self.erased_at) {
            (Some(held), _) => Ok(held),
            (None, Some(_)) => Err(TransferRefusal::SenderClosed.into()),
            // Not erased and yet without a key: that is for nobody to explain away.
            (None, None) => Err(StoreError::Sealed.into()),
        }
    }

    pub(crate) fn key(&self, vault: &Vault) -> Result<PersonKey, Error> {
        Ok(vault.key(self.id, &self.held()?.key)?)
    }

    /// # Errors
    /// [`TransferRefusal::SenderClosed`] if the person is erased.
    pub(crate) fn contact(&self, vault: &Vault, kind: ContactKind) -> Result<Contact, Error> {
        let (held, key) = (self.held()?, self.key(vault)?);
        let text = match kind {
            ContactKind::Email => key.open(Column::UserEmail, &held.email)?,
            ContactKind::Phone => key.open(Column::UserPhone, &held.phone)?,
        };
        Contact::stored(kind, text).map_err(Error::row)
    }
}

impl Store {
    /// Address and number of a person; `None` if the person is erased.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub fn contacts(&self, user: &User) -> Result<Option<Contacts>, Error> {
        if user.erased_at.is_some() {
            return Ok(None);
        }
        let (held, key) = (user.held()?, user.key(self.vault()?)?);
        let phone = key.open(Column::UserPhone, &held.phone)?;
        Ok(Some(Contacts {
            email: Personal::new(key.open(Column::UserEmail, &held.email)?),
            phone: Msisdn::parse(&phone).map_err(Error::row)?,
        }))
    }
}
