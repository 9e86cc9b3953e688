//! Work in progress: this part of the integration tests alone.
#[path = "../it"]
mod it {
    mod audit;
    mod ledger;
    mod migrations;
    mod notifications;
    mod reconciliation;
    mod withdrawals;
}
