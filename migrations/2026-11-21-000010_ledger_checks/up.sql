-- Full proofs of the ledger: every posting was read, and this is what was found.

create table ledger_checks (
    id uuid constraint ledger_checks_pkey primary key,
    started_at timestamptz not null,
    finished_at timestamptz not null,
    accounts bigint not null,
    entries bigint not null,
    postings bigint not null,
    -- The first row that is wrong, in words; none if everything holds.
    first_wrong text
);
create index ledger_checks_started_at_idx on ledger_checks (started_at desc);
