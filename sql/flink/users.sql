-- User records from Kinesis, live: good ones reshaped for the lake, bad ones with the reason and the raw record, and how many users came
-- from each country in every ten seconds of event time. Runs unchanged on Managed Service for Apache Flink (Flink 2.2) and on one machine.
--
-- ${STREAM_ARN}, ${REGION}, ${USERS_DELIVERY_STREAM}, ${ERRORS_DELIVERY_STREAM} and ${COUNTS_DELIVERY_STREAM} come from the application's
-- property group `sql.vars`.

SET 'table.local-time-zone' = 'UTC';
-- A watermark behind every record, so that the same records give the same windows however fast they come.
SET 'pipeline.auto-watermark-interval' = '0 ms';

-- Format `raw` reads any bytes, so that broken records reach the error stream instead of failing the job. A rowtime must not be NULL, and
-- one record from the future must not make all others late: both count as the epoch, which no watermark follows.
CREATE TABLE users_raw (
  record STRING,
  event_time AS CASE
    WHEN TO_TIMESTAMP(JSON_VALUE(record, '$.ts'), 'yyyy-MM-dd''T''HH:mm:ss.SSS''Z''')
      <= CAST(CURRENT_TIMESTAMP AS TIMESTAMP(3)) + INTERVAL '1' MINUTE
    THEN TO_TIMESTAMP(JSON_VALUE(record, '$.ts'), 'yyyy-MM-dd''T''HH:mm:ss.SSS''Z''')
    ELSE TIMESTAMP '1970-01-01 00:00:00'
  END,
  WATERMARK FOR event_time AS event_time - INTERVAL '5' SECOND
) WITH (
  'connector' = 'kinesis',
  'stream.arn' = '${STREAM_ARN}',
  'aws.region' = '${REGION}',
  'source.init.position' = 'TRIM_HORIZON',
  'format' = 'raw'
);

CREATE TABLE users (
  id STRING,
  full_name STRING,
  gender STRING,
  age INT,
  country STRING,
  country_code STRING,
  latitude DOUBLE,
  longitude DOUBLE,
  event_time TIMESTAMP(3)
) WITH (
  'connector' = 'firehose',
  'delivery-stream' = '${USERS_DELIVERY_STREAM}',
  'aws.region' = '${REGION}',
  'format' = 'json',
  'json.timestamp-format.standard' = 'ISO-8601'
);

CREATE TABLE errors (
  reason STRING,
  record STRING
) WITH (
  'connector' = 'firehose',
  'delivery-stream' = '${ERRORS_DELIVERY_STREAM}',
  'aws.region' = '${REGION}',
  'format' = 'json'
);

CREATE TABLE country_counts (
  window_start TIMESTAMP(3),
  window_end TIMESTAMP(3),
  country_code STRING,
  users BIGINT,
  average_age INT,
  youngest INT,
  oldest INT
) WITH (
  'connector' = 'firehose',
  'delivery-stream' = '${COUNTS_DELIVERY_STREAM}',
  'aws.region' = '${REGION}',
  'format' = 'json',
  'json.timestamp-format.standard' = 'ISO-8601'
);

CREATE TEMPORARY VIEW parsed AS
SELECT
  record,
  event_time,
  CURRENT_WATERMARK(event_time) AS watermark_before,
  TO_TIMESTAMP(JSON_VALUE(record, '$.ts'), 'yyyy-MM-dd''T''HH:mm:ss.SSS''Z''') AS sent_at,
  JSON_VALUE(record, '$.results[0].login.uuid') AS id,
  JSON_VALUE(record, '$.results[0].name.first') AS first_name,
  JSON_VALUE(record, '$.results[0].name.last') AS last_name,
  JSON_VALUE(record, '$.results[0].gender') AS gender,
  TRY_CAST(JSON_VALUE(record, '$.results[0].dob.age') AS INT) AS age,
  JSON_VALUE(record, '$.results[0].location.country') AS country,
  UPPER(JSON_VALUE(record, '$.results[0].nat')) AS country_code,
  TRY_CAST(JSON_VALUE(record, '$.results[0].location.coordinates.latitude') AS DOUBLE) AS latitude,
  TRY_CAST(JSON_VALUE(record, '$.results[0].location.coordinates.longitude') AS DOUBLE) AS longitude
FROM users_raw;

-- The first thing that is wrong with a record; NULL for a good one. A late record is one behind the watermark: Flink would leave it out of
-- its window without a word, since Flink SQL has no output for late records.
CREATE TEMPORARY VIEW checked AS
SELECT
  *,
  CASE
    WHEN CHAR_LENGTH(record) > 150000 THEN 'too-large'
    WHEN record IS NOT JSON OBJECT THEN 'malformed-json'
    WHEN id IS NULL THEN 'missing-id'
    WHEN first_name IS NULL OR last_name IS NULL THEN 'missing-name'
    WHEN country IS NULL OR country_code IS NULL THEN 'missing-country'
    WHEN age IS NULL OR age NOT BETWEEN 0 AND 150 THEN 'bad-age'
    -- NaN is in no range, but it is not outside of one either: only a test that asks for the range finds it.
    WHEN latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180 THEN CASE
      WHEN sent_at IS NULL THEN 'bad-timestamp'
      WHEN event_time < sent_at THEN 'future-timestamp'
      WHEN event_time <= watermark_before THEN 'late'
    END
    ELSE 'bad-coordinates'
  END AS reason
FROM parsed;

CREATE TEMPORARY VIEW good AS
SELECT * FROM checked WHERE reason IS NULL;

EXECUTE STATEMENT SET
BEGIN

INSERT INTO users
SELECT id, CONCAT(first_name, ' ', last_name), gender, age, country, country_code, latitude, longitude, event_time
FROM good;

-- A Kinesis record may be larger than what Firehose takes, more so when its characters are escaped in JSON: the first part has to do.
INSERT INTO errors
SELECT reason, LEFT(record, 150000) FROM checked WHERE reason IS NOT NULL;

INSERT INTO country_counts
SELECT window_start, window_end, country_code, COUNT(*), AVG(age), MIN(age), MAX(age)
FROM TABLE(TUMBLE(TABLE good, DESCRIPTOR(event_time), INTERVAL '10' SECOND))
GROUP BY window_start, window_end, country_code;

END;
