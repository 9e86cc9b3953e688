-- The address of an invitation to an organisation is sealed under its inviter's key and found by a digest. SQL has no keys:
-- open invitations end, and are made again.

alter table invitations
    add column email_sealed bytea,
    add column email_digest bytea;
drop index invitations_open_unique;
alter table invitations
    drop constraint invitations_email_while_open,
    drop constraint invitations_email_lower;
update invitations set ended_at = greatest(now(), sent_at), end_reason = 'revoked' where ended_at is null;
alter table invitations
    drop column email,
    add constraint invitations_email_while_open check (
        (email_sealed is null) = (ended_at is not null) and (email_digest is null) = (ended_at is not null)),
    add constraint invitations_digest_length check (octet_length(email_digest) = 32);
create unique index invitations_open_unique on invitations (organisation_id, email_digest) where ended_at is null;
create index invitations_email_idx on invitations (email_digest) where ended_at is null;
