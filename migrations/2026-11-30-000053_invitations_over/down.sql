drop index deal_invitations_over_idx;
update deal_invitations set contact_digest = null where ended_at is not null;
alter table deal_invitations
    drop constraint deal_invitations_contact_while_open,
    add constraint deal_invitations_contact_while_open check (
        (contact_sealed is null) = (ended_at is not null) and (contact_digest is null) = (ended_at is not null));
