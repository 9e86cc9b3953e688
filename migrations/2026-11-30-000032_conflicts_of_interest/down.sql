delete from approvals where kind in ('set_role', 'release_withdrawal', 'resolve_payment', 'publish_fee_plan');
drop index approvals_open_plan_unique;
drop index approvals_open_payment_unique;
drop index approvals_open_unique;
create unique index approvals_open_unique on approvals (kind, user_id) where state = 'asked' and receipt is null;
alter table approvals
    drop constraint approvals_role_known,
    drop constraint approvals_person_named,
    drop constraint approvals_subject_whole,
    add constraint approvals_subject_whole check (case kind
        when 'set_tier' then tier is not null and num_nonnulls(provider, receipt) = 0
        when 'move_suspense' then tier is null and num_nonnulls(provider, receipt) = 2
        else num_nonnulls(tier, provider, receipt) = 0 end),
    drop constraint approvals_kind_known,
    add constraint approvals_kind_known check (kind in ('set_tier', 'move_suspense', 'remove_factor')),
    drop column plan,
    drop column paid_receipt,
    drop column payment_id,
    drop column role,
    alter column user_id set not null;
drop table introductions;
