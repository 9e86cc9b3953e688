//! An API whose servers fail and return: it stays alive, is not ready meanwhile, and recovers.

use amana::local::{Durability, Redis, Scratch};
use amana_harness::{App, eventually};
use reqwest::Method;

/// Without PostgreSQL the process stays alive, is not ready, and returns 503 with `Retry-After`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_postgresql_the_api_lives_but_is_not_ready() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person("Amina").await;
    let get = async |path: &str| app.send(Method::GET, path, None, None, None).await;
    assert_eq!(get("/readyz").await.expect(200)["status"], "ok");
    app.database.set_reachable(false).await;
    assert_eq!(get("/livez").await.expect(200)["status"], "ok");
    let (ready, me) = tokio::join!(get("/readyz"), app.get(&amina, "/v1/me"));
    for answer in [ready, me] {
        assert_eq!((answer.status.as_u16(), answer.problem()), (503, "unavailable"));
        assert!(answer.headers.contains_key("retry-after"));
        // Checks `detail` only, because the random request id may contain any digits.
        let told = answer.body["detail"].to_string();
        for inside in ["postgres", "127.0.0.1", "bb8", "connection"] {
            assert!(!told.to_lowercase().contains(inside), "{told}");
        }
    }
    app.database.set_reachable(true).await;
    eventually("the API is ready again", || async {
        get("/readyz").await.status.is_success().then_some(())
    })
    .await;
    app.get(&amina, "/v1/me").await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_redis_the_api_works_but_is_not_ready() {
    let scratch = Scratch::new().expect("a folder");
    let mut redis = Redis::start(&scratch.join("redis"), Durability::TestOnly).expect("Redis");
    let app = App::builder().without_worker().redis(&redis.url()).start().await;
    let amina = app.person("Amina").await;
    let get = async |path: &str| app.send(Method::GET, path, None, None, None).await;
    assert_eq!(get("/readyz").await.expect(200)["status"], "ok");
    redis.kill().expect("killed");
    let ready = get("/readyz").await;
    assert_eq!((ready.status.as_u16(), ready.problem()), (503, "unavailable"));
    assert!(ready.body["detail"].to_string().contains("Redis"), "{:#}", ready.body);
    assert_eq!(get("/livez").await.expect(200)["status"], "ok");
    // User requests need PostgreSQL only; Redis may be down.
    app.get(&amina, "/v1/me").await.expect(200);
    redis.restart().expect("restarted");
    eventually("the API is ready again", || async {
        get("/readyz").await.status.is_success().then_some(())
    })
    .await;
}
