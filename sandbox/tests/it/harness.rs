//! A running sandbox, a minimal Daraja client, and a callback listener.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use amana_sandbox::{Credentials, Running, Settings, start};
use aws_lc_rs::rsa::{Pkcs1PublicEncryptingKey, PublicEncryptingKey};
use base64::{Engine, prelude::BASE64_STANDARD};
use poem::{
    Route, Server, handler,
    listener::{Acceptor, Listener, TcpListener},
    post,
    web::Data,
};
use serde_json::{Value, json};
use tokio::sync::mpsc;

pub(crate) const CUSTOMER: &str = "254712345678";
const PATIENCE: Duration = Duration::from_secs(5);
/// Wait after which an unwanted callback would have arrived.
const SILENCE: Duration = Duration::from_millis(250);

pub(crate) struct App {
    pub(crate) running: Option<Running>,
    pub(crate) base: String,
    pub(crate) http: reqwest::Client,
    pub(crate) credentials: Credentials,
    pub(crate) token: String,
    receiver: mpsc::UnboundedReceiver<(String, String)>,
    callback_base: String,
}

pub(crate) fn settings() -> Settings {
    Settings {
        prompt_timeout: Duration::from_millis(400),
        callback_delay: Duration::from_millis(30),
        late_callback_delay: Duration::from_millis(400),
        opening_float_cents: 5_000_000,
        ..Settings::default()
    }
}

#[handler]
async fn receive(
    req: &poem::Request,
    body: String,
    sender: Data<&Arc<mpsc::UnboundedSender<(String, String)>>>,
) -> &'static str {
    assert_eq!(req.header("content-type"), Some("application/json;charset=UTF-8"));
    assert_eq!(req.header("businessshortcode"), Some("600977"));
    sender.send((req.uri().path().to_owned(), body)).unwrap();
    r#"{"ResultCode":0,"ResultDesc":"Accepted"}"#
}

async fn listen() -> (String, mpsc::UnboundedReceiver<(String, String)>) {
    use poem::EndpointExt;
    let (sender, receiver) = mpsc::unbounded_channel();
    let acceptor = TcpListener::bind("127.0.0.1:0").into_acceptor().await.unwrap();
    let address = *acceptor.local_addr()[0].as_socket_addr().unwrap();
    let app = Route::new().at("/*path", post(receive)).data(Arc::new(sender));
    tokio::spawn(Server::new_with_acceptor(acceptor).run(app));
    (format!("http://{address}"), receiver)
}

impl App {
    pub(crate) async fn start() -> Self {
        Self::start_with(settings()).await
    }

    pub(crate) async fn start_with(settings: Settings) -> Self {
        let (callback_base, receiver) = listen().await;
        let credentials = settings.credentials.clone();
        let running = start(settings).await.unwrap();
        let base = format!("http://{}", running.http);
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut app = Self {
            running: Some(running),
            base,
            http,
            credentials,
            token: String::new(),
            receiver,
            callback_base,
        };
        app.token = app.new_token().await;
        app
    }

    pub(crate) async fn stop(mut self) {
        self.running.take().unwrap().stop().await;
    }

