-- Negotiation: every offer as it was made, who signed what, what was agreed, who was invited, and what deals cost.

create table deal_revisions (
    deal_id uuid not null constraint deal_revisions_deal_fkey references deals (id),
    revision integer not null,
    offered_by text not null,
    by_user uuid not null constraint deal_revisions_user_fkey references users (id),
    -- No foreign key: sessions are cleared away.
    session_id uuid,
    offer jsonb not null,
    at timestamptz not null,
    constraint deal_revisions_pkey primary key (deal_id, revision),
    constraint deal_revisions_number_range check (revision between 1 and 50),
    constraint deal_revisions_offered_by_known check (offered_by in ('buyer', 'seller'))
);

-- Who stands behind an offer: whoever makes it signs it, and whoever agrees to it.
create table deal_signatures (
    deal_id uuid not null,
    revision integer not null,
    role text not null,
    user_id uuid not null constraint deal_signatures_user_fkey references users (id),
    -- By what it was signed; no foreign keys, as above.
    session_id uuid,
    api_key_id uuid,
    at timestamptz not null,
    constraint deal_signatures_pkey primary key (deal_id, revision, role),
    constraint deal_signatures_offer_fkey foreign key (deal_id, revision) references deal_revisions (deal_id, revision),
    constraint deal_signatures_two_people unique (deal_id, revision, user_id),
    constraint deal_signatures_role_known check (role in ('buyer', 'seller')),
    constraint deal_signatures_one_way check (session_id is null or api_key_id is null)
);

-- What was agreed, with the names of that moment: what people change about themselves later changes nothing here.
create table deal_snapshots (
    deal_id uuid not null,
    revision integer not null,
    data jsonb not null,
    at timestamptz not null,
    constraint deal_snapshots_pkey primary key (deal_id),
    constraint deal_snapshots_offer_fkey foreign key (deal_id, revision) references deal_revisions (deal_id, revision)
);

-- What there was before is the first revision that is known of it.
insert into deal_revisions
select d.id, d.revision, d.offered_by, case d.offered_by when 'buyer' then d.buyer_id else d.seller_id end, null,
    jsonb_build_object(
        'title', d.title,
        'currency', d.currency,
        'fees', jsonb_build_object(
            'version', d.fee_plan_version, 'percentage_bps', d.fee_percentage_bps, 'fixed_minor', d.fee_fixed_minor,
            'floor_minor', d.fee_floor_minor, 'cap_minor', d.fee_cap_minor,
            'provider_cost_minor', d.fee_provider_cost_minor, 'payer', d.fee_payer),
        'terms', jsonb_build_object(
            'acceptance_s', d.acceptance_s, 'funding_s', d.funding_s, 'inspection_s', d.inspection_s,
            'rework_s', d.rework_s, 'answer_s', d.answer_s, 'award_s', d.award_s),
        'milestones', (
            select jsonb_agg(jsonb_build_object(
                'id', m.id, 'title', m.title, 'description', m.description, 'items', m.items,
                'amount_minor', m.amount_minor, 'delivery_s', m.delivery_s, 'proof', m.proof,
                'buyer_fee_minor', m.buyer_fee_minor, 'seller_fee_minor', m.seller_fee_minor,
                'commission_minor', m.commission_minor, 'provider_cost_minor', m.provider_cost_minor) order by m.position)
            from milestones m where m.deal_id = d.id)),
    d.created_at
from deals d;

insert into deal_signatures
select d.id, d.revision, s.role, case s.role when 'buyer' then d.buyer_id else d.seller_id end, null, null, max(e.at)
from deals d
cross join lateral (values
    (d.offered_by, 'deal.proposed'),
    (case d.offered_by when 'buyer' then 'seller' else 'buyer' end, 'deal.agreed')) s (role, name)
join deal_events e on e.deal_id = d.id and e.name = s.name
group by d.id, s.role;

insert into deal_snapshots
select d.id, d.revision, jsonb_build_object(
        'offer', r.offer,
        'buyer', jsonb_build_object('id', b.id, 'name', b.name, 'handle', b.handle),
        'seller', jsonb_build_object('id', s.id, 'name', s.name, 'handle', s.handle),
        'broker', null,
        'commission_bps', 0),
    max(e.at)
from deals d
join deal_revisions r on r.deal_id = d.id
join users b on b.id = d.buyer_id
join users s on s.id = d.seller_id
join deal_events e on e.deal_id = d.id and e.name = 'deal.agreed'
group by d.id, r.offer, b.id, s.id;

create function deal_records_refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'what was offered, signed and agreed stays as it was'
        using errcode = 'restrict_violation', constraint = tg_table_name || '_stay';
