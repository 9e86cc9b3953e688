//! The table of member roles, over HTTP.

use super::{quiet, refused, remove, set_member_role};
use amana_harness::{Answer, App, Person};
use serde_json::json;

/// Every action that depends on the role. Its target is created before each try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Get,
    ListMembers,
    ListDeals,
    Deal,
    Rename,
    ListInvitations,
    ListKeys,
    Invite(&'static str),
    Resend(&'static str),
    Revoke(&'static str),
    SetRank(&'static str, &'static str),
    Remove(&'static str),
    Leave,
}

use Act::{
    Deal, Get, Invite, Leave, ListDeals, ListInvitations, ListKeys, ListMembers, Remove, Rename,
    Resend, Revoke, SetRank,
};

const RANKS: [&str; 3] = ["member", "admin", "owner"];

fn all() -> Vec<Act> {
    let mut all = vec![Get, ListMembers, ListDeals, Deal, Rename, ListInvitations, ListKeys, Leave];
    for one in RANKS {
        all.extend([Invite(one), Remove(one)]);
        all.extend(RANKS.map(|to| SetRank(one, to)));
    }
    for one in ["member", "admin"] {
        all.extend([Resend(one), Revoke(one)]);
    }
    all
}

/// The permissions of each role, written out.
fn may(rank: &str, act: Act) -> bool {
    match rank {
        "member" => matches!(act, Get | ListMembers | ListDeals | Deal | Leave),
        "admin" => {
            may("member", act)
                || matches!(act, Rename | ListInvitations | ListKeys)
                || matches!(act, Invite(to) | Resend(to) | Revoke(to) | Remove(to) if to == "member")
        }
        _ => act != Invite("owner"),
    }
}

struct World {
    app: App,
    organisation: String,
    actor: Person,
    target: Person,
    founder: Person,
}

impl World {
    /// Creates an open invitation to this role, sent more than a minute ago.
    async fn invitation(&self, rank: &str) -> String {
        self.app.database.execute("update invitations set ended_at = now(), end_reason = 'revoked', email_sealed = null, email_digest = null where ended_at is null").await;
        let id =
            self.app.invite(&self.founder, &self.organisation, "guest@example.com", rank).await;
        let earlier = "update invitations set created_at = created_at - interval '2 minutes',
            sent_at = sent_at - interval '2 minutes' where ended_at is null";
        self.app.database.execute(earlier).await;
        id
    }

    async fn call(&self, act: Act) -> Answer {
        let (app, actor) = (&self.app, &self.actor);
        let path = format!("/v1/organisations/{}", self.organisation);
        match act {
            Get => app.get(actor, &path).await,
            ListMembers => app.get(actor, &format!("{path}/members")).await,
            ListDeals => app.get(actor, &format!("{path}/deals")).await,
            ListKeys => app.get(actor, &format!("{path}/api-keys")).await,
            ListInvitations => app.get(actor, &format!("{path}/invitations")).await,
            Rename => app.put(actor, &path, json!({ "name": "Duka" })).await,
            Deal => {
                let body = json!({
                    "title": "Two goats", "role": "seller", "currency": "KES",
                    "counterparty": { "email": self.target.email },
                    "organisation_id": self.organisation,
                    "milestones": [{ "title": "Goats", "amount": { "amount": 1_000, "currency": "KES" } }],
                });
                app.post(actor, "/v1/deals", body).await
            }
            Invite(rank) => {
                app.database.execute("update invitations set ended_at = now(), end_reason = 'revoked', email_sealed = null, email_digest = null where ended_at is null").await;
                let body = json!({ "email": "guest@example.com", "role": rank });
                app.post(actor, &format!("{path}/invitations"), body).await
            }
            Resend(rank) => {
                let id = self.invitation(rank).await;
                app.post(actor, &format!("{path}/invitations/{id}/resend"), json!(null)).await
            }
            Revoke(rank) => {
                let id = self.invitation(rank).await;
                app.delete(actor, &format!("{path}/invitations/{id}")).await
            }
            SetRank(from, to) => {
                app.add_member(&self.organisation, &self.target, from).await;
                set_member_role(app, actor, &self.organisation, &self.target, to).await
            }
            Remove(rank) => {
                app.add_member(&self.organisation, &self.target, rank).await;
                remove(app, actor, &self.organisation, &self.target).await
            }
            Leave => remove(app, actor, &self.organisation, actor).await,
        }
    }
}

async fn world() -> World {
    let app = quiet().await;
    let (founder, actor) = (app.person("Amina").await, app.person("Juma").await);
    let target = app.person("Neema").await;
    let organisation = app.organisation(&founder, "Soko").await;
    World { app, organisation, actor, target, founder }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_rank_may_do_what_the_table_says() {
    let world = world().await;
    for rank in RANKS {
        for act in all() {
            world.app.add_member(&world.organisation, &world.actor, rank).await;
            let answer = world.call(act).await;
            if may(rank, act) {
                assert!(answer.status.is_success(), "{rank} {act:?}: {:#}", answer.body);
            } else {
                refused(&answer, 403, "insufficient_role");
            }
        }
    }
}

/// For strangers, every path of the organisation returns `not_found`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn for_others_it_does_not_exist() {
    let world = world().await;
    // An owner of another organisation.
    let other = world.app.organisation(&world.actor, "Another").await;
    for act in all() {
        let answer = world.call(act).await;
        match act {
            Deal => refused(&answer, 422, "unknown_organisation"),
            _ => refused(&answer, 404, "not_found"),
        }
    }
    // Members and invitations are not found under another organisation either.
    let invitation = world.invitation("member").await;
    let (app, actor) = (&world.app, &world.actor);
    let path = format!("/v1/organisations/{other}");
    let again = format!("{path}/invitations/{invitation}/resend");
    refused(&app.post(actor, &again, json!(null)).await, 404, "not_found");
    let revoked = app.delete(actor, &format!("{path}/invitations/{invitation}")).await;
    refused(&revoked, 404, "not_found");
    refused(&remove(app, actor, &other, &world.founder).await, 404, "not_found");
    refused(&set_member_role(app, actor, &other, &world.founder, "member").await, 404, "not_found");
    for list in ["invitations", "deals"] {
        let listed = app.get(actor, &format!("{path}/{list}")).await.expect(200);
        assert_eq!(listed, json!({ "items": [], "next_cursor": null }));
    }
}
