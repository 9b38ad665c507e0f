-- Rows of each quarter, to be compared with what Hive processed.
SELECT 'origination' AS table_name, quarter, COUNT(*) AS row_count
FROM origination
WHERE quarter IN (${QUARTERS})
GROUP BY quarter
ORDER BY quarter;
