-- How each vintage does as it ages, by months since the first payment was due: 0 is the month of that payment. loan_age is something else: it begins anew
-- when a loan is modified.
--   reported   loans with a record of that month, which were all alive when it began
--   active     those still alive at its end whose status is known
--   behind     the active ones with three or more payments missed, or taken back: 03 to 99, 100 on, and RA
--   prepaid    paid off in that month, before maturity: zero_balance_code 01
--   defaulted  ended otherwise than by the borrower's payment: 02 sold to a third party, 03 sold short or charged off, 09 sold after it was taken back, 15 sold as a note
--   loss       net loss in dollars, as it is stated where a loan has ended
SELECT
  p.quarter,
  COALESCE(DATEDIFF(month, o.first_payment_date, p.period), p.loan_age) AS age,
  COUNT(*) AS reported,
  SUM(CASE WHEN p.zero_balance_code IS NULL AND p.delinquency_status IS NOT NULL THEN 1 ELSE 0 END) AS active,
  SUM(CASE WHEN p.zero_balance_code IS NULL AND (p.delinquency_status >= '03' OR LEN(p.delinquency_status) = 3) THEN 1 ELSE 0 END) AS behind,
  SUM(CASE WHEN p.zero_balance_code = '01' AND (o.maturity_date IS NULL OR p.period < o.maturity_date) THEN 1 ELSE 0 END) AS prepaid,
  SUM(CASE WHEN p.zero_balance_code IN ('02', '03', '09', '15') THEN 1 ELSE 0 END) AS defaulted,
  CAST(SUM(COALESCE(p.actual_loss, 0)) AS DOUBLE PRECISION) AS loss,
  CAST(MAX(p.period) AS VARCHAR(10)) AS month
FROM public.performance p
JOIN public.origination o ON o.loan_identifier = p.loan_identifier AND o.quarter = p.quarter
WHERE p.quarter IN (${QUARTERS})
GROUP BY 1, 2
ORDER BY 1, 2;
