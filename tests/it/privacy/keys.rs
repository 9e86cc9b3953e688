//! Replacing the master key, and using a wrong one.

use amana_domain::contact::Contact;
use amana_domain::id::UserId;
use amana_domain::notice::Locale;
use amana_domain::permission::UserRole;
use amana_domain::personal::Personal;
use amana_domain::phone::Msisdn;
use amana_harness::{App, Database, Person, amana_binary, master_keys};
use amana_postgres::{Clock, Contacts, MasterKey, MasterKeys, NewUser, Store, StoreError};
use std::process::Command;

/// The bytes of `another` in base64.
const ANOTHER_BASE64: &str = "b3RoZXIta2V5LW90aGVyLWtleS1vdGhlci1rZXktMDA=";

fn another() -> MasterKey {
    MasterKey::new(*b"other-key-other-key-other-key-00")
}

async fn connect(database: &Database, keys: &MasterKeys) -> Result<Store, StoreError> {
    Store::connect(&database.url, 2, keys).await
}

/// Finds a user by address and number, and decrypts both.
async fn reads(store: &Store, person: &Person) {
    let (email, phone) = (person.email.clone(), Msisdn::parse(&person.phone).expect("a number"));
    let found = async |login| store.user_by_login(&login).await.expect("read").expect("somebody");
    let by_email = found(Contact::Email(email.clone())).await;
    let by_phone = found(Contact::Phone(phone.clone())).await;
    assert_eq!(by_email.id, by_phone.id);
    let contacts = store.contacts(&by_email).expect("opened").expect("not erased");
    let expected = Contacts { email: Some(Personal::new(email)), phone: Some(phone) };
    assert_eq!(contacts, expected);
}

