//! Payouts: money from our account to a user's phone (B2C, version 3).

use amana_domain::money::Money;
use amana_domain::phone::Msisdn;
use serde_json::json;

use crate::classify::{Submission, classify};
use crate::client::{Call, Mpesa};
use crate::collect::{invalid, is_plain, kenyan_number, shillings, submitted};
use crate::error::MpesaError;
use crate::exchange::Answered;

const PATH: &str = "/mpesa/b2c/v3/paymentrequest";
const RESULT_CALLBACK: &str = "p";
const TIMEOUT_CALLBACK: &str = "t";
const ORIGINATOR_CHARACTERS_MAX: usize = 64;
const REMARKS_CHARACTERS_MIN: usize = 2;
const REMARKS_CHARACTERS_MAX: usize = 100;

/// A payout to a recipient.
#[derive(Debug, Clone, Copy)]
pub struct Payout<'a> {
    /// Whole shillings.
    pub amount: Money,
    pub msisdn: &'a Msisdn,
    /// The payment's id: the same for every attempt of one payout, and never reused for another.
    pub originator: &'a str,
    /// 2 to 100 characters.
    pub remarks: &'a str,
    /// The unguessable last part of both callback addresses; see [`crate::is_callback_path_token`].
    pub callback_path_token: &'a str,
}

impl Mpesa {
    /// Requests a payout. After `Lost`, the same payout may be requested again: M-Pesa recognises the originator id,
    /// and this returns `Accepted` for the duplicate.
    ///
    /// # Errors
    /// [`MpesaError`]: this request paid no money.
    pub async fn pay_out(&self, payout: &Payout<'_>) -> Result<Answered, MpesaError> {
        let body = self.payout_body(payout)?;
        let (reply, exchange) = self.call(Call { operation: "payout", path: PATH, body }).await?;
        submitted(classify(Submission::Payout, &reply), exchange)
    }

    fn payout_body(&self, payout: &Payout<'_>) -> Result<serde_json::Value, MpesaError> {
        let shillings = shillings(payout.amount)?;
        let phone = kenyan_number(payout.msisdn)?;
        let originator = payout.originator;
        if !is_plain(originator, 1..=ORIGINATOR_CHARACTERS_MAX) || originator.contains(' ') {
            return invalid("the originator id must be 1 to 64 plain characters");
        }
        if !is_plain(payout.remarks, REMARKS_CHARACTERS_MIN..=REMARKS_CHARACTERS_MAX) {
            return invalid("the remarks must be 2 to 100 plain characters");
        }
        let Some(credential) = self.encryptor.encrypt(&self.config.initiator_password) else {
            return invalid("the initiator's password cannot be encrypted");
        };
        let token = payout.callback_path_token;
        Ok(json!({
            "OriginatorConversationID": originator,
            "InitiatorName": self.config.initiator_name,
            "SecurityCredential": credential,
            "CommandID": "BusinessPayment",
            "Amount": shillings,
            "PartyA": self.config.shortcode,
            "PartyB": phone,
            "Remarks": payout.remarks,
            "QueueTimeOutURL": self.callback_url(TIMEOUT_CALLBACK, token)?,
            "ResultURL": self.callback_url(RESULT_CALLBACK, token)?,
            // M-Pesa's own spelling.
            "Occassion": payout.remarks,
        }))
    }
}
