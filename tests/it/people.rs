//! Search for people: visibility, matching, order, and protected data.

use amana_harness::{App, Database, Person};
use serde_json::{Value, json};

async fn search(app: &App, by: &Person, query: &str) -> Vec<Value> {
    let page = app.get(by, &format!("/v1/people?query={query}")).await.expect(200);
    assert_eq!(page["next_cursor"], Value::Null, "{page:#}");
    page["items"].as_array().expect("items").clone()
}

async fn names(app: &App, by: &Person, query: &str) -> Vec<String> {
    let found = search(app, by, query).await;
    found.iter().map(|one| one["name"].as_str().expect("a name").to_owned()).collect()
}

async fn with_handle(app: &App, name: &str, handle: &str) -> Person {
    let person = app.person(name).await;
    app.put(&person, "/v1/me/handle", json!({ "handle": handle })).await.expect(200);
    person
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_are_found_by_the_beginning_of_name_and_handle() {
    let app = App::builder().without_worker().start().await;
    let caller = app.person("Baraka").await;
    with_handle(&app, "Amina", "mrembo").await;
    with_handle(&app, "Zawadi", "amani").await;
    with_handle(&app, "AMOS", "amos").await;
    app.person("Ana_Maria").await;
    for (query, found) in [
        ("amo", &["AMOS"][..]),
        ("AMI", &["Amina"]),
        ("%40ama", &["Zawadi"]),
        ("@AMANI", &["Zawadi"]),
        ("mre", &["Amina"]),
        ("mina", &[]),
        ("ana_", &["Ana_Maria"]),
        // Wildcards have no special meaning.
        ("am%25", &[]),
        ("am_", &[]),
        ("%25%25%25", &[]),
        ("am%5C", &[]),
        ("%5C%25%25", &[]),
        ("am%27%20or", &[]),
    ] {
        assert_eq!(names(&app, &caller, query).await, found, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_are_found_by_their_whole_number_or_address() {
    let app = App::builder().without_worker().start().await;
    let caller = app.person("Baraka").await;
    let amina = app.person_with_phone("Amina", "254712345678").await;
    for query in
        ["0712345678", "%2B254712345678", "+254712345678", "254712345678", "0712%20345%20678"]
    {
        assert_eq!(names(&app, &caller, query).await, ["Amina"], "{query}");
    }
    for query in [amina.email.clone(), amina.email.to_uppercase()] {
        assert_eq!(names(&app, &caller, &query).await, ["Amina"], "{query}");
    }
    for part in
        ["071234567", "0712345679", "254712", "12345678", "amina.", "@example.com", "example"]
    {
        assert!(names(&app, &caller, part).await.is_empty(), "{part}");
    }
}

/// A search accepts numbers and addresses but never returns them. Users who are not searchable are
/// not found in any way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_search_tells_no_more_than_it_should() {
    let app = App::builder().without_worker().start().await;
    let (operator, caller) = (app.operator().await, with_handle(&app, "Amina", "amina").await);
    let (amos, amani) = (app.person("Amos").await, with_handle(&app, "Amani", "amani").await);
    let path = format!("/v1/operator/users/{}/close", amani.id);
    app.post(&operator, &path, json!({ "note": "Asked for it" })).await.expect(200);
    let found = search(&app, &caller, "amo").await;
    assert!(search(&app, &caller, "ama").await.is_empty(), "closed");
    assert_eq!(found, [json!({ "id": amos.id, "name": "Amos", "handle": null })]);
    assert_eq!(search(&app, &caller, &amos.phone).await, found);
    for hidden in [&caller, &amani, &operator] {
        for query in [&hidden.phone, &hidden.email] {
            assert!(search(&app, &caller, query).await.is_empty(), "{query}");
        }
    }
    assert!(names(&app, &caller, "operator").await.is_empty());
    assert!(names(&app, &caller, "@ama").await.is_empty());
    for bad in ["", "am", "%40am", "%20am%20", "am%00b", &"a".repeat(255)] {
        let answer = app.get(&caller, &format!("/v1/people?query={bad}")).await;
        assert_eq!((answer.status.as_u16(), answer.problem()), (400, "invalid_parameter"), "{bad}");
    }
}

/// Sixty users of the same name in pages of seven: each occurs once, in the same order for every
/// page size.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_hold_everybody_once() {
    let app = App::builder().without_worker().start().await;
    let caller = app.person("Baraka").await;
    crowd(&app.database, 60).await;
    let all = app.get(&caller, "/v1/people?query=wanjiku&limit=100").await.expect(200);
    let all = all["items"].as_array().expect("items").clone();
    assert_eq!(all.len(), 60);
    let (mut paged, mut path) = (vec![], "/v1/people?query=wanjiku&limit=7".to_owned());
    loop {
        let page = app.get(&caller, &path).await.expect(200);
        paged.extend(page["items"].as_array().expect("items").iter().cloned());
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/v1/people?query=wanjiku&limit=7&after={cursor}");
    }
    assert_eq!(paged, all);
    let path = format!("/v1/people?query={}&after={}", caller.phone, caller.id);
    assert_eq!(app.get(&caller, &path).await.expect(200)["items"], json!([]));
}

/// Inserts users with a few common names; every third has a handle with the same beginning.
async fn crowd(database: &Database, count: u32) {
    let sql = format!(
        "insert into users (id, name, email_sealed, email_digest, phone_sealed, phone_digest, password_hash, role,
            locale, created_at, email_verified_at, handle, handle_changed_at)
        select gen_random_uuid(), 'Wanjiku ' || chr(65 + n % 5), '', sha256(n::text::bytea), '', sha256(n::text::bytea), '',
            'user', 'en', now(), now(),
            case when n % 3 = 0 then 'wanjiku' || n end, case when n % 3 = 0 then now() end
        from generate_series(1, {count}) n"
    );
    database.execute(&sql).await;
}

const SEARCHES: i64 = 15;

/// However many users match, each side of the search reads 200 rows of its index, and no table scan
/// happens.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_search_reads_few_rows_of_many() {
    let app = App::builder().without_worker().start().await;
    let caller = app.person("Baraka").await;
    crowd(&app.database, 20_000).await;
    app.database.execute("analyze users").await;
    let read = "select coalesce(sum(idx_tup_read), 0) from pg_stat_user_indexes \
        where indexrelname in ('users_name_search_idx', 'users_handle_search_idx')";
    let scanned = "select seq_tup_read from pg_stat_user_tables where relname = 'users'";
    // PostgreSQL publishes the counts of a session when it has been idle for a second, or ends.
    let counts = async || (app.database.number(read).await, app.database.number(scanned).await);
    let before = counts().await;
    let store = app.database.store().await;
    let query = amana_postgres::PeopleQuery::Beginning("wanjiku".to_owned());
    let caller = caller.id.parse().expect("an id");
    // After several executions PostgreSQL may switch to a generic plan, which must use the index
    // too.
    for _ in 0..SEARCHES {
        assert!(store.people(caller, &query, None, 20).await.expect("a page").more);
    }
    drop(store);
    let after = amana_harness::eventually("the reads are counted", || async {
        let after = counts().await;
        (after.0 >= before.0 + 400 * SEARCHES).then_some(after)
    })
    .await;
    assert!(after.0 - before.0 <= 402 * SEARCHES, "{before:?} {after:?}");
    assert_eq!(after.1, before.1, "the table was scanned");
}

/// Keyboards produce accented letters in either Unicode form.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_is_found_in_both_forms_of_its_letters() {
    let app = App::builder().without_worker().start().await;
    let caller = app.person("Baraka").await;
    let person = app.person("Wanjiru").await;
    let name = json!({ "name": "Wanjiru\u{303}" });
    let changed =
        app.send(reqwest::Method::PATCH, "/v1/me", Some(&person.token), None, Some(&name)).await;
    assert_eq!(changed.expect(200)["name"], "Wanjir\u{169}");
    for query in ["wanjiru%CC%83", "wanjir%C5%A9"] {
        assert_eq!(names(&app, &caller, query).await, ["Wanjir\u{169}"], "{query}");
    }
}
