-- Credits: a callback alone proves no large amount, the receipt of a settled payment stays, and what came unasked
-- blocks nobody.

alter table payments
    -- Too much was credited on callbacks alone when it came.
    add column must_confirm boolean not null default false,
    -- More than a callback says that it was paid.
    add column confirmed boolean not null default false,
    drop constraint payments_state_known,
    add constraint payments_state_known check (state in (
        'screening', 'held', 'queued', 'submitting', 'pending', 'confirming', 'unknown', 'review', 'succeeded', 'failed'));

-- What was credited before this rule stays credited: it counts as an operator's word.
insert into payment_evidence (payment_id, fingerprint, source, claim, receipt, amount_minor, at)
select id, sha256(convert_to('credited before confirmations ' || id, 'UTF8')), 'operator', 'succeeded', receipt,
    amount_minor, updated_at
from payments where state = 'succeeded';
update payments set confirmed = true where state = 'succeeded';

alter table payments
    add constraint payments_large_credits_confirmed check (
        purpose = 'withdrawal' or state <> 'succeeded' or confirmed or (amount_minor <= 5000000 and not must_confirm));
create index payments_unconfirmed_idx on payments (created_at)
    where state = 'succeeded' and not confirmed and msisdn_sealed is null;

drop index payments_one_open_per_payer;
create unique index payments_one_open_per_payer on payments (deal_id, user_id)
    where purpose = 'fund_deal' and msisdn_sealed is not null and state not in ('succeeded', 'failed');

-- A second receipt of a settled payment stays claimed.
create index payment_evidence_receipt_idx on payment_evidence (receipt) where receipt is not null;

create function payments_keep_receipt() returns trigger language plpgsql as $$
begin
    if old.state = 'succeeded' and old.receipt is not null and new.receipt is distinct from old.receipt then
        raise exception 'the receipt of a settled payment never changes'
            using errcode = 'check_violation', constraint = 'payments_receipt_kept';
    end if;
    return new;
end $$;
create trigger payments_receipt_kept before update of receipt on payments
    for each row execute function payments_keep_receipt();
