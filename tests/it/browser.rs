//! The sandbox's phone and mail catcher, used through a real browser.

mod driver;
mod picture;

use amana_harness::{App, DealPlan, Person, eventually};
use driver::{Browser, DESK, NARROW};
use fantoccini::Locator;
use fantoccini::key::Key;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

const PIN: &str = "1234";
const PROMPT: &str = "#prompt";

/// The first start of Chromium on a busy machine can take longer than a real prompt lasts.
const PROMPT_TIME: Duration = Duration::from_secs(600);

/// A buyer with a pending M-Pesa prompt for KES 1,500.
struct Waiting {
    app: App,
    buyer: Person,
    seller: Person,
    deal: String,
    payment: String,
}

impl Waiting {
    async fn start() -> Self {
        let app = App::builder().prompt_timeout(PROMPT_TIME).start().await;
        let (buyer, seller) = (app.person("Amina").await, app.person("Juma").await);
        let deal = app.agreed(&buyer, &seller, &DealPlan::default()).await;
        let payment = app.start_mpesa(&buyer, &deal).await;
        Self { app, buyer, seller, deal, payment }
    }

    fn phone(&self) -> String {
        format!("{}/phone/{}", self.app.sandbox_url, self.buyer.phone)
    }

    /// Asserts that the payment failed for this reason without moving money, and that the deal can
    /// still be paid.
    async fn assert_unpaid(&self, reason: &str) {
        let failed = self.app.wait_for_payment(&self.buyer, &self.payment, "failed").await;
        assert_eq!(failed["reason"], reason, "{failed:#}");
        let deal = self.app.get(&self.buyer, &format!("/v1/deals/{}", self.deal)).await.expect(200);
        assert_eq!(deal["state"], "agreed", "{deal:#}");
        assert_eq!(self.app.balance(&self.buyer).await, (0, 0));
        self.app.start_mpesa(&self.buyer, &self.deal).await;
        self.app.assert_sound().await;
    }
}

/// Goal: the prompt appears, PIN and click pay it, and both parties see the result.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn approving_the_prompt_on_the_phone_funds_the_deal() {
    let it = Waiting::start().await;
    let browser = Browser::start(DESK).await;
    browser.open(&it.phone()).await;
    browser.see_text("#prompt-text", &["KES 1,500", "AMANA"]).await;
    browser.see_text("#balance", &["KES 100,000.00"]).await;

    browser.see("#pin").await.send_keys(PIN).await.expect("typing");
    browser.see("#approve").await.click().await.expect("a click");

    browser.see_text("#note", &["Paid."]).await;
    browser.see_no(PROMPT).await;
    browser.see_text("#balance", &["KES 98,500.00"]).await;
    it.app.wait_for_deal(&it.buyer, &it.deal, "funded").await;
    let paid = it.app.wait_for_payment(&it.buyer, &it.payment, "succeeded").await;
    let receipt = paid["receipt"].as_str().expect("a receipt");
    browser.see_text("#inbox", &[receipt, "Confirmed", "Ksh1,500.00", "Two goats"]).await;
    see_the_mails(&browser, &it).await;
    browser.close().await;
    it.app.assert_sound().await;
}

