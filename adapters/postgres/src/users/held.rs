//! Personal data of a user, sealed under the user's key and opened on demand.

use super::User;
use crate::error::{Error, StoreError};
use crate::pool::Store;
use crate::vault::{Column, PersonKey, Vault};
use amana_domain::contact::{Contact, ContactKind};
use amana_domain::personal::Personal;
use amana_domain::phone::Msisdn;
use amana_domain::transfer::TransferRefusal;

/// Sealed data as stored.
#[derive(Clone)]
pub(crate) struct Held {
    /// Wrapped by the master key.
    pub(super) key: Vec<u8>,
    pub(super) email: Option<Vec<u8>>,
    pub(super) phone: Option<Vec<u8>>,
}

/// A user's contacts, verified or not; at least one is present.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contacts {
    /// In lower case.
    pub email: Option<Personal<String>>,
    pub phone: Option<Msisdn>,
}

impl User {
    fn held(&self) -> Result<&Held, Error> {
        match (&self.held, self.erased_at) {
            (Some(held), _) => Ok(held),
            (None, Some(_)) => Err(TransferRefusal::SenderClosed.into()),
            // An account that is not erased and has no key is corrupt.
            (None, None) => Err(StoreError::Sealed.into()),
        }
    }

    pub(crate) fn key(&self, vault: &Vault) -> Result<PersonKey, Error> {
        Ok(vault.key(self.id, &self.held()?.key)?)
    }

    /// Returns whether the account has such a contact.
    pub(crate) fn has(&self, kind: ContactKind) -> bool {
        self.held.as_ref().is_some_and(|held| held.of(kind).is_some())
    }

    /// Returns the contact of this kind, verified or not.
    ///
    /// # Errors
    /// [`TransferRefusal::SenderClosed`] if the user is erased.
    pub(crate) fn contact(
        &self,
        vault: &Vault,
        kind: ContactKind,
    ) -> Result<Option<Contact>, Error> {
        let Some(sealed) = self.held()?.of(kind) else { return Ok(None) };
        let column = match kind {
            ContactKind::Email => Column::UserEmail,
            ContactKind::Phone => Column::UserPhone,
        };
        let text = self.key(vault)?.open(column, sealed)?;
        Contact::stored(kind, text).map(Some).map_err(Error::row)
    }

    /// Returns the contact of this kind if it is verified.
    ///
    /// # Errors
    /// [`TransferRefusal::SenderClosed`] if the user is erased.
    pub(crate) fn verified_contact(
        &self,
        vault: &Vault,
        kind: ContactKind,
    ) -> Result<Option<Contact>, Error> {
        match self.verified_at(kind) {
            Some(_) => self.contact(vault, kind),
            None => Ok(None),
        }
    }

    /// Returns the recipient of messages about the account: the verified e-mail address, or else the verified phone
    /// number.
    ///
    /// # Errors
    /// [`TransferRefusal::SenderClosed`] if the user is erased.
    pub(crate) fn reached_at(&self, vault: &Vault) -> Result<Option<Contact>, Error> {
        match self.verified_contact(vault, ContactKind::Email)? {
            Some(address) => Ok(Some(address)),
            None => self.verified_contact(vault, ContactKind::Phone),
        }
    }
}

impl Held {
    fn of(&self, kind: ContactKind) -> Option<&Vec<u8>> {
        match kind {
            ContactKind::Email => self.email.as_ref(),
            ContactKind::Phone => self.phone.as_ref(),
        }
    }
}

impl Store {
    /// Returns the contacts of a user; `None` if the user is erased.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub fn contacts(&self, user: &User) -> Result<Option<Contacts>, Error> {
        if user.erased_at.is_some() {
            return Ok(None);
        }
        let vault = self.vault()?;
        // Opened even without contacts, so that a missing key is reported.
        user.key(vault)?;
        let mut contacts = Contacts::default();
        for kind in ContactKind::ALL {
            match user.contact(vault, *kind)? {
                Some(Contact::Email(address)) => contacts.email = Some(Personal::new(address)),
                Some(Contact::Phone(number)) => contacts.phone = Some(number),
                None => {}
            }
        }
        Ok(Some(contacts))
    }
}
