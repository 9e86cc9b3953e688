-- Payers of money in suspense: what the provider tells of them. They have no account, so each has a key of their own.

create table payer_keys (
    payer_id uuid constraint payer_keys_pkey primary key,
    -- As in person_keys.
    wrapped bytea not null,
    created_at timestamptz not null,
    constraint payer_keys_wrapped_length check (octet_length(wrapped) = 68)
);

alter table suspense_items
    -- No foreign key: the key is forgotten and the money is not.
    add column payer_id uuid constraint suspense_items_payer_unique unique,
    add column payer_sealed bytea,
    add constraint suspense_items_payer_whole check ((payer_id is null) = (payer_sealed is null));
