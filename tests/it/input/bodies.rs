//! Path and a valid body of every operation that accepts one.

use serde_json::{Value, json};

/// Returns the path of an operation. `deal` and `approval` exist; all other ids do not.
pub(super) fn path(operation: &str, (deal, approval): (&str, &str)) -> String {
    match operation {
        "register_user" => "/v1/users".to_owned(),
        "log_in" => "/v1/sessions".to_owned(),
        "refresh_session" => "/v1/sessions/refresh".to_owned(),
        "complete_log_in" => "/v1/sessions/second-factor".to_owned(),
        "send_log_in_code" => "/v1/sessions/second-factor/code".to_owned(),
        "set_message_factor" => "/v1/me/second-factor/message".to_owned(),
        "step_up_session" => "/v1/sessions/step-up".to_owned(),
        "create_second_factor" => "/v1/me/second-factor".to_owned(),
        "confirm_second_factor" => "/v1/me/second-factor/confirm".to_owned(),
        "set_role" => format!("/v1/operator/users/{USER}/role"),
        "create_api_key" => "/v1/api-keys".to_owned(),
        "rotate_api_key" => format!("/v1/api-keys/{KEY}/rotate"),
        "create_deposit" => "/v1/wallet/deposits".to_owned(),
        "create_withdrawal" => "/v1/withdrawals".to_owned(),
        "create_transfer" => "/v1/transfers".to_owned(),
        "create_hold" => "/v1/holds".to_owned(),
        "settle_hold" => format!("/v1/holds/{HOLD}/settle"),
        "create_deal" => "/v1/deals".to_owned(),
        "counter_deal" => format!("/v1/deals/{}/counter", deal),
        "quote_deal" => "/v1/deals/quote".to_owned(),
        "join_deal" => "/v1/deal-invitations/join".to_owned(),
        "create_fee_plan" => "/v1/operator/fee-plans".to_owned(),
        "agree_deal" => format!("/v1/deals/{}/agree", deal),
        "fund_deal" => format!("/v1/deals/{}/fund", deal),
        "reject_milestone" => part(deal, "reject"),
        "create_split_offer" => part(deal, "split-offers"),
        "accept_split_offer" => part(deal, "split-offers/accept"),
        "create_dispute" => part(deal, "dispute"),
        "answer_dispute" => part(deal, "dispute/answer"),
        "deliver_milestone" => part(deal, "deliver"),
        "award_dispute" => format!("/v1/operator/disputes/{DISPUTE}/award"),
        "add_payer" => format!("/v1/deals/{}/payers", deal),
        "extend_deadline" => format!("/v1/deals/{}/extensions", deal),
        "advance_clock" => "/v1/test/clock/advance".to_owned(),
        "release_withdrawal" => format!("/v1/operator/withdrawals/{PAYMENT}/release"),
        "reject_withdrawal" => format!("/v1/operator/withdrawals/{PAYMENT}/reject"),
        "set_handle" => "/v1/me/handle".to_owned(),
        "update_me" => "/v1/me".to_owned(),
        "start_verification" => "/v1/me/verifications".to_owned(),
        "confirm_verification" => "/v1/me/verifications/confirm".to_owned(),
        "start_email_change" => "/v1/me/email-changes".to_owned(),
        "confirm_email_change" => "/v1/me/email-changes/confirm".to_owned(),
        "start_phone_change" => "/v1/me/phone-changes".to_owned(),
        "confirm_phone_change" => "/v1/me/phone-changes/confirm".to_owned(),
        "start_password_reset" => "/v1/password-resets".to_owned(),
        "confirm_password_reset" => "/v1/password-resets/confirm".to_owned(),
        "set_password" => "/v1/me/password".to_owned(),
        "request_approval" => "/v1/operator/approvals".to_owned(),
        "approve_approval" => format!("/v1/operator/approvals/{}/approve", approval),
        "reject_approval" => format!("/v1/operator/approvals/{}/reject", approval),
        "close_discrepancy" => format!("/v1/operator/discrepancies/{DISCREPANCY}/close"),
        "resolve_payment" => format!("/v1/operator/payments/{PAYMENT}/resolve"),
        "return_suspense" => "/v1/operator/suspense/mpesa/UKL7NOBODY/return".to_owned(),
        "close_user" => format!("/v1/operator/users/{USER}/close"),
        "freeze_user" => format!("/v1/operator/users/{USER}/freeze"),
        "unfreeze_user" => format!("/v1/operator/users/{USER}/unfreeze"),
        "reopen_user" => format!("/v1/operator/users/{USER}/reopen"),
        "create_kyc_application" => "/v1/kyc/applications".to_owned(),
        "approve_kyc_application" => format!("/v1/operator/kyc/applications/{KYC}/approve"),
        "reject_kyc_application" => format!("/v1/operator/kyc/applications/{KYC}/reject"),
        "create_organisation" => "/v1/organisations".to_owned(),
        "update_organisation" => format!("/v1/organisations/{ORGANISATION}"),
        "set_member_role" => format!("/v1/organisations/{ORGANISATION}/members/{USER}/role"),
        "create_invitation" => format!("/v1/organisations/{ORGANISATION}/invitations"),
        "get_invitation" => "/v1/invitations/details".to_owned(),
        "accept_invitation" => "/v1/invitations/accept".to_owned(),
        "join_organisation" => "/v1/invitations/join".to_owned(),
        other => panic!("add the path of {other} to this function"),
    }
}

