//! E-mail: plain text in UTF-8 over SMTP.

use std::fmt;
use std::time::Duration;

use lettre::Address;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MessageBuilder};
use lettre::transport::smtp::Error;
use secrecy::SecretString;

use crate::error::{ConfigError, SendError, Sent};
use crate::params::one_line;
use crate::smtp::{Failure, SmtpServer};

/// Time limit of a send, including the wait for a connection.
const SEND_TIMEOUT: Duration = Duration::from_secs(30);
const SUBJECT_CHARACTERS_MAX: usize = 250;
const BODY_BYTES_MAX: usize = 64 * 1024;
const MESSAGE_ID_BYTES_MAX: usize = 200;
/// "Authentication required": a problem of our account, although it is the reply to a message.
const AUTHENTICATION_REQUIRED: u16 = 530;

#[derive(Debug, Clone)]
pub struct MailConfig {
    /// `smtp://user:password@host:port[?tls=required|none]` or `smtps://…`.
    pub url: SecretString,
    /// `Amana <no-reply@example.com>`.
    pub from: String,
    /// Address for replies, because the sender's mailbox is not read.
    pub reply_to: Option<String>,
}

/// One e-mail to one recipient.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    pub to: String,
    pub subject: String,
    pub body: String,
    /// Equal in every attempt, so that repeats can be recognised. Angle brackets are optional; the
    /// sender's domain is added if there is none.
    pub message_id: String,
}

/// Sends e-mails through one server. Shared by all callers.
pub struct Mailer {
    server: SmtpServer,
    from: Mailbox,
    reply_to: Option<Mailbox>,
    send_timeout: Duration,
}

impl Mailer {
    pub fn new(config: &MailConfig) -> Result<Self, ConfigError> {
        let (server, from) = (SmtpServer::from_url(&config.url)?, sender(&config.from)?);
        let reply_to = config.reply_to.as_deref().map(sender).transpose()?;
        Ok(Self { server, from, reply_to, send_timeout: SEND_TIMEOUT })
    }

    /// Changes the time limit of a send, which is 30 s by default.
    #[must_use]
    pub fn with_send_timeout(self, send_timeout: Duration) -> Self {
        Self { send_timeout, ..self }
    }

    pub async fn send(&self, message: &Message) -> Result<Sent, SendError> {
        let message_id = self.message_id(&message.message_id)?;
        let email = self.compose(message, message_id.clone())?;
        let bytes = email.formatted();
        let sending = self.server.send(email.envelope(), &bytes);
        match tokio::time::timeout(self.send_timeout, sending).await {
            Ok(Ok(())) => Ok(Sent { reference: message_id }),
            Ok(Err(failure)) => Err(explain(&failure)),
            Err(_) => Err(SendError::temporary("the mail server did not answer in time")),
        }
    }

    fn compose(&self, message: &Message, id: String) -> Result<lettre::Message, SendError> {
        if message.body.len() > BODY_BYTES_MAX {
            return Err(SendError::permanent("the e-mail is too long"));
        }
        let to: Address = message
            .to
            .parse()
            .map_err(|_| SendError::permanent("the e-mail address is invalid"))?;
        let builder = match &self.reply_to {
            Some(reply_to) => MessageBuilder::new().reply_to(reply_to.clone()),
            None => MessageBuilder::new(),
        };
        builder
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(one_line(&message.subject, SUBJECT_CHARACTERS_MAX))
            .message_id(Some(id))
            // Prevents automatic replies, such as holiday notices (RFC 3834).
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ))
            .header(ContentType::TEXT_PLAIN)
            .body(message.body.clone())
            .map_err(|_| SendError::permanent("the e-mail could not be composed"))
    }

    fn message_id(&self, id: &str) -> Result<String, SendError> {
        let bare = id.strip_prefix('<').and_then(|id| id.strip_suffix('>')).unwrap_or(id);
        let legal = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.@".contains(c);
        let ats = bare.matches('@').count();
        if bare.is_empty()
            || bare.len() > MESSAGE_ID_BYTES_MAX
            || ats > 1
            || !bare.chars().all(legal)
        {
            return Err(SendError::permanent("the Message-ID of the e-mail is invalid"));
        }
        Ok(match ats {
            0 => format!("<{bare}@{}>", self.from.email.domain()),
            _ => format!("<{bare}>"),
        })
    }
}

pub fn check_smtp_url(url: &SecretString) -> Result<(), ConfigError> {
    SmtpServer::from_url(url).map(drop)
}

pub fn check_sender(from: &str) -> Result<(), ConfigError> {
    sender(from).map(drop)
}

fn sender(from: &str) -> Result<Mailbox, ConfigError> {
    from.parse().map_err(|_| ConfigError::Sender)
}

/// Passes on only the server's code, because its text may contain the recipient's address.
fn explain(failure: &Failure) -> SendError {
    match failure {
        Failure::Opening(error) => match code(error) {
            Some(code) => {
                SendError::temporary(format!("the mail server rejected the connection ({code})"))
            }
            None if error.is_tls() => {
                SendError::temporary("no trusted TLS connection to the mail server")
            }
            None if error.is_client() => {
                SendError::temporary("the mail server offers no STARTTLS or no supported log-in")
            }
            None => SendError::temporary("the mail server could not be reached"),
        },
        Failure::Handing(error) => match code(error) {
            Some(code) if error.is_permanent() && code != AUTHENTICATION_REQUIRED => {
                SendError::permanent(format!("the mail server rejected the message ({code})"))
            }
            Some(code) => {
                SendError::temporary(format!("the mail server deferred the message ({code})"))
            }
            None if error.is_client() => {
                SendError::permanent("the mail server cannot deliver to an address of this kind")
            }
            None => SendError::temporary("the connection to the mail server was lost"),
        },
    }
}

fn code(error: &Error) -> Option<u16> {
    error.status().map(u16::from)
}

impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailer").finish_non_exhaustive()
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message").field("message_id", &self.message_id).finish_non_exhaustive()
    }
}
