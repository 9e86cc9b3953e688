-- An invitee who comes after the end of the offer is told so. Only the digest of the contact stays for that, and only
-- if the deal ended before anybody joined it; the contact itself goes, as before.
alter table deal_invitations
    drop constraint deal_invitations_contact_while_open,
    add constraint deal_invitations_contact_while_open check (
        (contact_sealed is null) = (ended_at is not null)
        and (contact_digest is not null or ended_at is not null)
        and (contact_digest is null or ended_at is null or end_reason = 'deal_over'));
create index deal_invitations_over_idx on deal_invitations (contact_digest)
    where ended_at is not null and contact_digest is not null;
