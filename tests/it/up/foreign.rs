//! `amana up` and `amana demo` with an external database.

use super::process::{Amana, END_TIME_MAX, run};
use amana::demo::OPERATOR;
use amana::local::Scratch;
use amana_harness::{App, Database, MASTER_KEY, namespace, redis_url};
use nix::sys::signal::Signal;

const USERS: &str = "select count(*) from users";

/// Goal: an external database gets no demo users with a known password, and the output says so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_of_ones_own_gets_no_demo_people() {
    let folder = Scratch::new().expect("a folder");
    let app = App::builder().without_worker().start().await;
    app.person("Wanjiru").await;
    let (redis, namespace) = (redis_url(), namespace());
    let settings = |database: &Database| {
        let own = [("DATABASE_URL", database.url.clone()), ("REDIS_URL", redis.clone())];
        let keys =
            [("REDIS_NAMESPACE", namespace.clone()), ("AMANA_MASTER_KEY", MASTER_KEY.to_owned())];
        [own, keys].concat()
    };

    let printed = up(&folder, &settings(&app.database)).await;
    let words = "no demo users    DATABASE_URL names another database";
    assert!(printed.contains(words) && !printed.contains(OPERATOR.email), "{printed}");
    assert_eq!(app.database.number(USERS).await, 1);
    let settings_in_use = settings(&app.database);
    let demo = run(&folder, &["demo"], &borrowed(&settings_in_use));
    let said = String::from_utf8(demo.stderr).expect("text");
    assert_eq!(demo.status.code(), Some(1), "{said}");
    assert!(said.contains("amana: the demo needs a database without users"), "{said}");
    assert_eq!(app.database.number(USERS).await, 1);

    let empty = Database::new().await;
    let printed = up(&folder, &settings(&empty)).await;
    assert!(printed.contains(words) && !printed.contains(OPERATOR.email), "{printed}");
    assert_eq!(empty.number(USERS).await, 0);
}

fn borrowed<'a>(settings: &'a [(&'static str, String)]) -> Vec<(&'static str, &'a str)> {
    settings.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

/// Starts everything with these settings, and stops it. Returns the output.
async fn up(folder: &Scratch, settings: &[(&'static str, String)]) -> String {
    let mut up = Amana::start_with("up", folder, &borrowed(settings));
    let printed = up.ready().await;
    up.signal(Signal::SIGINT);
    assert!(up.ended(END_TIME_MAX).await.success(), "{}", up.output());
    printed
}
