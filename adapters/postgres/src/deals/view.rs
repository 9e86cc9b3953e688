//! Deals as visible to the users whom they concern.

use super::deliveries::{self, DeliveryView};
use super::inviting::{self, DealInvitation};
use super::labels::{self, LabelView};
use super::references::{self, PayReference};
use super::revisions::{self, Signature};
use super::rows::{self, Loaded};
use crate::error::Error;
use crate::page::Page;
use crate::payments::{self, PaymentView};
use crate::people::PersonView;
use crate::users;
use crate::vault::Vault;
use amana_domain::deal::{Deal, DealState, MilestoneState, Role};
use amana_domain::id::{DealId, MilestoneId, OrganisationId, UserId};
use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use std::collections::{BTreeMap, BTreeSet};
use tokio::try_join;
use uuid::Uuid;

#[derive(Debug, Clone)]
pub struct DealView {
    pub deal: Deal,
    /// The organisation in whose name the deal was made, if any.
    pub organisation: Option<OrganisationId>,
    /// All users whom the deal concerns.
    pub people: BTreeMap<UserId, PersonView>,
    /// The creator's label, visible to the creator only.
    pub label: Option<LabelView>,
    /// The signatures of the current offer.
    pub signatures: Vec<Signature>,
    /// The open invitation of the counterparty.
    pub invitation: Option<DealInvitation>,
    /// The newest mobile-money payment of each payer. Visible to its payer only, because its reference allows others to
    /// pay under it.
    pub payments: BTreeMap<UserId, PaymentView>,
    /// The deliveries of each milestone, with their proofs.
    pub deliveries: BTreeMap<MilestoneId, Vec<DeliveryView>>,
    /// Set once the deal is agreed.
    pub pay_reference: Option<PayReference>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl DealView {
    /// Returns the newest mobile-money payment of any payer.
    #[must_use]
    pub fn newest_payment(&self) -> Option<&PaymentView> {
        self.payments.values().max_by_key(|payment| payment.id)
    }

    /// Returns the party with this role, once it has joined.
    #[must_use]
    pub fn side(&self, role: Role) -> Option<&PersonView> {
        self.people.get(&self.deal.party(role)?)
    }
}

pub(crate) async fn view(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    id: DealId,
) -> Result<DealView, Error> {
    let loaded = rows::load(conn, id).await?;
    of(conn, vault, loaded).await
}

/// Returns the view of a deal that is loaded already.
pub(crate) async fn of(
    conn: &AsyncPgConnection,
    vault: &Vault,
    loaded: Loaded,
) -> Result<DealView, Error> {
    let found = seen(conn, vault, vec![loaded]).await?;
    found.into_iter().next().ok_or(Error::NotFound("deal"))
}

/// Returns a page of views, in the order of its ids.
pub(super) async fn views(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    page: Page<Uuid>,
) -> Result<Page<DealView>, Error> {
    if page.items.is_empty() {
        return Ok(Page { items: vec![], more: page.more });
    }
    let mut loaded = rows::load_all(conn, &page.items).await?;
    let place = |deal: &Loaded| page.items.iter().position(|id| *id == deal.deal.id.uuid());
    loaded.sort_by_key(place);
    Ok(Page { items: seen(conn, vault, loaded).await?, more: page.more })
}

/// Loads all details of several deals with pipelined queries.
async fn seen(
    conn: &AsyncPgConnection,
    vault: &Vault,
    loaded: Vec<Loaded>,
) -> Result<Vec<DealView>, Error> {
    let everybody: BTreeSet<UserId> = loaded.iter().flat_map(|one| one.deal.people()).collect();
    let ids = |wanted: fn(&Deal) -> bool| -> Vec<Uuid> {
        let wanted = loaded.iter().filter(|one| wanted(&one.deal));
        wanted.map(|one| one.deal.id.uuid()).collect()
    };
    // Skips queries that cannot find anything in the deal's state.
    let all = ids(|_| true);
    let agreed = ids(|deal| !matches!(deal.state, DealState::Draft | DealState::Proposed));
    let incomplete = ids(|deal| !deal.is_complete());
    let milestones = loaded.iter().flat_map(|one| &one.deal.milestones);
    let milestones = milestones.filter(|milestone| milestone.state != MilestoneState::Planned);
    let milestones: Vec<Uuid> = milestones.map(|milestone| milestone.id.uuid()).collect();
    let (names, mut signed, mut references, mut newest, mut deliveries, invited, mut labels) = try_join!(biased;
        users::people(conn, &everybody),
        revisions::signatures(conn, &all),
        references::of_deals(conn, &agreed),
        payments::newest_of_deals(conn, vault, &agreed),
        deliveries::of_milestones(conn, &milestones),
        inviting::of_deals(conn, &incomplete),
        labels::of_deals(conn, &all),
    )?;
    let invited: BTreeMap<DealId, DealInvitation> = invited.into_iter().collect();
    let view = |Loaded { deal, organisation, created_at, updated_at }| {
        let people = deal.people().into_iter();
        let people = people.filter_map(|id| names.get(&id).map(|person| (id, person.clone())));
        DealView {
            people: people.collect(),
            label: labels.remove(&deal.id),
            signatures: signed.remove(&(deal.id.uuid(), deal.revision)).unwrap_or_default(),
            invitation: invited.get(&deal.id).copied(),
            payments: newest.remove(&deal.id).unwrap_or_default(),
            deliveries: deal
                .milestones
                .iter()
                .filter_map(|m| Some((m.id, deliveries.remove(&m.id)?)))
                .collect(),
            pay_reference: references.remove(&deal.id),
            deal,
            organisation,
            created_at,
            updated_at,
        }
    };
    Ok(loaded.into_iter().map(view).collect())
}
