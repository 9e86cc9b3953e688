-- Organisations, their members and invitations to become a member.

create table organisations (
    id uuid constraint organisations_pkey primary key,
    name text not null,
    created_at timestamptz not null,
    constraint organisations_name_length check (char_length(name) between 1 and 60),
    constraint organisations_name_human check (is_human_text(name))
);

create table members (
    organisation_id uuid not null constraint members_organisation_fkey references organisations (id),
    user_id uuid not null constraint members_user_fkey references users (id),
    rank text not null,
    joined_at timestamptz not null,
    constraint members_pkey primary key (organisation_id, user_id),
    constraint members_rank_known check (rank in ('member', 'admin', 'owner'))
);
create index members_user_idx on members (user_id, organisation_id);
create trigger members_of_verified before insert on members
    for each row execute function users_require_verified('user_id');

-- The writer has locked the organisation, so no other owner is removed at the same time.
create function members_refuse_no_owner() returns trigger language plpgsql as $$
begin
    if old.rank = 'owner' and not exists (
        select from members where organisation_id = old.organisation_id and rank = 'owner'
    ) then
        raise exception 'an organisation has an owner'
            using errcode = 'restrict_violation', constraint = 'members_owner_stays';
    end if;
    return null;
end $$;
create trigger members_owner_stays after update or delete on members
    for each row execute function members_refuse_no_owner();

create table invitations (
    -- The token of the invitation is derived from the id and the generation, with a key that is not in the database.
    id uuid constraint invitations_pkey primary key,
    organisation_id uuid not null constraint invitations_organisation_fkey references organisations (id),
    -- Personal data of someone who may never become a user. It is sealed under the inviter's key, and deleted when the
    -- invitation ends.
    email_sealed bytea,
    email_digest bytea,
    rank text not null,
    -- Counts the messages. Only the token of the last one is valid.
    generation smallint not null default 1,
    invited_by uuid not null constraint invitations_inviter_fkey references users (id),
    created_at timestamptz not null,
    sent_at timestamptz not null,
    expires_at timestamptz not null,
    ended_at timestamptz,
    end_reason text,
    constraint invitations_email_while_open check (
        (email_sealed is null) = (ended_at is not null) and (email_digest is null) = (ended_at is not null)),
    constraint invitations_digest_length check (octet_length(email_digest) = 32),
    -- Owners promote members to owners; nobody is invited as an owner.
    constraint invitations_rank_known check (rank in ('member', 'admin')),
    constraint invitations_generation_range check (generation between 1 and 6),
    constraint invitations_expire_later check (expires_at > sent_at and sent_at >= created_at),
    constraint invitations_end_whole check ((ended_at is null) = (end_reason is null)),
    constraint invitations_end_known check (end_reason in ('accepted', 'revoked', 'expired'))
);
create unique index invitations_open_unique on invitations (organisation_id, email_digest) where ended_at is null;
create index invitations_email_idx on invitations (email_digest) where ended_at is null;
create index invitations_made_idx on invitations (organisation_id, created_at);
create index invitations_expiry_idx on invitations (expires_at) where ended_at is null;
create index invitations_ended_at_idx on invitations (ended_at) where ended_at is not null;
