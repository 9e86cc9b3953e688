-- Deals: fee plans, deals and their milestones, payers, offers, signatures and invitations.

-- The versions of the fees. A deal keeps the plan of its offer. The settings are version 1.
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
        fixed_minor >= 0 and floor_minor >= 0 and provider_cost_minor >= 0
        and (cap_minor is null or cap_minor >= floor_minor)),
    constraint fee_plans_valid_later check (valid_from >= published_at)
);
create index fee_plans_valid_idx on fee_plans (currency, valid_from desc, version desc);
create trigger fee_plans_stay before update or delete on fee_plans
    for each row execute function refuse_change();

create table deals (
    id uuid constraint deals_pkey primary key,
    title text not null,
    -- All members of the organisation can read the deal.
    organisation_id uuid constraint deals_organisation_fkey references organisations (id),
    -- An invited party is null until they join.
    buyer_id uuid constraint deals_buyer_fkey references users (id),
    seller_id uuid constraint deals_seller_fkey references users (id),
    broker_id uuid constraint deals_broker_fkey references users (id),
    broker_commission_bps integer,
    -- The current offer.
    revision integer not null,
    offered_by text not null,
    currency text not null,
    fee_plan_version integer not null,
    fee_percentage_bps integer not null,
    fee_fixed_minor bigint not null,
    fee_floor_minor bigint not null,
    fee_cap_minor bigint,
    fee_provider_cost_minor bigint not null,
    fee_payer text not null,
    acceptance_s bigint not null,
    funding_s bigint not null,
    inspection_s bigint not null,
    rework_s bigint not null,
    answer_s bigint not null,
    award_s bigint not null,
    state text not null,
    due_at timestamptz,
    cancel_asked_by text,
    -- The request of one party to move a deadline: the party, the deadline, its new time.
    extension jsonb,
    fundings integer not null,
    event_seq bigint not null default 0,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint deals_title_length check (char_length(title) between 1 and 120),
    constraint deals_parties_differ check (buyer_id <> seller_id),
    constraint deals_somebody check (buyer_id is not null or seller_id is not null),
    constraint deals_joined_when_bound check (
        (buyer_id is not null and seller_id is not null) or state in ('draft', 'proposed', 'cancelled', 'expired')),
    constraint deals_broker_differs check (broker_id <> buyer_id and broker_id <> seller_id),
    constraint deals_broker_commission check (
        (broker_id is null) = (broker_commission_bps is null) and broker_commission_bps between 0 and 1000),
    constraint deals_revision_range check (revision between 1 and 50),
    constraint deals_offered_by_known check (offered_by in ('buyer', 'seller')),
    constraint deals_fee_range check (fee_percentage_bps between 0 and 10000 and fee_fixed_minor >= 0),
    constraint deals_fee_bounds check (
        fee_floor_minor >= 0 and fee_provider_cost_minor >= 0
        and (fee_cap_minor is null or fee_cap_minor >= fee_floor_minor)),
    constraint deals_fee_payer_known check (fee_payer in ('buyer', 'seller', 'shared')),
    constraint deals_terms_positive check (acceptance_s > 0 and funding_s > 0 and inspection_s > 0),
    constraint deals_periods_positive check (rework_s > 0 and answer_s > 0 and award_s > 0),
    constraint deals_state_known check (state in (
        'draft', 'proposed', 'agreed', 'funded', 'delivered', 'disputed', 'released', 'refunded', 'cancelled',
        'expired')),
    constraint deals_due_when_waiting check ((state in ('proposed', 'agreed')) = (due_at is not null)),
    constraint deals_cancel_asked_by_known check (cancel_asked_by in ('buyer', 'seller')),
    constraint deals_extension_while_running check (
        extension is null or state in ('agreed', 'funded', 'delivered', 'disputed'))
);
create index deals_organisation_idx on deals (organisation_id, id desc) where organisation_id is not null;

