//! The access token: shared by all requests, and renewed once after a rejection.

use crate::listener::{Listener, say};
use crate::{ACCEPTED, collect, mpesa};
use amana_mpesa::MpesaError;

const REJECTED: &str =
    r#"{"requestId":"1-2","errorCode":"404.001.03","errorMessage":"Invalid Access Token"}"#;

#[tokio::test]
async fn twenty_calls_at_once_fetch_one_token() {
    let listener = Listener::with_tokens(|_, _| say(200, ACCEPTED)).await;
    let mpesa = std::sync::Arc::new(mpesa(&listener.url));
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let mpesa = std::sync::Arc::clone(&mpesa);
            tokio::spawn(async move { mpesa.collect(&collect()).await.is_ok() })
        })
        .collect();
    for call in calls {
        assert!(call.await.unwrap());
    }
    assert_eq!((listener.token_calls(), listener.calls().len()), (1, 20));
}

#[tokio::test]
async fn a_rejected_token_is_renewed_once_for_all_who_hold_it() {
    let listener = Listener::with_tokens(|request, _| {
        let fresh = request.header("authorization") == Some("Bearer t1");
        if fresh { say(200, ACCEPTED) } else { say(404, REJECTED) }
    })
    .await;
    let mpesa = std::sync::Arc::new(mpesa(&listener.url));
    let calls: Vec<_> = (0..10)
        .map(|_| {
            let mpesa = std::sync::Arc::clone(&mpesa);
            tokio::spawn(async move { mpesa.collect(&collect()).await.unwrap().exchange.status })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap(), Some(200));
    }
    assert_eq!(listener.token_calls(), 2);
}

#[tokio::test]
async fn a_token_that_is_never_accepted_ends_after_one_retry() {
    let listener = Listener::with_tokens(|_, _| say(200, REJECTED)).await;
    let error = mpesa(&listener.url).collect(&collect()).await.unwrap_err();
    assert!(matches!(error, MpesaError::CredentialsRefused { .. }), "{error:?}");
    assert_eq!(error.exchange().map(|exchange| exchange.body.as_str()), Some(REJECTED));
    assert_eq!((listener.token_calls(), listener.calls().len()), (2, 2));
}

#[tokio::test]
async fn the_lifetime_is_a_number_or_a_text() {
    for expires_in in ["3599", r#""3599""#] {
        let listener = Listener::start(move |request, _| {
            let token = format!(r#"{{"access_token":"t","expires_in":{expires_in}}}"#);
            if request.is_token() { say(200, token) } else { say(200, ACCEPTED) }
        })
        .await;
        let mpesa = mpesa(&listener.url);
        for _ in 0..2 {
            mpesa.collect(&collect()).await.unwrap();
        }
        assert_eq!(listener.token_calls(), 1);
    }
}

#[tokio::test]
async fn without_a_token_nothing_is_sent() {
    for (status, body, refused) in [
        (400, "", true),
        (401, "{}", true),
        (500, "", false),
        (200, "", false),
        (200, r#"{"access_token":"t","expires_in":"soon"}"#, false),
        (200, r#"{"access_token":"a\nb","expires_in":10}"#, false),
    ] {
        let listener = Listener::start(move |_, _| say(status, body)).await;
        let error = mpesa(&listener.url).collect(&collect()).await.unwrap_err();
        assert!(error.is_temporary());
        let told = matches!(error, MpesaError::CredentialsRefused { .. });
        assert_eq!(told, refused, "{status} {body}: {error:?}");
        assert_eq!(listener.calls().len(), 0);
    }
}

#[tokio::test]
async fn the_key_and_secret_are_sent_as_basic_authentication() {
    let listener = Listener::start(|request, _| {
        let right = request.header("authorization") == Some("Basic a2V5OnNlY3JldA==")
            && request.target == "/oauth/v1/generate?grant_type=client_credentials";
        match (request.is_token(), right) {
            (true, true) => say(200, r#"{"access_token":"t","expires_in":3599}"#),
            (true, false) => say(400, ""),
            (false, _) => say(200, ACCEPTED),
        }
    })
    .await;
    assert!(mpesa(&listener.url).collect(&collect()).await.is_ok());
}
