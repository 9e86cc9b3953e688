drop trigger api_keys_of_verified on api_keys;
drop trigger deal_invitations_of_verified on deal_invitations;
drop trigger holds_of_verified on holds;
drop trigger kyc_applications_of_verified on kyc_applications;
drop trigger members_of_verified on members;
drop trigger payments_of_verified on payments;
drop trigger second_factors_of_verified on second_factors;
drop function users_require_verified;
drop index users_name_search_idx, users_handle_search_idx, users_email_idx, users_phone_idx;
drop index users_email_unique, users_phone_unique;
alter table users
    drop constraint users_email_whole,
    drop constraint users_phone_whole,
    drop constraint users_reachable,
    drop constraint users_erased_empty,
    drop column is_verified,
    add constraint users_email_unique unique (email_digest),
    add constraint users_phone_unique unique (phone_digest),
    add constraint users_erased_empty check (
        num_nonnulls(email_sealed, email_digest, phone_sealed, phone_digest) = case when erased_at is null then 4 else 0 end),
    alter column tier set default 'standard';
create index users_name_search_idx on users (lower(name) text_pattern_ops, id)
    where role = 'user' and closed_at is null;
create index users_handle_search_idx on users (handle text_pattern_ops)
    where role = 'user' and closed_at is null;
