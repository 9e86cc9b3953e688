-- Deals, their milestones and their timeline.

create table deals (
    id uuid constraint deals_pkey primary key,
    title text not null,
    buyer_id uuid not null constraint deals_buyer_fkey references users (id),
    seller_id uuid not null constraint deals_seller_fkey references users (id),
    proposer text not null,
    currency text not null,
    fee_percentage_bps integer not null,
    fee_fixed_minor bigint not null,
    fee_payer text not null,
    acceptance_s bigint not null,
    funding_s bigint not null,
    inspection_s bigint not null,
    state text not null,
    cancel_asked_by text,
    due_at timestamptz,
    event_seq bigint not null default 0,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint deals_parties_differ check (buyer_id <> seller_id),
    constraint deals_proposer_known check (proposer in ('buyer', 'seller')),
    constraint deals_cancel_asked_by_known check (cancel_asked_by in ('buyer', 'seller')),
    constraint deals_fee_payer_known check (fee_payer in ('buyer', 'seller', 'shared')),
    constraint deals_fee_range check (fee_percentage_bps between 0 and 10000 and fee_fixed_minor >= 0),
    constraint deals_terms_positive check (acceptance_s > 0 and funding_s > 0 and inspection_s > 0),
    constraint deals_title_length check (char_length(title) between 1 and 120),
    constraint deals_state_known check (state in (
        'draft', 'proposed', 'agreed', 'funded', 'delivered', 'released', 'refunded', 'cancelled', 'expired')),
    constraint deals_due_when_waiting check ((state in ('proposed', 'agreed')) = (due_at is not null))
);
create index deals_buyer_idx on deals (buyer_id, id desc);
create index deals_seller_idx on deals (seller_id, id desc);

create table milestones (
    id uuid constraint milestones_pkey primary key,
    deal_id uuid not null constraint milestones_deal_fkey references deals (id),
    position smallint not null,
    title text not null,
    amount_minor bigint not null,
    buyer_fee_minor bigint not null,
    seller_fee_minor bigint not null,
    delivery_s bigint not null,
    state text not null,
    due_at timestamptz,
    constraint milestones_position_unique unique (deal_id, position),
    constraint milestones_position_range check (position between 1 and 20),
    constraint milestones_title_length check (char_length(title) between 1 and 120),
    constraint milestones_amount_positive check (amount_minor > 0),
    constraint milestones_fees_range check (
        buyer_fee_minor >= 0 and seller_fee_minor >= 0 and (seller_fee_minor < amount_minor)),
    constraint milestones_delivery_positive check (delivery_s > 0),
    constraint milestones_state_known check (state in ('planned', 'funded', 'delivered', 'released', 'refunded')),
    constraint milestones_due_when_waiting check ((state in ('funded', 'delivered')) = (due_at is not null))
);

create table deal_events (
    deal_id uuid not null constraint deal_events_deal_fkey references deals (id),
    seq bigint not null,
    name text not null,
    milestone_id uuid constraint deal_events_milestone_fkey references milestones (id),
    actor_id uuid constraint deal_events_actor_fkey references users (id),
    data jsonb not null,
    at timestamptz not null,
    constraint deal_events_pkey primary key (deal_id, seq)
);
