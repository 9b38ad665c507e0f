-- Loans of each vintage by month of the first payment, and their average rate in percent, weighted by balance.
SELECT
  quarter,
  CAST(first_payment_date AS VARCHAR(10)) AS month,
  COUNT(*) AS loans,
  CAST(SUM(original_interest_rate * original_upb) AS DOUBLE PRECISION)
    / NULLIF(SUM(CASE WHEN original_interest_rate IS NOT NULL THEN original_upb END), 0) AS rate
FROM public.origination
WHERE quarter IN (${QUARTERS}) AND first_payment_date IS NOT NULL
GROUP BY 1, 2
ORDER BY 1, 2;
