-- Organisations, their members, invitations to become one, and deals in the name of an organisation.

create table organisations (
    id uuid constraint organisations_pkey primary key,
    name text not null,
    created_at timestamptz not null,
    constraint organisations_name_length check (char_length(name) between 1 and 60)
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

-- Whoever changes members has locked the organisation, so nobody else takes an owner away meanwhile.
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
    -- What the invited person shows is nowhere: it is worked out from this id and the generation by a key that
    -- the database never sees.
    id uuid constraint invitations_pkey primary key,
    organisation_id uuid not null constraint invitations_organisation_fkey references organisations (id),
    -- Personal data of somebody who may never become one of ours: it goes when the invitation ends.
    email text,
    rank text not null,
    -- Counts how often it was sent: only what was sent last is good.
    generation smallint not null default 1,
    sent_at timestamptz not null,
    invited_by uuid not null constraint invitations_inviter_fkey references users (id),
    created_at timestamptz not null,
    expires_at timestamptz not null,
    ended_at timestamptz,
    end_reason text,
    -- Owners are made by owners, of members.
    constraint invitations_rank_known check (rank in ('member', 'admin')),
    constraint invitations_email_lower check (email = lower(email) and char_length(email) between 3 and 254),
    constraint invitations_email_while_open check ((email is null) = (ended_at is not null)),
    constraint invitations_generation_range check (generation between 1 and 6),
    constraint invitations_expire_later check (expires_at > sent_at and sent_at >= created_at),
    constraint invitations_end_whole check ((ended_at is null) = (end_reason is null)),
    constraint invitations_end_known check (end_reason in ('accepted', 'revoked', 'expired'))
);
create unique index invitations_open_unique on invitations (organisation_id, email) where ended_at is null;
create index invitations_made_idx on invitations (organisation_id, created_at);
create index invitations_expiry_idx on invitations (expires_at) where ended_at is null;

alter table deals add column organisation_id uuid constraint deals_organisation_fkey references organisations (id);
create index deals_organisation_idx on deals (organisation_id, id desc) where organisation_id is not null;

-- The invitation that a message tells; its address is read when it is sent. No foreign key, as with codes.
alter table notifications add column invitation_id uuid;