/// Returns a path below a part of the deal that does not exist.
fn part(deal: &str, what: &str) -> String {
    format!("/v1/deals/{deal}/milestones/{MILESTONE}/{what}")
}

const PAYMENT: &str = "pay_0190a0a0a0a07000a0a0a0a0a0a0a0a0";
const DISCREPANCY: &str = "dsc_0190a0a0a0a07000a0a0a0a0a0a0a0a0";
const DISPUTE: &str = "dsp_0190a0a0a0a07000a0a0a0a0a0a0a0a0";
const MILESTONE: &str = "ms_0190a0a0a0a07000a0a0a0a0a0a0a0a0";
const HOLD: &str = "hold_0190a0a0a0a07000a0a0a0a0a0a0a0a0";
const KEY: &str = "key_0190a0a0a0a07000a0a0a0a0a0a0a0a0";
const KYC: &str = "kyc_0190a0a0a0a07000a0a0a0a0a0a0a0a0";
const ORGANISATION: &str = "org_0190a0a0a0a07000a0a0a0a0a0a0a0a0";
const USER: &str = "usr_0190a0a0a0a07000a0a0a0a0a0a0a0a0";

/// Lists every operation that accepts a JSON body of ours.
pub(super) const WITH_BODY: [&str; 67] = [
    "accept_invitation",
    "accept_split_offer",
    "add_payer",
    "advance_clock",
    "agree_deal",
    "answer_dispute",
    "approve_approval",
    "approve_kyc_application",
    "award_dispute",
    "close_discrepancy",
    "close_user",
    "complete_log_in",
    "confirm_email_change",
    "confirm_password_reset",
    "confirm_phone_change",
    "confirm_second_factor",
    "confirm_verification",
    "counter_deal",
    "create_api_key",
    "create_deal",
    "create_deposit",
    "create_dispute",
    "create_fee_plan",
    "create_hold",
    "create_invitation",
    "create_kyc_application",
    "create_organisation",
    "create_second_factor",
    "create_split_offer",
    "create_transfer",
    "create_withdrawal",
    "deliver_milestone",
    "extend_deadline",
    "freeze_user",
    "fund_deal",
    "get_invitation",
    "join_deal",
    "join_organisation",
    "log_in",
    "quote_deal",
    "refresh_session",
    "register_user",
    "reject_approval",
    "reject_kyc_application",
    "reject_milestone",
    "reject_withdrawal",
    "release_withdrawal",
    "reopen_user",
    "request_approval",
    "resolve_payment",
    "return_suspense",
    "rotate_api_key",
    "send_log_in_code",
    "set_handle",
    "set_member_role",
    "set_message_factor",
    "set_password",
    "set_role",
    "settle_hold",
    "start_email_change",
    "start_password_reset",
    "start_phone_change",
    "start_verification",
    "step_up_session",
    "unfreeze_user",
    "update_me",
    "update_organisation",
];

