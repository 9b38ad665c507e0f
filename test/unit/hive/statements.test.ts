/** What statements do to tables and files. */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type TestHive, testHive } from './session.ts'

let hive: TestHive
beforeEach(async () => {
  hive = await testHive()
})
afterEach(() => hive.close())

const put = (path: string, content: string | Buffer) => {
  mkdirSync(join(hive.root, path, '..'), { recursive: true })
  writeFileSync(join(hive.root, path), content)
}
const text = (path: string) => readFileSync(join(hive.root, path), 'utf8')
const NONSTRICT = 'SET hive.exec.dynamic.partition.mode=nonstrict;'
const one = (path: string) => `CREATE EXTERNAL TABLE t (line STRING) LOCATION '${path}';`

describe('Reading text', () => {
  it('ends a record at LF, CR LF and a bare CR, and keeps empty records', async () => {
    put('b/t/a.txt', 'a\r\nb\rc\n\nd\r')
    expect(await hive.rows(`${one('s3://b/t')} SELECT concat('[', line, ']') FROM t;`)).toEqual([
      ['[a]'],
      ['[b]'],
      ['[c]'],
      ['[]'],
      ['[d]'],
    ])
  })

  it('decodes Windows-1252 where the table says so, and replaces what is no UTF-8 elsewhere', async () => {
    put('b/t/a.txt', Buffer.from([0x61, 0x92, 0xe9, 0x0a]))
    const serde =
      "ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe' WITH SERDEPROPERTIES ('serialization.encoding'='windows-1252') STORED AS TEXTFILE"
    expect(
      await hive.rows(`CREATE EXTERNAL TABLE w (x STRING) ${serde} LOCATION 's3://b/t'; SELECT x FROM w;`),
    ).toEqual([['a’é']])
    expect(await hive.rows(`${one('s3://b/t')} SELECT line FROM t;`)).toEqual([['a\ufffd\ufffd']])
  })

  it('pads missing fields with NULL, drops extra ones, and takes quotes as they are', async () => {
    put('b/t/a.txt', '1|"x"|extra\n2\n\\N|y\nz|w\n')
    expect(
      await hive.rows(
        "CREATE EXTERNAL TABLE t (a INT, b STRING) ROW FORMAT DELIMITED FIELDS TERMINATED BY '|' LOCATION 's3://b/t'; SELECT * FROM t;",
      ),
    ).toEqual([
      ['1', '"x"'],
      ['2', null],
      [null, 'y'],
      [null, 'w'],
    ])
  })

  it('unpacks .gz, skips headers, and overlooks hidden files', async () => {
    put('b/t/a.txt.gz', gzipSync('head\nx\n'))
    put('b/t/_temporary', 'no')
    put('b/t/.hidden', 'no')
    expect(
      await hive.rows(
        "CREATE EXTERNAL TABLE t (a STRING) LOCATION 's3://b/t' TBLPROPERTIES ('skip.header.line.count'='1'); SELECT a FROM t;",
      ),
    ).toEqual([['x']])
  })

  it('sees a file that has changed since the last query', async () => {
    put('b/t/a.txt', 'a\r\n')
    await hive.rows(one('s3://b/t'))
    expect(await hive.rows('SELECT line FROM t;')).toEqual([['a']])
    put('b/t/a.txt', 'bb\r\n')
    expect(await hive.rows('SELECT line FROM t;')).toEqual([['bb']])
  })
})

