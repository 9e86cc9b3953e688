//! Replacing the master key: everything that the previous one has wrapped is wrapped by the new one. What is
//! sealed with the keys of people stays as it is.

use super::master::{Master, look_up_place, person_place, unwrap};
use super::{LOOK_UP_ROW, Vault};
use crate::error::{Error, StoreError};
use crate::pool::Store;
use crate::schema::{look_up_key, person_keys};
use amana_domain::id::UserId;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

/// So many keys are read at a time.
const AT_ONCE: i64 = 500;

impl Vault {
    /// The key, wrapped anew; `None` if the newest master key has wrapped it.
    fn rewrap(&self, wrapped: &[u8], place: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        if self.current.has_wrapped(wrapped) {
            return Ok(None);
        }
        let masters: (&Master, Option<&Master>) = (&self.current, self.previous.as_ref());
        let key = unwrap(masters, wrapped, place)?;
        self.current.wrap(&key, place).map(Some)
    }
}

impl Store {
    /// Wraps all keys by the current master key, and tells how many had been wrapped by the previous one. It may
    /// be cut off and begun again, and people may come and go meanwhile.
    ///
    /// # Errors
    /// [`StoreError::MasterKey`] if a key was wrapped by neither.
    pub async fn rewrap_keys(&self) -> Result<u64, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        let (mut count, mut after) = (0_u64, Uuid::nil());
        loop {
            let some: Vec<(Uuid, Vec<u8>)> = person_keys::table
                .filter(person_keys::user_id.gt(after))
                .order(person_keys::user_id)
                .limit(AT_ONCE)
                .select((person_keys::user_id, person_keys::wrapped))
                .load(&mut conn)
                .await?;
            let Some((last, _)) = some.last() else { break };
            after = *last;
            for (user, old) in some {
                let Some(new) = vault.rewrap(&old, &person_place(UserId::new(user)))? else {
                    continue;
                };
                let same = person_keys::table.find(user).filter(person_keys::wrapped.eq(&old));
                let done = diesel::update(same).set(person_keys::wrapped.eq(new));
                count = count.saturating_add(rows(done.execute(&mut conn).await?));
            }
        }
        let of_digests = look_up_key::table.find(LOOK_UP_ROW);
        let old: Vec<u8> = of_digests.select(look_up_key::wrapped).first(&mut conn).await?;
        if let Some(new) = vault.rewrap(&old, &look_up_place())? {
            let same = of_digests.filter(look_up_key::wrapped.eq(&old));
            let done = diesel::update(same).set(look_up_key::wrapped.eq(new));
            count = count.saturating_add(rows(done.execute(&mut conn).await?));
        }
        Ok(count)
    }
}

fn rows(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
