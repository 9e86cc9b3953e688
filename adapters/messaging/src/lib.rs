//! Messages to users: the texts in each language, e-mail by SMTP, and SMS by Africa's Talking.
//!
//! The caller decides when to send and retries. [`SendErrorKind`] tells whether a retry can help.

mod catalogue;
mod error;
mod gsm7;
mod mail;
mod net;
mod params;
mod sms;
mod smtp;
mod templates;

pub use catalogue::{Detail, Variables, variables};
pub use error::{ConfigError, SendError, SendErrorKind, Sent};
pub use gsm7::sms_septets;
pub use mail::{MailConfig, Mailer, Message, check_sender, check_smtp_url};
pub use params::{Params, ParamsError};
pub use sms::{SmsConfig, SmsGateway, check_sms_url};
pub use templates::{House, Rendered, TemplateError, render};
