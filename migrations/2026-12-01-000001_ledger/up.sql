-- The ledger: accounts, entries and postings. It is append-only. The database and the domain both check its two laws:
-- the postings of an entry sum to zero per currency, and only clearing accounts have negative balances.

-- Makes tables append-only. The name of the trigger is the name of the constraint, unless an argument names another.
create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'table % does not allow %', tg_table_name, lower(tg_op)
        using errcode = 'restrict_violation', constraint = coalesce(tg_argv[0], tg_name);
end $$;

create table accounts (
    id uuid constraint accounts_pkey primary key,
    kind text not null,
    owner uuid not null,
    currency text not null,
    balance_minor bigint not null default 0,
    seq bigint not null default 0,
    opened_at timestamptz not null,
    -- The time of the latest posting. Later postings are not older.
    moved_at timestamptz,
    constraint accounts_natural_key unique (kind, owner, currency),
    constraint accounts_kind_known check (kind in (
        'user.available', 'user.held', 'deal.escrow', 'provider.clearing',
        'platform.fees', 'platform.provider_costs', 'platform.suspense', 'platform.bank')),
    constraint accounts_currency_shape check (currency ~ '^[A-Z]{3}$'),
    constraint accounts_seq_not_negative check (seq >= 0),
    constraint accounts_moved_when_used check ((seq = 0) = (moved_at is null)),
    -- Money at the provider and at the bank is negative. Charges may exceed what users have paid for them.
    constraint accounts_not_overdrawn check (
        balance_minor >= 0 or kind in ('provider.clearing', 'platform.provider_costs', 'platform.bank'))
);

create table entries (
    id uuid constraint entries_pkey primary key,
    kind text not null,
    -- Names the effect, so that retries, replays and races write it once.
    key text not null constraint entries_key_unique unique,
    corrects uuid constraint entries_corrects_fkey references entries (id),
    posting_count smallint not null,
    at timestamptz not null,
    constraint entries_kind_known check (kind in (
        'deposit', 'fund', 'release', 'refund', 'split', 'payout_reserve', 'payout_settle', 'payout_return',
        'suspense_in', 'suspense_out', 'provider_charge', 'settlement', 'reversal', 'transfer', 'hold', 'hold_settle',
        'hold_release')),
    constraint entries_posting_count_range check (posting_count between 2 and 64)
);

-- Without foreign keys, for speed: `postings_apply` reads the account and the entry of each posting, and neither is
-- ever deleted.
create table postings (
    account_id uuid not null,
    seq bigint not null,
    entry_id uuid not null,
    line smallint not null,
    amount_minor bigint not null,
    balance_after_minor bigint not null,
    currency text not null,
    -- The time of the entry, so that one look-up finds any past balance.
    at timestamptz not null,
    constraint postings_pkey primary key (account_id, seq),
    constraint postings_line_unique unique (entry_id, line),
    constraint postings_amount_not_zero check (amount_minor <> 0),
    constraint postings_seq_positive check (seq > 0),
    constraint postings_line_range check (line between 1 and 64)
);
create index postings_account_at_idx on postings (account_id, at, seq);

-- Checks each batch of postings against entries and accounts, and updates the balances. The writer has locked the
-- accounts already.
--
-- A session keeps the plans of its first call, when tables may be so small that a sequential scan looks cheapest. So
-- the settings and `offset 0` force one index look-up per row, and hash joins between lists.
create function ledger_apply_postings() returns trigger language plpgsql
    set enable_seqscan = off set enable_nestloop = off set jit = off as $$
declare
    broken text;