fn somebody(n: u8) -> NewUser {
    NewUser {
        name: format!("Person {n}"),
        email: Some(Personal::new(format!("person{n}@example.com"))),
        phone: Some(Msisdn::parse(&format!("25471098700{n}")).expect("a number")),
        password_hash: String::new(),
        role: UserRole::User,
        locale: Locale::English,
        handle: None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_key_is_replaced_by_another() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person("Amina").await;
    // A payer without an account has a key too.
    app.pay_bill("254733000001", 150_000, "HELLO").await;
    app.reconcile_now().await;
    let old = master_keys().current;
    let both = MasterKeys { current: another(), previous: Some(old.clone()) };
    let store = connect(&app.database, &both).await.expect("a store");
    reads(&store, &amina).await;
    // The new key must not make a used address available.
    let now = Clock::default().now();
    let taken = NewUser { email: Some(Personal::new(amina.email.clone())), ..somebody(1) };
    assert!(store.register_vouched(&taken, now).await.is_err());
    let new = store.register(&somebody(1), now).await.expect("registered");
    // A process with only the old key cannot decrypt this user, so it must get the new key first.
    assert!(app.store.contacts(&new).is_err());
    let half = connect(&app.database, &MasterKeys { current: another(), previous: None }).await;
    assert!(matches!(half, Err(StoreError::MasterKey)));
    assert_eq!(store.rewrap_keys().await.expect("wrapped"), 3);
    assert_eq!(store.rewrap_keys().await.expect("wrapped"), 0, "expected no key left to wrap");
    let only = MasterKeys { current: another(), previous: None };
    let store = connect(&app.database, &only).await.expect("the old key is not needed any more");
    reads(&store, &amina).await;
    let old = connect(&app.database, &MasterKeys { current: old, previous: None }).await;
    assert!(matches!(old, Err(StoreError::MasterKey)));
}

/// Rows that were inserted by SQL are sealed afterwards, and then behave like all others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_from_elsewhere_are_sealed_afterwards() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person("Amina").await;
    let brought = "insert into users (id, name, email_sealed, email_digest, phone_sealed, phone_digest, password_hash,
            role, locale, created_at)
        select gen_random_uuid(), 'Person ' || n, '', sha256(n::text::bytea), '', sha256(n::text::bytea), '', 'user', 'en', now()
        from generate_series(1, 3) n";
    app.database.execute(brought).await;
    let ids = "select string_agg('usr_' || replace(id::text, '-', ''), ',') from users where name like 'Person %'";
    let ids = app.database.text(ids).await.expect("ids");
    let contacts = |n: u8| {
        let NewUser { email, phone, .. } = somebody(n);
        Contacts { email, phone }
    };
    let people: Vec<(UserId, Contacts)> = (1..=3)
        .zip(ids.split(','))
        .map(|(n, id)| (id.parse().expect("an id"), contacts(n)))
        .collect();
    let now = app.clock.now();
    app.store.adopt(&people, now).await.expect("sealed");
    for (id, contacts) in &people {
        let phone = Contact::Phone(contacts.phone.clone().expect("a number"));
        let found = app.store.user_by_login(&phone).await.expect("read").expect("somebody");
        assert_eq!(found.id, *id);
        assert_eq!(app.store.contacts(&found).expect("opened").as_ref(), Some(contacts));
        let email = contacts.email.clone().expect("an address").into_exposed();
        let there = app.store.user_by_login(&Contact::Email(email)).await.expect("read");
        assert_eq!(there.map(|user| user.id), Some(*id));
    }
    // If one address is taken, no user of the same call changes.
    let taken = Contacts { email: Some(Personal::new(amina.email.clone())), ..contacts(9) };
    let before = app.database.fingerprint().await;
    assert!(app.store.adopt(&[(people[0].0, taken)], now).await.is_err());
    assert_eq!(app.database.fingerprint().await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_master_key_is_noticed_at_the_start() {
    let app = App::builder().without_worker().start().await;
    app.person("Amina").await;
    let run = |arguments: &[&str]| {
        Command::new(amana_binary())
            .args(arguments)
            .env_clear()
            .env("DATABASE_URL", &app.database.url)
            .env("REDIS_URL", &app.redis_url)
            .env("AMANA_JWT_SECRET", "0123456789abcdef0123456789abcdef")
            .env("AMANA_FILES_DIR", &app.files)
            .env("AMANA_ADMIN_PASSWORD", "sesame-open-the-door")
            .env("AMANA_MASTER_KEY", ANOTHER_BASE64)
            .env("AMANA_LOG", "off")
            .output()
            .expect("amana runs")
    };
    let admin = [
        "admin",
        "create",
        "--name",
        "Neema",
        "--email",
        "n@example.com",
        "--phone",
        "254712345678",
    ];
    for arguments in [&["api"][..], &admin] {
        let output = run(arguments);
        let said = String::from_utf8(output.stderr).expect("text");
        assert_eq!(output.status.code(), Some(2), "{said}");
        let wanted = "configuration: AMANA_MASTER_KEY is not the key that encrypts this database";
        assert!(said.contains(wanted) && !said.contains(ANOTHER_BASE64), "{said}");
    }
    // Checking the books needs no key, and such a store cannot decrypt.
    let store = Store::connect_without_keys(&app.database.url, 1).await.expect("a store");
    assert_eq!(store.check_ledger().await.expect("a check").first_wrong, None);
    let login = Contact::Email("amina@example.com".to_owned());
    assert!(store.user_by_login(&login).await.is_err());
}

/// Wrapped keys cannot be swapped, and a corrupted one causes an error.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_one_persons() {
    let app = App::builder().without_worker().start().await;
    let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
    app.get(&amina, "/v1/me").await.expect(200);
    let swapped = format!(
        "update person_keys set wrapped = (select wrapped from person_keys where user_id = '{}') where user_id = '{}'",
        juma.uuid(),
        amina.uuid()
    );
    app.database.execute(&swapped).await;
    super::refused(&app.get(&amina, "/v1/me").await, 500, "internal");
    app.get(&juma, "/v1/me").await.expect(200);
    let swapped =
        format!("update users set phone_sealed = email_sealed where id = '{}'", juma.uuid());
    app.database.execute(&swapped).await;
    super::refused(&app.get(&juma, "/v1/me").await, 500, "internal");
}
