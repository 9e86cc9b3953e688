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
    pub(super) email: Option<Vec<u8>>,
    pub(super) phone: Option<Vec<u8>>,
}

/// Where a person is reached, verified or not: at least one of the two.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contacts {
    /// Lower case.
    pub email: Option<Personal<String>>,
    pub phone: Option<Msisdn>,
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

    /// Whether the account has such a contact.
    pub(crate) fn has(&self, kind: ContactKind) -> bool {
        self.held.as_ref().is_some_and(|held| held.of(kind).is_some())
    }

    /// Returns the contact of this kind, verified or not.
    ///
    /// # Errors
    /// [`TransferRefusal::SenderClosed`] if the person is erased.
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
    /// [`TransferRefusal::SenderClosed`] if the person is erased.
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

    /// Returns where a message about the account goes: to the verified address, or else to the verified number.
    ///
    /// # Errors
    /// [`TransferRefusal::SenderClosed`] if the person is erased.
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
    /// Returns the contacts of a person; `None` if the person is erased.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub fn contacts(&self, user: &User) -> Result<Option<Contacts>, Error> {
        if user.erased_at.is_some() {
            return Ok(None);
        }
        let vault = self.vault()?;
        // Opened also if there is nothing in it: a person without a key is an error.
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
