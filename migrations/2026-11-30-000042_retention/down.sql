drop index reconciliation_runs_started_at_idx;
drop index deal_reminders_due_at_idx;
drop index deal_invitations_ended_at_idx;
drop index invitations_ended_at_idx;
drop index exchanges_at_idx;
drop index notifications_created_at_idx;
