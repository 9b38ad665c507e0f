-- By vintage and age in months: the loans that report, those that are 60 days or more behind or taken back, those that are prepaid in this month, and what
-- is lost in it. zero_balance_code 01 is a loan that was prepaid or matured.
SELECT
  quarter,
  loan_age AS age,
  COUNT(*) AS loans,
  SUM(CASE WHEN delinquency_status >= '02' OR LEN(delinquency_status) = 3 THEN 1 ELSE 0 END) AS behind,  -- 02 to 99, RA after them, and 100 on
  SUM(CASE WHEN zero_balance_code = '01' THEN 1 ELSE 0 END) AS prepaid,
  CAST(SUM(COALESCE(actual_loss, 0)) AS DOUBLE PRECISION) AS loss
FROM public.performance
WHERE quarter IN (${QUARTERS}) AND loan_age >= 0
GROUP BY 1, 2
ORDER BY 1, 2;
