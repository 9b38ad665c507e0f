-- Loans by the state of the property, the commonest first.
SELECT property_state AS state, COUNT(*) AS loans
FROM public.origination
WHERE quarter IN (${QUARTERS}) AND property_state IS NOT NULL
GROUP BY 1
ORDER BY 2 DESC, 1;