-- A milestone has the stage of its dispute, because the deal's rules depend on it. `disputes` has the texts.
create table milestones (
    id uuid constraint milestones_pkey primary key,
    deal_id uuid not null constraint milestones_deal_fkey references deals (id),
    position smallint not null,
    title text not null,
    description text,
    items jsonb not null,
    amount_minor bigint not null,
    buyer_fee_minor bigint not null,
    seller_fee_minor bigint not null,
    -- The broker's and the payment provider's parts of the two fees.
    commission_minor bigint not null,
    provider_cost_minor bigint not null,
    delivery_s bigint not null,
    proof text,
    state text not null,
    due_at timestamptz,
    reworks smallint not null,
    -- Proposals to split the money: each party's offer of the seller's share.
    buyer_offer_minor bigint,
    seller_offer_minor bigint,
    dispute_opened_by text,
    dispute_stage text,
    award_to_seller_minor bigint,
    award_fees_waived boolean,
    award_costs_minor bigint,
    award_costs_borne_by text,
    award_by uuid constraint milestones_award_by_fkey references users (id),
    constraint milestones_position_unique unique (deal_id, position),
    constraint milestones_position_range check (position between 1 and 20),
    constraint milestones_title_length check (char_length(title) between 1 and 120),
    constraint milestones_description_length check (char_length(description) between 1 and 2000),
    constraint milestones_amount_positive check (amount_minor > 0),
    constraint milestones_fees_range check (
        buyer_fee_minor >= 0 and seller_fee_minor >= 0 and (seller_fee_minor < amount_minor)),
    constraint milestones_parts_of_fee check (
        commission_minor >= 0 and provider_cost_minor >= 0
        and commission_minor + provider_cost_minor <= buyer_fee_minor + seller_fee_minor),
    constraint milestones_delivery_positive check (delivery_s > 0),
    constraint milestones_proof_known check (proof in ('tracking', 'files', 'hand_over')),
    constraint milestones_state_known check (state in (
        'planned', 'funded', 'delivered', 'disputed', 'released', 'refunded', 'split')),
    constraint milestones_due_when_waiting check (
        (state in ('funded', 'delivered', 'disputed')) = (due_at is not null)),
    constraint milestones_reworks_range check (reworks between 0 and 3),
    constraint milestones_offers_range check (
        coalesce(buyer_offer_minor, 0) between 0 and amount_minor
        and coalesce(seller_offer_minor, 0) between 0 and amount_minor),
    constraint milestones_dispute_opened_by_known check (dispute_opened_by in ('buyer', 'seller')),
    constraint milestones_dispute_stage_known check (dispute_stage in ('opened', 'answered', 'awarded')),
    constraint milestones_dispute_while_disputed check (
        (state = 'disputed') = (dispute_opened_by is not null) and (state = 'disputed') = (dispute_stage is not null)),
    constraint milestones_award_while_awarded check (
        (dispute_stage is not distinct from 'awarded')
            = (award_to_seller_minor is not null and award_fees_waived is not null and award_by is not null)),
    constraint milestones_award_range check (
        award_to_seller_minor between 0 and amount_minor and award_costs_minor > 0),
    constraint milestones_award_costs_whole check ((award_costs_minor is null) = (award_costs_borne_by is null)),
    constraint milestones_award_costs_borne_by_known check (award_costs_borne_by in ('buyer', 'seller'))
);

-- The payers of a deal: the money that they put into escrow, and the part of it that they got back.
create table deal_payers (
    deal_id uuid not null constraint deal_payers_deal_fkey references deals (id),
    position smallint not null,
    user_id uuid not null constraint deal_payers_user_fkey references users (id),
    paid_minor bigint not null,
    returned_minor bigint not null,
    constraint deal_payers_pkey primary key (deal_id, position),
    constraint deal_payers_once unique (deal_id, user_id),
    constraint deal_payers_position_range check (position between 1 and 10),
    constraint deal_payers_range check (returned_minor between 0 and paid_minor)
);

-- The deals in each user's list. Any page of the list is one range of the primary key.
create table deal_participants (
    user_id uuid not null constraint deal_participants_user_fkey references users (id),
    deal_id uuid not null constraint deal_participants_deal_fkey references deals (id),
    constraint deal_participants_pkey primary key (user_id, deal_id)
);

-- The creator's own reference and metadata.
create table deal_labels (
    deal_id uuid constraint deal_labels_pkey primary key
        constraint deal_labels_deal_fkey references deals (id),
    creator_id uuid not null constraint deal_labels_creator_fkey references users (id),
    reference text,
    metadata jsonb not null,
    constraint deal_labels_reference_unique unique (creator_id, reference),
    constraint deal_labels_reference_length check (char_length(reference) between 1 and 64),
    -- At most 20 members of 540 characters, of up to four bytes each.
    constraint deal_labels_metadata_bounded check (
        jsonb_typeof(metadata) = 'object' and octet_length(metadata::text) <= 65536)
);

-- Each reminder is sent once.
create table deal_reminders (
    deal_id uuid not null constraint deal_reminders_deal_fkey references deals (id),
    deadline text not null,
    due_at timestamptz not null,
    before_s bigint not null,
    told_at timestamptz not null,
    constraint deal_reminders_pkey primary key (deal_id, deadline, due_at, before_s),
    constraint deal_reminders_before_positive check (before_s > 0)
);
create index deal_reminders_due_at_idx on deal_reminders (due_at);

-- Every offer as it was made.
create table deal_revisions (
    deal_id uuid not null constraint deal_revisions_deal_fkey references deals (id),
    revision integer not null,
    offered_by text not null,
    by_user uuid not null constraint deal_revisions_user_fkey references users (id),
    -- No foreign key, because old sessions are deleted.
    session_id uuid,
    offer jsonb not null,
    at timestamptz not null,
    constraint deal_revisions_pkey primary key (deal_id, revision),
    constraint deal_revisions_number_range check (revision between 1 and 50),
    constraint deal_revisions_offered_by_known check (offered_by in ('buyer', 'seller'))
);
create trigger deal_revisions_stay before update or delete on deal_revisions
    for each row execute function refuse_change();

