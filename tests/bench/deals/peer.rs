//! The peer: pgbench writes the same rows as the API for one complete deal. The rows are read back after the API has
//! written a deal, so the peer stays equal to the product.

use super::Caller;
use crate::report::say;
use crate::requests::{self, Tokens};
use crate::servers::{Api, Servers};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;
use uuid::Uuid;

/// As many commits as API calls.
const CALLS: usize = 6;

const CLIENTS: [u32; 4] = [2, 4, 8, 16];
const TRY_S: u32 = 5;
const RUN_S: u32 = 15;
const THREADS: u32 = 2;

/// An idle session of PostgreSQL reports its statistics within ten seconds.
const REPORTED_WITHIN: Duration = Duration::from_secs(12);

pub struct Peer<'a> {
    servers: &'a Servers,
    template: &'a str,
    people: u32,
    script: PathBuf,
}

/// A table that a deal writes to.
struct Table {
    name: String,
    inserted: usize,
    updated: usize,
    rows: Vec<Value>,
    key: Vec<String>,
}

impl<'a> Peer<'a> {
    /// Lets the API complete a deal and converts it into a script.
    pub fn record(servers: &'a Servers, template: &'a str, people: u32) -> Result<Self> {
        let database = "sample";
        servers.copy(template, database)?;
        let psql = |sql: &str| servers.postgres.psql(database, sql);
        let tokens = Rc::new(Tokens::sign(servers, database, 2)?);
        let api = Api::start(servers, database)?;
        std::thread::sleep(REPORTED_WITHIN);
        let before = counts(&psql)?;
        let begin: u64 = psql("select pg_snapshot_xmax(pg_current_snapshot())")?.parse()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async { Caller::open(api.address, tokens).await?.life(1, 2).await })?;
        std::thread::sleep(REPORTED_WITHIN);
        let after = counts(&psql)?;
        drop(api);
        let mut tables = vec![];
        for (name, (inserted, updated)) in &after {
            let (ins, upd) = before.get(name).copied().unwrap_or_default();
            let (inserted, updated) = (inserted - ins, updated - upd);
            if inserted + updated > 0 {
                tables.push(Table::read(&psql, name, (inserted, updated), begin)?);
            }
        }
        let rows: usize = tables.iter().map(|table| table.inserted).sum();
        let updates: usize = tables.iter().map(|table| table.updated).sum();
        say(format_args!("one life: {rows} rows inserted, {updates} updated, {CALLS} commits"));
        let text = Script::of(&tables, &psql)?;
        let script = servers.folder().join("deal.pgbench");
        std::fs::write(&script, text)?;
        Ok(Self { servers, template, people, script })
    }

    /// Returns the highest number of deals per second.
    pub fn best(&self) -> Result<f64> {
        let mut best = (0, 0.0);
        for clients in CLIENTS {
            let rate = self.rate(clients, TRY_S)?;
            say(format_args!("pgbench with {clients} clients: {rate:.0}/s"));
            if rate > best.1 {
                best = (clients, rate);
            }
        }
        self.rate(best.0, RUN_S)
    }

    fn rate(&self, clients: u32, time_s: u32) -> Result<f64> {
        self.servers.copy(self.template, "peer")?;
        let mut command = self.servers.postgres.client("pgbench", "peer");
        command
            .args(["--no-vacuum", "--protocol=prepared", &format!("--client={clients}")])
            .args([format!("--jobs={THREADS}"), format!("--time={time_s}")])
            .arg(format!("--define=people={}", self.people))
            .arg("--file")
            .arg(&self.script);
        let output = command.output().context("cannot run pgbench")?;
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "pgbench: {}", errors.trim_end());
        ensure!(!errors.contains("ERROR"), "pgbench: {}", errors.trim_end());
        let text = String::from_utf8(output.stdout)?;
        let line = text.lines().find_map(|line| line.strip_prefix("tps = "));
        let number =
            line.and_then(|line| line.split(' ').next()).context("pgbench named no rate")?;
        Ok(number.parse()?)
    }
}

