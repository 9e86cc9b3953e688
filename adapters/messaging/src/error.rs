//! What a send can end in. Nothing in here carries an address, a body or a secret.

use std::borrow::Cow;

/// Whether the same message may succeed later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendErrorKind {
    /// The network, the provider or our own account with it: worth another attempt.
    Temporary,
    /// This message to this recipient: another attempt would end the same way.
    Permanent,
}

/// A failed send. `what` is written by us, never by the provider, so it is safe to show.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct SendError {
    pub kind: SendErrorKind,
    pub what: Cow<'static, str>,
}

impl SendError {
    pub(crate) fn temporary(what: impl Into<Cow<'static, str>>) -> Self {
        Self { kind: SendErrorKind::Temporary, what: what.into() }
    }

    pub(crate) fn permanent(what: impl Into<Cow<'static, str>>) -> Self {
        Self { kind: SendErrorKind::Permanent, what: what.into() }
    }
}

/// A message that the provider has taken over, which is not yet proof that it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The Message-ID of an e-mail; the provider's own id of an SMS, empty if it gave none.
    pub reference: String,
}

/// A setting that cannot work; found when the program starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    #[error("the SMTP URL must look like smtp://user:password@host:port or smtps://host")]
    SmtpUrl,
    #[error("the SMTP URL's tls setting must be `required` or `none`")]
    SmtpTls,
    #[error("the sender of e-mails must look like `Name <address@host>`")]
    Sender,
    #[error("the SMS URL must be an http or https URL without a path")]
    SmsUrl,
    #[error("the SMS user name or key is empty or has characters that a header cannot carry")]
    SmsAccount,
    #[error("no TLS client could be made; are the system's CA certificates installed?")]
    Tls,
}
