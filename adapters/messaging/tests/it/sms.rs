//! SMS delivery: the provider's request format, and how each response is classified.

use amana_messaging::SendErrorKind::{self, Permanent, Temporary};
use amana_messaging::{ConfigError, SmsConfig, SmsGateway};
use secrecy::SecretString;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

const TO: &str = "+254712345678";
const TEXT: &str = "Amana: umelipwa KES 1,500.00 & asante";

fn config(base_url: &str) -> SmsConfig {
    SmsConfig {
        base_url: base_url.to_owned(),
        username: "sandbox".to_owned(),
        api_key: SecretString::from("atsk_secret"),
        sender_id: Some("AMANA".to_owned()),
    }
}

/// Starts a provider that sends `answer` to one request. The task returns the received request.
async fn provider(answer: String) -> (SmsGateway, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let request = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let request = read_request(&mut stream).await;
        stream.write_all(answer.as_bytes()).await.unwrap();
        request
    });
    (SmsGateway::new(&config(&url)).unwrap(), request)
}

async fn read_request(stream: &mut TcpStream) -> String {
    let mut request = String::new();
    let mut buffer = [0; 4096];
    loop {
        let read = stream.read(&mut buffer).await.unwrap();
        request.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
        let Some((headers, body)) = request.split_once("\r\n\r\n") else { continue };
        let length = headers
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .map_or(0, |(_, length)| length.parse().unwrap());
        if read == 0 || body.len() >= length {
            return request;
        }
    }
}

fn http(status: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    )
}

fn with_code(code: u16) -> String {
    let body = format!(
        r#"{{"SMSMessageData":{{"Message":"Sent to 1/1 Total Cost: KES 0.8000","Recipients":
        [{{"statusCode":{code},"number":"{TO}","status":"x","cost":"KES 0.8000","messageId":"ATXid_1"}}]}}}}"#
    );
    http("201 Created", &body)
}

async fn check_failure(answer: String, kind: SendErrorKind, part: &str) {
    let (gateway, _) = provider(answer).await;
    let error = gateway.send(TO, TEXT).await.unwrap_err();
    assert_eq!(error.kind, kind, "{error}");
    assert!(error.what.contains(part), "{error}");
    let shown = format!("{error} {error:?} {gateway:?}");
    assert!(!["712345678", "atsk_secret", "umelipwa"].iter().any(|secret| shown.contains(secret)));
}

#[tokio::test]
async fn a_message_is_sent_as_the_provider_wants_it() {
    for code in [100, 101, 102] {
        let (gateway, request) = provider(with_code(code)).await;
        let sent = gateway.send(TO, TEXT).await.unwrap();
        assert_eq!(sent.reference, "ATXid_1");
        let request = request.await.unwrap();
        let (headers, body) = request.split_once("\r\n\r\n").unwrap();
        let headers = headers.to_ascii_lowercase();
        assert!(headers.starts_with("post /version1/messaging http/1.1"), "{headers}");
        for expected in [
            "apikey: atsk_secret",
            "accept: application/json",
            "content-type: application/x-www-form-urlencoded",
        ] {
            assert!(headers.lines().any(|line| line == expected), "{expected} in {headers}");
        }
        assert_eq!(
            body,
            "username=sandbox&to=%2B254712345678\
             &message=Amana%3A+umelipwa+KES+1%2C500.00+%26+asante&from=AMANA"
        );
    }
}

#[tokio::test]
async fn the_recipient_s_code_decides_whether_to_try_again() {
    for code in [402, 405, 500, 501, 502] {
        check_failure(with_code(code), Temporary, &format!("({code})")).await;
    }
    for code in [401, 403, 404, 406, 407, 999] {
        check_failure(with_code(code), Permanent, &format!("({code})")).await;
    }
}

#[tokio::test]
async fn a_request_refused_as_a_whole_is_a_failure() {
    let none = |message: &str| {
        let body = format!(r#"{{"SMSMessageData":{{"Message":"{message}","Recipients":[]}}}}"#);
        http("201 Created", &body)
    };
    check_failure(none("InvalidSenderId"), Temporary, "(402)").await;
    check_failure(none("InsufficientBalance"), Temporary, "(405)").await;
    check_failure(none("Sent to 0/1 of +254712345678"), Permanent, "no recipient").await;
}

#[tokio::test]
async fn the_http_status_is_read_first() {
    for (status, kind) in [
        ("500 Oops", Temporary),
        ("503 Busy", Temporary),
        ("429 Slow", Temporary),
        ("401 Key", Temporary),
        ("400 Bad", Permanent),
        ("404 Gone", Permanent),
        ("302 Moved", Temporary),
    ] {
        check_failure(http(status, "The supplied key atsk_secret"), kind, &status[..3]).await;
    }
}

#[tokio::test]
async fn an_answer_that_is_no_answer_is_temporary() {
    check_failure(http("200 OK", "<html>"), Temporary, "could not be read").await;
    check_failure(http("200 OK", "{}"), Temporary, "could not be read").await;
    check_failure(http("200 OK", &" ".repeat(64 * 1024 + 1)), Temporary, "too long").await;
    check_failure("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{".to_owned(), Temporary, "reached")
        .await;
    check_failure(String::new(), Temporary, "could not be reached").await;
}

#[tokio::test]
async fn a_dead_port_is_temporary() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = SmsGateway::new(&config(&url)).unwrap().send(TO, TEXT).await.unwrap_err();
    assert_eq!(
        (error.kind, error.what.as_ref()),
        (Temporary, "the SMS provider could not be reached")
    );
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_before_any_connection() {
    // Nothing listens on this port, so a permanent failure proves that no request was sent.
    let gateway = SmsGateway::new(&config("http://127.0.0.1:1")).unwrap();
    for to in
        ["0712345678", "254712345678", "+2547", "+254712345678,+254700000000", "+0712345678", ""]
    {
        assert_eq!(gateway.send(to, TEXT).await.unwrap_err().kind, Permanent, "{to}");
    }
    assert_eq!(gateway.send(TO, "").await.unwrap_err().kind, Permanent);
    assert_eq!(gateway.send(TO, &"x".repeat(1_001)).await.unwrap_err().kind, Permanent);
}

#[test]
fn a_bad_setting_is_found_at_the_start() {
    for url in ["", "api.africastalking.com", "ftp://localhost", "https://localhost/version1"] {
        assert_eq!(SmsGateway::new(&config(url)).unwrap_err(), ConfigError::SmsUrl, "{url}");
    }
    let account = |username: &str, key: &str| SmsConfig {
        username: username.to_owned(),
        api_key: SecretString::from(key),
        ..config("https://api.africastalking.com")
    };
    for (username, key) in [("", "key"), ("amana", ""), ("amana", "a\nb")] {
        assert_eq!(SmsGateway::new(&account(username, key)).unwrap_err(), ConfigError::SmsAccount);
    }
    assert!(SmsGateway::new(&config("https://api.africastalking.com/")).is_ok());
    assert!(!format!("{:?}", config("http://localhost")).contains("atsk_secret"));
}
