//! The clock of a test deployment, which can be moved on so that nobody has to wait for a deadline.

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

/// How far the clock is moved.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct AdvanceClock {
    /// Up to 366 days.
    seconds: Advance,
}

/// The clock of this deployment.
#[derive(Debug, Object)]
#[oai(rename = "Clock")]
struct ClockAnswer {
    now: Timestamp,
    /// By how much it is ahead of the world's.
    ahead_s: i64,
}

#[derive(ApiResponse)]
enum Told {
    /// What time it is here.
    #[oai(status = 200)]
    Clock(Json<ClockAnswer>),
}

impl Told {
    fn of(context: &Context, offset: TimeDelta) -> Self {
        let now = context.now().into();
        Self::Clock(Json(ClockAnswer { now, ahead_s: offset.num_seconds() }))
    }
}

/// Where real money moves there is no such thing.
fn require_test(context: &Context) -> Result<(), ApiError> {
    match context.keys.mode() {
        KeyMode::Test => Ok(()),
        KeyMode::Live => Err(ApiError::new(Code::NotFound, "there is no test clock here")),
    }
}

pub(crate) struct TestClock;

#[OpenApi(prefix_path = "/v1/test/clock", tag = "Chapter::Testing")]
impl TestClock {
    /// Tell what time it is in a test deployment
    ///
    /// Only where the money is play money (`AMANA_MODE=test`). Problems: `not_found` (404) everywhere else.
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

    /// Move the clock of a test deployment on
    ///
    /// Deadlines pass, reminders go out and jobs run as if the time had gone by, for everybody here and at once; other
    /// processes follow within a second. There is no way back. Only where the money is play money
    /// (`AMANA_MODE=test`): so whoever is signed in may do it, as whoever tries the service out has to. Access tokens
    /// and sessions are judged by the same clock: a jump beyond their time ends them, and one logs in again. Problems:
    /// `clock_too_far` (409); `not_found` (404) where the money is real.
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
