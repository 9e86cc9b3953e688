//! E-mail delivery over SMTP, and how each kind of refusal is classified.

use amana_messaging::SendErrorKind::{self, Permanent, Temporary};
use amana_messaging::{ConfigError, MailConfig, Mailer, Message};
use secrecy::SecretString;
use std::time::Duration;
use tokio::net::TcpListener;

use crate::smtp_server::{Behaviour, SmtpServer};

fn config(url: &str) -> MailConfig {
    MailConfig {
        url: SecretString::from(url),
        from: "Amana <no-reply@amana.example>".to_owned(),
        reply_to: Some("help@amana.example".to_owned()),
    }
}

fn mailer(server: &SmtpServer) -> Mailer {
    Mailer::new(&config(&format!("smtp://{}", server.address))).unwrap()
}

fn message() -> Message {
    Message {
        to: "asha@example.com".to_owned(),
        subject: "Pesa zako\r\nBcc: thief@example.com".to_owned(),
        body: "Habari Asha,\n\nUmelipwa KES 1,500.00 – asante.\n.\nAmana\n".to_owned(),
        message_id: "job_1".to_owned(),
    }
}

async fn check_refusal(behaviour: Behaviour, kind: SendErrorKind, what: &str) {
    let server = SmtpServer::start(vec![behaviour]).await;
    let url = format!("smtp://user:hunter2@{}", server.address);
    let error = Mailer::new(&config(&url)).unwrap().send(&message()).await.unwrap_err();
    assert_eq!((error.kind, error.what.as_ref()), (kind, what));
    let shown = format!("{error} {error:?}");
    assert!(!["asha", "hunter2", "Umelipwa"].iter().any(|secret| shown.contains(secret)));
}

#[tokio::test]
async fn a_message_arrives_whole_and_its_subject_cannot_add_headers() {
    let server = SmtpServer::start(vec![Behaviour::Accept]).await;
    let sent = mailer(&server).send(&message()).await.unwrap();
    assert_eq!(sent.reference, "<job_1@amana.example>");
    let received = server.seen(|seen| seen.messages[0].clone());
    let (headers, body) = received.split_once("\n\n").unwrap();
    let headers: Vec<_> = headers.lines().collect();
    for expected in [
        "From: Amana <no-reply@amana.example>",
        "Reply-To: help@amana.example",
        "To: asha@example.com",
        "Subject: Pesa zako Bcc: thief@example.com",
        "Message-ID: <job_1@amana.example>",
        "Auto-Submitted: auto-generated",
        "Content-Type: text/plain; charset=utf-8",
    ] {
        assert!(headers.contains(&expected), "{expected} in {headers:?}");
    }
    assert!(headers.iter().any(|header| header.starts_with("Date: ")));
    assert!(!headers.iter().any(|header| header.starts_with("Bcc")));
    assert!(body.contains("Umelipwa KES 1,500.00 =E2=80=93 asante."), "{body}");
    assert_eq!(server.seen(|seen| seen.recipients.clone()), ["RCPT TO:<asha@example.com>"]);
}

#[tokio::test]
async fn one_connection_serves_many_messages() {
    let server = SmtpServer::start(vec![Behaviour::Accept]).await;
    let mailer = mailer(&server);
    for i in 0..5 {
        let id = format!("<job_{i}@other.example>");
        let sent = mailer.send(&Message { message_id: id.clone(), ..message() }).await.unwrap();
        assert_eq!(sent.reference, id);
    }
    assert_eq!(server.seen(|seen| (seen.connections, seen.messages.len())), (1, 5));
}

#[tokio::test]
async fn the_log_in_is_decoded_from_the_url() {
    let server = SmtpServer::start(vec![Behaviour::Accept]).await;
    let url = format!("smtp://amana%40example.com:p%2Fw%2B1@{}?tls=none", server.address);
    let mailer = Mailer::new(&config(&url)).unwrap();
    mailer.send(&message()).await.unwrap();
    // The base64 of "\0amana@example.com\0p/w+1".
    let expected = "AUTH PLAIN AGFtYW5hQGV4YW1wbGUuY29tAHAvdysx";
    assert_eq!(server.seen(|seen| seen.log_ins.clone()), [expected]);
    assert!(!format!("{mailer:?} {:?}", config(&url)).contains("p%2Fw"));
}

