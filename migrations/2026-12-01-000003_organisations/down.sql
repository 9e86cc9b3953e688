drop table invitations;
drop table members;
drop table organisations;
drop function members_refuse_no_owner();
