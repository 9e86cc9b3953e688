drop table kyc_documents;
drop table kyc_applications;