/// The catcher lists the mails to buyer and seller, and opens one with a click.
async fn see_the_mails(browser: &Browser, it: &Waiting) {
    eventually("both parties have mails", || async {
        let found = it.app.sandbox_get("/admin/mails").await;
        let mails = found["mails"].as_array().expect("mails").clone();
        let paid = mails.iter().filter(|mail| mail["subject"] == "Paid and safe: Two goats");
        (paid.count() == 2).then_some(())
    })
    .await;
    browser.open(&format!("{}/mail", it.app.sandbox_url)).await;
    let buyer = it.buyer.email.as_str();
    browser.see_text("#mails", &["Paid and safe: Two goats", buyer, &it.seller.email]).await;
    let first = format!(
        "//nav[@id='mails']/button[contains(., 'Paid and safe') and contains(., '{buyer}')]"
    );
    let first = browser.client.find(Locator::XPath(&first)).await.expect("the buyer's mail");
    first.click().await.expect("a click");
    browser.see_text("#mail", &["Paid and safe: Two goats", buyer]).await;
    assert_eq!(browser.count("#mails [aria-current]").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancelling_the_prompt_leaves_the_deal_to_be_paid() {
    let it = Waiting::start().await;
    let browser = Browser::start(DESK).await;
    browser.open(&it.phone()).await;
    browser.see("#cancel").await.click().await.expect("a click");
    browser.see_text("#note", &["Request cancelled."]).await;
    browser.see_no(PROMPT).await;
    browser.see_text("#balance", &["KES 100,000.00"]).await;
    browser.close().await;
    it.assert_unpaid("cancelled_by_payer").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_pin_is_told_and_pays_nothing() {
    let it = Waiting::start().await;
    let browser = Browser::start(DESK).await;
    browser.open(&it.phone()).await;
    let pin = browser.see("#pin").await;
    // Three digits are no PIN: nothing is sent, and the prompt stays open.
    pin.send_keys("432").await.expect("typing");
    browser.see("#approve").await.click().await.expect("a click");
    browser.see_text("#note", &["4-digit PIN"]).await;
    browser.see(PROMPT).await;
    pin.send_keys("1").await.expect("typing");
    browser.see("#approve").await.click().await.expect("a click");
    browser.see_text("#note", &["wrong PIN"]).await;
    browser.see_no(PROMPT).await;
    browser.close().await;
    it.assert_unpaid("wrong_pin").await;
}

/// Goal: keyboard and small screen are enough. Method: send keys to the focused element only.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_keyboard_alone_pays_on_a_narrow_screen() {
    let it = Waiting::start().await;
    let browser = Browser::start(NARROW).await;
    browser.open(&it.phone()).await;
    browser.see(PROMPT).await;
    assert_eq!(browser.value("[window.innerWidth, window.innerHeight]").await, json!(NARROW));
    assert_no_sideways_scroll(&browser, "the prompt").await;
    assert_eq!(focused(&browser).await, "pin");
    for next in ["cancel", "approve"] {
        type_keys(&browser, &Key::Tab.to_string()).await;
        assert_eq!(focused(&browser).await, next);
    }
    browser.see("#pin").await.send_keys("").await.expect("the focus goes back");
    type_keys(&browser, &format!("{PIN}{}", char::from(Key::Enter))).await;
    browser.see_text("#note", &["Paid."]).await;
    it.app.wait_for_deal(&it.buyer, &it.deal, "funded").await;
    browser.see_text("#inbox", &["Confirmed"]).await;
    assert_no_sideways_scroll(&browser, "the phone").await;
    for path in ["/", "/phone", "/mail", "/sms"] {
        browser.open(&format!("{}{path}", it.app.sandbox_url)).await;
        browser.see("main").await;
        assert_no_sideways_scroll(&browser, path).await;
    }
    browser.close().await;
    it.app.assert_sound().await;
}

async fn focused(browser: &Browser) -> String {
    browser.value("document.activeElement.id").await.as_str().expect("an id").to_owned()
}

async fn type_keys(browser: &Browser, keys: &str) {
    let focused = browser.client.active_element().await.expect("a focus");
    focused.send_keys(keys).await.expect("typing");
}

async fn assert_no_sideways_scroll(browser: &Browser, what: &str) {
    let excess = browser.value("document.documentElement.scrollWidth - window.innerWidth").await;
    assert!(
        excess.as_i64().is_some_and(|excess| excess <= 0),
        "{what} is {excess} pixels wider than the page"
    );
}

/// Goal: text from users never becomes markup. Method: a deal title and a paybill reference full of
/// markup; each page must show it character by character.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn text_from_outside_never_becomes_markup() {
    const TITLE: &str = "<b id=\"evil\">Goats</b><img src=x onerror=\"document.title='evil'\">";
    // An SMS has no room for the whole title.
    const SHORT: &str = "<b id=\"evil\">Goats</b>";
    const REFERENCE: &str = "<b id=evil>x</b>";
    let app = App::start().await;
    let (buyer, seller) = (app.person("Amina").await, app.person("Juma").await);
    let deal = json!({
        "title": TITLE, "role": "seller", "counterparty": { "email": buyer.email }, "currency": "KES",
        "milestones": [{ "title": TITLE, "amount": { "amount": 150_000, "currency": "KES" } }],
    });
    let deal = app.post(&seller, "/v1/deals", deal).await.expect(201);
    let id = deal["id"].as_str().expect("an id");
    app.post(&seller, &format!("/v1/deals/{id}/propose"), Value::Null).await.expect(200);
    let paid = json!({ "phone": buyer.phone, "amount": 100, "reference": REFERENCE });
    let status = app.sandbox_send(Method::POST, "/admin/paybill", paid).await;
    assert!(status.is_success(), "{status}");

    let browser = Browser::start(DESK).await;
    let pages = [
        (format!("/phone/{}", buyer.phone), "#inbox", vec![REFERENCE, SHORT]),
        ("/sms".to_owned(), "#sms", vec![REFERENCE, SHORT]),
        ("/mail".to_owned(), "#mails", vec![TITLE]),
        ("/mail".to_owned(), "#mail", vec![TITLE]),
    ];
    for (path, css, words) in pages {
        browser.open(&format!("{}{path}", app.sandbox_url)).await;
        browser.see_text(css, &words).await;
        assert_eq!(browser.count("#evil, main img").await, 0, "{path}");
        assert_ne!(browser.value("document.title").await, "evil", "{path}");
    }
    browser.close().await;
    app.assert_sound().await;
}

/// Goal: the phone keeps its design. Method: compare the coarse colours of a screenshot with the
/// committed picture. `UPDATE_PICTURES=1` rewrites that picture; look at it before you commit.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_phone_with_the_prompt_looks_as_it_should() {
    let it = Waiting::start().await;
    let browser = Browser::start(DESK).await;
    browser.open(&it.phone()).await;
    browser.see_text("#prompt-text", &["KES 1,500"]).await;
    browser.see_text("#inbox", &["Juma proposes"]).await;
    let prompt = browser.see(".handset").await.screenshot().await.expect("a picture");
    picture::assert_like_reference("phone-prompt.png", &prompt);

    browser.see("#cancel").await.click().await.expect("a click");
    browser.see_no(PROMPT).await;
    browser.see_no("#note").await;
    browser.see_text("#inbox", &["did not go through"]).await;
    let idle = browser.see(".handset").await.screenshot().await.expect("a picture");
    picture::assert_like_reference("phone-idle.png", &idle);
    let same = picture::Grid::of(&prompt).same_percent(&picture::Grid::of(&idle));
    assert!(same < 60, "{same} % of the picture is the same with and without the prompt");
    browser.close().await;
    it.app.assert_sound().await;
}
