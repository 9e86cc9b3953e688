//! The peer of the ledger's benchmark: `cala-ledger` posts entries of two sides between random accounts. Prints the
//! number of posted entries per second.
//!
//! Usage: amana-peer-cala <accounts> <connections> <callers> <batch> <seconds>; DATABASE_URL names an empty database.
//! With a batch of 1 each call posts one transaction; otherwise each call posts a batch in one commit.

use anyhow::{Context, Result, ensure};
use cala_ledger::account::NewAccount;
use cala_ledger::job::{JobSvcConfig, Jobs};
use cala_ledger::journal::NewJournal;
use cala_ledger::posting::PostingInput;
use cala_ledger::tx_template::{
    NewParamDefinition, NewTxTemplate, NewTxTemplateEntry, NewTxTemplateTransaction, ParamDataType,
    Params,
};
use cala_ledger::{AccountId, CalaLedger, CalaLedgerConfig, JournalId, TransactionId};
use rand::Rng;
use rust_decimal::Decimal;
use std::sync::Arc;
use std::time::{Duration, Instant};
use uuid::Uuid;

const TEMPLATE: &str = "TRANSFER";
const ACCOUNTS_PER_COMMIT: usize = 1000;

#[derive(Clone)]
struct Bank {
    ledger: CalaLedger,
    journal: JournalId,
    accounts: Arc<Vec<AccountId>>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let numbers: Vec<usize> =
        std::env::args().skip(1).map(|text| text.parse()).collect::<Result<_, _>>()?;
    let [accounts, connections, callers, batch, seconds] = numbers[..] else {
        anyhow::bail!("usage: amana-peer-cala <accounts> <connections> <callers> <batch> <seconds>")
    };
    ensure!(accounts > 1 && callers > 0 && batch > 0, "too few");
    let pool = sqlx::postgres::PgPoolOptions::new()
        .max_connections(u32::try_from(connections)?)
        .connect(&std::env::var("DATABASE_URL").context("DATABASE_URL")?)
        .await?;
    let config = CalaLedgerConfig::builder().pool(pool.clone()).exec_migrations(true).build()?;
    // The jobs roll up account sets, of which there are none: they are not started.
    let mut jobs = Jobs::init(JobSvcConfig::builder().pool(pool).build()?).await?;
    let bank = open(CalaLedger::init(config, &mut jobs).await?, accounts).await?;
    let start = Instant::now();
    let end = start + Duration::from_secs(seconds as u64);
    let callers: Vec<_> =
        (0..callers).map(|_| tokio::spawn(post(bank.clone(), batch, end))).collect();
    let mut posted = 0;
    for caller in callers {
        posted += caller.await??;
    }
    println!("{:.2}", posted as f64 / start.elapsed().as_secs_f64());
    Ok(())
}

async fn open(ledger: CalaLedger, accounts: usize) -> Result<Bank> {
    let journal = NewJournal::builder().id(JournalId::new()).name("Bench").build();
    let journal = ledger.journals().create(journal).await?.id();
    ledger.tx_templates().create(template()?).await?;
    let mut ids = Vec::with_capacity(accounts);
    while ids.len() < accounts {
        let new: Vec<AccountId> = (0..ACCOUNTS_PER_COMMIT).map(|_| AccountId::new()).collect();
        let account = |id: &AccountId| {
            NewAccount::builder().id(*id).name(id.to_string()).code(id.to_string()).build()
        };
        ledger.accounts().create_all(new.iter().map(account).collect()).await?;
        ids.extend(new);
    }
    Ok(Bank { ledger, journal, accounts: Arc::new(ids) })
}

async fn post(bank: Bank, batch: usize, end: Instant) -> Result<usize> {
    let mut posted = 0;
    while Instant::now() < end {
        if batch == 1 {
            bank.ledger.post_transaction(TransactionId::new(), TEMPLATE, bank.transfer()).await?;
        } else {
            let input = || PostingInput::new(TransactionId::new(), TEMPLATE, bank.transfer());
            bank.ledger.post_transactions((0..batch).map(|_| input()).collect()).await?;
        }
        posted += batch;
    }
    Ok(posted)
}

impl Bank {
    fn transfer(&self) -> Params {
        let count = self.accounts.len();
        let sender = rand::rng().random_range(0..count);
        let recipient = (sender + rand::rng().random_range(1..count)) % count;
        let mut params = Params::new();
        params.insert("journal_id", self.journal);
        params.insert("sender", self.accounts[sender]);
        params.insert("recipient", self.accounts[recipient]);
        params.insert("amount", Decimal::ONE);
        params
    }
}

/// Two sides: the sender is debited, the recipient credited.
fn template() -> Result<NewTxTemplate> {
    let kinds = [
        ("journal_id", ParamDataType::Uuid),
        ("sender", ParamDataType::Uuid),
        ("recipient", ParamDataType::Uuid),
        ("amount", ParamDataType::Decimal),
    ];
    let param = |(name, kind)| NewParamDefinition::builder().name(name).r#type(kind).build();
    let side = |entry_type, account, direction| {
        NewTxTemplateEntry::builder()
            .entry_type(entry_type)
            .account_id(account)
            .layer("SETTLED")
            .direction(direction)
            .units("params.amount")
            .currency("'KES'")
            .build()
    };
    let transaction = NewTxTemplateTransaction::builder()
        .effective("date()")
        .journal_id("params.journal_id")
        .build()?;
    Ok(NewTxTemplate::builder()
        .id(Uuid::now_v7())
        .code(TEMPLATE)
        .params(kinds.map(param).into_iter().collect::<Result<Vec<_>, _>>()?)
        .transaction(transaction)
        .entries(vec![
            side("'TRANSFER_DR'", "params.sender", "DEBIT")?,
            side("'TRANSFER_CR'", "params.recipient", "CREDIT")?,
        ])
        .build())
}
