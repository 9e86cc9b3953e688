-- A key may belong to an organisation: whoever decides there sees and ends it, and it ends with its maker's membership.

alter table api_keys add column organisation_id uuid
    constraint api_keys_organisation_fkey references organisations (id);
create index api_keys_organisation_idx on api_keys (organisation_id, id desc) where organisation_id is not null;