describe('Partitions', () => {
  it('are unknown until MSCK finds them', async () => {
    put('b/t/y=2001/z=a%2Fb/1', 'x\n')
    put('b/t/y=__HIVE_DEFAULT_PARTITION__/z=c/1', 'w\n')
    await hive.rows("CREATE EXTERNAL TABLE t (a STRING) PARTITIONED BY (y INT, z STRING) LOCATION 's3://b/t';")
    expect(await hive.rows('SELECT * FROM t;')).toEqual([])
    await hive.rows('MSCK REPAIR TABLE t;')
    expect(await hive.rows('SELECT * FROM t ORDER BY y;')).toEqual([
      ['w', null, 'c'],
      ['x', '2001', 'a/b'],
    ])
  })

  it('that WHERE rules out are not read, through views too', async () => {
    put('b/t/q=a/1', 'x\n')
    put('b/t/q=b/1', Buffer.from('\r\n'))
    await hive.rows(
      "CREATE EXTERNAL TABLE t (a STRING) PARTITIONED BY (q STRING) LOCATION 's3://b/t'; MSCK REPAIR TABLE t; CREATE VIEW v AS SELECT a, q FROM t UNION ALL SELECT a, q AS p FROM t;",
    )
    const before = readdirSync(join(hive.root, 'temp'))
    expect(await hive.rows("SELECT a FROM v WHERE q IN ('a');")).toEqual([['x'], ['x']])
    expect(readdirSync(join(hive.root, 'temp', before[0]!)).filter((name) => name.startsWith('text-'))).toEqual([])
    expect(
      await hive.rows(
        "SELECT count(*) FROM (SELECT * FROM v WHERE q = 'a') x JOIN (SELECT * FROM v WHERE q = 'b') y ON x.q <> y.q;",
      ),
    ).toEqual([['4']])
  })

  it.each([
    ['window functions', 'SELECT q, row_number() OVER (ORDER BY q) AS n FROM t', [['2']]],
    ['limits', 'SELECT q, 2 AS n FROM (SELECT q FROM t ORDER BY q LIMIT 1) x', []],
    ['other columns of that name', "SELECT 'b' AS q, a AS n FROM t", [['x'], ['y']]],
    [
      'the right side of a semi join',
      'SELECT x.q, 2 AS n FROM t x LEFT SEMI JOIN t y ON y.a > x.a OR x.q > y.q',
      [['2']],
    ],
    ['another table of a star', 'SELECT x.*, 2 AS n FROM t x JOIN t y ON y.q < x.q', [['2']]],
    ['aggregates', 'SELECT max(q) AS q, count(*) AS n FROM t', [['2']]],
  ])('that WHERE rules out still count for %s', async (_, view, rows) => {
    put('b/t/q=a/1', 'x\n')
    put('b/t/q=b/1', 'y\n')
    await hive.rows(
      `CREATE EXTERNAL TABLE t (a STRING) PARTITIONED BY (q STRING) LOCATION 's3://b/t'; MSCK REPAIR TABLE t; CREATE VIEW v AS ${view};`,
    )
    expect(await hive.rows("SELECT n FROM v WHERE q = 'b' ORDER BY n;")).toEqual(rows)
  })

  it('are written sorted, and only those that got rows are touched', async () => {
    await hive.rows(`${NONSTRICT} CREATE TABLE t (k INT, v STRING) PARTITIONED BY (y INT) STORED AS PARQUET LOCATION 's3://b/t';
      INSERT OVERWRITE TABLE t PARTITION (y) SELECT x, 'old', x % 10 FROM (SELECT explode(split(repeat('1,', 19999), ',')) AS s) n LATERAL VIEW stack(1, 1) q AS x;
      INSERT OVERWRITE TABLE t PARTITION (y) SELECT 7, 'kept', 99;`)
    await hive.rows(`${NONSTRICT} INSERT OVERWRITE TABLE t PARTITION (y)
      SELECT pmod(hash(s), 100003), s, pmod(hash(s), 7) FROM (SELECT concat(a, b, c) AS s FROM (SELECT explode(split('a,b,c,d,e,f,g,h,i,j', ',')) AS a) x
        JOIN (SELECT explode(split('k,l,m,n,o,p,q,r,s,t', ',')) AS b) y JOIN (SELECT explode(split('u,v,w,x,y,z', ',')) AS c) z) w
      DISTRIBUTE BY pmod(hash(s), 7) SORT BY s DESC;`)
    const inFile = (await hive.rows('SELECT v FROM t WHERE y = 3;')).map(([v]) => v!)
    expect(inFile.length).toBeGreaterThan(50)
    expect(inFile).toEqual(inFile.toSorted().reverse())
    expect(await hive.rows('SELECT v FROM t WHERE y = 99;')).toEqual([['kept']])
    expect(await hive.rows('SELECT count(DISTINCT y), count(*) FROM t WHERE y < 7;')).toEqual([['7', '600']])
    expect(readdirSync(join(hive.root, 'b/t/y=3'))).toEqual(['000000_0'])
  })

  it.each([
    ['converts row by row', "concat('<', b.s, '>')", '', ['<e>', '<c>', '<a>']],
    ['leaves rows out', "concat('<', b.s, '>')", "WHERE b.s <> 'c'", ['<e>', '<a>']],
    ['looks at other rows', 'lag(b.s) OVER (ORDER BY b.s)', '', [null, 'b', 'd']],
    ['groups', 'max(b.s)', 'GROUP BY b.s, b.y', ['a', 'c', 'e']],
  ])('hold the same rows when the query %s of a sorted subquery', async (_, value, rest, expected) => {
    await hive.rows(`${NONSTRICT} CREATE TABLE t (v STRING) PARTITIONED BY (y INT) LOCATION 's3://b/t';
      INSERT OVERWRITE TABLE t PARTITION (y) SELECT ${value}, b.y FROM (
        SELECT a.s, a.y FROM (
          SELECT s, locate(s, 'abcde') % 2 AS y FROM (SELECT explode(split('c,a,e,d,b', ',')) AS s) x SORT BY y, s DESC
        ) a
      ) b ${rest};`)

    const inFile = (await hive.rows('SELECT v FROM t WHERE y = 1;')).map(([v]) => v)

    // Only what is converted row by row keeps the subquery's order.
    const inOrder = (values: (string | null)[]) =>
      rest.startsWith('GROUP') || value.startsWith('lag') ? values.toSorted() : values
    expect(inOrder(inFile as (string | null)[])).toEqual(inOrder(expected))
  })

  it('are written in their order after a table that has none', async () => {
    await hive.rows(`${NONSTRICT}
      CREATE TABLE s AS SELECT p AS a FROM (SELECT 1 AS one) o LATERAL VIEW posexplode(split(repeat(',', 199999), ',')) x AS p, v;
      CREATE TABLE t (v INT) PARTITIONED BY (y INT) STORED AS PARQUET LOCATION 's3://b/t';
      INSERT OVERWRITE TABLE t PARTITION (y) SELECT v, 1 FROM (SELECT pmod(a * 7919, 200000) AS v FROM s SORT BY v) x;`)

    const values = (await hive.rows('SELECT v FROM t;')).map(([v]) => Number(v))

    expect(values.length).toBe(200_000)
    expect(values.findIndex((v, i) => v !== i)).toBe(-1)
  })

  it('are written from those of another table, values that meet together, values without rows not at all', async () => {
    await hive.rows(`${NONSTRICT} CREATE TABLE s (a INT) PARTITIONED BY (y STRING, q STRING) STORED AS PARQUET LOCATION 's3://b/s';
      INSERT OVERWRITE TABLE s PARTITION (y, q) SELECT * FROM (SELECT stack(5, 1, '1', 'x', 2, '2', 'x', 3, '2', 'y', 4, '2', NULL, 9, '3', 'z')) v;
      CREATE TABLE t (v INT) PARTITIONED BY (q STRING) LOCATION 's3://b/t'; INSERT OVERWRITE TABLE t PARTITION (q='z') SELECT 7;`)

    await hive.rows(`${NONSTRICT} INSERT OVERWRITE TABLE t PARTITION (q) SELECT a + 10, q FROM s WHERE a < 9;`)
    await hive.rows(`${NONSTRICT} INSERT INTO TABLE t PARTITION (q) SELECT v + 100, q FROM t WHERE q = 'y';`)

    expect(await hive.rows('SELECT q, v FROM t ORDER BY q, v;')).toEqual([
      [null, '14'],
      ['x', '11'],
      ['x', '12'],
      ['y', '13'],
      ['y', '113'],
      ['z', '7'],
    ])
    expect(readdirSync(join(hive.root, 'b/t')).sort()).toEqual(['q=__HIVE_DEFAULT_PARTITION__', 'q=x', 'q=y', 'q=z'])
  })

  it('keep the rows that other inserts added', async () => {
    await hive.rows(
      "CREATE TABLE t (a INT) PARTITIONED BY (y STRING) LOCATION 's3://b/t'; INSERT INTO t PARTITION (y='x') SELECT 1; INSERT INTO t PARTITION (y='x') VALUES (2), (3);",
    )
    expect(readdirSync(join(hive.root, 'b/t/y=x')).sort()).toEqual(['000000_0', '000000_0_copy_1'])
    expect(await hive.rows('SELECT sum(a) FROM t;')).toEqual([['6']])
  })

  it('go with their data only from managed tables', async () => {
    await hive.rows(
      "CREATE TABLE m (a INT) PARTITIONED BY (y STRING) LOCATION 's3://b/m'; CREATE EXTERNAL TABLE e (a INT) PARTITIONED BY (y STRING) LOCATION 's3://b/e'; INSERT INTO m PARTITION (y='x') SELECT 1; INSERT INTO e PARTITION (y='x') SELECT 1;",
    )
    await hive.rows(
      "ALTER TABLE m DROP IF EXISTS PARTITION (y='x'), PARTITION (y='none'); ALTER TABLE e DROP PARTITION (y='x');",
    )
    expect(existsSync(join(hive.root, 'b/m/y=x'))).toBe(false)
    expect(existsSync(join(hive.root, 'b/e/y=x/000000_0'))).toBe(true)
    expect(await hive.rows('SELECT * FROM e;')).toEqual([])
  })

  it('bounded by hive.exec.max.dynamic.partitions', async () => {
    const error = await hive.failure(
      `${NONSTRICT} SET hive.exec.max.dynamic.partitions=1; CREATE TABLE t (a INT) PARTITIONED BY (y INT); INSERT OVERWRITE TABLE t PARTITION (y) SELECT 1, explode(array(1, 2));`,
    )
    expect(error.name).toBe('HiveSemanticError')
    const many = await hive.failure(
      `${NONSTRICT} SET hive.exec.max.dynamic.partitions=1; INSERT OVERWRITE TABLE t PARTITION (y) SELECT 1, y FROM (SELECT explode(array(1, 2)) AS y) x;`,
    )
    expect(many.message).toContain('Number of dynamic partitions created is 2, which is more than 1')
  })
})

