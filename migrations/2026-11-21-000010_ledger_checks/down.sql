drop table ledger_checks;