type Psql<'a> = dyn Fn(&str) -> Result<String> + 'a;

/// Counts the inserted and updated rows of each table so far.
fn counts(psql: &Psql<'_>) -> Result<BTreeMap<String, (usize, usize)>> {
    let text = psql("select relname, n_tup_ins, n_tup_upd from pg_stat_user_tables")?;
    let line = |line: &str| {
        let mut parts = line.split('|');
        let name = parts.next()?.to_owned();
        Some((name, (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?)))
    };
    text.lines().map(|l| line(l).with_context(|| format!("not a count: {l}"))).collect()
}

impl Table {
    fn read(
        psql: &Psql<'_>,
        name: &str,
        (inserted, updated): (usize, usize),
        begin: u64,
    ) -> Result<Self> {
        // Skips columns whose values the database generates.
        let columns = format!(
            "select coalesce(string_agg(quote_literal(column_name) || ', ' || quote_ident(column_name) || '::text', ', '), '')
             from information_schema.columns where table_schema = 'public' and table_name = '{name}'
                and is_identity = 'NO' and coalesce(column_default, '') not like 'nextval%' and is_generated = 'NEVER'"
        );
        let columns = psql(&columns)?;
        let rows = psql(&format!(
            "select json_build_object({columns}) from {name} where xmin::text::bigint >= {begin}"
        ))?;
        let rows: Vec<Value> = rows.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
        let key = psql(&format!(
            "select a.attname from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey)
             where i.indrelid = '{name}'::regclass and i.indisprimary"
        ))?;
        let key = key.lines().map(str::to_owned).collect();
        Ok(Self { name: name.to_owned(), inserted, updated, rows, key })
    }
}

/// A pgbench script under construction.
struct Script {
    /// Values that differ in each deal, and the names of their variables.
    variables: BTreeMap<String, String>,
    statements: Vec<String>,
}

impl Script {
    fn of(tables: &[Table], psql: &Psql<'_>) -> Result<String> {
        let mut script = Self { variables: BTreeMap::new(), statements: vec![] };
        script.name(tables);
        let mut left: BTreeSet<&str> = tables.iter().map(|table| table.name.as_str()).collect();
        // Referenced tables first.
        while !left.is_empty() {
            let mut ready = vec![];
            for name in &left {
                let parents = psql(&format!(
                    "select distinct confrelid::regclass from pg_constraint where contype = 'f'
                        and conrelid = '{name}'::regclass and confrelid <> conrelid"
                ))?;
                if !parents.lines().any(|parent| left.contains(parent)) {
                    ready.push(*name);
                }
            }
            ensure!(!ready.is_empty(), "the tables {left:?} refer to each other");
            for name in ready {
                left.remove(name);
                if let Some(table) = tables.iter().find(|table| table.name == name) {
                    script.table(table, psql)?;
                }
            }
        }
        Ok(script.text())
    }

    /// Finds the ids that this deal created, and those of its two users.
    fn name(&mut self, tables: &[Table]) {
        for table in tables.iter().filter(|table| table.inserted > 0) {
            for row in table.rows.iter().filter(|row| is_made(table, row)) {
                let ids = ["id", "key"].into_iter().filter_map(|column| row[column].as_str());
                for id in ids.filter(|id| Uuid::try_parse(id).is_ok()) {
                    let name = format!("id{}", self.variables.len());
                    self.variables.entry(id.to_owned()).or_insert(name);
                }
                if let ("deal_references", Some(text)) =
                    (table.name.as_str(), row["reference"].as_str())
                {
                    self.variables.insert(text.to_owned(), "reference".to_owned());
                }
            }
        }
        for (number, name) in [(1, "seller"), (2, "buyer")] {
            let user = requests::user(number).uuid().to_string();
            self.variables.insert(user, name.to_owned());
            let account = format!("00000000-0000-7000-8001-{number:012x}");
            self.variables.insert(account, format!("{name}_account"));
        }
    }

