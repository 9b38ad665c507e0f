/**
 * Macros that give DuckDB the meaning Hive 3.1 gives its functions, made once a database. Names begin with `hive_`.
 *
 * Casts of text follow Hive: what is no number is NULL, integers are cut (`'12.7'` is 12), a sign and spaces around are allowed,
 * exponents are not for integers, and DuckDB's own liberties (`1_000`, `0x10`) are NULL.
 */
export const SETTINGS = [
  "SET TimeZone = 'UTC'",
  // 1/0 and 1%0 are NULL in Hive.
  'SET ieee_floating_point_ops = false',
  'SET enable_progress_bar = false',
]

const integers = [
  ['tinyint', 'TINYINT', 256, 128],
  ['smallint', 'SMALLINT', 65536, 32768],
  ['int', 'INTEGER', 4294967296, 2147483648],
] as const

/**
 * Year, month and day of a date that may be out of range: Hive 3.1 counts on (2005-13-01 is 2006-01-01). Behind a space stands anything,
 * behind a T a time.
 */
const LENIENT_DATE = String.raw`^\s*(\d{1,5})-(\d{1,2})-(\d{1,2})(?: .*|T\d{1,2}:\d{1,2}(?::\d{1,2}(?:\.\d{1,9})?)?)?\s*$`

