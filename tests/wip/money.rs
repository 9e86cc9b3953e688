//! Work in progress: this part of the integration tests alone.
#[path = "../it"]
mod it {
    mod ledger;
    mod notifications;
    mod reconciliation;
    mod withdrawals;
}
