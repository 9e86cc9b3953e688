//! The requests of the load as bytes: users, their tokens, sender and recipient.

use crate::servers::{JWT_SECRET, Servers, master_keys};
use amana_domain::id::{SessionId, UserId};
use amana_postgres::{Clock, Store};
use anyhow::Result;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rand::Rng;
use rand::rngs::SmallRng;
use serde_json::json;
use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};
use uuid::Uuid;

pub const AMOUNT_MINOR: i64 = 100;

/// The transfers of ten that use a hot wallet, the number of hot wallets, and the exponent of Zipf's law among them.
/// `sql/hot.sql` has the same values.
const HOT_OF_TEN: u32 = 9;
const HOT_WALLETS: u32 = 10;
const ZIPF_EXPONENT: f64 = 1.1;

const TOKEN_TTL_S: u64 = 24 * 3600;

/// Returns the id that `sql/wallets.sql` gives to the user with this number.
pub fn user(number: u32) -> UserId {
    UserId::new(Uuid::from_u128((0x7000 << 64) | (0x8000 << 48) | u128::from(number)))
}

/// Access tokens of users 1, 2, 3 and so on, signed like the API's own.
pub struct Tokens(Vec<String>);

impl Tokens {
    /// Signs with a new key, which it also stores in this database.
    pub fn sign(servers: &Servers, database: &str, people: u32) -> Result<Self> {
        let private = amana_api::new_private_key()?;
        let pair = amana_api::key_pair(&JWT_SECRET.into(), &private)?;
        tokio::runtime::Runtime::new()?.block_on(async {
            let store = Store::connect(&servers.postgres.url(database), 1, &master_keys()).await?;
            anyhow::Ok(store.replace_signing_keys(&pair, Clock::default().now()).await?)
        })?;
        let key = EncodingKey::from_ed_der(&private);
        let header = Header { kid: Some(pair.kid), ..Header::new(Algorithm::EdDSA) };
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let sign = |number| {
            let user = user(number);
            let session = SessionId::new(user.uuid()).to_string();
            let claims = json!({ "iss": "amana", "sub": user.to_string(), "sid": session,
                "role": "user", "iat": now, "exp": now + TOKEN_TTL_S });
            jsonwebtoken::encode(&header, &claims, &key)
        };
        Ok(Self((1..=people).map(sign).collect::<Result<_, _>>()?))
    }

    pub fn people(&self) -> u32 {
        u32::try_from(self.0.len()).unwrap_or(u32::MAX)
    }

    fn of(&self, number: u32) -> &str {
        &self.0[number as usize - 1]
    }
}

/// The distribution of transfers over wallets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skew {
    Even,
    /// Nine of ten transfers use one of ten wallets.
    Hot,
}

/// Returns sender and recipient of the next transfer. They differ.
pub fn pair(skew: Skew, people: u32, random: &mut SmallRng) -> (u32, u32) {
    let hot = skew == Skew::Hot && random.random_ratio(HOT_OF_TEN, 10);
    let one = if hot { zipf(random) } else { random.random_range(1..=people) };
    let other = random.random_range(1..people);
    let other = if other >= one { other + 1 } else { other };
    if random.random() { (one, other) } else { (other, one) }
}

fn zipf(random: &mut SmallRng) -> u32 {
    let weight = |rank: u32| f64::from(rank).powf(-ZIPF_EXPONENT);
    let mut left = random.random::<f64>() * (1..=HOT_WALLETS).map(weight).sum::<f64>();
    for rank in 1..HOT_WALLETS {
        left -= weight(rank);
        if left < 0.0 {
            return rank;
        }
    }
    HOT_WALLETS
}

/// Writes `POST /v1/transfers`. Every second request names the recipient by phone number.
pub fn transfer(to: &mut Vec<u8>, tokens: &Tokens, (sender, recipient): (u32, u32), key: u64) {
    let phone = 254_700_000_000 + u64::from(recipient);
    let mut body = [0u8; 256];
    let mut rest = body.as_mut_slice();
    let named = if key.is_multiple_of(2) {
        write!(rest, r#"{{"to":{{"handle":"wallet{recipient}"}},"#)
    } else {
        write!(rest, r#"{{"to":{{"phone":"+{phone}"}},"#)
    };
    let amount = write!(
        rest,
        r#""amount":{{"amount":{AMOUNT_MINOR},"currency":"KES"}},"note":"Lunch","category":"food"}}"#
    );
    debug_assert!(named.is_ok() && amount.is_ok(), "the body fits");
    let free = rest.len();
    let body = &body[..body.len() - free];
    to.clear();
    to.extend_from_slice(
        b"POST /v1/transfers HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ",
    );
    to.extend_from_slice(tokens.of(sender).as_bytes());
    to.extend_from_slice(b"\r\nContent-Type: application/json\r\n");
    // Writing to memory cannot fail.
    let _ = write!(to, "Idempotency-Key: bench-{key}\r\nContent-Length: {}\r\n\r\n", body.len());
    to.extend_from_slice(body);
}

/// Writes `GET` of a path as this user.
pub fn get(to: &mut Vec<u8>, tokens: &Tokens, person: u32, path: &str) {
    to.clear();
    let token = tokens.of(person);
    let _ = write!(
        to,
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n"
    );
}

/// Writes `POST` to a path as this user, with an idempotency key and a body, which may be empty.
pub fn post(to: &mut Vec<u8>, tokens: &Tokens, person: u32, path: &str, key: &str, body: &str) {
    to.clear();
    let token = tokens.of(person);
    let _ = write!(
        to,
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nIdempotency-Key: {key}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
}
