-- Recorded with connectors of the filesystem, streaming mode, parallelism 1.
SET 'table.local-time-zone' = 'UTC';
SET 'pipeline.auto-watermark-interval' = '0 ms';

CREATE TABLE readings (
  line STRING,
  t AS COALESCE(TO_TIMESTAMP(SPLIT_INDEX(line, '|', 0)), TIMESTAMP '1970-01-01 00:00:00'),
  WATERMARK FOR t AS t - INTERVAL '3' SECOND
) WITH ('connector' = 'kinesis', 'format' = 'raw');

CREATE TABLE hops (
  window_start TIMESTAMP(3), window_end TIMESTAMP(3), k STRING, n BIGINT, filled BIGINT, kinds BIGINT,
  int_sum INT, int_avg INT, int_min INT, int_max INT,
  double_sum DOUBLE, double_avg DOUBLE,
  decimal_sum DECIMAL(38, 2), decimal_avg DECIMAL(38, 6), decimal_max DECIMAL(10, 2),
  first_text STRING, last_text STRING
) WITH ('connector' = 'firehose', 'delivery-stream' = 'HOPS', 'aws.region' = 'r', 'format' = 'json');

CREATE TABLE tumbles (
  window_end TIMESTAMP(3), n BIGINT, wide BIGINT, big_sum BIGINT, ratio DOUBLE, label STRING, latest TIMESTAMP(3)
) WITH ('connector' = 'firehose', 'delivery-stream' = 'TUMBLES', 'aws.region' = 'r', 'format' = 'json', 'json.timestamp-format.standard' = 'ISO-8601');

CREATE TABLE types (
  t TIMESTAMP(3), ltz TIMESTAMP_LTZ(3), i INT, b BIGINT, d DOUBLE, x DECIMAL(10, 2), yes BOOLEAN, s STRING, late BOOLEAN
) WITH ('connector' = 'firehose', 'delivery-stream' = 'TYPES', 'aws.region' = 'r', 'format' = 'json', 'json.encode.ignore-null-fields' = 'true');

CREATE TEMPORARY VIEW parsed AS
SELECT line, t,
  SPLIT_INDEX(line, '|', 1) AS k,
  TRY_CAST(SPLIT_INDEX(line, '|', 2) AS INT) AS i,
  TRY_CAST(SPLIT_INDEX(line, '|', 3) AS DOUBLE) AS d,
  TRY_CAST(NULLIF(SPLIT_INDEX(line, '|', 4), '') AS DECIMAL(10, 2)) AS x,
  t <= CURRENT_WATERMARK(t) AS late
FROM readings;

EXECUTE STATEMENT SET
BEGIN
INSERT INTO hops
SELECT window_start, window_end, k, COUNT(*), COUNT(i), COUNT(DISTINCT i), SUM(i), AVG(i), MIN(i), MAX(i), SUM(d), AVG(d),
  SUM(x), AVG(x), MAX(x), MIN(line), MAX(line)
FROM TABLE(HOP(TABLE parsed, DESCRIPTOR(t), INTERVAL '5' SECOND, INTERVAL '15' SECOND))
GROUP BY window_start, window_end, k;

INSERT INTO tumbles
SELECT window_end, COUNT(*) AS n, COUNT(*) * 2 + 1, SUM(CAST(i AS BIGINT)), CAST(COUNT(i) AS DOUBLE) / COUNT(*), UPPER(CONCAT('w', CAST(COUNT(*) AS STRING))), MAX(t)
FROM TABLE(TUMBLE(TABLE parsed, DESCRIPTOR(t), INTERVAL '1' MINUTE))
WHERE k <> 'c'
GROUP BY window_end, window_start
HAVING COUNT(*) > 3 AND SUM(i) > 10;

INSERT INTO types
SELECT t, CAST(t AS TIMESTAMP_LTZ(3)), i, CAST(i AS BIGINT) * 4000000000, d, x, i > 5, k, late FROM parsed;
END;