    fn table(&mut self, table: &Table, psql: &Psql<'_>) -> Result<()> {
        match table.name.as_str() {
            "entries" => return self.entries(psql),
            "postings" => return Ok(()),
            "accounts" => {
                for row in table.rows.iter().filter(|row| is_made(table, row)) {
                    let columns = ["id", "kind", "owner", "currency", "opened_at"];
                    let insert = self.insert("accounts", row, Some(&columns));
                    self.statements.push(insert);
                }
                return Ok(());
            }
            _ => {}
        }
        for row in table.rows.iter().take(table.inserted) {
            let insert = self.insert(&table.name, row, None);
            self.statements.push(insert);
        }
        for row in table.rows.iter().cycle().take(table.updated) {
            let is_key = |column: &&String| table.key.contains(column);
            let Some(columns) = row.as_object() else { continue };
            let Some(set) = columns.keys().rfind(|column| !is_key(column)) else { continue };
            let found: Vec<String> = table
                .key
                .iter()
                .map(|column| format!("{column} = {}", self.value(&row[column.as_str()])))
                .collect();
            let value = self.value(&row[set.as_str()]);
            let found = found.join(" and ");
            let update = format!("update {} set {set} = {value} where {found}", table.name);
            self.statements.push(update);
        }
        Ok(())
    }

    fn insert(&self, table: &str, row: &Value, only: Option<&[&str]>) -> String {
        let (mut columns, mut values) = (String::new(), String::new());
        for (column, value) in row.as_object().into_iter().flatten() {
            let wanted = only.is_none_or(|only| only.contains(&column.as_str()));
            if wanted && !value.is_null() {
                let comma = if columns.is_empty() { "" } else { ", " };
                let _ = write!(columns, "{comma}{column}");
                // A draft, because an agreed deal needs its signatures in the same commit, and the script has several.
                let value = match (table, column.as_str()) {
                    ("deals", "state") => "'draft'".to_owned(),
                    _ => self.value(value),
                };
                let _ = write!(values, "{comma}{value}");
            }
        }
        format!("insert into {table} ({columns}) values ({values})")
    }

