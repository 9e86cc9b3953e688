//! `amana ledger check`: reads the whole ledger and prints the first error.

use crate::config::{self, Source};
use crate::connect::database_error;
use crate::stack::block_on;
use amana_domain::proof::Trust;
use amana_postgres::{LedgerCheck, Store};
use anyhow::{Context, Result, bail};
use secrecy::ExposeSecret;

/// # Errors
/// [`config::ConfigErrors`], that the ledger could not be read, or the first error in it.
pub fn check(source: &Source) -> Result<()> {
    let url = source.finish(config::database_url(source))?;
    let check = block_on(async move {
        let store =
            Store::connect_without_keys(url.expose_secret(), 1).await.map_err(database_error)?;
        store.check_ledger().await.context("the whole ledger could not be read")
    })??;
    report(&check)
}

fn report(check: &LedgerCheck) -> Result<()> {
    let LedgerCheck { counts, currencies, first_wrong } = check;
    println!(
        "read: {} accounts, {} entries, {} postings",
        counts.accounts, counts.entries, counts.postings
    );
    currencies.iter().for_each(|trust| println!("{}", equation(trust)));
    if let Some(wrong) = first_wrong {
        bail!("the ledger is wrong: {wrong}");
    }
    println!("the ledger is correct");
    Ok(())
}

fn equation(trust: &Trust) -> String {
    let parts = [
        (trust.owed_to_users_minor, "in wallets"),
        (trust.held_minor, "on hold"),
        (trust.in_escrow_minor, "in escrow"),
        (trust.fees_minor, "fees"),
        (trust.provider_costs_minor, "provider costs"),
        (trust.suspense_minor, "in suspense"),
    ];
    let owed: Vec<String> = parts.iter().map(|(minor, what)| format!("{minor} {what}")).collect();
    let Trust { currency, held_by_providers_minor: held, at_bank_minor: bank, .. } = trust;
    let owed = owed.join(" + ");
    format!("{currency}, in minor units: {held} with providers + {bank} at the bank = {owed}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use amana_domain::ledger::AccountKind;
    use amana_domain::money::Currency;
    use amana_domain::proof::Sums;

    #[test]
    fn the_equation_is_one_line() {
        let mut sums = Sums::default();
        sums.add(AccountKind::ProviderClearing, Currency::Kes, -150);
        sums.add(AccountKind::UserAvailable, Currency::Kes, 120);
        sums.add(AccountKind::DealEscrow, Currency::Kes, 30);
        assert_eq!(
            equation(&sums.trust()[0]),
            "KES, in minor units: 150 with providers + 0 at the bank = 120 in wallets + 0 on hold \
                + 30 in escrow + 0 fees + 0 provider costs + 0 in suspense"
        );
    }
}
