//! Deadlines that are moved: one side asks, the other says the same.

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

/// Times are shown with so many digits; what is asked for has no more, so that the other side can say the same.
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
    /// A deadline that both sides together can move.
    MovableDeadline as "MovableDeadline";
}

/// A deadline and its new moment.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct ExtendDeadline {
    deadline: Wire<MovableDeadline>,
    /// The milestone whose deadline it is; left out for `funding`.
    milestone_id: Option<Wire<MilestoneId>>,
    /// Later than now, by a year at most. Counted to the millisecond.
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
                return Err(ApiError::field("/milestone_id", "funding is of the whole deal"));
            }
            (_, None) => {
                return Err(ApiError::field("/milestone_id", "expected the milestone it is of"));
            }
        };
        Ok(Command::Extend { timer, until: self.until.0.0.trunc_subsecs(SHOWN_DIGITS) })
    }
}

pub(crate) struct Extensions;

#[OpenApi(prefix_path = "/v1/deals", tag = "Chapter::Deals")]
impl Extensions {
    /// Ask for more time, or agree to it
    ///
    /// For both sides. The first call asks and is shown as the deal's `extension`; the same call by the other side
    /// moves the deadline. Asking for something else replaces what was asked. Problems: `wrong_party` (403),
    /// `wrong_state`, `not_extensible`, `already_requested`, `too_late` (409).
    #[oai(path = "/:id/extensions", method = "post", operation_id = "extend_deadline")]
    async fn extend(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<DealsWrite>,
        /// The id of the deal.
        id: Path<Wire<DealId>>,
        body: Body<ExtendDeadline>,
    ) -> Result<Current, ApiError> {
        command(&context, &caller, id.0.0, body.value.parse()?).await
    }
}
