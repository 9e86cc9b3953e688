//! Wallet statements: opening balance, movements and closing balance, as JSON, CSV or PDF.

use crate::Chapter;
use crate::context::Context;
use crate::page::{Cursor, LinePlace, limit};
use crate::principal::{Principal, WalletRead};
use crate::problem::ApiError;
use crate::range;
use crate::transactions::{TransactionAnswer, currency};
use crate::wire::{DayOrMoment, Limit, Moment, Money, Nullable, Wire, text_values};
use amana_documents::{DocumentError, Holder, StatementFile};
use amana_domain::id::UserId;
use amana_domain::money::Currency;
use amana_domain::statement::Period;
use amana_domain::text_enum;
use amana_postgres::{StatementPage, StatementPlace};
use poem::web::Data;
use poem_openapi::param::Query;
use poem_openapi::payload::{Binary, Json, PlainText};
use poem_openapi::{ApiResponse, Object, OpenApi, ResponseContent};
use std::sync::Arc;

text_enum! {
    pub(crate) enum Format as "format" {
        Json = "json",
        Csv = "csv",
        Pdf = "pdf",
    }
}

text_values! {
    /// Format of a statement: for programs, spreadsheets or print.
    Format as "StatementFormat";
}

/// A wallet statement in one currency: `opening` plus all movements equals `closing`.
#[derive(Debug, Object)]
#[oai(rename = "Statement")]
struct StatementAnswer {
    currency: Wire<Currency>,
    /// Start of the period.
    from: Wire<Moment>,
    /// End of the period, exclusive.
    to: Wire<Moment>,
    /// Available balance at the start of the period.
    opening: Money,
    /// Available balance at the end of the period.
    closing: Money,
    /// Movements of this page, oldest first.
    lines: Vec<TransactionAnswer>,
    /// Value of `after` for the next page with the same period and currency; `null` on the last page.
    next_cursor: Nullable<String>,
}

impl From<StatementPage> for StatementAnswer {
    fn from(page: StatementPage) -> Self {
        let money = |minor| Money::minor(minor, page.currency);
        let next = page.next.map(|StatementPlace { seq, last_seq }| LinePlace { seq, last_seq });
        Self {
            currency: page.currency.into(),
            from: Moment(page.period.from).into(),
            to: Moment(page.period.to).into(),
            opening: money(page.ends.opening_minor),
            closing: money(page.ends.closing_minor),
            lines: page.lines.into_iter().map(TransactionAnswer::from).collect(),
            next_cursor: Nullable::of(next.map(|place| place.to_string())),
        }
    }
}

#[derive(ResponseContent)]
enum Content {
    Json(Json<StatementAnswer>),
    #[oai(content_type = "text/csv; charset=utf-8")]
    Csv(PlainText<String>),
    #[oai(content_type = "application/pdf")]
    Pdf(Binary<Vec<u8>>),
}

#[derive(ApiResponse)]
enum Written {
    /// The statement in the requested format.
    #[oai(status = 200)]
    Statement(
        Content,
        /// File name; absent for JSON.
        #[oai(header = "Content-Disposition")]
        Option<String>,
    ),
}

fn period(
    context: &Context,
    from: DayOrMoment,
    to: Option<Wire<DayOrMoment>>,
) -> Result<Period, ApiError> {
    let (from, to) = (from.from(), to.map_or(context.now(), |to| to.0.to()));
    range::in_order(Some(from), Some(to))?;
    Ok(Period { from, to })
}

fn unwritten(error: &DocumentError) -> ApiError {
    tracing::error!("a statement could not be written: {error}");
    ApiError::internal()
}

/// Writes the file on a blocking thread, because thousands of lines keep a core busy.
async fn file(
    context: &Context,
    whose: (UserId, Currency),
    period: Period,
    write: fn(&StatementFile) -> Result<Content, DocumentError>,
) -> Result<(Content, String), ApiError> {
    let user = context.store.user(whose.0).await?;
    let statement = context.store.statement(whose, period).await?;
    let phone = context.store.contacts(&user)?.and_then(|contacts| contacts.phone);
    let number = phone.filter(|_| user.phone_verified_at.is_some()).map(|phone| phone.masked());
    let holder = Holder { name: user.name, handle: user.handle, number };
    let (locale, made_at) = (user.locale, context.now());
    let file = StatementFile { statement, holder, locale, made_at };
    let name = file.name();
    let written = tokio::task::spawn_blocking(move || write(&file)).await;
    let content = written.map_err(|error| {
        tracing::error!("a statement was cut short: {error}");
        ApiError::internal()
    })?;
    Ok((content.map_err(|error| unwritten(&error))?, name))
}

fn attachment(name: &str, format: Format) -> Option<String> {
    Some(format!("attachment; filename=\"{name}.{format}\""))
}

pub(crate) struct Statements;

#[OpenApi(prefix_path = "/v1/wallet/statement", tag = "Chapter::Wallet")]
impl Statements {
    /// Get a statement of your wallet
    ///
    /// Returns opening balance, movements (oldest first) and closing balance of your available balance in one currency.
    /// JSON is paginated; all pages belong to one consistent statement even while money moves. CSV (RFC 4180) and PDF
    /// are complete, with totals, in your language and in local time. Problems: `period_too_long` (422) for CSV and PDF
    /// above 10,000 movements.
    #[oai(path = "/", method = "get", operation_id = "get_statement")]
    #[expect(clippy::too_many_arguments, reason = "one for each parameter of the operation")]
    async fn get_statement(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<WalletRead>,
        /// Start of the period: a time (RFC 3339) or a day in Nairobi.
        from: Query<Wire<DayOrMoment>>,
        /// End of the period: a time (RFC 3339), exclusive, or a day in Nairobi, inclusive; now by default.
        to: Query<Option<Wire<DayOrMoment>>>,
        /// Currency of the statement; `KES` by default.
        #[oai(name = "currency")]
        asked: Query<Option<Wire<Currency>>>,
        /// Format of the statement; `json` by default.
        format: Query<Option<Wire<Format>>>,
        /// `next_cursor` of the previous page; for JSON only.
        after: Query<Option<Cursor<LinePlace>>>,
        /// Maximum number of lines per page; 20 by default. For JSON only.
        #[oai(name = "limit")]
        size: Query<Option<Limit>>,
    ) -> Result<Written, ApiError> {
        let period = period(&context, from.0.0, to.0)?;
        let whose = (caller.user(), currency(asked.0));
        let format = format.0.map_or(Format::Json, |format| format.0);
        let (content, name) = match format {
            Format::Json => {
                let after = after.0.map(|Cursor(at)| at.into());
                let page =
                    context.store.statement_page(whose, period, after, limit(size.0)).await?;
                return Ok(Written::Statement(Content::Json(Json(page.into())), None));
            }
            Format::Csv => file(&context, whose, period, csv).await?,
            Format::Pdf => file(&context, whose, period, pdf).await?,
        };
        Ok(Written::Statement(content, attachment(&name, format)))
    }
}

fn csv(file: &StatementFile) -> Result<Content, DocumentError> {
    file.csv().map(|text| Content::Csv(PlainText(text)))
}

fn pdf(file: &StatementFile) -> Result<Content, DocumentError> {
    file.pdf().map(|bytes| Content::Pdf(Binary(bytes)))
}
