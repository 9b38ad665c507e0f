-- What became of the records of each quarter: raw = rejected + processed, or nothing is loaded.
--
--   PROCESSED  s3://bucket of the processed rows
--   QUARTERS   the quarters to count, quoted: '1999Q1','1999Q2'
--   RUN        the run, so that no two runs write to one place

INSERT OVERWRITE DIRECTORY '${PROCESSED}/counts/run=${RUN}'
ROW FORMAT DELIMITED FIELDS TERMINATED BY '|'
STORED AS TEXTFILE
SELECT table_name, quarter, sum(raw) AS raw, sum(rejected) AS rejected, sum(processed) AS processed
FROM (
  SELECT 'origination' AS table_name, quarter, count(*) AS raw, 0 AS rejected, 0 AS processed
  FROM origination_lines WHERE quarter IN (${QUARTERS}) GROUP BY quarter
  UNION ALL
  SELECT 'origination' AS table_name, quarter, 0 AS raw, count(*) AS rejected, 0 AS processed
  FROM quarantine_origination WHERE quarter IN (${QUARTERS}) GROUP BY quarter
  UNION ALL
  SELECT 'origination' AS table_name, quarter, 0 AS raw, 0 AS rejected, count(*) AS processed
  FROM origination WHERE quarter IN (${QUARTERS}) GROUP BY quarter
  UNION ALL
  SELECT 'performance' AS table_name, quarter, count(*) AS raw, 0 AS rejected, 0 AS processed
  FROM performance_lines WHERE quarter IN (${QUARTERS}) GROUP BY quarter
  UNION ALL
  SELECT 'performance' AS table_name, quarter, 0 AS raw, count(*) AS rejected, 0 AS processed
  FROM quarantine_performance WHERE quarter IN (${QUARTERS}) GROUP BY quarter
  UNION ALL
  SELECT 'performance' AS table_name, quarter, 0 AS raw, 0 AS rejected, count(*) AS processed
  FROM performance WHERE quarter IN (${QUARTERS}) GROUP BY quarter
) counted
GROUP BY table_name, quarter
ORDER BY table_name, quarter;

-- Why records were rejected. A quarter without rejects has no line.

INSERT OVERWRITE DIRECTORY '${PROCESSED}/counts/rejects/run=${RUN}'
ROW FORMAT DELIMITED FIELDS TERMINATED BY '|'
STORED AS TEXTFILE
SELECT table_name, quarter, reason, records
FROM (
  SELECT 'origination' AS table_name, quarter, reason, count(*) AS records
  FROM quarantine_origination WHERE quarter IN (${QUARTERS}) GROUP BY quarter, reason
  UNION ALL
  SELECT 'performance' AS table_name, quarter, reason, count(*) AS records
  FROM quarantine_performance WHERE quarter IN (${QUARTERS}) GROUP BY quarter, reason
) rejected
ORDER BY table_name, quarter, reason;

-- What the columns hold: the rows, then of each column how many values, and their sum or their bounds. Every store must hold the same.
-- tasks/batch/archive/measures.ts has the list of columns; a test holds this one to it.

