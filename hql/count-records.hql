-- What became of the records of each quarter: raw = rejected + processed, or nothing is loaded.
--
--   PROCESSED  s3://bucket of the processed rows
--   QUARTERS   the quarters to count, quoted: '1999Q1','1999Q2'
--   RUN        the run, so that no two runs write to one place

INSERT OVERWRITE DIRECTORY '${PROCESSED}/counts/run=${RUN}'
ROW FORMAT DELIMITED FIELDS TERMINATED BY '|'
STORED AS TEXTFILE
SELECT table_name, quarter, sum(raw) AS raw, sum(rejected) AS rejected, sum(processed) AS processed
FROM (
  SELECT 'origination' AS table_name, quarter, count(*) AS raw, 0 AS rejected, 0 AS processed
  FROM origination_lines WHERE quarter IN (${QUARTERS}) GROUP BY quarter
  UNION ALL
  SELECT 'origination' AS table_name, quarter, 0 AS raw, count(*) AS rejected, 0 AS processed
  FROM quarantine_origination WHERE quarter IN (${QUARTERS}) GROUP BY quarter
  UNION ALL
  SELECT 'origination' AS table_name, quarter, 0 AS raw, 0 AS rejected, count(*) AS processed
  FROM origination WHERE quarter IN (${QUARTERS}) GROUP BY quarter
  UNION ALL
  SELECT 'performance' AS table_name, quarter, count(*) AS raw, 0 AS rejected, 0 AS processed
  FROM performance_lines WHERE quarter IN (${QUARTERS}) GROUP BY quarter
  UNION ALL
  SELECT 'performance' AS table_name, quarter, 0 AS raw, count(*) AS rejected, 0 AS processed
  FROM quarantine_performance WHERE quarter IN (${QUARTERS}) GROUP BY quarter
  UNION ALL
  SELECT 'performance' AS table_name, quarter, 0 AS raw, 0 AS rejected, count(*) AS processed
  FROM performance WHERE quarter IN (${QUARTERS}) GROUP BY quarter
) counted
GROUP BY table_name, quarter
ORDER BY table_name, quarter;

-- Why records were rejected. A quarter without rejects has no line.

INSERT OVERWRITE DIRECTORY '${PROCESSED}/counts/rejects/run=${RUN}'
ROW FORMAT DELIMITED FIELDS TERMINATED BY '|'
STORED AS TEXTFILE
SELECT table_name, quarter, reason, records
FROM (
  SELECT 'origination' AS table_name, quarter, reason, count(*) AS records
  FROM quarantine_origination WHERE quarter IN (${QUARTERS}) GROUP BY quarter, reason
  UNION ALL
  SELECT 'performance' AS table_name, quarter, reason, count(*) AS records
  FROM quarantine_performance WHERE quarter IN (${QUARTERS}) GROUP BY quarter, reason
) rejected
ORDER BY table_name, quarter, reason;
