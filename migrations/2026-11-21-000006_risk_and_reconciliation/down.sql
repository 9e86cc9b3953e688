drop table breaks;
drop table reconciliation_runs;
drop table risk_rules;
