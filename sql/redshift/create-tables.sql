-- The warehouse's tables: the canonical columns in the order of the processed Parquet files (COPY goes by position), the layout they came
-- in, and last the quarter, which the files do not hold: it is in their path.
--
-- Both tables are distributed and sorted by the loan, so that joining a loan to its history moves no rows. An identifier begins with its
-- quarter (F99Q1...), so the same order keeps a quarter together when it is replaced.

CREATE TABLE IF NOT EXISTS public.origination (
  classic_fico                 SMALLINT      ENCODE az64,
  first_payment_date           DATE          ENCODE az64,
  first_time_homebuyer_ind     CHAR(1)       ENCODE zstd,
  maturity_date                DATE          ENCODE az64,
  msa_md                       VARCHAR(5)    ENCODE bytedict,
  mi_pct                       SMALLINT      ENCODE az64,
  number_of_units              SMALLINT      ENCODE az64,
  occupancy_status             CHAR(1)       ENCODE zstd,
  original_cltv                SMALLINT      ENCODE az64,
  original_dti                 SMALLINT      ENCODE az64,
  original_upb                 DECIMAL(14,2) ENCODE az64,
  original_ltv                 SMALLINT      ENCODE az64,
  original_interest_rate       DECIMAL(6,3)  ENCODE az64,
  channel                      CHAR(1)       ENCODE zstd,
  prepayment_penalty_ind       CHAR(1)       ENCODE zstd,
  amortization_type            VARCHAR(5)    ENCODE zstd,
  property_state               CHAR(2)       ENCODE bytedict,
  property_type                CHAR(2)       ENCODE bytedict,
  postal_code                  VARCHAR(5)    ENCODE zstd,
  loan_identifier              CHAR(12)      NOT NULL ENCODE raw,
  loan_purpose                 CHAR(1)       ENCODE zstd,
  original_loan_term           SMALLINT      ENCODE az64,
  number_of_borrowers          SMALLINT      ENCODE az64,
  seller_name                  VARCHAR(240)  ENCODE zstd,  -- 60 characters, at most 4 bytes each
  super_conforming_flag        CHAR(1)       ENCODE zstd,
  pre_harp_loan_identifier     CHAR(12)      ENCODE zstd,
  special_eligibility_program  CHAR(1)       ENCODE zstd,
  harp_ind                     CHAR(1)       ENCODE zstd,
  property_valuation_method    CHAR(1)       ENCODE zstd,
  interest_only_ind            CHAR(1)       ENCODE zstd,
  vantagescore_4               SMALLINT      ENCODE az64,
  layout                       VARCHAR(16)   NOT NULL ENCODE zstd,
  quarter                      CHAR(6)       NOT NULL ENCODE zstd,
  PRIMARY KEY (loan_identifier)  -- for the planner; Redshift does not enforce it
)
DISTSTYLE KEY DISTKEY (loan_identifier)
COMPOUND SORTKEY (loan_identifier);

CREATE TABLE IF NOT EXISTS public.performance (
  loan_identifier                   CHAR(12)      NOT NULL ENCODE raw,
  period                            DATE          NOT NULL ENCODE raw,
  current_actual_upb                DECIMAL(14,2) ENCODE az64,
  delinquency_status                VARCHAR(3)    ENCODE zstd,  -- 00, 01, ... 99, RA
  loan_age                          SMALLINT      ENCODE az64,
  remaining_months_to_maturity      SMALLINT      ENCODE az64,
  defect_settlement_date            DATE          ENCODE az64,
  modification_flag                 CHAR(1)       ENCODE zstd,
  zero_balance_code                 CHAR(2)       ENCODE zstd,
  zero_balance_effective_date       DATE          ENCODE az64,
  current_interest_rate             DECIMAL(8,3)  ENCODE az64,
  current_non_interest_bearing_upb  DECIMAL(14,2) ENCODE az64,
  ddlpi                             DATE          ENCODE az64,
  mi_recoveries                     DECIMAL(14,2) ENCODE az64,
  net_sales_proceeds                VARCHAR(14)   ENCODE zstd,  -- a number, or U for unknown
  non_mi_recoveries                 DECIMAL(14,2) ENCODE az64,
  total_expenses                    DECIMAL(14,2) ENCODE az64,
  legal_costs                       DECIMAL(14,2) ENCODE az64,
  maintenance_preservation_costs    DECIMAL(14,2) ENCODE az64,
  taxes_and_insurance               DECIMAL(14,2) ENCODE az64,
  miscellaneous_expenses            DECIMAL(14,2) ENCODE az64,
  actual_loss                       DECIMAL(14,2) ENCODE az64,
  cumulative_modification_costs     DECIMAL(14,2) ENCODE az64,
  interest_rate_step_ind            CHAR(1)       ENCODE zstd,
  payment_deferral_flag             CHAR(1)       ENCODE zstd,
  eltv                              SMALLINT      ENCODE az64,
  zero_balance_removal_upb          DECIMAL(14,2) ENCODE az64,
  delinquent_accrued_interest       DECIMAL(14,2) ENCODE az64,
  delinquency_due_to_disaster       CHAR(1)       ENCODE zstd,
  borrower_assistance_plan          CHAR(1)       ENCODE zstd,
  current_period_modification_costs DECIMAL(14,2) ENCODE az64,
  current_interest_bearing_upb      DECIMAL(14,2) ENCODE az64,
  mi_cancellation_ind               CHAR(1)       ENCODE zstd,
  servicer_name                     VARCHAR(240)  ENCODE zstd,
  bankruptcy_cramdown_costs         DECIMAL(14,2) ENCODE az64,
  layout                            VARCHAR(16)   NOT NULL ENCODE zstd,
  quarter                           CHAR(6)       NOT NULL ENCODE zstd,
  PRIMARY KEY (loan_identifier, period)
)
DISTSTYLE KEY DISTKEY (loan_identifier)
COMPOUND SORTKEY (loan_identifier, period);

-- On Redshift every IAM role is a database user of its own. The role that loads owns the tables; reconciling, reporting and people only read.
GRANT SELECT ON public.origination, public.performance TO PUBLIC;
