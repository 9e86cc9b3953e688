//! An unanswered invitation.

use super::people::{answer, keyed};
use amana_domain::id::{OrganisationId, UserId};
use amana_domain::organisation::Rank;
use amana_harness::App;
use amana_postgres::NewInvitation;

pub(super) async fn leave(app: &App, user: UserId) {
    let (store, now) = (&app.store, app.clock.now());
    let found = keyed(user, "found");
    store.create_organisation(&found, "Soko", |_| answer(), now).await.expect("an organisation");
    let id = "select 'org_' || replace(id::text, '-', '') from organisations";
    let id: OrganisationId = app.database.text(id).await.expect("an id").parse().expect("an id");
    let new = NewInvitation { email: "guest@example.com".to_owned(), rank: Rank::Member };
    store.create_invitation(user, id, &new, now).await.expect("an invitation");
}
