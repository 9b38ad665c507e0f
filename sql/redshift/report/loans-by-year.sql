-- Loans by the year of their first payment: how many, how much, at which rate.
SELECT
  CAST(EXTRACT(YEAR FROM first_payment_date) AS INTEGER) AS year,
  COUNT(*) AS loans,
  CAST(SUM(original_upb) AS DOUBLE PRECISION) AS upb
FROM public.origination
WHERE quarter IN (${QUARTERS}) AND first_payment_date IS NOT NULL
GROUP BY 1
ORDER BY 1;
