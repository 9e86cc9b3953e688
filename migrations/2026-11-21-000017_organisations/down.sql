alter table notifications drop column invitation_id;
alter table deals drop column organisation_id;
drop table invitations;
drop table members;
drop function members_refuse_no_owner();
drop table organisations;