describe('Writing', () => {
  it('text escapes what a number holds of its delimiter', async () => {
    await hive.rows(`CREATE TABLE t (a STRING, b STRING) ROW FORMAT DELIMITED FIELDS TERMINATED BY '-' ESCAPED BY '\\\\' LOCATION 's3://b/t';
      INSERT OVERWRITE TABLE t SELECT -5, date '2005-03-01';`)
    expect(text('b/t/000000_0')).toBe('\\-5-2005\\-03\\-01\n')
  })

  it('text with its delimiter, escapes and NULL', async () => {
    await hive.rows(`CREATE TABLE t (a STRING, b DECIMAL(6,2), c DOUBLE, d BOOLEAN, e DATE, f STRING) ROW FORMAT DELIMITED FIELDS TERMINATED BY '|' ESCAPED BY '\\\\' NULL DEFINED AS '\\\\N' LOCATION 's3://b/t';
      INSERT OVERWRITE TABLE t SELECT 'x|y\\\\z "q"', 1.5, 1e10, true, '2005-03-01', NULL;`)
    expect(text('b/t/000000_0')).toBe('x\\|y\\\\z "q"|1.50|1.0E10|true|2005-03-01|\\N\n')
  })

  it('a directory, in place of what was there', async () => {
    put('b/d/old', 'x')
    await hive.rows(
      "INSERT OVERWRITE DIRECTORY 's3://b/d' ROW FORMAT DELIMITED FIELDS TERMINATED BY '|' SELECT 1, 'a', 2.50;",
    )
    expect(readdirSync(join(hive.root, 'b/d'))).toEqual(['000000_0'])
    expect(text('b/d/000000_0')).toBe('1|a|2.50\n')
  })

  it('several tables from one source', async () => {
    await hive.rows(
      "CREATE TABLE a (x INT); CREATE TABLE b (x INT, y STRING); WITH n AS (SELECT explode(array(1, 2, 3)) AS x) FROM n INSERT OVERWRITE TABLE a SELECT x WHERE x < 2 INSERT INTO TABLE b SELECT x, 'many' WHERE x >= 2;",
    )
    expect(await hive.rows('SELECT * FROM a;')).toEqual([['1']])
    expect(await hive.rows('SELECT * FROM b ORDER BY x;')).toEqual([
      ['2', 'many'],
      ['3', 'many'],
    ])
  })

  it('converts to the types of the columns, NULL where that fails', async () => {
    await hive.rows(
      "CREATE TABLE t (a SMALLINT, b DATE, c STRING) STORED AS PARQUET; INSERT INTO t SELECT '12.7', 'x', 1.50; INSERT INTO t (c) VALUES ('only');",
    )
    expect(await hive.rows('SELECT * FROM t ORDER BY c;')).toEqual([
      ['12', null, '1.5'],
      [null, null, 'only'],
    ])
  })

  it('the same bytes for the same rows', async () => {
    const insert = `${NONSTRICT} INSERT OVERWRITE TABLE t PARTITION (y) SELECT x, x % 3 FROM (SELECT explode(split('5,4,3,2,1,9,8,7', ',')) AS x) s SORT BY x;`
    await hive.rows(
      `CREATE TABLE t (x INT) PARTITIONED BY (y INT) STORED AS PARQUET TBLPROPERTIES ('parquet.compression'='SNAPPY') LOCATION 's3://b/t';`.replace(
        /TBLPROPERTIES \(.*?\) (LOCATION '.*?')/,
        "$1 TBLPROPERTIES ('parquet.compression'='SNAPPY')",
      ),
    )
    await hive.rows(insert)
    const first = readFileSync(join(hive.root, 'b/t/y=1/000000_0'))
    await hive.rows(insert)
    expect(readFileSync(join(hive.root, 'b/t/y=1/000000_0')).equals(first)).toBe(true)
  })

  it('leaves the old rows when the query fails', async () => {
    await hive.rows("CREATE TABLE t (x STRING) LOCATION 's3://b/t'; INSERT INTO t VALUES ('old');")
    const error = await hive.failure("INSERT OVERWRITE TABLE t SELECT assert_true(x = 'new') FROM t;")
    expect(error.name).toBe('HiveExecutionError')
    expect(text('b/t/000000_0')).toBe('old\n')
    expect(
      readdirSync(join(hive.root, 'temp', readdirSync(join(hive.root, 'temp'))[0]!)).filter((n) =>
        n.startsWith('insert'),
      ),
    ).toEqual([])
  })
})

