//! Redis loses its data, stops and starts again; the transport recovers.

use std::time::Duration;

use amana_redis::{JobId, Transport, TransportError};
use apalis_core::worker::context::WorkerContext;
use tokio::time::{Instant, sleep, timeout};

use crate::server::{QUEUE, STEP_LIMIT, Server, close, ids, next};

#[tokio::test]
async fn after_flushall_the_same_ids_can_be_pushed_again() {
    let server = Server::start();
    let transport = server.transport().await;
    let pushed = ids(3);
    transport.push(QUEUE, &pushed).await.expect("push");
    let _: () = server.command(&["FLUSHALL"]).await;
    assert_eq!(transport.depth(QUEUE).await.expect("depth"), 0);
    assert_eq!(transport.push(QUEUE, &pushed).await.expect("push"), 3);

    let (mut consumer, worker) = (transport.consumer(QUEUE), WorkerContext::new("w"));
    for (id, _) in pushed {
        assert_eq!(next(&mut consumer, &worker).await, JobId(id));
    }
}

#[tokio::test]
async fn a_waiting_consumer_survives_the_death_of_redis() {
    let mut server = Server::start();
    let transport = server.transport().await;
    let (mut consumer, worker) = (transport.consumer(QUEUE), WorkerContext::new("w"));
    let waiting = tokio::spawn(async move { next(&mut consumer, &worker).await });
    sleep(Duration::from_millis(300)).await;

    server.kill();
    let asked_at = Instant::now();
    let error = transport.ping().await.expect_err("Redis is dead");
    assert!(asked_at.elapsed() < Duration::from_secs(7), "bounded, but {:?}", asked_at.elapsed());
    assert!(matches!(error, TransportError::Command(_)), "{error:?}");
    sleep(Duration::from_secs(1)).await;
    assert!(!waiting.is_finished(), "the consumer gave up");

    server.restart();
    let pushed = ids(1);
    push_until_it_works(&transport, &pushed).await;
    let job = timeout(STEP_LIMIT, waiting).await.expect("in time").expect("join");
    assert_eq!(job, JobId(pushed[0].0));
}

#[tokio::test]
async fn a_push_over_a_connection_that_died_idle_succeeds() {
    let mut server = Server::start();
    let transport = server.transport().await;
    server.kill();
    server.restart();
    let _ready = server.transport().await;
    assert_eq!(transport.push(QUEUE, &ids(1)).await.expect("push"), 1);
}

#[tokio::test]
async fn a_consumer_closes_while_redis_is_away() {
    let mut server = Server::start();
    let transport = server.transport().await;
    let (mut consumer, worker) = (transport.consumer(QUEUE), WorkerContext::new("w"));
    crate::server::wait_in_vain(&mut consumer, &worker).await;
    server.kill();
    sleep(Duration::from_millis(500)).await;
    let closed_at = Instant::now();
    close(&mut consumer, &worker).await;
    assert!(closed_at.elapsed() < Duration::from_secs(3), "took {:?}", closed_at.elapsed());
}

#[tokio::test]
async fn connecting_to_nothing_says_so_once() {
    let mut server = Server::start();
    server.kill();
    let error = timeout(STEP_LIMIT, Transport::connect(&server.url(), "test"))
        .await
        .expect("one attempt is short")
        .expect_err("the port is closed");
    assert!(error.is_passing(), "{error:?}");
    let said = error.to_string();
    assert_eq!(said.matches("refused").count(), 1, "{said}");
    assert!(std::error::Error::source(&error).is_none(), "{error:?}");
}

async fn push_until_it_works(transport: &Transport, pushed: &[(uuid::Uuid, i64)]) {
    let since = Instant::now();
    while let Err(error) = transport.push(QUEUE, pushed).await {
        assert!(since.elapsed() < STEP_LIMIT, "{error:?}");
        sleep(Duration::from_millis(50)).await;
    }
}
