-- MySQL, where applications look up loans. Run by the master user before every load; everything here may run again.

CREATE DATABASE IF NOT EXISTS ${DATABASE} CHARACTER SET utf8mb4;
USE ${DATABASE};

-- The canonical columns in the order of the exported files, the layout they came in, and the quarter, which is in the files' path.
-- The primary key keeps a quarter's rows together, so that it is deleted and inserted as one range; a loan is in one quarter only.
CREATE TABLE IF NOT EXISTS origination (
  classic_fico                 SMALLINT UNSIGNED,
  first_payment_date           DATE,
  first_time_homebuyer_ind     CHAR(1),
  maturity_date                DATE,
  msa_md                       VARCHAR(5),
  mi_pct                       SMALLINT UNSIGNED,
  number_of_units              SMALLINT UNSIGNED,
  occupancy_status             CHAR(1),
  original_cltv                SMALLINT UNSIGNED,
  original_dti                 SMALLINT UNSIGNED,
  original_upb                 DECIMAL(14,2),
  original_ltv                 SMALLINT UNSIGNED,
  original_interest_rate       DECIMAL(6,3),
  channel                      CHAR(1),
  prepayment_penalty_ind       CHAR(1),
  amortization_type            VARCHAR(5),
  property_state               CHAR(2),
  property_type                CHAR(2),
  postal_code                  VARCHAR(5),
  loan_identifier              CHAR(12) NOT NULL,
  loan_purpose                 CHAR(1),
  original_loan_term           SMALLINT UNSIGNED,
  number_of_borrowers          SMALLINT UNSIGNED,
  seller_name                  VARCHAR(60),
  super_conforming_flag        CHAR(1),
  pre_harp_loan_identifier     CHAR(12),
  special_eligibility_program  CHAR(1),
  harp_ind                     CHAR(1),
  property_valuation_method    CHAR(1),
  interest_only_ind            CHAR(1),
  vantagescore_4               SMALLINT UNSIGNED,
  layout                       VARCHAR(16) NOT NULL,
  quarter                      CHAR(6) NOT NULL,
  PRIMARY KEY (quarter, loan_identifier),
  UNIQUE KEY loan (loan_identifier)
);

-- Files are loaded here first, 32 MiB at most in a transaction, and the quarter is then swapped in as one. Every run begins with it empty.
DROP TABLE IF EXISTS origination_staging;
CREATE TABLE origination_staging LIKE origination;
ALTER TABLE origination_staging DROP KEY loan;

-- The loader signs in with a token of IAM (rds-db:connect) over TLS, and has no password.
-- https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.DBAccounts.html
CREATE USER IF NOT EXISTS '${LOADER}'@'%' IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS';
ALTER USER '${LOADER}'@'%' REQUIRE SSL;
GRANT SELECT, INSERT, DELETE ON ${DATABASE}.* TO '${LOADER}'@'%';
