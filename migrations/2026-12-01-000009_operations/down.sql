drop table test_clock;
alter table suspense_items drop constraint suspense_items_closed_by_fkey;
drop table approvals;
drop table kyc_documents;
drop table kyc_applications;
