-- Deals in full: offers that are answered, several payers, proofs, disputes, splits, deadlines that move.

alter table entries
    drop constraint entries_kind_known,
    add constraint entries_kind_known check (kind in (
        'deposit', 'fund', 'release', 'refund', 'split', 'payout_reserve', 'payout_settle', 'payout_return', 'suspense_in',
        'suspense_out', 'reversal', 'transfer', 'hold', 'hold_settle', 'hold_release'));

alter table deals rename column proposer to offered_by;
alter table deals rename constraint deals_proposer_known to deals_offered_by_known;
alter table deals
    -- Somebody who was invited has no row until they have joined.
    alter column buyer_id drop not null,
    alter column seller_id drop not null,
    add constraint deals_joined_when_bound check (
        (buyer_id is not null and seller_id is not null) or state in ('draft', 'proposed', 'cancelled', 'expired')),
    add constraint deals_somebody check (buyer_id is not null or seller_id is not null),
    add column revision integer not null default 1,
    add column broker_id uuid constraint deals_broker_fkey references users (id),
    add column broker_commission_bps integer,
    add column fee_plan_version integer not null default 1,
    add column fee_floor_minor bigint not null default 0,
    add column fee_cap_minor bigint,
    add column fee_provider_cost_minor bigint not null default 0,
    add column rework_s bigint not null default 259200,
    add column answer_s bigint not null default 259200,
    add column award_s bigint not null default 604800,
    -- Asked for by one side: who, which deadline, until when.
    add column extension jsonb,
    add column fundings integer not null default 0,
    add constraint deals_revision_range check (revision between 1 and 50),
    add constraint deals_broker_differs check (broker_id <> buyer_id and broker_id <> seller_id),
    add constraint deals_broker_commission check (
        (broker_id is null) = (broker_commission_bps is null) and broker_commission_bps between 0 and 10000),
    add constraint deals_fee_bounds check (
        fee_floor_minor >= 0 and fee_provider_cost_minor >= 0 and (fee_cap_minor is null or fee_cap_minor >= fee_floor_minor)),
    add constraint deals_periods_positive check (rework_s > 0 and answer_s > 0 and award_s > 0),
    add constraint deals_extension_while_running check (
        extension is null or state in ('agreed', 'funded', 'delivered', 'disputed')),
    drop constraint deals_state_known,
    add constraint deals_state_known check (state in (
        'draft', 'proposed', 'agreed', 'funded', 'delivered', 'disputed', 'released', 'refunded', 'cancelled', 'expired'));
-- What was funded before there were parts was funded by the buyer at once.
update deals set fundings = 1 where state in ('funded', 'delivered', 'released', 'refunded');
alter table deals
    alter column revision drop default,
    alter column fee_plan_version drop default,
    alter column fee_floor_minor drop default,
    alter column fee_provider_cost_minor drop default,
    alter column rework_s drop default,
    alter column answer_s drop default,
    alter column award_s drop default,
    alter column fundings drop default;

alter table milestones
    add column description text,
    add column items jsonb not null default '[]',
    add column commission_minor bigint not null default 0,
    add column provider_cost_minor bigint not null default 0,
    add column proof text,
    add column reworks smallint not null default 0,
    add column buyer_offer_minor bigint,
    add column seller_offer_minor bigint,
    add column dispute_opened_by text,
    add column dispute_stage text,
    add column award_to_seller_minor bigint,
    add column award_fees_waived boolean,
    add column award_costs_minor bigint,
    add column award_costs_borne_by text,
    add column award_by uuid constraint milestones_award_by_fkey references users (id),
    add constraint milestones_description_length check (char_length(description) between 1 and 2000),
    add constraint milestones_parts_of_fee check (
        commission_minor >= 0 and provider_cost_minor >= 0
        and commission_minor + provider_cost_minor <= buyer_fee_minor + seller_fee_minor),
    add constraint milestones_proof_known check (proof in ('tracking', 'files', 'hand_over')),
    add constraint milestones_reworks_range check (reworks between 0 and 3),
    add constraint milestones_offers_range check (
        coalesce(buyer_offer_minor, 0) between 0 and amount_minor and coalesce(seller_offer_minor, 0) between 0 and amount_minor),
    drop constraint milestones_state_known,
    add constraint milestones_state_known check (state in (
        'planned', 'funded', 'delivered', 'disputed', 'released', 'refunded', 'split')),
    drop constraint milestones_due_when_waiting,
    add constraint milestones_due_when_waiting check (
        (state in ('funded', 'delivered', 'disputed')) = (due_at is not null)),
    add constraint milestones_dispute_opened_by_known check (dispute_opened_by in ('buyer', 'seller')),
    add constraint milestones_dispute_stage_known check (dispute_stage in ('opened', 'answered', 'awarded')),
    add constraint milestones_dispute_while_disputed check (
        (state = 'disputed') = (dispute_opened_by is not null) and (state = 'disputed') = (dispute_stage is not null)),
    add constraint milestones_award_while_awarded check (
        (dispute_stage is not distinct from 'awarded')
            = (award_to_seller_minor is not null and award_fees_waived is not null and award_by is not null)),
    add constraint milestones_award_range check (
        award_to_seller_minor between 0 and amount_minor and award_costs_minor > 0),
    add constraint milestones_award_costs_whole check ((award_costs_minor is null) = (award_costs_borne_by is null)),
    add constraint milestones_award_costs_borne_by_known check (award_costs_borne_by in ('buyer', 'seller'));
alter table milestones
    alter column items drop default,
    alter column commission_minor drop default,
    alter column provider_cost_minor drop default,
    alter column reworks drop default;

-- Who pays for a deal: what they put into escrow, and what of it they have back.
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
insert into deal_payers
select d.id, 1, d.buyer_id, p.paid, p.returned
from deals d
join lateral (
    select sum(amount_minor + buyer_fee_minor) as paid,
        coalesce(sum(amount_minor + buyer_fee_minor) filter (where state = 'refunded'), 0) as returned
    from milestones where deal_id = d.id) p on true
where d.state in ('funded', 'delivered', 'released', 'refunded');

-- Whose list a deal is on: a page of it is one stretch of the index, however long the list.
create table deal_participants (
    user_id uuid not null constraint deal_participants_user_fkey references users (id),
    deal_id uuid not null constraint deal_participants_deal_fkey references deals (id),
    constraint deal_participants_pkey primary key (user_id, deal_id)
);
insert into deal_participants
select buyer_id, id from deals union all select seller_id, id from deals;
drop index deals_buyer_idx;
drop index deals_seller_idx;
