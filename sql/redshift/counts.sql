-- Rows of each quarter in each table, to be compared with what Hive processed.
SELECT 'origination' AS table_name, quarter, COUNT(*) AS row_count
FROM public.origination
WHERE quarter IN (${QUARTERS})
GROUP BY quarter
UNION ALL
SELECT 'performance' AS table_name, quarter, COUNT(*) AS row_count
FROM public.performance
WHERE quarter IN (${QUARTERS})
GROUP BY quarter
ORDER BY 1, 2;