-- A party signs an offer by making it or by accepting it.
create table deal_signatures (
    deal_id uuid not null,
    revision integer not null,
    role text not null,
    user_id uuid not null constraint deal_signatures_user_fkey references users (id),
    -- The session or key that signed. No foreign keys, because both are deleted later.
    session_id uuid,
    api_key_id uuid,
    at timestamptz not null,
    constraint deal_signatures_pkey primary key (deal_id, revision, role),
    constraint deal_signatures_offer_fkey foreign key (deal_id, revision) references deal_revisions (deal_id, revision),
    constraint deal_signatures_two_people unique (deal_id, revision, user_id),
    constraint deal_signatures_role_known check (role in ('buyer', 'seller')),
    constraint deal_signatures_one_way check (session_id is null or api_key_id is null)
);
create trigger deal_signatures_stay before update or delete on deal_signatures
    for each row execute function refuse_change();

-- The agreement, with the names of that time. Later changes of a profile do not change it.
create table deal_snapshots (
    deal_id uuid not null,
    revision integer not null,
    data jsonb not null,
    at timestamptz not null,
    constraint deal_snapshots_pkey primary key (deal_id),
    constraint deal_snapshots_offer_fkey foreign key (deal_id, revision) references deal_revisions (deal_id, revision)
);
create trigger deal_snapshots_stay before update or delete on deal_snapshots
    for each row execute function refuse_change();

-- Both parties must have signed the current revision of a binding deal. The check runs at the commit, because the
-- transaction may write the signatures after the deal.
create function deals_refuse_unsigned() returns trigger language plpgsql as $$
begin
    if (
        select count(*) from deal_signatures s
        where s.deal_id = new.id and s.revision = new.revision
            and s.user_id = case s.role when 'buyer' then new.buyer_id else new.seller_id end
    ) <> 2 then
        raise exception 'both parties sign a binding deal'
            using errcode = 'restrict_violation', constraint = 'deals_signed_when_bound';
    end if;
    return null;
end $$;
create constraint trigger deals_signed_when_bound
    after insert or update of state, revision, buyer_id, seller_id on deals deferrable initially deferred
    for each row when (new.state in ('agreed', 'funded', 'delivered', 'disputed', 'released', 'refunded'))
    execute function deals_refuse_unsigned();

create table deal_invitations (
    id uuid constraint deal_invitations_pkey primary key,
    deal_id uuid not null constraint deal_invitations_deal_fkey references deals (id),
    role text not null,
    inviter_id uuid not null constraint deal_invitations_inviter_fkey references users (id),
    kind text not null,
    -- Personal data of someone who may never become a user. It is sealed under the inviter's key for the message, and
    -- deleted when the invitation ends.
    contact_sealed bytea,
    -- Finds the invitation when a user verifies the contact. It stays if the deal ends before anyone joins, so that a
    -- late invitee learns of it.
    contact_digest bytea,
    -- The language of the invitee, if the inviter named it.
    locale text,
    -- The code of the message is derived from it. Each message has a new one.
    code_id uuid not null,
    generation smallint not null default 1,
    created_at timestamptz not null,
    -- Null until the deal is proposed.
    sent_at timestamptz,
    expires_at timestamptz,
    ended_at timestamptz,
    end_reason text,
    constraint deal_invitations_role_known check (role in ('buyer', 'seller')),
    constraint deal_invitations_kind_known check (kind in ('email', 'phone')),
    constraint deal_invitations_contact_while_open check (
        (contact_sealed is null) = (ended_at is not null)
        and (contact_digest is not null or ended_at is not null)
        and (contact_digest is null or ended_at is null or end_reason = 'deal_over')),
    constraint deal_invitations_locale_known check (locale in ('en', 'sw')),
    constraint deal_invitations_generation_range check (generation between 1 and 6),
    constraint deal_invitations_sent_whole check ((sent_at is null) = (expires_at is null)),
    constraint deal_invitations_expire_later check (expires_at > sent_at and sent_at >= created_at),
    constraint deal_invitations_end_whole check ((ended_at is null) = (end_reason is null)),
    constraint deal_invitations_end_known check (end_reason in ('joined', 'deal_over', 'not_possible'))
);
create unique index deal_invitations_open_unique on deal_invitations (deal_id) where ended_at is null;
create index deal_invitations_digest_idx on deal_invitations (contact_digest) where ended_at is null;
create index deal_invitations_over_idx on deal_invitations (contact_digest)
    where ended_at is not null and contact_digest is not null;
create index deal_invitations_made_idx on deal_invitations (inviter_id, created_at);
create index deal_invitations_ended_at_idx on deal_invitations (ended_at) where ended_at is not null;
create trigger deal_invitations_of_verified before insert on deal_invitations
    for each row execute function users_require_verified('inviter_id');