INSERT OVERWRITE DIRECTORY '${PROCESSED}/counts/origination/run=${RUN}'
ROW FORMAT DELIMITED FIELDS TERMINATED BY '|' NULL DEFINED AS '\\N'
STORED AS TEXTFILE
SELECT
  quarter, count(*), count(classic_fico), sum(classic_fico), count(first_payment_date), min(first_payment_date),
  max(first_payment_date), count(first_time_homebuyer_ind), min(first_time_homebuyer_ind), max(first_time_homebuyer_ind),
  count(maturity_date), min(maturity_date), max(maturity_date), count(msa_md), min(msa_md), max(msa_md), count(mi_pct),
  sum(mi_pct), count(number_of_units), sum(number_of_units), count(occupancy_status), min(occupancy_status), max(occupancy_status),
  count(original_cltv), sum(original_cltv), count(original_dti), sum(original_dti), count(original_upb), sum(original_upb),
  count(original_ltv), sum(original_ltv), count(original_interest_rate), sum(original_interest_rate), count(channel), min(channel),
  max(channel), count(prepayment_penalty_ind), min(prepayment_penalty_ind), max(prepayment_penalty_ind), count(amortization_type),
  min(amortization_type), max(amortization_type), count(property_state), min(property_state), max(property_state),
  count(property_type), min(property_type), max(property_type), count(postal_code), min(postal_code), max(postal_code),
  count(loan_identifier), min(loan_identifier), max(loan_identifier), count(loan_purpose), min(loan_purpose), max(loan_purpose),
  count(original_loan_term), sum(original_loan_term), count(number_of_borrowers), sum(number_of_borrowers), count(seller_name),
  min(seller_name), max(seller_name), count(super_conforming_flag), min(super_conforming_flag), max(super_conforming_flag),
  count(pre_harp_loan_identifier), min(pre_harp_loan_identifier), max(pre_harp_loan_identifier),
  count(special_eligibility_program), min(special_eligibility_program), max(special_eligibility_program), count(harp_ind),
  min(harp_ind), max(harp_ind), count(property_valuation_method), min(property_valuation_method), max(property_valuation_method),
  count(interest_only_ind), min(interest_only_ind), max(interest_only_ind), count(vantagescore_4), sum(vantagescore_4),
  count(layout), min(layout), max(layout)
FROM origination
WHERE quarter IN (${QUARTERS})
GROUP BY quarter
ORDER BY quarter;

INSERT OVERWRITE DIRECTORY '${PROCESSED}/counts/performance/run=${RUN}'
ROW FORMAT DELIMITED FIELDS TERMINATED BY '|' NULL DEFINED AS '\\N'
STORED AS TEXTFILE
SELECT
  quarter, count(*), count(loan_identifier), min(loan_identifier), max(loan_identifier), count(period), min(period), max(period),
  count(current_actual_upb), sum(current_actual_upb), count(delinquency_status), min(delinquency_status), max(delinquency_status),
  count(loan_age), sum(loan_age), count(remaining_months_to_maturity), sum(remaining_months_to_maturity),
  count(defect_settlement_date), min(defect_settlement_date), max(defect_settlement_date), count(modification_flag),
  min(modification_flag), max(modification_flag), count(zero_balance_code), min(zero_balance_code), max(zero_balance_code),
  count(zero_balance_effective_date), min(zero_balance_effective_date), max(zero_balance_effective_date),
  count(current_interest_rate), sum(current_interest_rate), count(current_non_interest_bearing_upb),
  sum(current_non_interest_bearing_upb), count(ddlpi), min(ddlpi), max(ddlpi), count(mi_recoveries), sum(mi_recoveries),
  count(net_sales_proceeds), min(net_sales_proceeds), max(net_sales_proceeds), count(non_mi_recoveries), sum(non_mi_recoveries),
  count(total_expenses), sum(total_expenses), count(legal_costs), sum(legal_costs), count(maintenance_preservation_costs),
  sum(maintenance_preservation_costs), count(taxes_and_insurance), sum(taxes_and_insurance), count(miscellaneous_expenses),
  sum(miscellaneous_expenses), count(actual_loss), sum(actual_loss), count(cumulative_modification_costs),
  sum(cumulative_modification_costs), count(interest_rate_step_ind), min(interest_rate_step_ind), max(interest_rate_step_ind),
  count(payment_deferral_flag), min(payment_deferral_flag), max(payment_deferral_flag), count(eltv), sum(eltv),
  count(zero_balance_removal_upb), sum(zero_balance_removal_upb), count(delinquent_accrued_interest),
  sum(delinquent_accrued_interest), count(delinquency_due_to_disaster), min(delinquency_due_to_disaster),
  max(delinquency_due_to_disaster), count(borrower_assistance_plan), min(borrower_assistance_plan), max(borrower_assistance_plan),
  count(current_period_modification_costs), sum(current_period_modification_costs), count(current_interest_bearing_upb),
  sum(current_interest_bearing_upb), count(mi_cancellation_ind), min(mi_cancellation_ind), max(mi_cancellation_ind),
  count(servicer_name), min(servicer_name), max(servicer_name), count(bankruptcy_cramdown_costs), sum(bankruptcy_cramdown_costs),
  count(layout), min(layout), max(layout)
FROM performance
WHERE quarter IN (${QUARTERS})
GROUP BY quarter
ORDER BY quarter;
