//! Clock of a test deployment, which can be advanced past deadlines.

use crate::Chapter;
use crate::auth::Caller;
use crate::body::Body;
use crate::context::Context;
use crate::problem::{ApiError, Code};
use crate::wire::{Advance, Timestamp};
use amana_domain::api_key::KeyMode;
use chrono::TimeDelta;
use poem::web::Data;
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde::Deserialize;
use std::sync::Arc;

/// An advance of the test clock.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct AdvanceClock {
    /// Seconds to advance, up to 366 days.
    seconds: Advance,
}

/// Clock of this deployment.
#[derive(Debug, Object)]
#[oai(rename = "Clock")]
struct ClockAnswer {
    /// Current time of this deployment.
    now: Timestamp,
    /// Seconds by which the clock is ahead of real time.
    ahead_s: i64,
}

#[derive(ApiResponse)]
enum Told {
    /// The clock.
    #[oai(status = 200)]
    Clock(Json<ClockAnswer>),
}

impl Told {
    fn of(context: &Context, offset: TimeDelta) -> Self {
        let now = context.now().into();
        Self::Clock(Json(ClockAnswer { now, ahead_s: offset.num_seconds() }))
    }
}

/// Rejects calls in live deployments, which have no test clock.
fn require_test(context: &Context) -> Result<(), ApiError> {
    match context.keys.mode() {
        KeyMode::Test => Ok(()),
        KeyMode::Live => {
            Err(ApiError::new(Code::NotFound, "the test clock exists in test deployments only"))
        }
    }
}

pub(crate) struct TestClock;

#[OpenApi(prefix_path = "/v1/test/clock", tag = "Chapter::Testing")]
impl TestClock {
    /// Get the test clock
    ///
    /// Only in test deployments (`AMANA_MODE=test`). Problems: `not_found` (404) in live deployments.
    #[oai(path = "/", method = "get", operation_id = "get_clock")]
    async fn get_clock(
        &self,
        context: Data<&Arc<Context>>,
        _caller: Caller,
    ) -> Result<Told, ApiError> {
        require_test(&context)?;
        let offset = context.store.clock_offset().await?;
        context.clock.share(offset);
        Ok(Told::of(&context, offset))
    }

    /// Advance the test clock
    ///
    /// Deadlines pass, reminders are sent and jobs run as if the time had passed, for all users. Other processes follow
    /// within a second. The clock cannot be set back. Only in test deployments (`AMANA_MODE=test`), where every
    /// logged-in user may call it. Access tokens and sessions use the same clock: log in again after a long advance.
    /// Problems: `clock_too_far` (409); `not_found` (404) in live deployments.
    #[oai(path = "/advance", method = "post", operation_id = "advance_clock")]
    async fn advance_clock(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        body: Body<AdvanceClock>,
    ) -> Result<Told, ApiError> {
        require_test(&context)?;
        let (user, by) = (caller.user(), TimeDelta::seconds(body.value.seconds.get()));
        let offset =
            context.write(async move |store, now| store.advance_clock(user, by, now).await).await?;
        context.clock.share(offset);
        Ok(Told::of(&context, offset))
    }
}