end $$;
create trigger deal_revisions_stay before update or delete on deal_revisions
    for each row execute function deal_records_refuse_change();
create trigger deal_signatures_stay before update or delete on deal_signatures
    for each row execute function deal_records_refuse_change();
create trigger deal_snapshots_stay before update or delete on deal_snapshots
    for each row execute function deal_records_refuse_change();

-- What binds both sides was signed by both: the revision that it is, and no other. Looked at when all of it is written.
create function deals_refuse_unsigned() returns trigger language plpgsql as $$
begin
    if (
        select count(*) from deal_signatures s
        where s.deal_id = new.id and s.revision = new.revision
            and s.user_id = case s.role when 'buyer' then new.buyer_id else new.seller_id end
    ) <> 2 then
        raise exception 'a deal that binds is signed by both sides'
            using errcode = 'restrict_violation', constraint = 'deals_signed_when_bound';
    end if;
    return null;
end $$;
create constraint trigger deals_signed_when_bound
    after insert or update of state, revision, buyer_id, seller_id on deals deferrable initially deferred
    for each row when (new.state in ('agreed', 'funded', 'delivered', 'disputed', 'released', 'refunded'))
    execute function deals_refuse_unsigned();

alter table deals
    drop constraint deals_broker_commission,
    add constraint deals_broker_commission check (
        (broker_id is null) = (broker_commission_bps is null) and broker_commission_bps between 0 and 1000);

create table deal_invitations (
    id uuid constraint deal_invitations_pkey primary key,
    deal_id uuid not null constraint deal_invitations_deal_fkey references deals (id),
    role text not null,
    inviter_id uuid not null constraint deal_invitations_inviter_fkey references users (id),
    kind text not null,
    -- Under the inviter's key, for the message; by the digest whoever proves the address is found. Personal data of
    -- somebody who may never become one of ours: both go when the invitation ends.
    contact_sealed bytea,
    contact_digest bytea,
    -- What the code in the message is worked out from; another one each time it is sent.
    code_id uuid not null,
    generation smallint not null default 1,
    created_at timestamptz not null,
    -- `null` until the deal is proposed.
    sent_at timestamptz,
    expires_at timestamptz,
    ended_at timestamptz,
    end_reason text,
    constraint deal_invitations_role_known check (role in ('buyer', 'seller')),
    constraint deal_invitations_kind_known check (kind in ('email', 'phone')),
    constraint deal_invitations_contact_while_open check (
        (contact_sealed is null) = (ended_at is not null) and (contact_digest is null) = (ended_at is not null)),
    constraint deal_invitations_generation_range check (generation between 1 and 6),
    constraint deal_invitations_sent_whole check ((sent_at is null) = (expires_at is null)),
    constraint deal_invitations_expire_later check (expires_at > sent_at and sent_at >= created_at),
    constraint deal_invitations_end_whole check ((ended_at is null) = (end_reason is null)),
    constraint deal_invitations_end_known check (end_reason in ('joined', 'deal_over', 'not_possible'))
);
create unique index deal_invitations_open_unique on deal_invitations (deal_id) where ended_at is null;
create index deal_invitations_digest_idx on deal_invitations (contact_digest) where ended_at is null;
create index deal_invitations_made_idx on deal_invitations (inviter_id, created_at);

-- The invitation to a deal that a message tells; its address is read when it is sent. No foreign key, as with codes.
alter table notifications add column deal_invitation_id uuid;

-- What deals cost, version by version. A deal keeps the plan of its offer; the settings are version 1.
create table fee_plans (
    currency text not null,
    version integer not null,
    percentage_bps integer not null,
    fixed_minor bigint not null,
    floor_minor bigint not null,
    cap_minor bigint,
    provider_cost_minor bigint not null,
    valid_from timestamptz not null,
    published_by uuid not null constraint fee_plans_publisher_fkey references users (id),
    published_at timestamptz not null,
    constraint fee_plans_pkey primary key (currency, version),
    constraint fee_plans_version_range check (version > 1),
    constraint fee_plans_percentage_range check (percentage_bps between 0 and 10000),
    constraint fee_plans_amounts_range check (
        fixed_minor >= 0 and floor_minor >= 0 and provider_cost_minor >= 0 and (cap_minor is null or cap_minor >= floor_minor)),
    constraint fee_plans_valid_later check (valid_from >= published_at)
);
create index fee_plans_valid_idx on fee_plans (currency, valid_from desc, version desc);
create function fee_plans_refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'a fee plan that was published stays as it is'
        using errcode = 'restrict_violation', constraint = 'fee_plans_stay';
end $$;
create trigger fee_plans_stay before update or delete on fee_plans
    for each row execute function fee_plans_refuse_change();
