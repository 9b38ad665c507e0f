-- The average rate of new loans by month of the first payment, weighted by balance, in percent. The quarter keeps the line from bridging gaps.
SELECT
  quarter,
  CAST(first_payment_date AS VARCHAR(10)) AS month,
  CAST(SUM(original_interest_rate * original_upb) / SUM(original_upb) AS DOUBLE PRECISION) AS rate,
  COUNT(*) AS loans
FROM public.origination
WHERE quarter IN (${QUARTERS}) AND first_payment_date IS NOT NULL AND original_interest_rate IS NOT NULL AND original_upb > 0
GROUP BY 1, 2
ORDER BY 1, 2;
