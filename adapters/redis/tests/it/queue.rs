//! Ids leave the queue once, in order and soon, in any number.

use std::{collections::HashSet, time::Duration};

use amana_redis::{JobId, Transport, TransportError};
use apalis_core::worker::context::WorkerContext;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::server::{QUEUE, STEP_LIMIT, Server, ids, next, wait_in_vain};

#[tokio::test]
async fn ids_come_out_oldest_due_first() {
    let server = Server::start();
    let transport = server.transport().await;
    let pushed = ids(4);
    let mixed = [pushed[2], pushed[0], pushed[3], pushed[1]];
    assert_eq!(transport.push(QUEUE, &mixed).await.expect("push"), 4);
    assert_eq!(transport.depth(QUEUE).await.expect("depth"), 4);

    let (mut consumer, worker) = (transport.consumer(QUEUE), WorkerContext::new("w"));
    for (id, _) in pushed {
        assert_eq!(next(&mut consumer, &worker).await, JobId(id));
    }
    assert_eq!(transport.depth(QUEUE).await.expect("depth"), 0);
}

#[tokio::test]
async fn a_waiting_consumer_wakes_at_once() {
    let server = Server::start();
    let transport = server.transport().await;
    let (mut consumer, mut worker) = (transport.consumer(QUEUE), WorkerContext::new("w"));
    wait_in_vain(&mut consumer, &worker).await;

    let mut delays = Vec::new();
    for id in ids(5) {
        let waiting = tokio::spawn(async move {
            let job = next(&mut consumer, &worker).await;
            (job, Instant::now(), consumer, worker)
        });
        sleep(Duration::from_millis(100)).await;
        let pushed_at = Instant::now();
        transport.push(QUEUE, &[id]).await.expect("push");
        let (job, woken_at, consumer_back, worker_back) = waiting.await.expect("join");
        (consumer, worker) = (consumer_back, worker_back);
        assert_eq!(job, JobId(id.0));
        delays.push(woken_at.duration_since(pushed_at));
    }
    // The median, because the machine may be busy.
    delays.sort_unstable();
    assert!(delays[2] < Duration::from_millis(50), "woken after {delays:?}");
}

#[tokio::test]
async fn a_wait_longer_than_one_block_keeps_its_connection() {
    let server = Server::start();
    let transport = server.transport().await;
    let (mut consumer, worker) = (transport.consumer(QUEUE), WorkerContext::new("w"));
    wait_in_vain(&mut consumer, &worker).await;
    let before = server.connections_received().await;
    let waiting = tokio::spawn(async move { next(&mut consumer, &worker).await });
    sleep(Duration::from_millis(4_500)).await;
    // The only new connection is that of the query.
    assert_eq!(server.connections_received().await.checked_sub(before), Some(1));

    let pushed = ids(1);
    transport.push(QUEUE, &pushed).await.expect("push");
    assert_eq!(waiting.await.expect("join"), JobId(pushed[0].0));
}

#[tokio::test]
async fn repeats_collapse_and_keep_their_place() {
    let server = Server::start();
    let transport = server.transport().await;
    let pushed = ids(3);
    assert_eq!(transport.push(QUEUE, &pushed).await.expect("push"), 3);
    let reversed: Vec<_> = pushed.iter().rev().zip(1..).map(|((id, _), due)| (*id, due)).collect();
    assert_eq!(transport.push(QUEUE, &reversed).await.expect("push"), 0);
    assert_eq!(transport.push(QUEUE, &[]).await.expect("push"), 0);
    assert_eq!(transport.depth(QUEUE).await.expect("depth"), 3);

    let (mut consumer, worker) = (transport.consumer(QUEUE), WorkerContext::new("w"));
    for (id, _) in &pushed {
        assert_eq!(next(&mut consumer, &worker).await, JobId(*id));
    }
    // An id that was taken may be pushed again: only waiting ids are duplicates.
    assert_eq!(transport.push(QUEUE, &pushed).await.expect("push"), 3);
}

