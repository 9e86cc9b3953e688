//! Stopping a consumer: it ends soon, takes no more ids and keeps none.

use std::time::Duration;

use amana_redis::JobId;
use apalis_core::worker::context::WorkerContext;
use tokio::time::{Instant, sleep};

use crate::server::{QUEUE, STEP_LIMIT, Server, close, ids, next, next_or_end, wait_in_vain};

#[tokio::test]
async fn an_id_popped_but_not_handed_out_goes_back_to_its_place() {
    let server = Server::start();
    let transport = server.transport().await;
    let (mut consumer, worker) = (transport.consumer(QUEUE), WorkerContext::new("w"));
    wait_in_vain(&mut consumer, &worker).await;
    let pushed = ids(2);
    transport.push(QUEUE, &pushed).await.expect("push");
    // The running fetch takes the first id, although the consumer is no longer polled.
    let since = Instant::now();
    while transport.depth(QUEUE).await.expect("depth") != 1 {
        assert!(since.elapsed() < STEP_LIMIT, "the id was never popped");
        sleep(Duration::from_millis(5)).await;
    }
    close(&mut consumer, &worker).await;
    assert_eq!(transport.depth(QUEUE).await.expect("depth"), 2);

    let (mut other, worker) = (transport.consumer(QUEUE), WorkerContext::new("x"));
    for (id, _) in pushed {
        assert_eq!(next(&mut other, &worker).await, JobId(id));
    }
}

#[tokio::test]
async fn an_idle_consumer_closes_without_waiting_for_its_block_to_end() {
    let server = Server::start();
    let transport = server.transport().await;
    let (mut consumer, worker) = (transport.consumer(QUEUE), WorkerContext::new("w"));
    wait_in_vain(&mut consumer, &worker).await;
    let closed_at = Instant::now();
    close(&mut consumer, &worker).await;
    assert!(closed_at.elapsed() < Duration::from_secs(1), "took {:?}", closed_at.elapsed());
}

#[tokio::test]
async fn a_closed_consumer_takes_nothing_more() {
    let server = Server::start();
    let transport = server.transport().await;
    let (mut consumer, worker) = (transport.consumer(QUEUE), WorkerContext::new("w"));
    wait_in_vain(&mut consumer, &worker).await;
    close(&mut consumer, &worker).await;
    transport.push(QUEUE, &ids(3)).await.expect("push");
    assert_eq!(next_or_end(&mut consumer, &worker).await, None);
    close(&mut consumer, &worker).await;
    sleep(Duration::from_millis(300)).await;
    assert_eq!(transport.depth(QUEUE).await.expect("depth"), 3);
}

#[tokio::test]
async fn a_dropped_consumer_takes_nothing_more() {
    let server = Server::start();
    let transport = server.transport().await;
    let (mut consumer, worker) = (transport.consumer(QUEUE), WorkerContext::new("w"));
    wait_in_vain(&mut consumer, &worker).await;
    drop(consumer);
    sleep(Duration::from_millis(300)).await;
    transport.push(QUEUE, &ids(3)).await.expect("push");
    sleep(Duration::from_millis(300)).await;
    assert_eq!(transport.depth(QUEUE).await.expect("depth"), 3);
}

#[tokio::test]
async fn a_consumer_of_a_stopping_worker_gives_back_before_it_is_closed() {
    let server = Server::start();
    let transport = server.transport().await;
    let (mut consumer, mut worker) = (transport.consumer(QUEUE), WorkerContext::new("w"));
    worker.start().expect("start");
    wait_in_vain(&mut consumer, &worker).await;
    worker.stop().expect("stop");
    // The worker is running its last job, so the consumer is neither polled nor closed.
    transport.push(QUEUE, &ids(3)).await.expect("push");
    sleep(Duration::from_secs(3)).await;
    assert_eq!(transport.depth(QUEUE).await.expect("depth"), 3);
    close(&mut consumer, &worker).await;
}
