//! Messages to users: recorded in the transaction of their cause, sent by jobs.

mod pending;
mod subscriber;

pub use pending::PendingNotification;

use crate::error::Error;
use crate::job::Job;
use crate::jobs;
use crate::schema::notifications;
use crate::statement::statement;
use crate::users::User;
use crate::vault::{Column, Vault};
use amana_domain::contact::{Contact, ContactKind};
use amana_domain::id::{InvitationId, MilestoneId, UserId};
use amana_domain::money::Money;
use amana_domain::notice::{self, Channel, Template};
use amana_domain::time::EAT;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::try_join;
use uuid::Uuid;

/// Length of the time at the beginning of a UUID of version 7.
const TIME_BYTES: usize = 6;

/// A message to a user. The address is the user's verified contact at the time of sending.
pub(crate) struct Message {
    user: UserId,
    template: Template,
    params: Value,
    is_worth_sms: bool,
    /// The milestone whose delivery code the message contains.
    hand_over: Option<MilestoneId>,
}

impl Message {
    pub(crate) fn new(user: &User, template: Template, params: Value) -> Self {
        let params = with_name(params, user);
        Self { user: user.id, template, params, is_worth_sms: true, hand_over: None }
    }

    /// Sets the amount of money in the message. A small amount is not worth an SMS.
    pub(crate) fn about(self, amount: Money) -> Self {
        Self { is_worth_sms: notice::is_worth_sms(amount), ..self }
    }

    pub(crate) fn with_hand_over(self, milestone: MilestoneId) -> Self {
        Self { hand_over: Some(milestone), ..self }
    }
}

statement! {
    #[derive(Default)]
    InsertMessages(
        ids: Array<SqlUuid> = Vec<Uuid>,
        users: Array<SqlUuid> = Vec<Uuid>,
        templates: Array<Text> = Vec<&'static str>,
        channels: Array<Text> = Vec<&'static str>,
        params: Array<Jsonb> = Vec<Value>,
        hand_overs: Array<Nullable<SqlUuid>> = Vec<Option<Uuid>>,
        created_at: Timestamptz = DateTime<Utc>,
    ) "insert into notifications
            (id, user_id, template, channel, params, hand_over_milestone_id, created_at)
        select *, $7 from unnest($1, $2, $3, $4, $5, $6) on conflict (id) do nothing"
}

/// Messages to record, with one row and one job per channel, so that a failing SMS gateway does not repeat the e-mail.
pub(crate) struct Mail {
    rows: InsertMessages,
}

impl Mail {
    pub(crate) fn of(messages: Vec<Message>) -> Self {
        let mut rows = InsertMessages::default();
        for message in messages {
            rows.add(&message, |_| Uuid::now_v7());
        }
        Self { rows }
    }

    /// Takes messages with their causes. Recording a message again for the same cause changes nothing.
    pub(crate) fn once_each(messages: Vec<(Uuid, Message)>) -> Self {
        let mut rows = InsertMessages::default();
        for (cause, message) in messages {
            rows.add(&message, |channel| derived_id(cause, &message, channel));
        }
        Self { rows }
    }

    /// Returns the jobs that send the messages.
    pub(crate) fn jobs(&self) -> impl Iterator<Item = Job> + use<> {
        let ids = self.rows.ids.clone().into_iter();
        ids.map(|id| Job::SendNotification { notification: id })
    }

    /// Records the messages together with their jobs.
    pub(crate) async fn enqueue(
        self,
        conn: &AsyncPgConnection,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let due = self.jobs().map(|job| (job, now));
        try_join!(biased; jobs::enqueue_all(conn, due, now), self.record(conn, now))?;
        Ok(())
    }

    pub(crate) async fn record(
        self,
        mut conn: &AsyncPgConnection,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        if !self.rows.ids.is_empty() {
            InsertMessages { created_at: now, ..self.rows }.execute(&mut conn).await?;
        }
        Ok(())
    }
}

impl InsertMessages {
    fn add(&mut self, message: &Message, id: impl Fn(Channel) -> Uuid) {
        let channels = notice::channels(message.template).iter();
        for channel in channels.filter(|one| message.is_worth_sms || **one != Channel::Sms) {
            self.ids.push(id(*channel));
            self.users.push(message.user.uuid());
            self.templates.push(message.template.as_str());
            self.channels.push(channel.as_str());
            self.params.push(message.params.clone());
            self.hand_overs.push(message.hand_over.map(MilestoneId::uuid));
        }
    }
}

