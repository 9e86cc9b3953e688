//! Deal templates: defaults for common kinds of deals.

use super::answer::TermsAnswer;
use crate::Chapter;
use crate::principal::{DealsRead, Principal};
use crate::problem::ApiError;
use crate::wire::{Nullable, Wire};
use amana_domain::deal::{DealTemplate, Proof, Sketch};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};

/// All deal templates.
#[derive(Debug, Object)]
struct DealTemplates {
    templates: Vec<TemplateAnswer>,
}

/// A deal template.
#[derive(Debug, Object)]
#[oai(rename = "DealTemplateDetails")]
struct TemplateAnswer {
    /// Value of `template` in `create_deal`.
    name: Wire<DealTemplate>,
    /// Purpose of the template, in one line.
    description: String,
    milestones: Vec<SketchAnswer>,
    terms: TermsAnswer,
}

/// A milestone of a template.
#[derive(Debug, Object)]
#[oai(rename = "TemplateMilestone")]
struct SketchAnswer {
    title: String,
    /// Percentage of the price; the milestones of a template add up to 100.
    percent: u8,
    /// Delivery period in hours, starting when the deal is funded.
    delivery_hours: i64,
    /// Required delivery proof; `null` if any or none is accepted.
    proof: Nullable<Wire<Proof>>,
}

#[derive(ApiResponse)]
enum Found {
    /// The templates.
    #[oai(status = 200)]
    All(Json<DealTemplates>),
}

impl From<&Sketch> for SketchAnswer {
    fn from(sketch: &Sketch) -> Self {
        Self {
            title: sketch.title.to_owned(),
            percent: sketch.percent,
            delivery_hours: sketch.delivery.num_hours(),
            proof: Nullable::of(sketch.proof),
        }
    }
}

impl From<DealTemplate> for TemplateAnswer {
    fn from(template: DealTemplate) -> Self {
        Self {
            name: template.into(),
            description: template.description().to_owned(),
            milestones: template.milestones().iter().map(SketchAnswer::from).collect(),
            terms: TermsAnswer::from(template.terms()),
        }
    }
}

pub(crate) struct Templates;

#[OpenApi(tag = "Chapter::Deals")]
impl Templates {
    /// List the deal templates
    ///
    /// A template sets the division of the price into milestones, the periods and the delivery proofs. Use it by name
    /// in `create_deal`, together with an amount.
    #[oai(path = "/v1/deal-templates", method = "get", operation_id = "get_deal_templates")]
    async fn get_deal_templates(&self, _caller: Principal<DealsRead>) -> Result<Found, ApiError> {
        let templates = DealTemplate::ALL.iter().copied().map(TemplateAnswer::from).collect();
        Ok(Found::All(Json(DealTemplates { templates })))
    }
}
