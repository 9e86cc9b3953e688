//! Contents of an export. Sections are read one after the other, so that a concurrent change may be in one and not in
//! another.

use crate::api_keys::ApiKeyAnswer;
use crate::context::Context;
use crate::deals::DealAnswer;
use crate::disputes::DisputeAnswer;
use crate::holds::HoldAnswer;
use crate::kyc::ApplicationAnswer;
use crate::limits::LimitsAnswer;
use crate::organisations::OrganisationAnswer;
use crate::payments::PaymentAnswer;
use crate::problem::ApiError;
use crate::transactions::TransactionAnswer;
use crate::trusted_devices::DeviceAnswer;
use crate::users::UserAnswer;
use crate::wallet::BalanceAnswer;
use crate::wire::{Nullable, Timestamp, Wire};
use amana_domain::handle::Handle;
use amana_domain::id::{SessionId, UserId};
use amana_domain::money::Currency;
use amana_domain::personal::Personal;
use amana_domain::session::DeviceKind;
use amana_postgres::{
    HoldFilter, Page, PaymentView, SentNotice, SessionRecord, TakenHandle, TransactionFilter, User,
};
use poem_openapi::Object;

/// Maximum number of items per section, the newest ones.
const SECTION_MAX: i64 = 100;

/// Contacts of the user, in full.
#[derive(Debug, Object)]
struct FullContacts {
    /// E-mail address; `null` if the account has none.
    email: Nullable<String>,
    /// Phone number in international format without `+`; `null` if the account has none.
    phone: Nullable<String>,
}

/// A handle that belongs to the user for ever.
#[derive(Debug, Object)]
#[oai(rename = "TakenHandle")]
struct HandleAnswer {
    handle: Wire<Handle>,
    /// Time at which the user chose the handle.
    taken_at: Timestamp,
}

impl From<TakenHandle> for HandleAnswer {
    fn from(taken: TakenHandle) -> Self {
        Self { handle: taken.handle.into(), taken_at: taken.taken_at.into() }
    }
}

/// A session, active or ended.
#[derive(Debug, Object)]
#[oai(rename = "SessionRecord")]
struct RecordAnswer {
    id: Wire<SessionId>,
    /// Name of the device.
    device: String,
    /// Kind of the device.
    kind: Wire<DeviceKind>,
    /// IP address at log-in.
    ip_address: String,
    /// Approximate location of the IP address; `null` if unknown.
    location: Nullable<String>,
    created_at: Timestamp,
    /// Time at which the session was revoked; `null` otherwise. A session also expires if it is not refreshed for a
    /// week.
    ended_at: Nullable<Timestamp>,
}

impl From<SessionRecord> for RecordAnswer {
    fn from(record: SessionRecord) -> Self {
        Self {
            id: record.id.into(),
            device: record.device_name,
            kind: record.device_kind.into(),
            ip_address: record.address,
            location: Nullable::of(record.place),
            created_at: record.created_at.into(),
            ended_at: Nullable::of(record.ended_at),
        }
    }
}

/// A payment with the complete phone number.
#[derive(Debug, Object)]
#[oai(rename = "FullPayment")]
struct FullPaymentAnswer {
    payment: PaymentAnswer,
    /// Phone number in international format without `+`; `null` if there is none.
    phone: Nullable<String>,
}

impl From<PaymentView> for FullPaymentAnswer {
    fn from(view: PaymentView) -> Self {
        let phone = view.msisdn.as_ref().map(|number| number.as_str().to_owned());
        Self { payment: PaymentAnswer::from(&view), phone: Nullable::of(phone) }
    }
}

/// A notification to the user, without its text.
#[derive(Debug, Object)]
#[oai(rename = "SentNotification")]
struct NoticeAnswer {
    /// Kind of notification, such as `deposit_received`.
    kind: String,
    /// Channel of the notification: `email` or `sms`.
    channel: String,
    created_at: Timestamp,
    /// Time at which the notification was sent; `null` if it was not sent.
    sent_at: Nullable<Timestamp>,
}

impl From<SentNotice> for NoticeAnswer {
    fn from(notice: SentNotice) -> Self {
        Self {
            kind: notice.template.to_string(),
            channel: notice.channel.to_string(),
            created_at: notice.created_at.into(),
            sent_at: Nullable::of(notice.sent_at),
        }
    }
}

/// A section that is incomplete.
#[derive(Debug, Object)]
struct TruncatedSection {
    /// Name of the section.
    section: String,
    /// Operation that lists all items; `null` if there is none.
    continues_in: Nullable<String>,
}

/// Personal data of a user.
#[derive(Debug, Object)]
#[oai(rename = "Export")]
pub(super) struct ExportAnswer {
    created_at: Timestamp,
    profile: UserAnswer,
    contacts: FullContacts,
    handles: Vec<HandleAnswer>,
    /// Time since which the account has a second factor; `null` if it has none.
    second_factor_since: Nullable<Timestamp>,
    sessions: Vec<RecordAnswer>,
    trusted_devices: Vec<DeviceAnswer>,
    /// API keys, without secrets; only digests of secrets are stored.
    api_keys: Vec<ApiKeyAnswer>,
    organisations: Vec<OrganisationAnswer>,
    limits: LimitsAnswer,
    balances: Vec<BalanceAnswer>,
    transactions: Vec<TransactionAnswer>,
    payments: Vec<FullPaymentAnswer>,
    deals: Vec<DealAnswer>,
    /// Disputes that the user opened or answered, with the statements of both parties.
    disputes: Vec<DisputeAnswer>,
    holds: Vec<HoldAnswer>,
    /// Applications for a tier, with the metadata of their documents.
    applications: Vec<ApplicationAnswer>,
    /// Notifications to the user, without their text.
    notifications: Vec<NoticeAnswer>,
    /// Incomplete sections.
    truncated: Vec<TruncatedSection>,
}

