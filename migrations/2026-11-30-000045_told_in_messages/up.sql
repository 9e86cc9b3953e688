-- The milestone whose hand-over code a message tells; the code is made when it is sent. No foreign key, as with codes.
alter table notifications add column hand_over_milestone_id uuid;

-- The language of the invited person, if the inviter named it.
alter table deal_invitations
    add column locale text,
    add constraint deal_invitations_locale_known check (locale in ('en', 'sw'));
