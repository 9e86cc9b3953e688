drop table transfers;
drop function transfers_refuse_change();
create or replace function ledger_apply_postings() returns trigger language plpgsql as $$
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
drop trigger accounts_changed_by_postings_only on accounts;
create trigger accounts_changed_by_postings_only before update on accounts
    for each row execute function ledger_guard_account();
drop index postings_account_at_idx;
alter table postings drop column at;
alter table accounts disable trigger accounts_changed_by_postings_only;
alter table accounts drop constraint accounts_moved_when_used, drop column moved_at, drop constraint accounts_kind_known;
update accounts set kind = 'user.payout_pending' where kind = 'user.held';
alter table accounts add constraint accounts_kind_known check (kind in (
    'user.available', 'user.payout_pending', 'deal.escrow', 'provider.clearing',
    'platform.fees', 'platform.provider_costs', 'platform.suspense'));
alter table accounts enable trigger accounts_changed_by_postings_only;
alter table entries
    drop constraint entries_kind_known,
    add constraint entries_kind_known check (kind in (
        'deposit', 'fund', 'release', 'refund', 'payout_reserve', 'payout_settle', 'payout_return',
        'suspense_in', 'suspense_out', 'reversal'));
