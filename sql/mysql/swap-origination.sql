-- Replaces one quarter of origination by what is in staging, in one transaction. (RENAME TABLE would commit, and would swap all quarters.)
-- Staging keeps its rows until the next load drops it: a swap whose answer was lost is made again, and finds them. Deleting them here would cost as
-- much as the swap itself and give no space back.

-- Two quarters that are swapped at once would wait for each other's gaps between keys. The lock ends with the connection, after the commit.
DO GET_LOCK('origination', 600);

DELETE FROM origination WHERE quarter = '${QUARTER}';

INSERT INTO origination (
  classic_fico, first_payment_date, first_time_homebuyer_ind, maturity_date, msa_md, mi_pct, number_of_units,
  occupancy_status, original_cltv, original_dti, original_upb, original_ltv, original_interest_rate, channel,
  prepayment_penalty_ind, amortization_type, property_state, property_type, postal_code, loan_identifier,
  loan_purpose, original_loan_term, number_of_borrowers, seller_name, super_conforming_flag,
  pre_harp_loan_identifier, special_eligibility_program, harp_ind, property_valuation_method,
  interest_only_ind, vantagescore_4, layout, quarter
)
SELECT
  classic_fico, first_payment_date, first_time_homebuyer_ind, maturity_date, msa_md, mi_pct, number_of_units,
  occupancy_status, original_cltv, original_dti, original_upb, original_ltv, original_interest_rate, channel,
  prepayment_penalty_ind, amortization_type, property_state, property_type, postal_code, loan_identifier,
  loan_purpose, original_loan_term, number_of_borrowers, seller_name, super_conforming_flag,
  pre_harp_loan_identifier, special_eligibility_program, harp_ind, property_valuation_method,
  interest_only_ind, vantagescore_4, layout, quarter
FROM origination_staging
WHERE quarter = '${QUARTER}'
ORDER BY loan_identifier;
