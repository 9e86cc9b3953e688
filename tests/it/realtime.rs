//! WebSockets: a ticket opens one connection, once; heartbeats; and closure when the session ends.

use amana_harness::{App, PATIENCE, Person};
use chrono::TimeDelta;
use futures_util::{SinkExt, StreamExt};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn ticket(app: &App, person: &Person) -> String {
    let made = app.post(person, "/v1/realtime/tickets", Value::Null).await.expect(201);
    made["ticket"].as_str().expect("a ticket").to_owned()
}

async fn open(app: &App, ticket: &str) -> Result<Socket, u16> {
    let base = app.api_url.replace("http://", "ws://");
    match connect_async(format!("{base}/v1/realtime?ticket={ticket}")).await {
        Ok((socket, _)) => Ok(socket),
        Err(Error::Http(answer)) => Err(answer.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

async fn next(socket: &mut Socket) -> Message {
    let message = timeout(PATIENCE, socket.next()).await.expect("a message in time");
    message.expect("an open socket").expect("a message")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ticket_opens_one_socket() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person("Amina").await;
    let ticket = ticket(&app, &amina).await;
    let mut socket = open(&app, &ticket).await.expect("a socket");
    let hello: Value =
        serde_json::from_str(next(&mut socket).await.to_text().expect("text")).expect("JSON");
    let sessions = app.get(&amina, "/v1/sessions").await.expect(200);
    assert_eq!(hello, json!({ "type": "hello", "session_id": sessions["items"][0]["id"] }));
    assert_eq!(open(&app, &ticket).await.err(), Some(401));
    // The server ignores messages, but answers pings.
    socket.send(Message::text("hello")).await.expect("sent");
    socket.send(Message::Ping("here".into())).await.expect("sent");
    assert_eq!(next(&mut socket).await, Message::Pong("here".into()));
}

/// A ticket that is used many times concurrently opens one connection.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ticket_is_taken_once_however_many_show_it() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person("Amina").await;
    let ticket = ticket(&app, &amina).await;
    let all = futures_util::future::join_all((0..8).map(|_| open(&app, &ticket))).await;
    assert_eq!(all.iter().filter(|opened| opened.is_ok()).count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ticket_is_good_for_half_a_minute_and_while_its_session_is() {
    let app = App::builder().without_worker().start().await;
    let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
    let late = ticket(&app, &amina).await;
    app.clock.advance(TimeDelta::seconds(30));
    let of_juma = ticket(&app, &juma).await;
    let ended = app.send(Method::DELETE, "/v1/sessions", Some(&juma.token), None, None).await;
    assert_eq!(ended.status, 204);
    for bad in [late.as_str(), of_juma.as_str(), "", "nonsense"] {
        assert_eq!(open(&app, bad).await.err(), Some(401), "{bad}");
    }
    let answer = app.send(Method::GET, "/v1/realtime", None, None, None).await;
    assert!(answer.status.is_client_error(), "{}", answer.status);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_socket_ends_with_its_session() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person("Amina").await;
    let mut socket = open(&app, &ticket(&app, &amina).await).await.expect("a socket");
    next(&mut socket).await;
    app.send(Method::DELETE, "/v1/sessions", Some(&amina.token), None, None).await;
    let Message::Close(Some(end)) = next(&mut socket).await else { panic!("no end") };
    assert_eq!((u16::from(end.code), end.reason.as_str()), (4401, "the session has ended"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_has_four_sockets() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person("Amina").await;
    let mut sockets = vec![];
    for _ in 0..4 {
        sockets.push(open(&app, &ticket(&app, &amina).await).await.expect("a socket"));
    }
    assert_eq!(open(&app, &ticket(&app, &amina).await).await.err(), Some(503));
    sockets.pop().expect("a socket").close(None).await.expect("closed");
    amana_harness::eventually("the connection's slot is free again", || async {
        open(&app, &ticket(&app, &amina).await).await.ok()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_message_closes_the_socket() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person("Amina").await;
    let mut socket = open(&app, &ticket(&app, &amina).await).await.expect("a socket");
    next(&mut socket).await;
    socket.send(Message::text("x".repeat(5_000))).await.expect("sent");
    let end = timeout(PATIENCE, socket.next()).await.expect("an end");
    // A heartbeat here would mean that the connection is still open.
    assert!(matches!(end, None | Some(Ok(Message::Close(_)) | Err(_))), "{end:?}");
}
