//! Extension of deadlines: one party requests it, the other party confirms it.

use crate::Chapter;
use crate::body::Body;
use crate::context::Context;
use crate::deals::{Current, command};
use crate::principal::{DealsWrite, Principal};
use crate::problem::ApiError;
use crate::wire::{Moment, Wire, text_values};
use amana_domain::deal::{Command, Timer};
use amana_domain::id::{DealId, MilestoneId};
use amana_domain::text_enum;
use chrono::SubsecRound;
use poem::web::Data;
use poem_openapi::param::Path;
use poem_openapi::{Object, OpenApi};
use serde::Deserialize;
use std::sync::Arc;

/// Times in responses have this many digits. Requests are truncated to them, so that the other party can send the same
/// time.
const SHOWN_DIGITS: u16 = 3;

text_enum! {
    pub(crate) enum MovableDeadline as "deadline that can be moved" {
        Funding = "funding",
        Delivery = "delivery",
        Inspection = "inspection",
        Answer = "answer",
    }
}

text_values! {
    /// A deadline that both parties together can move.
    MovableDeadline as "MovableDeadline";
}

/// A requested extension.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct ExtendDeadline {
    deadline: Wire<MovableDeadline>,
    /// Milestone of the deadline; omit it for `funding`.
    milestone_id: Option<Wire<MilestoneId>>,
    /// New deadline: after the current one by at most 366 days, with millisecond precision.
    until: Wire<Moment>,
}

impl ExtendDeadline {
    fn parse(self) -> Result<Command, ApiError> {
        let timer = match (self.deadline.0, self.milestone_id.map(|id| id.0)) {
            (MovableDeadline::Funding, None) => Timer::Funding,
            (MovableDeadline::Delivery, Some(id)) => Timer::Delivery(id),
            (MovableDeadline::Inspection, Some(id)) => Timer::Inspection(id),
            (MovableDeadline::Answer, Some(id)) => Timer::Answer(id),
            (MovableDeadline::Funding, Some(_)) => {
                return Err(ApiError::field(
                    "/milestone_id",
                    "omit milestone_id for the deadline funding",
                ));
            }
            (_, None) => {
                return Err(ApiError::field(
                    "/milestone_id",
                    "expected the milestone of the deadline",
                ));
            }
        };
        Ok(Command::Extend { timer, until: self.until.0.0.trunc_subsecs(SHOWN_DIGITS) })
    }
}

pub(crate) struct Extensions;

#[OpenApi(prefix_path = "/v1/deals", tag = "Chapter::Deals")]
impl Extensions {
    /// Request or confirm an extension
    ///
    /// For both parties. The first call is recorded as the deal's `extension`. The same call by the other party moves
    /// the deadline. A different request replaces the open one. Problems: `wrong_party` (403), `wrong_state`,
    /// `not_extensible`, `already_requested`, `too_late` (409).
    #[oai(path = "/:id/extensions", method = "post", operation_id = "extend_deadline")]
    async fn extend_deadline(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<DealsWrite>,
        /// Id of the deal.
        id: Path<Wire<DealId>>,
        body: Body<ExtendDeadline>,
    ) -> Result<Current, ApiError> {
        command(&context, &caller, id.0.0, body.value.parse()?).await
    }
}
