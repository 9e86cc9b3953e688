//! Measurements for the fraud rules.

use crate::error::Error;
use crate::payments::owner;
use crate::row::parse;
use crate::schema::{payments, risk_rules};
use crate::users;
use amana_domain::payment::{Payment, Purpose};
use amana_domain::risk::{self, Assessment, Measure, Rule};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::dsl::{count, count_star};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

/// Most rules that are read, to bound the number of queries per payment.
const RULES_MAX: i64 = 200;

#[derive(HasQuery)]
#[diesel(table_name = risk_rules)]
struct Row {
    name: String,
    measure: String,
    comparison: String,
    threshold: i64,
    window_hours: i64,
    points: i64,
}

pub(crate) async fn assess(
    conn: &mut AsyncPgConnection,
    payment: &Payment,
    now: DateTime<Utc>,
) -> Result<Assessment, Error> {
    let rows: Vec<Row> = Row::query()
        .filter(risk_rules::enabled)
        .order(risk_rules::name)
        .limit(RULES_MAX)
        .load(conn)
        .await?;
    let mut observed = Vec::with_capacity(rows.len());
    for row in rows {
        let rule = Rule {
            name: row.name,
            measure: parse(&row.measure)?,
            comparison: parse(&row.comparison)?,
            threshold: row.threshold,
            window_hours: row.window_hours,
            points: row.points,
        };
        let value = measure(conn, payment, &rule, now).await?;
        observed.push((rule, value));
    }
    Ok(risk::assess(observed.iter().map(|(rule, value)| (rule, *value))))
}

async fn measure(
    conn: &mut AsyncPgConnection,
    payment: &Payment,
    rule: &Rule,
    now: DateTime<Utc>,
) -> Result<i64, Error> {
    let window = TimeDelta::try_hours(rule.window_hours)
        .ok_or_else(|| Error::row("a rule's window is too long"))?;
    let since = now.checked_sub_signed(window).unwrap_or(DateTime::<Utc>::MIN_UTC);
    let recent = payments::table
        .filter(payments::user_id.eq(owner(payment)?.uuid()))
        .filter(payments::purpose.eq(Purpose::Withdrawal.as_str()))
        .filter(payments::created_at.gt(since));
    Ok(match rule.measure {
        Measure::AmountMinor => payment.amount.minor(),
        Measure::Withdrawals => recent.select(count_star()).first(conn).await?,
        Measure::Recipients => {
            recent.select(count(payments::msisdn_digest).aggregate_distinct()).first(conn).await?
        }
        Measure::AccountAgeHours => {
            let user = users::load(conn, owner(payment)?).await?;
            now.signed_duration_since(user.created_at).num_hours()
        }
    })
}
