-- Who invited whom, for rules on conflicts of interest; and what else needs two members of staff.

-- Kept beyond the invitation, which is forgotten: nobody decides about a person who invited them, or whom they invited.
create table introductions (
    inviter_id uuid not null constraint introductions_inviter_fkey references users (id),
    invitee_id uuid not null constraint introductions_invitee_fkey references users (id),
    at timestamptz not null,
    constraint introductions_pkey primary key (inviter_id, invitee_id),
    constraint introductions_two_people check (inviter_id <> invitee_id)
);
create index introductions_invitee_idx on introductions (invitee_id);

-- Invitations to organisations that were accepted so far; the audit record names both sides.
insert into introductions (inviter_id, invitee_id, at)
select i.invited_by, replace(a.data ->> 'user', 'usr_', '')::uuid, min(a.at)
from audit a
join invitations i on i.id = replace(a.data ->> 'invitation', 'inv_', '')::uuid
where a.action = 'invitation.accepted' and i.invited_by <> replace(a.data ->> 'user', 'usr_', '')::uuid
group by 1, 2;

alter table approvals
    -- What deals cost concerns nobody in particular.
    alter column user_id drop not null,
    add column role text,
    add column payment_id uuid constraint approvals_payment_fkey references payments (id),
    -- Under which the payment was paid, as the request says; none if it says that it was not paid.
    add column paid_receipt text,
    -- The fee plan that is to be published.
    add column plan jsonb,
    drop constraint approvals_kind_known,
    add constraint approvals_kind_known check (kind in (
        'set_tier', 'move_suspense', 'remove_factor', 'set_role', 'release_withdrawal', 'resolve_payment',
        'publish_fee_plan')),
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
    add constraint approvals_person_named check ((user_id is null) = (kind = 'publish_fee_plan')),
    add constraint approvals_role_known check (role in ('user', 'support', 'compliance', 'admin', 'super_admin'));

drop index approvals_open_unique;
create unique index approvals_open_unique on approvals (kind, user_id)
    where state = 'asked' and receipt is null and payment_id is null;
create unique index approvals_open_payment_unique on approvals (payment_id) where state = 'asked';
create unique index approvals_open_plan_unique on approvals ((plan ->> 'currency')) where state = 'asked';