/// Records the incomplete sections.
#[derive(Default)]
struct Cuts(Vec<TruncatedSection>);

impl Cuts {
    fn note(&mut self, section: &str, continues_in: Option<&str>) {
        let continues_in = Nullable::of(continues_in.map(str::to_owned));
        self.0.push(TruncatedSection { section: section.to_owned(), continues_in });
    }

    fn items<T, A>(
        &mut self,
        page: Page<T>,
        (section, continues_in): (&str, Option<&str>),
        answer: impl FnMut(T) -> A,
    ) -> Vec<A> {
        if page.more {
            self.note(section, continues_in);
        }
        page.items.into_iter().map(answer).collect()
    }
}

impl ExportAnswer {
    pub(super) async fn of(context: &Context, user: User) -> Result<Self, ApiError> {
        let (store, id, now) = (&context.store, user.id, context.now());
        let mut cuts = Cuts::default();
        let contacts = context.contacts(&user)?;
        let contacts = FullContacts {
            email: Nullable::of(contacts.email.map(Personal::into_exposed)),
            phone: Nullable::of(contacts.phone.map(|phone| phone.as_str().to_owned())),
        };
        let handles = store.handles(id, SECTION_MAX).await?;
        let sessions = store.session_records(id, SECTION_MAX).await?;
        let payments = store.payments(id, None, None, SECTION_MAX).await?;
        let deals = store.deals(id, None, SECTION_MAX).await?;
        let disputes = store.disputes_of(id, SECTION_MAX).await?;
        let holds = store.holds(id, HoldFilter::default(), None, SECTION_MAX).await?;
        let applications = store.kyc_applications(id, None, SECTION_MAX).await?;
        let notices = store.notices(id, SECTION_MAX).await?;
        let devices = store.trusted_devices(id, now).await?;
        let keys = store.api_keys(id, None, SECTION_MAX).await?;
        let organisations = store.organisations(id, None, SECTION_MAX).await?;
        let balances = store.balances(id).await?;
        let currencies: Vec<Currency> = balances.iter().map(|balance| balance.currency).collect();
        let (tier, limits) = store.limits(id, now).await?;
        let factor = store.second_factor(id).await?;
        let deal = |view| DealAnswer::seen_by(&view, id);
        let key = |view| ApiKeyAnswer::of(view, now);
        let application = |view| ApplicationAnswer::from(&view);
        Ok(Self {
            created_at: now.into(),
            profile: UserAnswer::of(context, user)?,
            contacts,
            handles: cuts.items(handles, ("handles", None), HandleAnswer::from),
            second_factor_since: Nullable::of(factor.map(|factor| factor.since)),
            sessions: cuts.items(sessions, ("sessions", None), RecordAnswer::from),
            trusted_devices: devices.into_iter().map(DeviceAnswer::from).collect(),
            api_keys: cuts.items(keys, ("api_keys", Some("list_api_keys")), key),
            organisations: cuts.items(
                organisations,
                ("organisations", Some("list_organisations")),
                |view| (&view).into(),
            ),
            limits: LimitsAnswer::new(tier, limits),
            balances: balances.into_iter().map(BalanceAnswer::from).collect(),
            transactions: transactions(context, id, &currencies, &mut cuts).await?,
            payments: cuts.items(
                payments,
                ("payments", Some("list_payments")),
                FullPaymentAnswer::from,
            ),
            deals: cuts.items(deals, ("deals", Some("list_deals")), deal),
            disputes: cuts.items(disputes, ("disputes", Some("list_disputes")), |view| {
                DisputeAnswer::from(&view)
            }),
            holds: cuts.items(holds, ("holds", Some("list_holds")), |view| (&view).into()),
            applications: cuts.items(
                applications,
                ("applications", Some("list_kyc_applications")),
                application,
            ),
            notifications: cuts.items(notices, ("notifications", None), NoticeAnswer::from),
            truncated: cuts.0,
        })
    }
}

/// Returns the newest transactions of each currency.
async fn transactions(
    context: &Context,
    id: UserId,
    currencies: &[Currency],
    cuts: &mut Cuts,
) -> Result<Vec<TransactionAnswer>, ApiError> {
    let (mut all, mut is_cut) = (vec![], false);
    for currency in currencies {
        let (whose, filter) = ((id, *currency), TransactionFilter::default());
        let page = context.store.transactions(whose, &filter, None, SECTION_MAX).await?;
        all.extend(page.items.into_iter().map(TransactionAnswer::from));
        is_cut |= page.next.is_some();
    }
    if is_cut {
        cuts.note("transactions", Some("list_transactions"));
    }
    Ok(all)
}
