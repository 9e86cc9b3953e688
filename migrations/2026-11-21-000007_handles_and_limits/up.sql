-- Names that people pay by, and how much a person may move: tiers are data.

create table tiers (
    name text constraint tiers_pkey primary key,
    constraint tiers_name_shape check (name ~ '^[a-z][a-z_]{1,29}$')
);

-- A currency without a row cannot be moved at all on that tier.
create table tier_limits (
    tier text not null constraint tier_limits_tier_fkey references tiers (name),
    currency text not null,
    transaction_minor_max bigint not null,
    day_minor_max bigint not null,
    balance_minor_max bigint not null,
    constraint tier_limits_pkey primary key (tier, currency),
    constraint tier_limits_currency_shape check (currency ~ '^[A-Z]{3}$'),
    constraint tier_limits_in_order check (
        0 < transaction_minor_max and transaction_minor_max <= day_minor_max and 0 < balance_minor_max)
);

insert into tiers (name) values ('starter'), ('standard'), ('business');
insert into tier_limits (tier, currency, transaction_minor_max, day_minor_max, balance_minor_max) values
    ('starter', 'KES', 7000000, 14000000, 30000000),
    ('standard', 'KES', 25000000, 50000000, 500000000),
    ('business', 'KES', 100000000, 1000000000, 10000000000);

alter table users
    add column handle text constraint users_handle_unique unique,
    add column handle_changed_at timestamptz,
    add column tier text not null default 'standard' constraint users_tier_fkey references tiers (name),
    -- A closed account neither logs in nor sends nor receives; its ledger stays.
    add column closed_at timestamptz,
    add constraint users_handle_shape check (handle ~ '^[a-z][a-z0-9_]{2,29}$'),
    add constraint users_handle_has_time check ((handle is null) = (handle_changed_at is null));

-- People are found by the beginning of their name or handle; operators and closed accounts are not.
create index users_name_search_idx on users (lower(name) text_pattern_ops, id)
    where role = 'user' and closed_at is null;
create index users_handle_search_idx on users (handle text_pattern_ops)
    where role = 'user' and closed_at is null;

-- A handle belongs for ever to the person who first took it: money sent to an old one must not reach a stranger.
create table handles (
    handle text constraint handles_pkey primary key,
    user_id uuid not null constraint handles_user_fkey references users (id),
    taken_at timestamptz not null
);
create index handles_user_idx on handles (user_id);

-- What a person has sent or withdrawn on the latest day that they did. Written under the lock of the
-- person's available account.
create table spending (
    user_id uuid not null,
    currency text not null,
    day date not null,
    spent_minor bigint not null,
    constraint spending_pkey primary key (user_id, currency),
    constraint spending_not_negative check (spent_minor >= 0)
);
