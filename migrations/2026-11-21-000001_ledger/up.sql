-- The ledger: accounts, entries, postings. Append-only. Its two laws are stated here as well as in code:
-- the postings of an entry sum to zero per currency, and only clearing accounts go below zero.

create table accounts (
    id uuid constraint accounts_pkey primary key,
    kind text not null,
    owner uuid not null,
    currency text not null,
    balance_minor bigint not null default 0,
    seq bigint not null default 0,
    opened_at timestamptz not null,
    constraint accounts_natural_key unique (kind, owner, currency),
    constraint accounts_kind_known check (kind in (
        'user.available', 'user.payout_pending', 'deal.escrow', 'provider.clearing',
        'platform.fees', 'platform.provider_costs', 'platform.suspense')),
    constraint accounts_currency_shape check (currency ~ '^[A-Z]{3}$'),
    constraint accounts_seq_not_negative check (seq >= 0),
    constraint accounts_not_overdrawn check (balance_minor >= 0 or kind = 'provider.clearing')
);

create table entries (
    id uuid constraint entries_pkey primary key,
    kind text not null,
    -- Names the effect. Whatever retries, replays and races there are, it is written once.
    key text not null constraint entries_key_unique unique,
    corrects uuid constraint entries_corrects_fkey references entries (id),
    posting_count smallint not null,
    at timestamptz not null,
    constraint entries_kind_known check (kind in (
        'deposit', 'fund', 'release', 'refund', 'payout_reserve', 'payout_settle', 'payout_return',
        'suspense_in', 'suspense_out', 'reversal')),
    constraint entries_posting_count_range check (posting_count between 2 and 64)
);

create table postings (
    account_id uuid not null constraint postings_account_fkey references accounts (id),
    seq bigint not null,
    entry_id uuid not null constraint postings_entry_fkey references entries (id),
    line smallint not null,
    amount_minor bigint not null,
    balance_after_minor bigint not null,
    currency text not null,
    constraint postings_pkey primary key (account_id, seq),
    constraint postings_line_unique unique (entry_id, line),
    constraint postings_amount_not_zero check (amount_minor <> 0),
    constraint postings_seq_positive check (seq > 0),
    constraint postings_line_range check (line between 1 and 64)
);

-- Balances follow from postings and from nothing else: this trigger checks each batch of postings
-- against the accounts and carries it over to them. The accounts are locked by the writer already.
create function ledger_apply_postings() returns trigger language plpgsql as $$
begin
    if exists (select from written group by entry_id, currency having sum(amount_minor) <> 0) then
        raise exception 'the postings of an entry must sum to zero per currency'
            using errcode = 'check_violation', constraint = 'postings_sum_to_zero';
    end if;
    if exists (
        select from written w join entries e on e.id = w.entry_id
        group by e.id, e.posting_count
        -- Lines are unique within an entry: as many as there should be, none of them beyond, is all of them.
        having count(*) <> e.posting_count or max(w.line) > e.posting_count
    ) then
        raise exception 'the postings of an entry are written together, all of them'
            using errcode = 'check_violation', constraint = 'postings_complete';
    end if;
    if exists (
        select from (
            select account_id, seq, currency, balance_after_minor,
                sum(amount_minor) over of_account as moved, row_number() over of_account as nth
            from written window of_account as (partition by account_id order by seq)
        ) p join accounts a on a.id = p.account_id
        where p.seq <> a.seq + p.nth or p.balance_after_minor <> a.balance_minor + p.moved or p.currency <> a.currency
    ) then
        raise exception 'a posting must continue the sequence and the balance of its account'
            using errcode = 'check_violation', constraint = 'postings_continue_account';
    end if;
    update accounts a set balance_minor = l.balance_after_minor, seq = l.seq
    from (select distinct on (account_id) account_id, seq, balance_after_minor
          from written order by account_id, seq desc) l
    where a.id = l.account_id;
    return null;
end $$;

create trigger postings_apply after insert on postings
    referencing new table as written for each statement execute function ledger_apply_postings();

create function ledger_refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'the ledger is append-only: a correction is a new entry'
        using errcode = 'restrict_violation', constraint = tg_table_name || '_append_only';
end $$;

create trigger postings_append_only before update or delete or truncate on postings
    for each statement execute function ledger_refuse_change();
create trigger entries_append_only before update or delete or truncate on entries
    for each statement execute function ledger_refuse_change();
create trigger accounts_kept before delete or truncate on accounts
    for each statement execute function ledger_refuse_change();

create function ledger_guard_account() returns trigger language plpgsql as $$
begin
    if pg_trigger_depth() < 2 then
        raise exception 'a balance changes only by a posting'
            using errcode = 'restrict_violation', constraint = 'accounts_changed_by_postings_only';
    end if;
    return new;
end $$;

create trigger accounts_changed_by_postings_only before update on accounts
    for each row execute function ledger_guard_account();

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
