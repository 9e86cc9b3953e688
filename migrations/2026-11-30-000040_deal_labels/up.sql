-- References and metadata that people give to their deals.

create table deal_labels (
    deal_id uuid constraint deal_labels_pkey primary key
        constraint deal_labels_deal_fkey references deals (id),
    creator_id uuid not null constraint deal_labels_creator_fkey references users (id),
    reference text,
    metadata jsonb not null,
    constraint deal_labels_reference_unique unique (creator_id, reference),
    constraint deal_labels_reference_length check (char_length(reference) between 1 and 64),
    -- Twenty members of 540 characters at most, each of up to four bytes.
    constraint deal_labels_metadata_bounded check (
        jsonb_typeof(metadata) = 'object' and octet_length(metadata::text) <= 65536)
);
