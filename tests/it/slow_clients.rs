//! Slow clients that hold connections open: they are disconnected, and block no other client.

use amana_api::{Connections, serve_within};
use amana_harness::{App, api_config};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

const DRIP: Duration = Duration::from_millis(100);
const HEAD_MAX: Duration = Duration::from_secs(1);
/// Far above the header timeout, for busy machines.
const ENDED_MAX: Duration = Duration::from_secs(15);
const SLOW: usize = 300;

/// Starts an API with these connection limits. Returns its address.
async fn api(app: &App, connections: Connections) -> String {
    let config = api_config(app.context.files.clone());
    let api = amana_api::app(app.store.clone(), app.clock.clone(), None, &config);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    tokio::spawn(serve_within(listener, api, connections, std::future::pending()));
    address
}

/// Sends a header line from time to time until the server disconnects. Returns the time that it
/// took.
async fn drip(address: String) -> Duration {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let began = Instant::now();
    let mut sent = stream.write_all(b"GET /livez HTTP/1.1\r\nHost: amana\r\n").await;
    let mut taken = [0; 256];
    while sent.is_ok() {
        match tokio::time::timeout(DRIP, stream.read(&mut taken)).await {
            Err(_silence) => sent = stream.write_all(b"X-Slow: 1\r\n").await,
            Ok(Ok(bytes)) if bytes > 0 => {}
            Ok(_ended) => break,
        }
        assert!(began.elapsed() < ENDED_MAX, "the connection is still open");
    }
    began.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_heads_are_ended_and_others_are_answered_meanwhile() {
    let app = App::builder().without_worker().start().await;
    let bounds = Connections { head: HEAD_MAX, ..Connections::default() };
    let address = api(&app, bounds).await;
    let mut slow = JoinSet::new();
    for _ in 0..SLOW {
        slow.spawn(drip(address.clone()));
    }
    for _ in 0..20 {
        let answer =
            app.http.get(format!("http://{address}/livez")).send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let ended = slow.join_all().await;
    assert_eq!(ended.len(), SLOW);
    assert!(ended.iter().all(|took| *took >= HEAD_MAX / 2), "{:?}", ended.iter().min());
}

/// Tells whether a request on this connection gets a response.
async fn is_served(stream: &mut TcpStream) -> bool {
    let request = b"GET /livez HTTP/1.1\r\nHost: amana\r\n\r\n";
    let mut taken = [0; 64];
    stream.write_all(request).await.is_ok()
        && stream
            .read(&mut taken)
            .await
            .is_ok_and(|bytes| taken[..bytes].starts_with(b"HTTP/1.1 200"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_has_so_many_connections_and_gets_them_back() {
    let app = App::builder().without_worker().start().await;
    let bounds = Connections { per_address: 3, unbounded: vec![], ..Connections::default() };
    let address = api(&app, bounds).await;
    let mut open = vec![];
    for _ in 0..3 {
        let mut stream = TcpStream::connect(&address).await.expect("a connection");
        assert!(is_served(&mut stream).await);
        open.push(stream);
    }
    let mut beyond = TcpStream::connect(&address).await.expect("a connection");
    assert!(!is_served(&mut beyond).await, "expected no response above the connection limit");
    open.pop();
    amana_harness::eventually("a connection slot is free again", || async {
        let mut next = TcpStream::connect(&address).await.expect("a connection");
        is_served(&mut next).await.then_some(())
    })
    .await;
}

/// HTTP/2 without TLS is refused, so no client can open a thousand streams on one connection.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn http_2_in_clear_is_refused() {
    let app = App::builder().without_worker().start().await;
    let address = api(&app, Connections::default()).await;
    let mut stream = TcpStream::connect(&address).await.expect("a connection");
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    stream.write_all(preface).await.expect("written");
    let mut taken = Vec::new();
    let ended = tokio::time::timeout(ENDED_MAX, stream.read_to_end(&mut taken)).await;
    ended.expect("the connection ends").expect("read");
    assert!(taken.is_empty() || taken.starts_with(b"HTTP/1.1 4"), "{taken:?}");
}

/// A body that does not arrive is the client's fault, and the request has no effect.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_body_is_answered_408() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person("Amina").await;
    let head = format!(
        "POST /v1/transfers HTTP/1.1\r\nHost: amana\r\nAuthorization: Bearer {}\r\n\
        Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{",
        amina.token
    );
    let address = app.api_url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(head.as_bytes()).await.expect("written");
    let mut taken = [0; 4096];
    let read = tokio::time::timeout(Duration::from_secs(40), stream.read(&mut taken)).await;
    let bytes = read.expect("an answer in time").expect("read");
    let answer = String::from_utf8_lossy(&taken[..bytes]);
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
}
