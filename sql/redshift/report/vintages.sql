-- Each vintage when its loans were made: how many, how much in dollars, and their averages weighted by balance (percent, score, percent).
SELECT
  quarter,
  COUNT(*) AS loans,
  CAST(SUM(original_upb) AS DOUBLE PRECISION) AS upb,
  CAST(SUM(original_interest_rate * original_upb) AS DOUBLE PRECISION)
    / NULLIF(SUM(CASE WHEN original_interest_rate IS NOT NULL THEN original_upb END), 0) AS rate,
  CAST(SUM(classic_fico * original_upb) AS DOUBLE PRECISION)
    / NULLIF(SUM(CASE WHEN classic_fico IS NOT NULL THEN original_upb END), 0) AS score,
  CAST(SUM(original_ltv * original_upb) AS DOUBLE PRECISION)
    / NULLIF(SUM(CASE WHEN original_ltv IS NOT NULL THEN original_upb END), 0) AS ltv
FROM public.origination
WHERE quarter IN (${QUARTERS})
GROUP BY 1
ORDER BY 1;
