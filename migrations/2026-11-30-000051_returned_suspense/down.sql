-- Payouts to payers are part of the books: as long as there is one, the last statement refuses.
drop index approvals_return_payment_unique;
drop index approvals_moved_unique;
delete from approvals where kind = 'return_suspense';
create unique index approvals_moved_unique on approvals (provider, receipt) where state = 'approved';

alter table approvals
    drop constraint approvals_person_named,
    add constraint approvals_person_named check ((user_id is null) = (kind = 'publish_fee_plan')),
    drop constraint approvals_subject_whole,
    add constraint approvals_subject_whole check (case kind
        when 'set_tier' then tier is not null
            and num_nonnulls(provider, receipt, role, payment_id, paid_receipt, plan) = 0
        when 'move_suspense' then num_nonnulls(provider, receipt) = 2
            and num_nonnulls(tier, role, payment_id, paid_receipt, plan) = 0
        when 'set_role' then role is not null
            and num_nonnulls(tier, provider, receipt, payment_id, paid_receipt, plan) = 0
        when 'release_withdrawal' then payment_id is not null
            and num_nonnulls(tier, provider, receipt, role, paid_receipt, plan) = 0
        when 'resolve_payment' then payment_id is not null
            and num_nonnulls(tier, provider, receipt, role, plan) = 0
        when 'publish_fee_plan' then jsonb_typeof(plan) = 'object'
            and num_nonnulls(tier, provider, receipt, role, payment_id, paid_receipt) = 0
        else num_nonnulls(tier, provider, receipt, role, payment_id, paid_receipt, plan) = 0 end),
    drop constraint approvals_kind_known,
    add constraint approvals_kind_known check (kind in (
        'set_tier', 'move_suspense', 'remove_factor', 'set_role', 'release_withdrawal', 'resolve_payment',
        'publish_fee_plan'));

drop trigger suspense_items_return_kept on suspense_items;
drop function suspense_items_keep_return();
alter table suspense_items
    drop constraint suspense_items_not_reversed_on_its_way,
    drop column return_payment_id;

drop trigger payments_of_verified on payments;
create trigger payments_of_verified before insert on payments
    for each row execute function users_require_verified('user_id');

alter table payments
    drop constraint payments_large_credits_confirmed,
    add constraint payments_large_credits_confirmed check (
        purpose = 'withdrawal' or state <> 'succeeded' or confirmed or (amount_minor <= 5000000 and not must_confirm)),
    drop constraint payments_of_one,
    drop constraint payments_purpose_known,
    add constraint payments_purpose_known check (purpose in ('fund_deal', 'deposit', 'withdrawal')),
    drop column payer_id,
    alter column user_id set not null;
