//! Templates of deals: good defaults for the usual kinds.

use super::answer::TermsAnswer;
use crate::Chapter;
use crate::principal::{DealsRead, Principal};
use crate::problem::ApiError;
use crate::wire::{Nullable, Wire};
use amana_domain::deal::{DealTemplate, Proof, Sketch};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};

/// All templates that there are.
#[derive(Debug, Object)]
struct DealTemplates {
    templates: Vec<TemplateAnswer>,
}

/// A kind of deal.
#[derive(Debug, Object)]
#[oai(rename = "DealTemplateDetails")]
struct TemplateAnswer {
    /// What `template` is in `create_deal`.
    name: Wire<DealTemplate>,
    /// What it is for, in a line.
    description: String,
    milestones: Vec<SketchAnswer>,
    terms: TermsAnswer,
}

/// A milestone of a template.
#[derive(Debug, Object)]
#[oai(rename = "TemplateMilestone")]
struct SketchAnswer {
    title: String,
    /// Of the price; those of a template add up to 100.
    percent: u8,
    /// How long the seller has, counted from funding.
    delivery_hours: i64,
    /// What the seller has to show to have delivered.
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
    /// Get the templates of deals
    ///
    /// Each says how a price is divided into milestones, how long everybody has, and what has to be shown. `create_deal`
    /// takes one by its name, with an amount.
    #[oai(path = "/v1/deal-templates", method = "get", operation_id = "get_deal_templates")]
    async fn get(&self, _caller: Principal<DealsRead>) -> Result<Found, ApiError> {
        let templates = DealTemplate::ALL.iter().copied().map(TemplateAnswer::from).collect();
        Ok(Found::All(Json(DealTemplates { templates })))
    }
}