export const MACROS = [
  // Plain digits, at most 18 of them, go straight to DuckDB's cast; whatever is odd takes the slow road.
  `hive_bigint(x) AS CASE
     WHEN x IS NULL THEN NULL
     WHEN regexp_full_match(x, '\\s*[+-]?[0-9]{1,18}\\s*') THEN TRY_CAST(x AS BIGINT)
     WHEN regexp_full_match(x, '\\s*[+-]?[0-9]*\\.?[0-9]*\\s*') THEN TRY_CAST(CASE WHEN contains(x, '.') AND NOT regexp_matches(x, '[0-9]\\.') THEN '0' ELSE regexp_extract(x, '^\\s*\\+?(-?[0-9]*)', 1) END AS BIGINT)
     ELSE NULL END`,
  // Digits that come back as they were need no closer look, and a cast of empty text fails slowly.
  ...integers.map(
    ([name, type]) => `hive_${name}(x) AS CASE
      WHEN x = '' THEN NULL
      WHEN CAST(TRY_CAST(x AS ${type}) AS VARCHAR) = x THEN TRY_CAST(x AS ${type})
      ELSE TRY_CAST(hive_bigint(x) AS ${type}) END`,
  ),
  // Wider integers wrap around, as Java's narrowing casts do.
  ...integers.map(
    ([name, type, range, half]) =>
      `hive_wrap_${name}(x) AS CAST((((CAST(x AS HUGEINT) + ${half}) % ${range}) + ${range}) % ${range} - ${half} AS ${type})`,
  ),
  // Floating numbers are cut and stop at the type's ends; NaN is 0 (Java Language Specification 5.1.3).
  `hive_cut_int(x) AS CASE WHEN isnan(x) THEN 0 ELSE CAST(trunc(greatest(least(x, 2147483647), -2147483648)) AS INTEGER) END`,
  `hive_cut_bigint(x) AS CASE WHEN isnan(x) THEN 0 WHEN x >= 9223372036854775807 THEN 9223372036854775807 WHEN x <= -9223372036854775808 THEN -9223372036854775808 ELSE CAST(trunc(x) AS BIGINT) END`,
  // What Double.parseDouble reads: a suffix of Java's is allowed, other spellings of NaN and Infinity are not.
  `hive_double(x) AS CASE WHEN regexp_full_match(x, '\\s*[+-]?(NaN|Infinity|([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?[dDfF]?)\\s*') THEN TRY_CAST(rtrim(trim(x), 'dDfF') AS DOUBLE) END`,
  `hive_boolean(x) AS lower(x) NOT IN ('false', 'no', 'off', '0', '')`,
  `hive_decimal_string(x) AS CASE WHEN contains(CAST(x AS VARCHAR), '.') THEN rtrim(rtrim(CAST(x AS VARCHAR), '0'), '.') ELSE CAST(x AS VARCHAR) END`,
  // Java's Double.toString: plain from 1E-3 to 1E7, else one digit before the point and an exponent.
  `hive_scientific(digits, exponent) AS digits[1] || '.' || CASE WHEN length(digits) > 1 THEN digits[2:] ELSE '0' END || 'E' || exponent`,
  `hive_mantissa(x) AS CASE WHEN rtrim(ltrim(replace(split_part(CAST(x AS VARCHAR), 'e', 1), '.', ''), '0'), '0') = '' THEN '0' ELSE rtrim(ltrim(replace(split_part(CAST(x AS VARCHAR), 'e', 1), '.', ''), '0'), '0') END`,
  `hive_exponent(x) AS CASE
     WHEN contains(CAST(x AS VARCHAR), 'e') THEN CAST(split_part(CAST(x AS VARCHAR), 'e', 2) AS INTEGER)
     WHEN x >= 1 THEN length(split_part(CAST(x AS VARCHAR), '.', 1)) - 1
     ELSE -1 - (length(split_part(CAST(x AS VARCHAR), '.', 2)) - length(ltrim(split_part(CAST(x AS VARCHAR), '.', 2), '0'))) END`,
  `hive_double_string(x) AS CASE
     WHEN x IS NULL THEN NULL
     WHEN isnan(x) THEN 'NaN'
     WHEN isinf(x) THEN CASE WHEN x > 0 THEN 'Infinity' ELSE '-Infinity' END
     WHEN x = 0 OR (abs(x) >= 1e-3 AND abs(x) < 1e7) THEN CAST(x AS VARCHAR)
     ELSE CASE WHEN x < 0 THEN '-' ELSE '' END || hive_scientific(hive_mantissa(abs(x)), hive_exponent(abs(x))) END`,
  `hive_lenient_date(y, m, d) AS CASE WHEN y = '' THEN NULL ELSE CAST(make_date(CAST(y AS INTEGER), 1, 1) + to_months(CAST(m AS INTEGER) - 1) + to_days(CAST(d AS INTEGER) - 1) AS DATE) END`,
  // DuckDB computes `x` again for every place in CASE where it stands, so the usual date passes one only.
  `hive_date(x) AS coalesce(
     CAST(try_strptime(x, '%Y-%m-%d') AS DATE),
     CASE WHEN length(x) >= 5 THEN hive_lenient_date(regexp_extract(x, '${LENIENT_DATE}', 1), regexp_extract(x, '${LENIENT_DATE}', 2), regexp_extract(x, '${LENIENT_DATE}', 3)) END)`,
  // Times count on as dates do: 25:00 is 01:00 of the next day.
  `hive_time_part(x, part) AS coalesce(TRY_CAST(nullif(regexp_extract(x, '[ T](\\d+):(\\d+)(?::(\\d+(?:\\.\\d+)?))?', part), '') AS DOUBLE), 0)`,
  `hive_time(x) AS to_microseconds(CAST(1e6 * (3600 * hive_time_part(x, 1) + 60 * hive_time_part(x, 2) + hive_time_part(x, 3)) AS BIGINT))`,
  `hive_timestamp(x) AS CASE WHEN regexp_full_match(x, '\\s*\\d{4}-\\d{1,2}-\\d{1,2}([ T]\\d{1,2}:\\d{1,2}(:\\d{1,2}(\\.\\d{1,9})?)?)?\\s*') THEN coalesce(TRY_CAST(x AS TIMESTAMP), hive_date(x) + hive_time(x)) ELSE NULL END`,
  `hive_add_months(d, n) AS CAST(CASE WHEN last_day(d) = d THEN last_day(d + to_months(n)) ELSE d + to_months(n) END AS DATE)`,
  `hive_months_between(a, b) AS CAST(round(CASE
     WHEN day(a) = day(b) OR (last_day(CAST(a AS DATE)) = CAST(a AS DATE) AND last_day(CAST(b AS DATE)) = CAST(b AS DATE))
     THEN (year(a) - year(b)) * 12 + month(a) - month(b)
     ELSE (year(a) - year(b)) * 12 + month(a) - month(b)
       + ((epoch(a) - epoch(date_trunc('month', a))) - (epoch(b) - epoch(date_trunc('month', b)))) / 2678400.0 END, 8) AS DOUBLE)`,
  `hive_next_day(d, n) AS CAST(d + CAST(((n - dayofweek(d) + 6) % 7) + 1 AS INTEGER) AS DATE)`,
  // Substrings count from 1, 0 counts as 1, and a negative start counts from the end.
  `hive_substr(s, p, n) AS CASE WHEN s IS NULL OR p IS NULL OR n IS NULL THEN NULL WHEN n <= 0 THEN '' WHEN p < 0 AND -p > length(s) THEN '' ELSE substr(s, CASE WHEN p = 0 THEN 1 ELSE p END, n) END`,
  `hive_lpad(s, n, p) AS CASE WHEN p = '' THEN NULL ELSE lpad(s, n, p) END`,
  `hive_rpad(s, n, p) AS CASE WHEN p = '' THEN NULL ELSE rpad(s, n, p) END`,
  `hive_initcap(s) AS array_to_string(list_transform(string_split(lower(s), ' '), lambda w: upper(w[1]) || w[2:]), ' ')`,
  `hive_pmod(a, b) AS ((a % b) + b) % b`,
  // Halves are those of the digits that a double shows (BigDecimal.valueOf): 1.005 is 1.01. From 1e15 on, doubles are whole.
  ...(['round', 'round_even'] as const).map(
    (duck) =>
      `hive_${duck}(x, d) AS CASE WHEN abs(x) < 1e15 THEN CAST(${duck}(TRY_CAST(CAST(x AS VARCHAR) AS DECIMAL(38,18)), d) AS DOUBLE) WHEN d >= 0 OR isnan(x) OR isinf(x) THEN x ELSE ${duck}(x / pow(10, -d), 0) * pow(10, -d) END`,
  ),
  `hive_at(list, i) AS CASE WHEN i < 0 THEN NULL ELSE list[CAST(i AS BIGINT) + 1] END`,
  `hive_hash_int(h) AS CAST(CASE WHEN h >= 2147483648 THEN h - 4294967296 ELSE h END AS INTEGER)`,
  // Java's String hash over the bytes of an ASCII text, as Hive buckets it.
  `hive_hash_string(s) AS CASE WHEN s IS NULL OR s = '' THEN 0 ELSE hive_hash_int(list_reduce(list_transform(string_split(s, ''), lambda c: CAST(ord(c) AS BIGINT)), lambda a, b: (a * 31 + b) % 4294967296)) END`,
].map((macro) => `CREATE OR REPLACE MACRO ${macro}`)