#[tokio::test]
async fn the_server_s_codes_decide_whether_to_try_again() {
    use Behaviour::{Content, Greeting, LogIn, Recipient};
    let off = |code| format!("the mail server deferred the message ({code})");
    let refused = |code| format!("the mail server rejected the message ({code})");
    let closed = |code| format!("the mail server rejected the connection ({code})");
    let cases = [
        (Recipient("450 asha@example.com is busy"), Temporary, off(450)),
        (Recipient("550 no such user asha@example.com"), Permanent, refused(550)),
        (Recipient("530 log in first"), Temporary, off(530)),
        (Content("451 try later"), Temporary, off(451)),
        (Content("554 spam"), Permanent, refused(554)),
        (LogIn("535 wrong password"), Temporary, closed(535)),
        (Greeting("421 closing"), Temporary, closed(421)),
        (Greeting("554 not you"), Temporary, closed(554)),
    ];
    for (behaviour, kind, what) in cases {
        check_refusal(behaviour, kind, &what).await;
    }
}

#[tokio::test]
async fn a_dead_port_is_temporary() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = Mailer::new(&config(&url)).unwrap().send(&message()).await.unwrap_err();
    assert_eq!(error.kind, Temporary);
    assert_eq!(error.what, "the mail server could not be reached");
}

/// Cancels a send while the server still owes a reply. The next send must use a new connection, or
/// it would read the late reply as its own.
#[tokio::test]
async fn a_silent_server_times_out_and_spoils_nothing() {
    let server = SmtpServer::start(vec![Behaviour::SilentAfterContent, Behaviour::Accept]).await;
    let mailer = mailer(&server).with_send_timeout(Duration::from_secs(2));
    let error = mailer.send(&message()).await.unwrap_err();
    assert_eq!(error.kind, Temporary);
    assert_eq!(error.what, "the mail server did not answer in time");
    assert_eq!(server.seen(|seen| seen.messages.len()), 1, "the server had the message");
    mailer.send(&message()).await.unwrap();
    assert_eq!(server.seen(|seen| (seen.connections, seen.messages.len())), (2, 2));
}

#[tokio::test]
async fn a_message_that_cannot_be_sent_is_refused_before_any_connection() {
    let server = SmtpServer::start(vec![Behaviour::Accept]).await;
    let mailer = mailer(&server);
    let cases = [
        Message { to: "asha".to_owned(), ..message() },
        Message { to: "asha@example.com\r\nBcc: thief@example.com".to_owned(), ..message() },
        Message { message_id: "a b".to_owned(), ..message() },
        Message { message_id: "a>\r\nX: y".to_owned(), ..message() },
        Message { message_id: String::new(), ..message() },
        Message { body: "x".repeat(64 * 1024 + 1), ..message() },
    ];
    for case in cases {
        assert_eq!(mailer.send(&case).await.unwrap_err().kind, Permanent);
    }
    assert_eq!(server.seen(|seen| seen.connections), 0);
    assert!(!format!("{:?}", message()).contains("asha"));
}

#[tokio::test]
async fn a_remote_server_without_tls_gets_nothing_unless_the_url_says_so() {
    let server = SmtpServer::start(vec![Behaviour::Accept]).await;
    let url = format!("smtp://user:pw@{}?tls=required", server.address);
    let error = Mailer::new(&config(&url)).unwrap().send(&message()).await.unwrap_err();
    assert_eq!(error.kind, Temporary);
    assert!(error.what.contains("STARTTLS"), "{error}");
    assert_eq!(server.seen(|seen| (seen.log_ins.len(), seen.messages.len())), (0, 0));
}

#[test]
fn a_bad_setting_is_found_at_the_start() {
    let cases = [
        ("not a url", ConfigError::SmtpUrl),
        ("http://localhost:25", ConfigError::SmtpUrl),
        ("smtp://", ConfigError::SmtpUrl),
        ("smtp://user@localhost", ConfigError::SmtpUrl),
        ("smtp://localhost/path", ConfigError::SmtpUrl),
        ("smtp://localhost?tls=maybe", ConfigError::SmtpTls),
        ("smtps://localhost?tls=none", ConfigError::SmtpTls),
    ];
    for (url, expected) in cases {
        assert_eq!(Mailer::new(&config(url)).unwrap_err(), expected, "{url}");
    }
    let nobody = MailConfig { from: "Amana".to_owned(), ..config("smtp://localhost") };
    assert_eq!(Mailer::new(&nobody).unwrap_err(), ConfigError::Sender);
    for url in ["smtps://mail.example", "smtp://mail.example", "smtp://[::1]:2525"] {
        assert!(Mailer::new(&config(url)).is_ok(), "{url}");
    }
}
