-- The tables of the batch pipeline: raw records and processed rows on S3, for a cluster whose metastore knows nothing yet.
--
--   RAW        s3://bucket of the unpacked archives
--   PROCESSED  s3://bucket of what these scripts write

-- Raw records -----------------------------------------------------------------------------------------------------------------
-- A line is one column: what is wrong with it is found by looking at all of it, never by a SerDe that drops or pads fields. The column takes
-- the whole line, so that the SerDe's own delimiter, byte 1, cuts nothing off.
-- Names in the files may hold Windows-1252 bytes.

CREATE EXTERNAL TABLE IF NOT EXISTS raw_origination_r47 (line STRING)
PARTITIONED BY (quarter STRING)
ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe'
WITH SERDEPROPERTIES ('serialization.encoding' = 'windows-1252', 'serialization.last.column.takes.rest' = 'true')
STORED AS TEXTFILE
LOCATION '${RAW}/origination/layout=r47';

CREATE EXTERNAL TABLE IF NOT EXISTS raw_origination_legacy32 LIKE raw_origination_r47
LOCATION '${RAW}/origination/layout=legacy32';

CREATE EXTERNAL TABLE IF NOT EXISTS raw_origination_release2018 LIKE raw_origination_r47
LOCATION '${RAW}/origination/layout=release2018';

CREATE EXTERNAL TABLE IF NOT EXISTS raw_performance_r47 LIKE raw_origination_r47
LOCATION '${RAW}/performance/layout=r47';

CREATE EXTERNAL TABLE IF NOT EXISTS raw_performance_legacy32 LIKE raw_origination_r47
LOCATION '${RAW}/performance/layout=legacy32';

CREATE EXTERNAL TABLE IF NOT EXISTS raw_performance_release2018 LIKE raw_origination_r47
LOCATION '${RAW}/performance/layout=release2018';

MSCK REPAIR TABLE raw_origination_r47;
MSCK REPAIR TABLE raw_origination_legacy32;
MSCK REPAIR TABLE raw_origination_release2018;
MSCK REPAIR TABLE raw_performance_r47;
MSCK REPAIR TABLE raw_performance_legacy32;
MSCK REPAIR TABLE raw_performance_release2018;

-- The lines of all layouts, with the number of fields that each layout has.

CREATE VIEW IF NOT EXISTS origination_lines AS
SELECT 'r47' AS layout, 31 AS field_count, quarter, line FROM raw_origination_r47
UNION ALL
SELECT 'legacy32' AS layout, 32 AS field_count, quarter, line FROM raw_origination_legacy32
UNION ALL
SELECT 'release2018' AS layout, 26 AS field_count, quarter, line FROM raw_origination_release2018;

CREATE VIEW IF NOT EXISTS performance_lines AS
SELECT 'r47' AS layout, 35 AS field_count, quarter, line FROM raw_performance_r47
UNION ALL
SELECT 'legacy32' AS layout, 32 AS field_count, quarter, line FROM raw_performance_legacy32
UNION ALL
SELECT 'release2018' AS layout, 23 AS field_count, quarter, line FROM raw_performance_release2018;

-- Processed rows --------------------------------------------------------------------------------------------------------------
-- The canonical columns have Release 47's names, order and signs, whatever the layout of the file.

CREATE EXTERNAL TABLE IF NOT EXISTS origination (
  classic_fico                 SMALLINT       COMMENT '300-850',
  first_payment_date           DATE           COMMENT 'first of the month',
  first_time_homebuyer_ind     STRING         COMMENT 'Y, N',
  maturity_date                DATE           COMMENT 'first of the month',
  msa_md                       STRING         COMMENT 'metropolitan area, NULL outside of one',
  mi_pct                       SMALLINT       COMMENT 'mortgage insurance, percent',
  number_of_units              SMALLINT       COMMENT '1-4',
  occupancy_status             STRING         COMMENT 'P primary, I investment, S second home',
  original_cltv                SMALLINT       COMMENT 'percent',
  original_dti                 SMALLINT       COMMENT 'percent, 0-65',
  original_upb                 DECIMAL(14,2)  COMMENT 'dollars',
  original_ltv                 SMALLINT       COMMENT 'percent',
  original_interest_rate       DECIMAL(6,3)   COMMENT 'percent',
  channel                      STRING         COMMENT 'R retail, B broker, C correspondent, T third party',
  prepayment_penalty_ind       STRING         COMMENT 'Y, N',
  amortization_type            STRING         COMMENT 'FRM, ARM',
  property_state               STRING         COMMENT 'postal code of the state',
  property_type                STRING         COMMENT 'SF, CO, PU, MH, CP',
  postal_code                  STRING         COMMENT 'first three digits',
  loan_identifier              STRING         COMMENT 'key',
  loan_purpose                 STRING         COMMENT 'P purchase, C cash-out, N no cash-out, R refinance',
  original_loan_term           SMALLINT       COMMENT 'months',
  number_of_borrowers          SMALLINT,
  seller_name                  STRING,
  super_conforming_flag        STRING         COMMENT 'Y, N',
  pre_harp_loan_identifier     STRING,
  special_eligibility_program  STRING         COMMENT 'H, F, R',
  harp_ind                     STRING         COMMENT 'Y, N',
  property_valuation_method    STRING         COMMENT '1-4',
  interest_only_ind            STRING         COMMENT 'Y, N',
  vantagescore_4               SMALLINT       COMMENT '300-850',
  layout                       STRING         COMMENT 'r47, legacy32, release2018'
)
PARTITIONED BY (origination_year INT, quarter STRING)
STORED AS PARQUET
LOCATION '${PROCESSED}/origination'
TBLPROPERTIES ('parquet.compression' = 'SNAPPY');