/// Derives the id of a message from its cause. The id begins with the cause's time, as in UUIDs of version 7.
fn derived_id(cause: Uuid, message: &Message, channel: Channel) -> Uuid {
    let digest = Sha256::new()
        .chain_update(cause.as_bytes())
        .chain_update(message.user.uuid().as_bytes())
        .chain_update(message.template.as_str())
        .chain_update(channel.as_str())
        .finalize();
    let mut bytes: [u8; 16] = *cause.as_bytes();
    for (byte, hashed) in bytes.iter_mut().zip(digest).skip(TIME_BYTES) {
        *byte = hashed;
    }
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

/// Records one message.
pub(crate) async fn enqueue(
    conn: &AsyncPgConnection,
    user: &User,
    template: Template,
    params: Value,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    Mail::of(vec![Message::new(user, template, params)]).enqueue(conn, now).await
}

/// Adds the reader's name for the salutation.
fn with_name(mut params: Value, user: &User) -> Value {
    if let Some(map) = params.as_object_mut() {
        map.insert("name".to_owned(), json!(user.name));
    }
    params
}

/// Records one message to a contact that the user may not have verified or may no longer have. The row has the id of a
/// code. The code itself is derived when the message is sent, and never stored.
pub(crate) async fn enqueue_to(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    user: &User,
    template: Template,
    to: &Contact,
    code: Option<Uuid>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let message = NewMessage {
        template,
        channel: to.channel(),
        params: json!({}),
        to: Some(user.key(vault)?.seal(Column::NotificationAddress, to.as_str())?),
        code,
        invitation: None,
        deal_invitation: None,
    };
    insert(conn, user, message, now).await
}

/// Records an invitation in the inviter's name. The address is read from the invitation when the message is sent, so
/// that it is stored only once.
pub(crate) async fn enqueue_invitation(
    conn: &mut AsyncPgConnection,
    inviter: &User,
    id: InvitationId,
    params: Value,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let message = NewMessage {
        template: Template::Invitation,
        channel: Channel::Email,
        params,
        to: None,
        code: None,
        invitation: Some(id.uuid()),
        deal_invitation: None,
    };
    insert(conn, inviter, message, now).await
}

/// Records an invitation to a deal. The address is read from the invitation, as in [`enqueue_invitation`].
pub(crate) async fn enqueue_deal_invitation(
    conn: &mut AsyncPgConnection,
    inviter: &User,
    (id, kind): (Uuid, ContactKind),
    params: Value,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let channel = match kind {
        ContactKind::Email => Channel::Email,
        ContactKind::Phone => Channel::Sms,
    };
    let message = NewMessage {
        template: Template::DealInvitation,
        channel,
        params,
        to: None,
        code: None,
        invitation: None,
        deal_invitation: Some(id),
    };
    insert(conn, inviter, message, now).await
}

struct NewMessage {
    template: Template,
    channel: Channel,
    params: Value,
    /// A sealed address. `None` stands for the address at the time of sending.
    to: Option<Vec<u8>>,
    code: Option<Uuid>,
    invitation: Option<Uuid>,
    deal_invitation: Option<Uuid>,
}

async fn insert(
    conn: &mut AsyncPgConnection,
    user: &User,
    message: NewMessage,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let id = Uuid::now_v7();
    diesel::insert_into(notifications::table)
        .values((
            notifications::id.eq(id),
            notifications::user_id.eq(user.id.uuid()),
            notifications::template.eq(message.template.as_str()),
            notifications::channel.eq(message.channel.as_str()),
            notifications::params.eq(with_name(message.params, user)),
            notifications::address_sealed.eq(message.to),
            notifications::code_id.eq(message.code),
            notifications::invitation_id.eq(message.invitation),
            notifications::deal_invitation_id.eq(message.deal_invitation),
            notifications::created_at.eq(now),
        ))
        .execute(conn)
        .await?;
    jobs::enqueue(conn, &Job::SendNotification { notification: id }, now, now).await?;
    Ok(())
}

/// Returns a time in the local format and time zone.
pub(crate) fn deadline_text(at: DateTime<Utc>) -> String {
    at.with_timezone(&EAT).format("%d.%m.%Y %H:%M EAT").to_string()
}
