//! Replacement of the master key: every key that the previous one wrapped is wrapped by the new one. Data sealed with
//! user or payer keys is unchanged.

use super::master::{Master, look_up_place, payer_place, person_place, unwrap};
use super::{LOOK_UP_ROW, Vault};
use crate::error::{Error, StoreError};
use crate::pool::Store;
use crate::schema::{look_up_key, payer_keys, person_keys};
use amana_domain::id::UserId;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

/// Maximum number of keys per query.
const AT_ONCE: i64 = 500;

impl Vault {
    /// Returns the key wrapped by the current master key; `None` if it is so already.
    fn rewrap(&self, wrapped: &[u8], place: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        if self.current.has_wrapped(wrapped) {
            return Ok(None);
        }
        let masters: (&Master, Option<&Master>) = (&self.current, self.previous.as_ref());
        let key = unwrap(masters, wrapped, place)?;
        self.current.wrap(&key, place).map(Some)
    }
}

/// Rewraps every key of one table and evaluates to the number of rewrapped keys.
macro_rules! rewrap_all {
    ($vault:ident, $conn:ident, ($table:ident, $owner:ident), $place:expr) => {{
        let (mut count, mut after) = (0_usize, Uuid::nil());
        loop {
            let some: Vec<(Uuid, Vec<u8>)> = $table::table
                .filter($table::$owner.gt(after))
                .order($table::$owner)
                .limit(AT_ONCE)
                .select(($table::$owner, $table::wrapped))
                .load(&mut $conn)
                .await?;
            let Some((last, _)) = some.last() else { break count };
            after = *last;
            for (owner, old) in some {
                let Some(new) = $vault.rewrap(&old, &$place(owner))? else { continue };
                let same = $table::table.find(owner).filter($table::wrapped.eq(&old));
                let done = diesel::update(same).set($table::wrapped.eq(new));
                count = count.saturating_add(done.execute(&mut $conn).await?);
            }
        }
    }};
}

impl Store {
    /// Rewraps all keys with the current master key, and returns the number of keys that needed it. Safe to interrupt
    /// and repeat, and to run while users register or are erased.
    ///
    /// # Errors
    /// [`StoreError::MasterKey`] if neither master key has wrapped a key.
    pub async fn rewrap_keys(&self) -> Result<u64, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        let of_user = |user| person_place(UserId::new(user));
        let users = rewrap_all!(vault, conn, (person_keys, user_id), of_user);
        let payers = rewrap_all!(vault, conn, (payer_keys, payer_id), payer_place);
        let mut count = rows(users.saturating_add(payers));
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