    /// Writes a ledger entry: locks its accounts in order and continues their balances.
    fn entries(&mut self, psql: &Psql<'_>) -> Result<()> {
        let sql = "select json_build_object('id', e.id, 'kind', e.kind, 'key', e.key, 'posting_count', e.posting_count::text,
                'lines', (select json_agg(json_build_object('account', p.account_id, 'line', p.line, 'amount', p.amount_minor))
                    from postings p where p.entry_id = e.id))
            from entries e where e.kind in ('fund', 'release') order by e.at";
        for (n, line) in psql(sql)?.lines().enumerate() {
            let entry: Value = serde_json::from_str(line)?;
            let lines = entry["lines"].as_array().context("an entry without postings")?;
            let accounts: Vec<String> = lines.iter().map(|l| self.uuid(&l["account"])).collect();
            let accounts = accounts.join(", ");
            self.statements.push(format!(
                "select greatest(clock_timestamp(), max(moved_at)) as at{n} from (select moved_at from accounts \
                 where id in ({accounts}) order by id for update) locked \\gset"
            ));
            self.statements.push(format!(
                "insert into entries (id, kind, key, posting_count, at) values ({}, {}, {}, {}, :at{n}::timestamptz)",
                self.value(&entry["id"]),
                self.value(&entry["kind"]),
                self.value(&entry["key"]),
                self.value(&entry["posting_count"]),
            ));
            let values: Vec<String> = lines
                .iter()
                .map(|l| format!("({}, {}, {})", self.uuid(&l["account"]), l["line"], l["amount"]))
                .collect();
            self.statements.push(format!(
                "insert into postings (account_id, seq, entry_id, line, amount_minor, balance_after_minor, currency, at) \
                 select a.id, a.seq + 1, {}::uuid, v.line, v.amount, a.balance_minor + v.amount, a.currency, :at{n}::timestamptz \
                 from (values {}) v (account, line, amount) join accounts a on a.id = v.account",
                self.value(&entry["id"]),
                values.join(", "),
            ));
        }
        Ok(())
    }

    fn uuid(&self, value: &Value) -> String {
        format!("{}::uuid", self.value(value))
    }

    /// Returns a value as SQL, with variables for the parts that differ in each deal.
    fn value(&self, value: &Value) -> String {
        let Some(text) = value.as_str() else { return "null".to_owned() };
        if let Some(name) = self.variables.get(text) {
            return format!(":{name}");
        }
        let mut parts = vec![text.to_owned()];
        for (id, name) in &self.variables {
            let simple = id.replace('-', "");
            for (wanted, sql) in [
                (id.as_str(), format!("\u{1}:{name}::text")),
                (simple.as_str(), format!("\u{1}replace(:{name}::text, '-', '')")),
            ] {
                parts = parts.into_iter().flat_map(|part| split(&part, wanted, &sql)).collect();
            }
        }
        let parts: Vec<String> = parts.iter().map(|part| literal(part)).collect();
        // A concatenation has type text; a single literal takes the type of its column.
        match parts.as_slice() {
            [one] => one.clone(),
            [first, ..] if first.starts_with("E'{") => format!("({})::jsonb", parts.join(" || ")),
            _ => format!("({})", parts.join(" || ")),
        }
    }

    fn text(&self) -> String {
        let fresh = "encode(overlay(uuid_send(gen_random_uuid()) placing substring(int8send((extract(epoch from \
            clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6), 'hex')::uuid";
        let mut text =
            String::from("\\set one random(1, :people)\n\\set other random(1, :people - 1)\n");
        text.push_str("\\set two :other + case when :other >= :one then 1 else 0 end\nselect ");
        for name in self.variables.values().filter(|name| name.starts_with("id")) {
            let _ = write!(text, "{fresh} as {name}, ");
        }
        // Uses only letters and digits that are valid in a reference.
        text.push_str("translate(upper(left(replace(gen_random_uuid()::text, '-', ''), 12)), '01', 'XY') as reference, ");
        text.push_str(
            "bench_user(:one::bigint) as seller, bench_account(:one::bigint) as seller_account, ",
        );
        text.push_str("bench_user(:two::bigint) as buyer, bench_account(:two::bigint) as buyer_account \\gset\n");
        let size = self.statements.len().div_ceil(CALLS).max(1);
        for call in self.statements.chunks(size) {
            text.push_str("begin;\n");
            for statement in call {
                let end = if statement.ends_with("\\gset") { "\n" } else { ";\n" };
                text.push_str(statement);
                text.push_str(end);
            }
            text.push_str("end;\n");
        }
        text
    }
}

/// Whether the deal created this row. The only account that a deal creates is its escrow account.
fn is_made(table: &Table, row: &Value) -> bool {
    table.name != "accounts" || row["kind"] == "deal.escrow"
}

/// Splits text at each `wanted` and inserts SQL there. A first character marks the SQL parts.
fn split(part: &str, wanted: &str, sql: &str) -> Vec<String> {
    if part.starts_with('\u{1}') || !part.contains(wanted) {
        return vec![part.to_owned()];
    }
    let mut found = vec![];
    for (n, piece) in part.split(wanted).enumerate() {
        if n > 0 {
            found.push(sql.to_owned());
        }
        if !piece.is_empty() {
            found.push(piece.to_owned());
        }
    }
    found
}

/// Escapes a literal. pgbench treats a colon before a word as a variable, even in quotes.
fn literal(part: &str) -> String {
    match part.strip_prefix('\u{1}') {
        Some(sql) => sql.to_owned(),
        None => {
            let escaped = part.replace('\\', "\\\\").replace('\'', "''").replace(':', "\\x3a");
            format!("E'{escaped}'")
        }
    }
}
