-- Loads one exported file, or a part of it, into staging; a transaction holds 32 MiB at most. REPLACE, so that what is loaded twice leaves its rows once.

-- The client streams the file. With LOCAL a value that does not fit may be a warning only, so the client compares records with lines and
-- wants no warnings.
LOAD DATA LOCAL INFILE '${FILE}' REPLACE
INTO TABLE origination_staging
CHARACTER SET utf8mb4
FIELDS TERMINATED BY '|' ESCAPED BY '\\'
LINES TERMINATED BY '\n'
(
  classic_fico, first_payment_date, first_time_homebuyer_ind, maturity_date, msa_md, mi_pct, number_of_units,
  occupancy_status, original_cltv, original_dti, original_upb, original_ltv, original_interest_rate, channel,
  prepayment_penalty_ind, amortization_type, property_state, property_type, postal_code, loan_identifier,
  loan_purpose, original_loan_term, number_of_borrowers, seller_name, super_conforming_flag,
  pre_harp_loan_identifier, special_eligibility_program, harp_ind, property_valuation_method,
  interest_only_ind, vantagescore_4, layout
)
SET quarter = '${QUARTER}';
