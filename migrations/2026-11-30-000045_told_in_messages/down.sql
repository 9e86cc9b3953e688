alter table deal_invitations
    drop constraint deal_invitations_locale_known,
    drop column locale;
alter table notifications drop column hand_over_milestone_id;
