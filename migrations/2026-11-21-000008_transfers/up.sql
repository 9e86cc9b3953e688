-- Transfers between people, and the time of every posting, so that any past balance is one look-up.

alter table entries
    drop constraint entries_kind_known,
    add constraint entries_kind_known check (kind in (
        'deposit', 'fund', 'release', 'refund', 'payout_reserve', 'payout_settle', 'payout_return',
        'suspense_in', 'suspense_out', 'reversal', 'transfer', 'hold', 'hold_settle', 'hold_release'));

-- What is reserved, for a withdrawal or for somebody else, lies in one account.
alter table accounts disable trigger accounts_changed_by_postings_only;
alter table accounts drop constraint accounts_kind_known;
update accounts set kind = 'user.held' where kind = 'user.payout_pending';
alter table accounts
    add constraint accounts_kind_known check (kind in (
        'user.available', 'user.held', 'deal.escrow', 'provider.clearing',
        'platform.fees', 'platform.provider_costs', 'platform.suspense')),
    -- The time of the latest posting: none may be older than the one before it.
    add column moved_at timestamptz;

alter table postings add column at timestamptz;
alter table entries disable trigger entries_append_only;
alter table postings disable trigger postings_append_only;
-- Clocks of several servers may have disagreed: time never runs back along the sequence of an account, and the
-- postings of an entry have its time. What is moved later moves its whole entry, until nothing has to move.
do $$ begin
    loop
        update entries e set at = t.at from (
            select entry_id, max(reached) as at from (
                select p.entry_id, max(e.at) over (partition by p.account_id order by p.seq) as reached
                from postings p join entries e on e.id = p.entry_id) each
            group by entry_id) t
        where e.id = t.entry_id and e.at < t.at;
        exit when not found;
    end loop;
end $$;
update postings p set at = e.at from entries e where e.id = p.entry_id;
alter table entries enable trigger entries_append_only;
alter table postings enable trigger postings_append_only;
alter table postings alter column at set not null;
create index postings_account_at_idx on postings (account_id, at, seq);

update accounts a set moved_at = p.at from postings p where p.account_id = a.id and p.seq = a.seq;
alter table accounts enable trigger accounts_changed_by_postings_only;
alter table accounts add constraint accounts_moved_when_used check ((seq = 0) = (moved_at is null));

-- Its plans are kept as long as a session, and made when it first posts: then a table may still be so small
-- that reading all of it looks cheapest. So every row is found by its key: `offset 0` keeps the planner from
-- turning a look-up into a join, and a join of two lists goes through a hash table.
create or replace function ledger_apply_postings() returns trigger language plpgsql
    set enable_seqscan = off set enable_nestloop = off set jit = off as $$
declare
    broken text;
begin
    if exists (select from written group by entry_id, currency having sum(amount_minor) <> 0) then
        raise exception 'the postings of an entry must sum to zero per currency'
            using errcode = 'check_violation', constraint = 'postings_sum_to_zero';
    end if;
    select case when e.at = w.earliest and e.at = w.latest then 'postings_complete' else 'postings_time_of_entry' end
        into broken
    from (
        select entry_id, count(*) as postings, max(line) as last_line, min(at) as earliest, max(at) as latest
        from written group by entry_id
    ) w cross join lateral (select posting_count, at from entries where id = w.entry_id offset 0) e
    -- Lines are unique within an entry: as many as there should be, none of them beyond, is all of them.
    where w.postings <> e.posting_count or w.last_line > e.posting_count or e.at <> w.earliest or e.at <> w.latest
    limit 1;
    if broken is not null then
        raise exception 'the postings of an entry are written together, all of them, at the time of the entry'
            using errcode = 'check_violation', constraint = broken;
    end if;
    if exists (
        select from (
            select account_id, seq, currency, balance_after_minor, at,
                sum(amount_minor) over of_account as moved, row_number() over of_account as nth,
                lag(at) over of_account as before_at
            from written window of_account as (partition by account_id order by seq)
        ) p cross join lateral (
            select seq, balance_minor, currency, moved_at from accounts where id = p.account_id offset 0
        ) a
        where p.seq <> a.seq + p.nth or p.balance_after_minor <> a.balance_minor + p.moved
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

-- Asked before the guard is called, which would be once per account.
drop trigger accounts_changed_by_postings_only on accounts;
create trigger accounts_changed_by_postings_only before update on accounts
    for each row when (pg_trigger_depth() = 0) execute function ledger_guard_account();

-- What people said about a transfer. Its id is the id of its ledger entry: both sides see the same one.
create table transfers (
    id uuid constraint transfers_pkey primary key constraint transfers_entry_fkey references entries (id),
    -- The owners of the two accounts that the entry moved.
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

create function transfers_refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'a transfer is never changed: a correction is a new entry'
        using errcode = 'restrict_violation', constraint = 'transfers_append_only';
end $$;
create trigger transfers_append_only before update or delete or truncate on transfers
    for each statement execute function transfers_refuse_change();