#[tokio::test]
async fn twelve_thousand_ids_pass() {
    let server = Server::start();
    let transport = server.transport().await;
    let pushed = ids(12_000);
    assert_eq!(transport.push(QUEUE, &pushed).await.expect("push"), 12_000);

    let (mut consumer, worker) = (transport.consumer(QUEUE), WorkerContext::new("w"));
    for (id, _) in &pushed {
        assert_eq!(next(&mut consumer, &worker).await, JobId(*id));
    }
    wait_in_vain(&mut consumer, &worker).await;
}

#[tokio::test]
async fn two_consumers_share_without_loss_or_repeat() {
    let server = Server::start();
    let transport = server.transport().await;
    let pushed = ids(500);
    let (sender, mut taken) = tokio::sync::mpsc::unbounded_channel();
    for name in ["a", "b"] {
        let (mut consumer, sender) = (transport.consumer(QUEUE), sender.clone());
        tokio::spawn(async move {
            let worker = WorkerContext::new(name);
            while sender.send((name, next(&mut consumer, &worker).await)).is_ok() {}
        });
    }
    transport.push(QUEUE, &pushed).await.expect("push");

    let (mut seen, mut by) = (HashSet::new(), HashSet::new());
    for _ in 0..pushed.len() {
        let (name, JobId(id)) =
            tokio::time::timeout(STEP_LIMIT, taken.recv()).await.expect("in time").expect("open");
        assert!(seen.insert(id), "handed out twice");
        by.insert(name);
    }
    assert_eq!(seen, pushed.iter().map(|(id, _)| *id).collect());
    assert_eq!(by.len(), 2, "one consumer took everything");
}

#[tokio::test]
async fn queues_and_namespaces_are_apart() {
    let server = Server::start();
    let transport = server.transport().await;
    let other = Transport::connect(&server.url(), "other").await.expect("connect");
    transport.push(QUEUE, &ids(2)).await.expect("push");
    assert_eq!(transport.depth("timers").await.expect("depth"), 0);
    assert_eq!(other.depth(QUEUE).await.expect("depth"), 0);
    let keys: Vec<String> = server.command(&["KEYS", "*"]).await;
    assert_eq!(keys, ["{test:payments}:ids"]);
}

#[tokio::test]
async fn a_member_that_is_no_id_is_dropped() {
    let server = Server::start();
    let transport = server.transport().await;
    let _: u64 = server.command(&["ZADD", "{test:payments}:ids", "1", "not an id"]).await;
    let id = Uuid::now_v7();
    transport.push(QUEUE, &[(id, 2)]).await.expect("push");
    let (mut consumer, worker) = (transport.consumer(QUEUE), WorkerContext::new("w"));
    assert_eq!(next(&mut consumer, &worker).await, JobId(id));
}

#[tokio::test]
async fn bad_configuration_is_told_apart_and_no_secret_is_printed() {
    let server = Server::start_with(Some("hunter2"));
    let with_password = |password: &str| server.url().replace("//", &format!("//:{password}@"));

    let transport = Transport::connect(&with_password("hunter2"), "test").await.expect("connect");
    assert!(!format!("{transport:?}{:?}", transport.consumer(QUEUE)).contains("hunter2"));

    for url in [server.url(), with_password("wrong")] {
        let error = Transport::connect(&url, "test").await.expect_err("refused");
        assert!(matches!(error, TransportError::Credentials(_)), "{error:?}");
    }
    let error = Transport::connect("not a url", "test").await.expect_err("refused");
    assert!(matches!(error, TransportError::Url(_)), "{error:?}");
    for pem in ["", "no certificate"] {
        let url = server.url().replace("redis://", "rediss://");
        let error = Transport::connect_trusting(&url, Some(pem.as_bytes()), "test").await;
        assert!(matches!(error, Err(TransportError::Authority)), "{error:?}");
    }
    for namespace in ["", "a}b", "a:b", &"x".repeat(65)] {
        let error = Transport::connect(&server.url(), namespace).await.expect_err("refused");
        assert!(matches!(error, TransportError::Namespace), "{error:?}");
    }
}
