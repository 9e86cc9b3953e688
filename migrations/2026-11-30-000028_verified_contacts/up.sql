-- A contact identifies a user only after verification: unverified contacts are not unique, and a user needs only one.

alter table users
    drop constraint users_email_unique,
    drop constraint users_phone_unique,
    drop constraint users_erased_empty,
    add column is_verified boolean not null
        generated always as (email_verified_at is not null or phone_verified_at is not null) stored,
    add constraint users_email_whole check (
        (email_sealed is null) = (email_digest is null) and (email_verified_at is null or email_digest is not null)),
    add constraint users_phone_whole check (
        (phone_sealed is null) = (phone_digest is null) and (phone_verified_at is null or phone_digest is not null)),
    -- The owner of a contact takes it from the accounts that typed it; an account that is left without any is closed.
    add constraint users_reachable check (closed_at is not null or num_nonnulls(email_digest, phone_digest) > 0),
    add constraint users_erased_empty check (erased_at is null or num_nonnulls(email_digest, phone_digest) = 0),
    -- A higher tier needs an approved application.
    alter column tier set default 'starter';

create unique index users_email_unique on users (email_digest) where email_verified_at is not null;
create unique index users_phone_unique on users (phone_digest) where phone_verified_at is not null;
create index users_email_idx on users (email_digest);
create index users_phone_idx on users (phone_digest);

-- A search finds verified users only.
drop index users_name_search_idx, users_handle_search_idx;
create index users_name_search_idx on users (lower(name) text_pattern_ops, id)
    where role = 'user' and closed_at is null and is_verified;
create index users_handle_search_idx on users (handle text_pattern_ops)
    where role = 'user' and closed_at is null and is_verified;

-- Staff accounts were made on the command line of the server, which vouches for their contacts.
update users set
    email_verified_at = coalesce(email_verified_at, created_at),
    phone_verified_at = coalesce(phone_verified_at, created_at)
where role <> 'user' and erased_at is null;

-- An account without a verified contact begins nothing. The argument names the column of the user.
create function users_require_verified() returns trigger language plpgsql as $$
begin
    if not exists (select from users where id = (to_jsonb(new) ->> tg_argv[0])::uuid and is_verified) then
        raise exception 'this needs an account with a verified contact'
            using errcode = 'restrict_violation', constraint = 'users_verified';
    end if;
    return new;
end $$;
create trigger api_keys_of_verified before insert on api_keys
    for each row execute function users_require_verified('user_id');
create trigger deal_invitations_of_verified before insert on deal_invitations
    for each row execute function users_require_verified('inviter_id');
create trigger holds_of_verified before insert on holds
    for each row execute function users_require_verified('user_id');
create trigger kyc_applications_of_verified before insert on kyc_applications
    for each row execute function users_require_verified('user_id');
create trigger members_of_verified before insert on members
    for each row execute function users_require_verified('user_id');
create trigger payments_of_verified before insert on payments
    for each row execute function users_require_verified('user_id');
create trigger second_factors_of_verified before insert on second_factors
    for each row execute function users_require_verified('user_id');