    pub(crate) async fn new_token(&self) -> String {
        let answer = self
            .http
            .get(format!("{}/oauth/v1/generate?grant_type=client_credentials", self.base))
            .basic_auth(&self.credentials.consumer_key, Some(&self.credentials.consumer_secret))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 200);
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["expires_in"], "3599");
        body["access_token"].as_str().unwrap().to_owned()
    }

    /// Posts to Daraja. Status 0 stands for a missing response.
    pub(crate) async fn daraja(&self, path: &str, body: &Value) -> (u16, Value) {
        let request = self.http.post(format!("{}{path}", self.base)).bearer_auth(&self.token);
        let Ok(answer) = request.json(body).send().await else { return (0, Value::Null) };
        let status = answer.status().as_u16();
        match answer.text().await {
            Ok(text) => (status, serde_json::from_str(&text).unwrap_or(Value::String(text))),
            Err(_) => (0, Value::Null),
        }
    }

    pub(crate) fn password_fields(&self) -> Value {
        let timestamp =
            (chrono::Utc::now() + chrono::Duration::hours(3)).format("%Y%m%d%H%M%S").to_string();
        let Credentials { short_code, passkey, .. } = &self.credentials;
        let password = BASE64_STANDARD.encode(format!("{short_code}{passkey}{timestamp}"));
        json!({ "BusinessShortCode": short_code, "Timestamp": timestamp, "Password": password })
    }

    pub(crate) fn stk_body(&self, phone: &str, amount: Value) -> Value {
        let mut body = self.password_fields();
        for (key, value) in [
            ("TransactionType", json!("CustomerPayBillOnline")),
            ("Amount", amount),
            ("PartyA", json!(phone)),
            ("PartyB", json!(self.credentials.short_code)),
            ("PhoneNumber", json!(phone)),
            ("CallBackURL", json!(format!("{}/stk/token-of-ours", self.callback_base))),
            ("AccountReference", json!("AB12CD34")),
            ("TransactionDesc", json!("Escrow")),
        ] {
            body[key] = value;
        }
        body
    }

    /// Sends an accepted STK push. Returns its CheckoutRequestID.
    pub(crate) async fn push(&self, phone: &str, amount: u32) -> String {
        let body = self.stk_body(phone, json!(amount));
        let (status, body) = self.daraja("/mpesa/stkpush/v1/processrequest", &body).await;
        assert_eq!(status, 200, "{body}");
        assert_eq!(body["ResponseCode"], "0");
        body["CheckoutRequestID"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn query(&self, checkout_id: &str) -> (u16, Value) {
        let mut body = self.password_fields();
        body["CheckoutRequestID"] = json!(checkout_id);
        self.daraja("/mpesa/stkpushquery/v1/query", &body).await
    }

    pub(crate) async fn security_credential(&self, password: &str) -> String {
        let pem = self.get_text("/portal/certificate.pem").await;
        let (_, pem) = x509_parser::pem::parse_x509_pem(pem.as_bytes()).unwrap();
        let certificate = pem.parse_x509().unwrap();
        let key = PublicEncryptingKey::from_der(certificate.public_key().raw).unwrap();
        let key = Pkcs1PublicEncryptingKey::new(key).unwrap();
        let mut room = vec![0; key.ciphertext_size()];
        BASE64_STANDARD.encode(key.encrypt(password.as_bytes(), &mut room).unwrap())
    }

    pub(crate) async fn b2c_body(&self, originator_id: &str, phone: &str, amount: u32) -> Value {
        let credential = self.security_credential(&self.credentials.initiator_password).await;
        json!({
            "OriginatorConversationID": originator_id,
            "InitiatorName": self.credentials.initiator_name,
            "SecurityCredential": credential,
            "CommandID": "BusinessPayment",
            "Amount": amount.to_string(),
            "PartyA": 600_977,
            "PartyB": phone,
            "Remarks": "Payout",
            "QueueTimeOutURL": format!("{}/timeout", self.callback_base),
            "ResultURL": format!("{}/result", self.callback_base),
            "Occassion": "Sale",
        })
    }

    pub(crate) async fn pay_out(
        &self,
        originator_id: &str,
        phone: &str,
        amount: u32,
    ) -> (u16, Value) {
        let body = self.b2c_body(originator_id, phone, amount).await;
        self.daraja("/mpesa/b2c/v3/paymentrequest", &body).await
    }

    pub(crate) async fn get_text(&self, path: &str) -> String {
        let answer = self.http.get(format!("{}{path}", self.base)).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.text().await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        serde_json::from_str(&self.get_text(path).await).unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let answer =
            self.http.post(format!("{}{path}", self.base)).json(body).send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or(Value::Null))
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> (u16, Value) {
        let answer = self.http.put(format!("{}{path}", self.base)).json(body).send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or(Value::Null))
    }

    pub(crate) async fn answer_prompt(&self, phone: &str, answer: &Value) -> String {
        let (status, body) = self.post(&format!("/admin/phones/{phone}/answer"), answer).await;
        assert_eq!(status, 200, "{body}");
        body["result_code"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn float_cents(&self) -> i64 {
        self.get("/admin/organisation").await["float"].as_i64().unwrap()
    }

    pub(crate) async fn balance_cents(&self, phone: &str) -> i64 {
        self.get(&format!("/admin/customers/{phone}")).await["balance"].as_i64().unwrap()
    }

    /// Returns path and body of the next callback.
    pub(crate) async fn callback_text(&mut self) -> (String, String) {
        tokio::time::timeout(PATIENCE, self.receiver.recv()).await.expect("a callback").unwrap()
    }

    pub(crate) async fn stk_callback(&mut self) -> Value {
        let (path, body) = self.callback_text().await;
        assert_eq!(path, "/stk/token-of-ours");
        let body: Value = serde_json::from_str(&body).unwrap();
        body["Body"]["stkCallback"].clone()
    }

    pub(crate) async fn b2c_result(&mut self) -> Value {
        let (path, body) = self.callback_text().await;
        assert_eq!(path, "/result");
        let body: Value = serde_json::from_str(&body).unwrap();
        body["Result"].clone()
    }

    pub(crate) fn callback_already_here(&mut self) -> bool {
        !self.receiver.is_empty()
    }

    pub(crate) async fn no_callback(&mut self) {
        tokio::time::sleep(SILENCE).await;
        assert!(self.receiver.try_recv().is_err(), "unexpected callback");
    }

    /// Polls the query until the collection is final.
    pub(crate) async fn final_code(&self, checkout_id: &str) -> String {
        let started = Instant::now();
        loop {
            let (_, body) = self.query(checkout_id).await;
            match body["ResultCode"].as_str() {
                Some(code) if code != "4999" => return code.to_owned(),
                _ => assert!(started.elapsed() < PATIENCE, "still pending: {body}"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Returns one metadata item of a callback by its name, as a client must read it.
pub(crate) fn item<'a>(callback: &'a Value, name: &str) -> &'a Value {
    let items = callback["CallbackMetadata"]["Item"].as_array().expect("metadata");
    items.iter().find(|it| it["Name"] == name).expect("item")
}

pub(crate) fn parameter<'a>(result: &'a Value, key: &str) -> &'a Value {
    let list = result["ResultParameters"]["ResultParameter"].as_array().expect("parameters");
    &list.iter().find(|it| it["Key"] == key).expect("parameter")["Value"]
}
