-- Money in suspense that goes back to its payer: a payout of no user, asked for by one member of staff and approved by
-- another.

alter table payments
    alter column user_id drop not null,
    -- A payer without an account, under whose key the number is sealed.
    add column payer_id uuid,
    drop constraint payments_purpose_known,
    add constraint payments_purpose_known check (purpose in ('fund_deal', 'deposit', 'withdrawal', 'return_suspense')),
    add constraint payments_of_one check (case purpose
        when 'return_suspense' then user_id is null and payer_id is not null
        else user_id is not null and payer_id is null end),
    drop constraint payments_large_credits_confirmed,
    add constraint payments_large_credits_confirmed check (
        purpose in ('withdrawal', 'return_suspense') or state <> 'succeeded' or confirmed
        or (amount_minor <= 5000000 and not must_confirm));

drop trigger payments_of_verified on payments;
create trigger payments_of_verified before insert on payments
    for each row when (new.user_id is not null) execute function users_require_verified('user_id');

alter table suspense_items
    -- The payout that is under way, or by which the money went back.
    add column return_payment_id uuid constraint suspense_items_return_payment_unique unique
        constraint suspense_items_return_payment_fkey references payments (id),
    add constraint suspense_items_not_reversed_on_its_way check (return_payment_id is null or reversed_at is null);

create function suspense_items_keep_return() returns trigger language plpgsql as $$
begin
    if exists (select from approvals where id = new.closed_by and kind = 'move_suspense') then
        raise exception 'money on its way back to its payer is given to nobody'
            using errcode = 'check_violation', constraint = 'suspense_items_return_kept';
    end if;
    return new;
end $$;
create trigger suspense_items_return_kept before update on suspense_items
    for each row when (old.return_payment_id is not null) execute function suspense_items_keep_return();

alter table approvals
    drop constraint approvals_kind_known,
    add constraint approvals_kind_known check (kind in (
        'set_tier', 'move_suspense', 'return_suspense', 'remove_factor', 'set_role', 'release_withdrawal',
        'resolve_payment', 'publish_fee_plan')),
    drop constraint approvals_subject_whole,
    add constraint approvals_subject_whole check (case kind
        when 'set_tier' then tier is not null
            and num_nonnulls(provider, receipt, role, payment_id, paid_receipt, plan) = 0
        when 'move_suspense' then num_nonnulls(provider, receipt) = 2
            and num_nonnulls(tier, role, payment_id, paid_receipt, plan) = 0
        -- The payment is the payout that the approval has started.
        when 'return_suspense' then num_nonnulls(provider, receipt) = 2
            and num_nonnulls(tier, role, paid_receipt, plan) = 0 and (payment_id is null or state = 'approved')
        when 'set_role' then role is not null
            and num_nonnulls(tier, provider, receipt, payment_id, paid_receipt, plan) = 0
        when 'release_withdrawal' then payment_id is not null
            and num_nonnulls(tier, provider, receipt, role, paid_receipt, plan) = 0
        when 'resolve_payment' then payment_id is not null
            and num_nonnulls(tier, provider, receipt, role, plan) = 0
        when 'publish_fee_plan' then jsonb_typeof(plan) = 'object'
            and num_nonnulls(tier, provider, receipt, role, payment_id, paid_receipt) = 0
        else num_nonnulls(tier, provider, receipt, role, payment_id, paid_receipt, plan) = 0 end),
    drop constraint approvals_person_named,
    add constraint approvals_person_named check (case kind
        when 'publish_fee_plan' then user_id is null
        -- The payer may have no account.
        when 'return_suspense' then true
        when 'resolve_payment' then true
        else user_id is not null end);

-- A payout that failed leaves the money in suspense: it is asked for again.
drop index approvals_moved_unique;
create unique index approvals_moved_unique on approvals (provider, receipt)
    where state = 'approved' and kind = 'move_suspense';
create unique index approvals_return_payment_unique on approvals (payment_id) where kind = 'return_suspense';
