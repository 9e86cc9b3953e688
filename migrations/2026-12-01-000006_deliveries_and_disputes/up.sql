-- Deliveries and their proofs, disputes, and the files of both parties.

create table disputes (
    id uuid constraint disputes_pkey primary key,
    deal_id uuid not null constraint disputes_deal_fkey references deals (id),
    -- A milestone can be disputed once.
    milestone_id uuid not null constraint disputes_milestone_fkey references milestones (id)
        constraint disputes_milestone_once unique,
    role text not null,
    opened_by uuid not null constraint disputes_opened_by_fkey references users (id),
    reason text not null,
    wanted_minor bigint,
    opened_at timestamptz not null,
    answered_by uuid constraint disputes_answered_by_fkey references users (id),
    answer text,
    answered_at timestamptz,
    award_to_seller_minor bigint,
    award_fees_waived boolean,
    award_costs_minor bigint,
    award_costs_borne_by text,
    award_reason text,
    first_arbiter uuid constraint disputes_first_arbiter_fkey references users (id),
    second_arbiter uuid constraint disputes_second_arbiter_fkey references users (id),
    decided_at timestamptz,
    outcome text,
    ended_at timestamptz,
    constraint disputes_role_known check (role in ('buyer', 'seller')),
    constraint disputes_reason_length check (char_length(reason) between 3 and 2000),
    constraint disputes_wanted_range check (wanted_minor >= 0),
    constraint disputes_answer_whole check (num_nonnulls(answered_by, answer, answered_at) in (0, 3)),
    constraint disputes_answer_length check (char_length(answer) between 3 and 2000),
    constraint disputes_answered_by_another check (answered_by <> opened_by),
    constraint disputes_award_whole check (
        num_nonnulls(award_to_seller_minor, award_fees_waived, award_reason, first_arbiter) in (0, 4)),
    constraint disputes_award_after_answer check (first_arbiter is null or answered_at is not null),
    constraint disputes_award_range check (award_to_seller_minor >= 0 and award_costs_minor > 0),
    constraint disputes_award_costs_whole check ((award_costs_minor is null) = (award_costs_borne_by is null)),
    constraint disputes_award_costs_borne_by_known check (award_costs_borne_by in ('buyer', 'seller')),
    constraint disputes_award_reason_length check (char_length(award_reason) between 3 and 2000),
    constraint disputes_second_look_by_another check (second_arbiter <> first_arbiter),
    constraint disputes_second_after_first check (second_arbiter is null or first_arbiter is not null),
    constraint disputes_decided_by_somebody check (decided_at is null or first_arbiter is not null),
    constraint disputes_decided_at_end check (decided_at is null or decided_at = ended_at),
    constraint disputes_outcome_known check (outcome in ('released', 'refunded', 'split')),
    constraint disputes_outcome_at_end check ((outcome is null) = (ended_at is null))
);
create index disputes_deal_idx on disputes (deal_id, id);
-- Arbiters work through the answered disputes in this order.
create index disputes_waiting_idx on disputes (answered_at, id) where ended_at is null;

-- Evidence in a dispute, or a seller's proof of delivery. The content is in a file with the name of the id, sealed
-- under the uploader's key.
create table deal_files (
    id uuid constraint deal_files_pkey primary key,
    deal_id uuid not null constraint deal_files_deal_fkey references deals (id),
    milestone_id uuid not null constraint deal_files_milestone_fkey references milestones (id),
    dispute_id uuid constraint deal_files_dispute_fkey references disputes (id),
    user_id uuid not null constraint deal_files_user_fkey references users (id),
    media_type text not null,
    size_bytes bigint not null,
    sha256 bytea not null,
    created_at timestamptz not null,
    constraint deal_files_media_type_known check (
        media_type in ('image/jpeg', 'image/png', 'image/webp', 'application/pdf')),
    constraint deal_files_size_range check (size_bytes between 1 and 5242880),
    constraint deal_files_hash_length check (octet_length(sha256) = 32)
);
create index deal_files_milestone_idx on deal_files (milestone_id, id);
create index deal_files_dispute_idx on deal_files (dispute_id, id) where dispute_id is not null;

create table deliveries (
    milestone_id uuid not null constraint deliveries_milestone_fkey references milestones (id),
    n smallint not null,
    kind text,
    carrier text,
    number text,
    documents uuid[] not null,
    at timestamptz not null,
    by uuid not null constraint deliveries_by_fkey references users (id),
    constraint deliveries_pkey primary key (milestone_id, n),
    -- The first delivery, and one after each of at most three reworks.
    constraint deliveries_n_range check (n between 1 and 4),
    constraint deliveries_kind_known check (kind in ('tracking', 'files', 'hand_over')),
    constraint deliveries_tracking_whole check (
        (kind is not distinct from 'tracking') = (carrier is not null)
        and (carrier is null) = (number is null)),
    constraint deliveries_tracking_length check (
        char_length(carrier) between 1 and 60 and char_length(number) between 1 and 60),
    constraint deliveries_files_named check (
        cardinality(documents) between (kind is not distinct from 'files')::int
            and 20 * (kind is not distinct from 'files')::int)
);

-- Counts the tries of a hand-over code.
create table hand_over_tries (
    milestone_id uuid constraint hand_over_tries_pkey primary key
        constraint hand_over_tries_milestone_fkey references milestones (id),
    tries smallint not null,
    since timestamptz not null,
    constraint hand_over_tries_range check (tries between 1 and 5)
);