describe('Tables', () => {
  it('live as long as the session, temporary ones as long as the script', async () => {
    await hive.rows('CREATE TABLE kept AS SELECT 1 AS a; CREATE TEMPORARY TABLE gone AS SELECT 1 AS a;')
    expect(await hive.rows('SHOW TABLES;')).toEqual([['kept']])
  })

  it('have databases, and USE lasts for a script', async () => {
    await hive.rows("CREATE DATABASE d LOCATION 's3://b/d'; USE d; CREATE TABLE t (a INT); INSERT INTO t VALUES (5);")
    expect(text('b/d/t/000000_0')).toBe('5\n')
    expect(await hive.rows('SELECT a FROM d.t; SHOW DATABASES;')).toEqual([['5'], ['d'], ['default']])
    await hive.rows('DROP DATABASE d CASCADE;')
    expect(existsSync(join(hive.root, 'b/d/t'))).toBe(false)
  })

  it('describe themselves, and change their names', async () => {
    await hive.rows(
      'CREATE TABLE t (a DECIMAL(14,2), b ARRAY<STRING>) PARTITIONED BY (y INT) STORED AS PARQUET; ALTER TABLE t RENAME TO u; CREATE TABLE w LIKE u;',
    )
    expect((await hive.rows('DESCRIBE w;')).slice(0, 3)).toEqual([
      ['a', 'decimal(14,2)', ''],
      ['b', 'array<string>', ''],
      ['y', 'int', ''],
    ])
    expect(await hive.rows("SHOW TABLES LIKE 'u*';")).toEqual([['u']])
  })

  it('take files in by LOAD DATA', async () => {
    put('b/in/x.txt', 'a\n')
    await hive.rows(
      "CREATE TABLE t (l STRING) PARTITIONED BY (y STRING) LOCATION 's3://b/t'; LOAD DATA INPATH 's3://b/in' INTO TABLE t PARTITION (y='1');",
    )
    expect(await hive.rows('SELECT * FROM t;')).toEqual([['a', '1']])
    expect(existsSync(join(hive.root, 'b/in/x.txt'))).toBe(false)
  })

  it('made of a query are read, added to, overwritten with themselves, emptied and renamed', async () => {
    // Prepare: a table whose rows are in no file yet
    await hive.rows('CREATE TABLE made STORED AS PARQUET AS SELECT explode(array(1, 2)) AS a;')
    const rows = async (table: string) => (await hive.rows(`SELECT a FROM ${table} ORDER BY a;`)).flat()

    // Act and assess
    expect(await rows('made')).toEqual(['1', '2'])
    await hive.rows('INSERT INTO TABLE made SELECT a + 10 FROM made;')
    expect(await rows('made')).toEqual(['1', '2', '11', '12'])
    await hive.rows('CREATE TABLE second STORED AS PARQUET AS SELECT a FROM made;')
    await hive.rows('INSERT OVERWRITE TABLE second SELECT a + 1 FROM second WHERE a < 10;')
    expect(await rows('second')).toEqual(['2', '3'])
    await hive.rows('CREATE TABLE third STORED AS PARQUET AS SELECT a FROM made; ALTER TABLE third RENAME TO fourth;')
    expect(await rows('fourth')).toEqual(['1', '2', '11', '12'])
    await hive.rows('TRUNCATE TABLE fourth;')
    expect(await rows('fourth')).toEqual([])
    await hive.rows('DROP TABLE made; DROP TABLE second; DROP TABLE fourth;')
    await hive.rows('CREATE TABLE made STORED AS PARQUET AS SELECT 7 AS a;')
    expect(await rows('made')).toEqual(['7'])
  })

  it('lie on HDFS without a location, and nowhere else', async () => {
    await hive.rows('CREATE TABLE t AS SELECT 1 AS a;')
    expect(statSync(join(hive.root, 'hdfs/user/hive/warehouse/t/000000_0')).isFile()).toBe(true)
    const error = await hive.failure("CREATE TABLE u (a INT) LOCATION '/../../x'; INSERT INTO u VALUES (1);")
    expect(existsSync(join(hive.root, '../x'))).toBe(false)
    expect(error).toBeDefined()
  })
})

describe('The log', () => {
  it("is the Hive CLI's", async () => {
    const lines = await hive.log('CREATE TABLE t (a INT); INSERT INTO t VALUES (1), (2); SELECT * FROM t;')
    expect(lines.map((line) => line.replace(/[\d.]+ seconds/, 'N seconds'))).toEqual([
      'OK',
      'Time taken: N seconds',
      'Loading data to table default.t',
      'Table default.t stats: [numFiles=1, numRows=2]',
      'OK',
      'Time taken: N seconds',
      'OK',
      'Time taken: N seconds, Fetched: 2 row(s)',
    ])
  })
})