CREATE EXTERNAL TABLE IF NOT EXISTS performance (
  loan_identifier                    STRING         COMMENT 'key, with period',
  period                             DATE           COMMENT 'first of the month',
  current_actual_upb                 DECIMAL(14,2)  COMMENT 'dollars',
  delinquency_status                 STRING         COMMENT '00, 01, … times 30 days, RA real estate acquired',
  loan_age                           SMALLINT       COMMENT 'months',
  remaining_months_to_maturity       SMALLINT,
  defect_settlement_date             DATE,
  modification_flag                  STRING         COMMENT 'Y this month, P before',
  zero_balance_code                  STRING         COMMENT '01, 02, 03, 09, 15, 16, 96',
  zero_balance_effective_date        DATE,
  current_interest_rate              DECIMAL(8,3)   COMMENT 'percent',
  current_non_interest_bearing_upb   DECIMAL(14,2),
  ddlpi                              DATE           COMMENT 'due date of the last paid installment',
  mi_recoveries                      DECIMAL(14,2)  COMMENT 'recoveries are negative',
  net_sales_proceeds                 STRING         COMMENT 'an amount, negative as all recoveries, or U unknown, C covered',
  non_mi_recoveries                  DECIMAL(14,2),
  total_expenses                     DECIMAL(14,2)  COMMENT 'expenses are positive',
  legal_costs                        DECIMAL(14,2),
  maintenance_preservation_costs     DECIMAL(14,2),
  taxes_and_insurance                DECIMAL(14,2),
  miscellaneous_expenses             DECIMAL(14,2),
  actual_loss                        DECIMAL(14,2)  COMMENT 'a loss is positive',
  cumulative_modification_costs      DECIMAL(14,2),
  interest_rate_step_ind             STRING         COMMENT 'Y, N',
  payment_deferral_flag              STRING         COMMENT 'C this month, P before',
  eltv                               SMALLINT       COMMENT 'percent',
  zero_balance_removal_upb           DECIMAL(14,2),
  delinquent_accrued_interest        DECIMAL(14,2),
  delinquency_due_to_disaster        STRING         COMMENT 'Y',
  borrower_assistance_plan           STRING         COMMENT 'F forbearance, R repayment, T trial',
  current_period_modification_costs  DECIMAL(14,2),
  current_interest_bearing_upb       DECIMAL(14,2),
  mi_cancellation_ind                STRING         COMMENT 'Y, N, 7 not applicable',
  servicer_name                      STRING,
  bankruptcy_cramdown_costs          DECIMAL(14,2),
  layout                             STRING         COMMENT 'r47, legacy32, release2018'
)
PARTITIONED BY (quarter STRING, reporting_year INT)
STORED AS PARQUET
LOCATION '${PROCESSED}/performance'
TBLPROPERTIES ('parquet.compression' = 'SNAPPY');

-- Who serviced a loan, in layouts that say it once a loan and not every month.

CREATE EXTERNAL TABLE IF NOT EXISTS loan_servicing (
  loan_identifier      STRING,
  servicer_name        STRING,
  mi_cancellation_ind  STRING
)
PARTITIONED BY (quarter STRING)
STORED AS PARQUET
LOCATION '${PROCESSED}/servicing'
TBLPROPERTIES ('parquet.compression' = 'SNAPPY');

-- Records that break a rule, with the name of the rule. --------------------------------------------------------------------------

CREATE EXTERNAL TABLE IF NOT EXISTS quarantine_origination (reason STRING, line STRING)
PARTITIONED BY (quarter STRING)
ROW FORMAT DELIMITED FIELDS TERMINATED BY '\t'
STORED AS TEXTFILE
LOCATION '${PROCESSED}/quarantine/origination';

CREATE EXTERNAL TABLE IF NOT EXISTS quarantine_performance LIKE quarantine_origination
LOCATION '${PROCESSED}/quarantine/performance';

-- Origination once more as text, for LOAD DATA of MySQL. ----------------------------------------------------------------------

CREATE EXTERNAL TABLE IF NOT EXISTS export_origination (
  classic_fico STRING, first_payment_date STRING, first_time_homebuyer_ind STRING, maturity_date STRING, msa_md STRING,
  mi_pct STRING, number_of_units STRING, occupancy_status STRING, original_cltv STRING, original_dti STRING,
  original_upb DECIMAL(14,2), original_ltv STRING, original_interest_rate DECIMAL(6,3), channel STRING,
  prepayment_penalty_ind STRING, amortization_type STRING, property_state STRING, property_type STRING, postal_code STRING,
  loan_identifier STRING, loan_purpose STRING, original_loan_term STRING, number_of_borrowers STRING, seller_name STRING,
  super_conforming_flag STRING, pre_harp_loan_identifier STRING, special_eligibility_program STRING, harp_ind STRING,
  property_valuation_method STRING, interest_only_ind STRING, vantagescore_4 STRING, layout STRING
)
PARTITIONED BY (quarter STRING)
ROW FORMAT DELIMITED FIELDS TERMINATED BY '|' ESCAPED BY '\\' LINES TERMINATED BY '\n' NULL DEFINED AS '\\N'
STORED AS TEXTFILE
LOCATION '${PROCESSED}/export/origination';

-- What earlier runs have written.

MSCK REPAIR TABLE origination;
MSCK REPAIR TABLE performance;
MSCK REPAIR TABLE loan_servicing;
MSCK REPAIR TABLE quarantine_origination;
MSCK REPAIR TABLE quarantine_performance;
