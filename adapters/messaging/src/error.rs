//! Results of a send. None of these types contains an address, a body or a secret.

use std::borrow::Cow;

/// Whether the same message may succeed later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendErrorKind {
    /// A problem of the network, the provider or our account: another attempt may succeed.
    Temporary,
    /// A problem of this message or its recipient: another attempt would fail too.
    Permanent,
}

/// A failed send. `what` never contains the provider's text, so it is safe to show.
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

/// A message that the provider has accepted. It may still not arrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The Message-ID of an e-mail; the provider's own id of an SMS, empty if it gave none.
    pub reference: String,
}

/// An invalid setting, found at the start of the program.
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
    #[error("the SMS user name or key is empty or has characters that are not allowed in a header")]
    SmsAccount,
    #[error("cannot create a TLS client; check that the system's CA certificates are installed")]
    Tls,
}