/// Returns a body with all required members and no others.
pub(super) fn good(operation: &str) -> Value {
    let money = json!({ "amount": 100_000, "currency": "KES" });
    match operation {
        "register_user" => json!({
            "name": "Neema", "email": "neema@example.com", "phone": "+254712345678",
            "password": "karibu-nyumbani-7",
        }),
        "log_in" => json!({ "login": "neema@example.com", "password": "karibu-nyumbani-7" }),
        "refresh_session" => json!({ "refresh_token": "nonsense" }),
        "complete_log_in" => json!({ "challenge": "nonsense", "code": "123456" }),
        "send_log_in_code" => json!({ "challenge": "nonsense" }),
        "set_message_factor" => json!({ "channel": "phone", "password": "karibu-nyumbani-7" }),
        "confirm_second_factor" => json!({ "code": "123456" }),
        "create_second_factor" | "step_up_session" => json!({ "password": "karibu-nyumbani-7" }),
        "create_api_key" => {
            json!({ "name": "Shop", "scopes": ["wallet:read"], "expires_in_days": 90 })
        }
        "rotate_api_key" => json!({}),
        "set_role" => json!({ "role": "support", "note": "looked into" }),
        "create_deposit" | "create_withdrawal" | "settle_hold" => json!({ "amount": money }),
        "create_transfer" => json!({ "to": { "phone": "254711000002" }, "amount": money }),
        "create_hold" => json!({
            "to": { "phone": "254711000002" }, "amount": money, "expires_in_hours": 2,
        }),
        "create_deal" => json!({
            "title": "Two goats", "role": "buyer", "currency": "KES",
            "counterparty": { "phone": "254711000002" },
            "milestones": [{ "title": "Goats", "amount": money }],
        }),
        "counter_deal" => json!({
            "title": "Two goats", "milestones": [{ "title": "Goats", "amount": money }],
        }),
        "quote_deal" => json!({ "amounts": [money] }),
        "join_deal" => json!({ "code": "nonsense" }),
        "create_fee_plan" => {
            json!({ "currency": "KES", "percentage_bps": 150, "fixed_minor": 0, "note": "cheaper" })
        }
        "resolve_payment" => json!({ "paid": false, "note": "looked into" }),
        "return_suspense" => json!({ "note": "looked into" }),
        "agree_deal" => json!({ "revision": 1 }),
        "fund_deal" => json!({ "method": "mpesa", "phone": "254711000009" }),
        "reject_milestone" | "create_dispute" => json!({ "reason": "One goat is a sheep" }),
        "answer_dispute" => json!({ "text": "It is a goat" }),
        "create_split_offer" | "accept_split_offer" => json!({ "to_seller": money }),
        "award_dispute" => json!({ "to_seller": money, "reason": "Sheep are worth less" }),
        "deliver_milestone" => json!({ "delivery_code": "123456" }),
        // The operator's own number.
        "add_payer" => json!({ "phone": "254722000003" }),
        "extend_deadline" => {
            let until = chrono::Utc::now() + chrono::TimeDelta::days(30);
            json!({ "deadline": "funding", "until": until.to_rfc3339() })
        }
        "advance_clock" => json!({ "seconds": 1 }),
        "start_verification" => json!({ "channel": "email" }),
        "confirm_verification" => json!({ "channel": "email", "code": "000000" }),
        "start_email_change" => {
            json!({ "new": "amina.k@example.com", "password": "karibu-nyumbani-7" })
        }
        "start_phone_change" => json!({ "new": "0712345679", "password": "karibu-nyumbani-7" }),
        "confirm_email_change" | "confirm_phone_change" => {
            json!({ "old_code": "000000", "new_code": "000000" })
        }
        "start_password_reset" => json!({ "login": "nobody@example.com" }),
        "confirm_password_reset" => json!({
            "login": "nobody@example.com", "code": "000000", "password": "mbuzi-wawili-na-kuku",
        }),
        "set_password" => {
            json!({ "old_password": "karibu-nyumbani-7", "password": "mbuzi-wawili-na-kuku" })
        }
        "create_kyc_application" => json!({ "tier": "business" }),
        "reject_kyc_application" => json!({ "reasons": ["expired"], "note": "looked into" }),
        "set_handle" => json!({ "handle": "@amina" }),
        "update_me" => json!({ "name": "Amina Wanjiru", "language": "sw" }),
        "create_organisation" | "update_organisation" => json!({ "name": "Soko la Wakulima" }),
        "set_member_role" => json!({ "role": "admin" }),
        "create_invitation" => json!({ "email": "neema@example.com", "role": "member" }),
        "get_invitation" | "join_organisation" => json!({ "token": "nonsense" }),
        "accept_invitation" => json!({
            "token": "nonsense", "name": "Neema", "phone": "+254712345678",
            "password": "karibu-nyumbani-7",
        }),
        "request_approval" => {
            json!({ "kind": "remove_factor", "user_id": USER, "note": "looked into" })
        }
        _ => json!({ "note": "looked into" }),
    }
}
