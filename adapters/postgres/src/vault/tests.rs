//! Tests of which keys open which sealed values.

use super::*;
use amana_domain::id::DocumentId;
use uuid::Uuid;

const ADDRESS: &str = "amina@example.com";

fn master(byte: u8) -> Master {
    Master::new(&MasterKey::new([byte; KEY_BYTES])).unwrap()
}

fn vault(current: u8, previous: Option<u8>) -> Vault {
    Vault::new(&[7; KEY_BYTES], master(current), previous.map(master)).unwrap()
}

fn user(n: u128) -> UserId {
    UserId::new(Uuid::from_u128(n))
}

#[test]
fn what_was_sealed_opens_at_its_place_and_nowhere_else() {
    let vault = vault(1, None);
    let (key, wrapped) = vault.new_key(user(1)).unwrap();
    assert_eq!(wrapped.len(), 68);
    let sealed = key.seal(Column::UserEmail, ADDRESS).unwrap();
    assert_eq!(sealed.len(), ADDRESS.len() + 28);
    assert_ne!(key.seal(Column::UserEmail, ADDRESS).unwrap(), sealed);
    let again = vault.key(user(1), &wrapped).unwrap();
    assert_eq!(again.open(Column::UserEmail, &sealed).unwrap(), ADDRESS);
    for column in Column::ALL.iter().filter(|column| **column != Column::UserEmail) {
        assert!(again.open(*column, &sealed).is_err(), "{column}");
    }
    for place in 0..sealed.len() {
        let mut bent = sealed.clone();
        bent[place] ^= 1;
        assert!(again.open(Column::UserEmail, &bent).is_err(), "byte {place}");
        assert!(again.open(Column::UserEmail, &sealed[..place]).is_err(), "{place} bytes");
    }
    // Neither another user's key nor this user's key in another row opens it.
    let (other, _) = vault.new_key(user(2)).unwrap();
    assert!(other.open(Column::UserEmail, &sealed).is_err());
    assert!(vault.key(user(2), &wrapped).is_err());
}

#[test]
fn a_key_opens_with_the_master_key_that_wrapped_it() {
    let (_, wrapped) = vault(1, None).new_key(user(1)).unwrap();
    for (current, previous, opens) in [
        (1, None, true),
        (2, Some(1), true),
        (1, Some(2), true),
        (2, None, false),
        (2, Some(3), false),
    ] {
        let found = vault(current, previous).key(user(1), &wrapped).map(|_| ());
        match found {
            Ok(()) => assert!(opens, "{current} {previous:?}"),
            Err(error) => {
                assert!(!opens && matches!(error, StoreError::MasterKey), "{current} {previous:?}");
            }
        }
    }
    let (_, newer) = vault(2, Some(1)).new_key(user(1)).unwrap();
    assert!(vault(2, None).key(user(1), &newer).is_ok(), "the newest key wraps");
    for length in [0, 7, 8, 67] {
        assert!(vault(1, None).key(user(1), &wrapped[..length]).is_err(), "{length} bytes");
    }
}

#[test]
fn a_digest_depends_on_text_column_person_and_look_up_key_and_not_on_the_master_key() {
    let ours = vault(1, None);
    assert_eq!(ours.email(ADDRESS), vault(2, None).email(ADDRESS));
    let other = Vault::new(&[8; KEY_BYTES], master(1), None).unwrap();
    let all = [
        ours.email(ADDRESS),
        ours.email("juma@example.com"),
        ours.phone(ADDRESS),
        ours.reference(ADDRESS),
        ours.target(user(1), ADDRESS),
        ours.target(user(2), ADDRESS),
        ours.number(user(1), ADDRESS),
        ours.number(user(2), ADDRESS),
        other.email(ADDRESS),
    ];
    let different: std::collections::BTreeSet<_> = all.iter().collect();
    assert_eq!(different.len(), all.len());
    assert!(all.iter().all(|digest| digest.len() == 32));
}

#[test]
fn each_document_has_a_key_of_its_own() {
    let vault = vault(1, None);
    let (key, wrapped) = vault.new_key(user(1)).unwrap();
    let (other, _) = vault.new_key(user(1)).unwrap();
    let document = |n| DocumentId::new(Uuid::from_u128(n));
    let of = |key: &PersonKey, n| key.of_file(document(n)).unwrap();
    assert_eq!(of(&vault.key(user(1), &wrapped).unwrap(), 1), of(&key, 1));
    assert_ne!(of(&key, 1), of(&key, 2));
    assert_ne!(of(&key, 1), of(&other, 1));
}

#[test]
fn no_key_is_printed() {
    let keys = MasterKeys { current: MasterKey::new([77; KEY_BYTES]), previous: None };
    assert_eq!(format!("{keys:?}"), "MasterKeys { current: MasterKey, previous: None }");
    assert_eq!(format!("{:?}", vault(77, Some(78))), "Vault");
}

#[test]
fn the_key_of_a_payer_is_no_users_key() {
    let vault = vault(1, None);
    let id = Uuid::from_u128(1);
    let (key, wrapped) = vault.new_payer_key(id).unwrap();
    let sealed = key.seal(Column::Payer, "254708374149 - AMINA").unwrap();
    let again = vault.payer_key(id, &wrapped).unwrap();
    assert_eq!(again.open(Column::Payer, &sealed).unwrap(), "254708374149 - AMINA");
    assert!(vault.key(UserId::new(id), &wrapped).is_err());
    assert!(vault.payer_key(Uuid::from_u128(2), &wrapped).is_err());
    let (_, of_user) = vault.new_key(UserId::new(id)).unwrap();
    assert!(vault.payer_key(id, &of_user).is_err());
}
