-- Fraud rules are data. Reconciliation runs, and the breaks they found.

create table risk_rules (
    name text constraint risk_rules_pkey primary key,
    measure text not null,
    comparison text not null,
    threshold bigint not null,
    window_hours bigint not null,
    points bigint not null,
    enabled boolean not null default true,
    constraint risk_rules_measure_known check (
        measure in ('amount_minor', 'withdrawals', 'recipients', 'account_age_hours')),
    constraint risk_rules_comparison_known check (comparison in ('at_least', 'below')),
    constraint risk_rules_window_positive check (window_hours > 0)
);

insert into risk_rules (name, measure, comparison, threshold, window_hours, points) values
    ('very_large_amount', 'amount_minor', 'at_least', 20000000, 24, 100),
    ('large_amount', 'amount_minor', 'at_least', 10000000, 24, 60),
    ('many_withdrawals', 'withdrawals', 'at_least', 6, 1, 50),
    ('many_recipients', 'recipients', 'at_least', 4, 24, 60),
    ('new_account', 'account_age_hours', 'below', 24, 24, 40);

create table reconciliation_runs (
    id uuid constraint reconciliation_runs_pkey primary key,
    started_at timestamptz not null,
    covered_from timestamptz not null,
    covered_to timestamptz not null,
    lines bigint not null,
    matched bigint not null,
    healed bigint not null,
    unclaimed bigint not null,
    open_breaks bigint not null,
    -- What the provider says it holds, and what our clearing account says.
    provider_balance_minor bigint,
    clearing_minor bigint not null
);

create table breaks (
    id uuid constraint breaks_pkey primary key,
    kind text not null,
    subject text not null,
    detail text not null,
    opened_at timestamptz not null,
    last_seen_at timestamptz not null,
    closed_at timestamptz,
    constraint breaks_kind_known check (kind in (
        'missing_on_statement', 'amount_differs', 'unclaimed', 'unknown_payout', 'paid_after_return',
        'balance_differs', 'trust_equation', 'review'))
);
create unique index breaks_open_unique on breaks (kind, subject) where closed_at is null;
