//! Sends one message over one channel. If the worker dies between sending and recording, the message is sent again:
//! e-mail and SMS have no idempotency key. Expired codes and invitations are not sent.

use crate::context::Context;
use crate::failure::Failure;
use amana_messaging::{Message, Params, Rendered, SendError, SendErrorKind, render};
use amana_postgres::{Claim, PendingNotification};
use uuid::Uuid;

const NOT_RENDERED: &str = "message_not_rendered";

pub(super) async fn run(context: &Context, claim: &Claim, id: Uuid) -> Result<(), Failure> {
    let now = context.clock.now();
    let Some(pending) = context.store.pending_notification(id, now).await? else {
        return Ok(context.store.finish_job(claim, now).await?);
    };
    let mut params = Params::from_json(&pending.params)
        .map_err(|e| Failure::permanent(NOT_RENDERED, e.to_string()))?;
    if let Some(told) = pending.told {
        params = params.with("code", context.codes.tell(told));
    }
    let (template, channel, locale) = (pending.template, pending.channel, pending.locale);
    let rendered = render(template, channel, locale, &params, &context.house)
        .map_err(|e| Failure::permanent(NOT_RENDERED, e.to_string()))?;
    context.step(claim, "rendered").await?;
    send(context, &pending, &rendered).await?;
    context.step(claim, "sent").await?;
    Ok(context.store.notification_sent(claim, id, context.clock.now()).await?)
}

async fn send(
    context: &Context,
    pending: &PendingNotification,
    rendered: &Rendered,
) -> Result<(), Failure> {
    let sent = match rendered {
        Rendered::Email { subject, body } => {
            let message = Message {
                to: pending.to.as_str().to_owned(),
                subject: subject.clone(),
                body: body.clone(),
                message_id: pending.id.simple().to_string(),
            };
            context.mailer.send(&message).await
        }
        Rendered::Sms { text } => {
            context.sms.send(&format!("+{}", pending.to.as_str()), text).await
        }
    };
    sent.map(|_| ()).map_err(failure)
}

fn failure(error: SendError) -> Failure {
    match error.kind {
        SendErrorKind::Temporary => Failure::retry("message_not_sent", error.what),
        SendErrorKind::Permanent => Failure::permanent("message_rejected", error.what),
    }
}
