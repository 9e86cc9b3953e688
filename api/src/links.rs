//! File links. A link names a document, a user and a session, and is valid for one minute. It needs no token, so that a
//! browser can follow it. Until it expires it works for any holder, unless the session ends.

use crate::auth::Caller;
use crate::principal::Principal;
use crate::secret::ServerSecret;
use amana_domain::id::{DocumentId, SessionId, UserId};
use aws_lc_rs::hmac;
use chrono::{DateTime, TimeDelta, Utc};
use poem_openapi::Object;
use uuid::Uuid;

use crate::wire::Timestamp;

const LINK_TTL: TimeDelta = TimeDelta::seconds(60);

/// Purpose of the derived key.
const PURPOSE: &[u8] = b"amana links to files 1";

/// A link to a file.
#[derive(Debug, Object)]
#[oai(rename = "FileLink")]
pub(crate) struct LinkAnswer {
    /// Path of the file on this server. It needs no token.
    url: String,
    /// Expiry of the link, one minute after its creation.
    expires_at: Timestamp,
}

/// User and session that a link is created for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Viewer {
    pub(crate) user: UserId,
    /// `None` for an API key.
    pub(crate) session: Option<SessionId>,
}

impl From<&Caller> for Viewer {
    fn from(caller: &Caller) -> Self {
        Self { user: caller.user(), session: Some(caller.session()) }
    }
}

impl<S> From<&Principal<S>> for Viewer {
    fn from(principal: &Principal<S>) -> Self {
        Self { user: principal.user(), session: principal.session() }
    }
}

/// Creates and verifies links.
#[derive(Debug)]
pub(crate) struct Links {
    key: hmac::Key,
}

impl Links {
    pub(crate) fn new(secret: &ServerSecret) -> Self {
        Self { key: secret.hmac(PURPOSE) }
    }

    pub(crate) fn make(
        &self,
        document: DocumentId,
        viewer: impl Into<Viewer>,
        now: DateTime<Utc>,
    ) -> LinkAnswer {
        let expires_at = now.checked_add_signed(LINK_TTL).unwrap_or(now);
        let token = self.token(document, viewer.into(), expires_at);
        LinkAnswer { url: format!("/v1/files/{token}"), expires_at: expires_at.into() }
    }

    fn token(&self, document: DocumentId, viewer: Viewer, expires_at: DateTime<Utc>) -> String {
        let (document, user) = (document.uuid().simple(), viewer.user.uuid().simple());
        let session = viewer.session.map_or(Uuid::nil(), SessionId::uuid).simple();
        let said = format!("{document}.{user}.{session}.{}", expires_at.timestamp());
        let signature = hmac::sign(&self.key, said.as_bytes());
        format!("{said}.{}", hex::encode(signature))
    }

    /// Returns document and viewer; `None` if the link is forged or has expired.
    pub(crate) fn read(&self, token: &str, now: DateTime<Utc>) -> Option<(DocumentId, Viewer)> {
        let (said, signature) = token.rsplit_once('.')?;
        hmac::verify(&self.key, said.as_bytes(), &hex::decode(signature).ok()?).ok()?;
        let mut parts = said.split('.');
        let document = Uuid::try_parse(parts.next()?).ok()?;
        let user = UserId::new(Uuid::try_parse(parts.next()?).ok()?);
        let session = Uuid::try_parse(parts.next()?).ok()?;
        let session = (!session.is_nil()).then_some(SessionId::new(session));
        let expires_at: i64 = parts.next()?.parse().ok()?;
        let in_time = now.timestamp() < expires_at;
        in_time.then_some((DocumentId::new(document), Viewer { user, session }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: DocumentId = DocumentId::new(Uuid::from_u128(7));
    const SESSION: Option<SessionId> = Some(SessionId::new(Uuid::from_u128(9)));
    const AMINA: Viewer = Viewer { user: UserId::new(Uuid::from_u128(1)), session: SESSION };
    const JUMA: Viewer = Viewer { user: UserId::new(Uuid::from_u128(2)), session: SESSION };
    const MACHINE: Viewer = Viewer { session: None, ..AMINA };

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn a_link_is_good_for_a_minute() {
        let links = Links::new(&ServerSecret::new("secret".into()));
        let made = links.make(DOCUMENT, AMINA, at(0));
        let token = made.url.strip_prefix("/v1/files/").unwrap();
        assert_eq!(links.read(token, at(0)), Some((DOCUMENT, AMINA)));
        assert_eq!(links.read(token, at(59)), Some((DOCUMENT, AMINA)));
        assert_eq!(links.read(token, at(60)), None);
        let token = links.token(DOCUMENT, MACHINE, at(60));
        assert_eq!(links.read(&token, at(0)), Some((DOCUMENT, MACHINE)));
    }

    #[test]
    fn nothing_in_a_link_can_be_changed() {
        let links = Links::new(&ServerSecret::new("secret".into()));
        let good = links.token(DOCUMENT, AMINA, at(60));
        let (said, signature) = good.rsplit_once('.').unwrap();
        let other = DocumentId::new(Uuid::from_u128(8));
        let signed_for =
            |token: String| format!("{}.{signature}", token.rsplit_once('.').unwrap().0);
        let bad = [
            String::new(),
            "...".into(),
            said.into(),
            format!("{said}."),
            format!("{said}.{}", "0".repeat(64)),
            format!("{good}0"),
            good.replace(".60.", ".61."),
            signed_for(links.token(other, AMINA, at(60))),
            signed_for(links.token(DOCUMENT, JUMA, at(60))),
            signed_for(links.token(DOCUMENT, MACHINE, at(60))),
            signed_for(links.token(DOCUMENT, AMINA, at(600))),
            Links::new(&ServerSecret::new("other".into())).token(DOCUMENT, AMINA, at(60)),
        ];
        for token in bad {
            assert_eq!(links.read(&token, at(0)), None, "{token}");
        }
    }
}
