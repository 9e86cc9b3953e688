drop index invitations_email_idx;
drop index invitations_open_unique;
alter table invitations
    drop constraint invitations_digest_length,
    drop constraint invitations_email_while_open;
update invitations set ended_at = greatest(now(), sent_at), end_reason = 'revoked' where ended_at is null;
alter table invitations
    drop column email_sealed,
    drop column email_digest,
    add column email text,
    add constraint invitations_email_lower check (email = lower(email) and char_length(email) between 3 and 254),
    add constraint invitations_email_while_open check ((email is null) = (ended_at is not null));
create unique index invitations_open_unique on invitations (organisation_id, email) where ended_at is null;
