//! The ways to name a recipient.

use crate::handle::Handle;
use crate::id::UserId;
use crate::phone::Msisdn;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payee {
    Handle(Handle),
    Phone(Msisdn),
    /// Lower case.
    Email(String),
    User(UserId),
}
