drop table postings;
drop table entries;
drop table accounts;
drop function ledger_apply_postings();
drop function ledger_refuse_change();
drop function ledger_guard_account();
drop function ledger_guard_new_account();