begin
    if exists (select from written group by entry_id, currency having sum(amount_minor) <> 0) then
        raise exception 'the postings of an entry must sum to zero per currency'
            using errcode = 'check_violation', constraint = 'postings_sum_to_zero';
    end if;
    select case
            when e.at is null then 'postings_entry_exists'
            when e.at = w.earliest and e.at = w.latest then 'postings_complete'
            else 'postings_time_of_entry' end
        into broken
    from (
        select entry_id, count(*) as postings, max(line) as last_line, min(at) as earliest, max(at) as latest
        from written group by entry_id
    ) w left join lateral (select posting_count, at from entries where id = w.entry_id offset 0) e on true
    -- `line` is unique in an entry and at most `posting_count`, so an equal count means complete.
    where e.at is null or w.postings <> e.posting_count or w.last_line > e.posting_count
        or e.at <> w.earliest or e.at <> w.latest
    limit 1;
    if broken is not null then
        raise exception 'an entry and all its postings must be written together and have the same time'
            using errcode = 'check_violation', constraint = broken;
    end if;
    if exists (
        select from (
            select account_id, seq, currency, balance_after_minor, at,
                sum(amount_minor) over of_account as moved, row_number() over of_account as nth,
                lag(at) over of_account as before_at
            from written window of_account as (partition by account_id order by seq)
        ) p left join lateral (
            select seq, balance_minor, currency, moved_at from accounts where id = p.account_id offset 0
        ) a on true
        where a.seq is null or p.seq <> a.seq + p.nth or p.balance_after_minor <> a.balance_minor + p.moved
            or p.currency <> a.currency or p.at < coalesce(p.before_at, a.moved_at)
    ) then
        raise exception 'a posting must continue the sequence, the balance and the time of its account'
            using errcode = 'check_violation', constraint = 'postings_continue_account';
    end if;
    update accounts a set balance_minor = l.balance_after_minor, seq = l.seq, moved_at = l.at
    from (select distinct on (account_id) account_id, seq, balance_after_minor, at
          from written order by account_id, seq desc) l
    where a.id = l.account_id and a.id = any (array(select account_id from written));
    return null;
end $$;
create trigger postings_apply after insert on postings
    referencing new table as written for each statement execute function ledger_apply_postings();

create trigger postings_append_only before update or delete or truncate on postings
    for each statement execute function refuse_change();
create trigger entries_append_only before update or delete or truncate on entries
    for each statement execute function refuse_change();
create trigger accounts_append_only before delete or truncate on accounts
    for each statement execute function refuse_change();

create function ledger_guard_account() returns trigger language plpgsql as $$
begin
    raise exception 'a balance changes only by a posting'
        using errcode = 'restrict_violation', constraint = 'accounts_changed_by_postings_only';
end $$;
-- The condition saves a call of the function for each account of a batch of postings.
create trigger accounts_changed_by_postings_only before update on accounts
    for each row when (pg_trigger_depth() = 0) execute function ledger_guard_account();

create function ledger_guard_new_account() returns trigger language plpgsql as $$
begin
    if new.balance_minor <> 0 or new.seq <> 0 then
        raise exception 'an account opens empty'
            using errcode = 'restrict_violation', constraint = 'accounts_open_empty';
    end if;
    return new;
end $$;
create trigger accounts_open_empty before insert on accounts
    for each row execute function ledger_guard_new_account();

-- Transfers between users. A transfer has the id of its entry, so both sides see the same id.
create table transfers (
    id uuid constraint transfers_pkey primary key constraint transfers_entry_fkey references entries (id),
    -- The owners of the two accounts of the entry.
    sender_id uuid not null,
    recipient_id uuid not null,
    amount_minor bigint not null,
    currency text not null,
    note text,
    category text not null,
    metadata jsonb not null,
    at timestamptz not null,
    constraint transfers_parties_differ check (sender_id <> recipient_id),
    constraint transfers_amount_positive check (amount_minor > 0),
    constraint transfers_note_length check (char_length(note) between 1 and 140),
    constraint transfers_metadata_object check (jsonb_typeof(metadata) = 'object')
);
create trigger transfers_append_only before update or delete or truncate on transfers
    for each statement execute function refuse_change();

-- The sum that a user sent and withdrew on the latest day with such a payment. The lock of the user's available account
-- protects the row.
create table spending (
    user_id uuid not null,
    currency text not null,
    day date not null,
    spent_minor bigint not null,
    constraint spending_pkey primary key (user_id, currency),
    constraint spending_not_negative check (spent_minor >= 0)
);

-- Results of complete checks of the ledger.
create table ledger_checks (
    id uuid constraint ledger_checks_pkey primary key,
    started_at timestamptz not null,
    finished_at timestamptz not null,
    accounts bigint not null,
    entries bigint not null,
    postings bigint not null,
    -- Describes the first row that is wrong; null if all are right.
    first_wrong text
);
create index ledger_checks_started_at_idx on ledger_checks (started_at desc);
