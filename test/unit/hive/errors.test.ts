/** A script that cannot run says what is wrong, in which script, line and statement. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type TestHive, testHive } from './session.ts'

let hive: TestHive
beforeAll(async () => {
  hive = await testHive()
  await hive.rows('CREATE TABLE t (a INT, b STRING) PARTITIONED BY (y INT);')
})
afterAll(() => hive.close())

const CASES: readonly (readonly [script: string, name: string, message: RegExp | string])[] = [
  [
    'SELECT 1;\nSELEC 2;',
    'HiveSyntaxError',
    "Expected a statement, found 'SELEC' (test.hql, line 2:1, statement 2: SELEC 2)",
  ],
  [
    'SELECT a FROM t WHERE;',
    'HiveSyntaxError',
    'Expected an expression, found the end of the statement (test.hql, line 1:22, statement 1: SELECT a FROM t WHERE)',
  ],
  ["SELECT 'open;", 'HiveSyntaxError', "The string that begins with ' has no end (test.hql, line 1:8"],
  ['/* open', 'HiveSyntaxError', /The comment that begins with \/\* has no end/],
  ['SELECT `a FROM t;', 'HiveSyntaxError', /backtick has no end/],
  ['SELECT (1;', 'HiveSyntaxError', /Expected \), found/],
  ['SELECT * FROM (SELECT 1);', 'HiveSyntaxError', /A subquery in FROM needs an alias/],
  ['SELECT a\nFROM nowhere;', 'HiveSemanticError', "Table not found 'nowhere' (test.hql, line 2:6, statement 1"],
  [
    'SELECT\n  c FROM t;',
    'HiveSemanticError',
    "Invalid table alias or column reference 'c'; there are: a, b, y (test.hql, line 2:3",
  ],
  ["SELECT 1 AS x UNION ALL SELECT 'a';", 'HiveSemanticError', /UNION ALL: column 1 \(x\) is int and string/],
  ['SELECT a DIV 0 FROM (SELECT 1 a) x;', 'HiveExecutionError', /\/ by zero/],
  ['SELECT b RLIKE 1 FROM t;', 'HiveSemanticError', /RLIKE takes two texts, not int/],
  ["SELECT array_contains(array('1'), 1);", 'HiveSemanticError', /array_contains/],
  ['SELECT u.a FROM t;', 'HiveSemanticError', /column reference 'u.a'/],
  ['SELECT a FROM t x JOIN t z ON x.a = z.a;', 'HiveSemanticError', /Column 'a' is ambiguous/],
  ['SELECT 1 FROM t JOIN t ON true;', 'HiveSemanticError', /The alias 't' stands for two tables/],
  [
    'SELECT regexp_matches(b, 1) FROM t;',
    'HiveSemanticError',
    /Invalid function 'regexp_matches'; there are: regexp_extract, regexp_replace/,
  ],
  ['SELECT substr(b) FROM t;', 'HiveSemanticError', /substr takes 2 to 3 arguments, here are 1/],
  ['SELECT a, count(*) FROM t;', 'HiveSemanticError', /must appear in the GROUP BY clause/],
  ['SELECT row_number() FROM t;', 'HiveSemanticError', /row_number needs OVER/],
  ['SELECT upper(DISTINCT b) FROM t;', 'HiveSemanticError', /upper is no aggregate/],
  ["SELECT cast(cast('2005-01-01' as date) as int);", 'HiveSemanticError', /Cannot convert date to int/],
  ['SELECT array(1) = 1;', 'HiveSemanticError', /Cannot compare array<int> with int/],
  ['SELECT a[0] FROM t;', 'HiveSemanticError', /\[\] needs an array or a map, not int/],
  ['SELECT cast(1 as decimal(39,2));', 'HiveSemanticError', /decimal\(39,2\)/],
  ['SELECT 1 UNION ALL SELECT 1, 2;', 'HiveSemanticError', /give 1 and 2 columns/],
  [
    'INSERT INTO t PARTITION (y=1) SELECT 1;',
    'HiveSemanticError',
    /Table insclause-0 has 2 columns, but query has 1 columns/,
  ],
  [
    'INSERT INTO t PARTITION (y) SELECT 1, 2, 3;',
    'HiveSemanticError',
    /strict mode requires at least one static partition column/,
  ],
  ['INSERT INTO t PARTITION (z=1) SELECT 1, 2;', 'HiveSemanticError', /Partition columns of t are y/],
  ['CREATE TABLE t (a INT);', 'HiveSemanticError', /Table already exists: t/],
  ['CREATE TABLE u (a INT, A STRING);', 'HiveSemanticError', /The column 'a' is defined twice/],
  ['DROP TABLE nothing;', 'HiveSemanticError', /Table not found nothing/],
  ['USE nothing;', 'HiveSemanticError', /Database does not exist: nothing/],
  ['SELECT ${X};', 'HiveSemanticError', 'The variable ${X} is not set: pass it with -d X=value (test.hql, line 1:1'],
  ["SELECT '${env:HOME}';", 'HiveSemanticError', /\$\{env:HOME\} is not set/],
  [
    'CREATE TABLE u (a INT) STORED AS ORC;',
    'HiveUnsupported',
    'STORED AS ORC is not supported: use PARQUET or TEXTFILE',
  ],
  [
    "CREATE TABLE u (a INT) ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.RegexSerDe';",
    'HiveUnsupported',
    /The SerDe org.apache.hadoop.hive.serde2.RegexSerDe is not supported/,
  ],
  ['CREATE TABLE u (a INT) CLUSTERED BY (a) INTO 4 BUCKETS;', 'HiveUnsupported', /CLUSTERED BY is not supported/],
  ["SELECT TRANSFORM(a) USING 'cat' FROM t;", 'HiveUnsupported', /TRANSFORM is not supported/],
  ['SELECT * FROM t TABLESAMPLE(10 PERCENT);', 'HiveUnsupported', /TABLESAMPLE is not supported/],
  ["SELECT 'a' RLIKE '(?<=x)a';", 'HiveUnsupported', /Lookahead and lookbehind in the regular expression/],
  ["SELECT 'a' RLIKE '[a';", 'HiveSemanticError', /"\[a" is no regular expression/],
  ["SELECT date_format('2005-01-01', 'G');", 'HiveUnsupported', /'G' in the date pattern "G" is not supported/],
  ['SELECT date_format(b, b) FROM t;', 'HiveSemanticError', /date_format: the pattern must be a string literal/],
  ['ADD JAR s3://x/y.jar;', 'HiveUnsupported', /ADD JAR is not supported/],
  ["CREATE TEMPORARY FUNCTION f AS 'x.Y';", 'HiveUnsupported', /CREATE FUNCTION is not supported/],
  ['DELETE FROM t;', 'HiveUnsupported', /DELETE is not supported/],
  ['SELECT a FROM t WHERE a = 1 GROUP BY 1;', 'HiveUnsupported', /groups by the constant 1/],
  ["CREATE EXTERNAL TABLE u (a INT) LOCATION 'ftp://x/y';", 'HiveSemanticError', /Locations are s3:\/\/ or hdfs:\/\//],
  ['SELECT assert_true(1 = 2);', 'HiveExecutionError', /ASSERT_TRUE\(\): assertion failed/],
]

describe('A script that cannot run', () => {
  it.each(CASES)('%s', async (script, name, message) => {
    const error = await hive.failure(script)
    expect(error.name).toBe(name)
    if (typeof message === 'string') expect(error.message).toContain(message)
    else expect(error.message).toMatch(message)
    expect(error.message).toMatch(/\(test\.hql, line \d+:\d+, statement \d+: /)
  })

  it('keeps the error of a location as its cause', async () => {
    // Prepare
    const { createHive } = await import('../../../local/engines/hive/index.ts')
    const denied = Object.assign(new Error('User is not authorized to perform: s3:ListBucket'), {
      name: 'AccessDenied',
    })
    const session = await createHive({ locate: () => Promise.reject(denied), hdfs: hive.root, temp: hive.root })

    // Act
    const error = await session
      .run({ name: 'x.hql', text: "CREATE EXTERNAL TABLE t (a INT) LOCATION 's3://b/t';" })
      .catch((e) => e)
    await session.close()

    // Assess
    expect(error.name).toBe('HiveExecutionError')
    expect(error.cause).toBe(denied)
    expect(error.message).toContain('s3:ListBucket (x.hql, line 1:1, statement 1')
  })

  it('counts lines through comments, strings and windows line ends', async () => {
    const error = await hive.failure(
      "-- one; two\r\n/* three;\r\nfour */ SELECT 'a;\nb'; -- five's\n\nSELECT x FROM t;",
    )
    expect(error.place).toMatchObject({ script: 'test.hql', line: 6, column: 8, statement: 2 })
  })
})
