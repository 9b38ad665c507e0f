-- Each vintage's loans and balance when they were made, in dollars.
SELECT quarter, COUNT(*) AS loans, CAST(SUM(original_upb) AS DOUBLE PRECISION) AS upb
FROM public.origination
WHERE quarter IN (${QUARTERS})
GROUP BY 1
ORDER BY 1;
