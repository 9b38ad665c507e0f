/** Queries and the rows that they print, by Hive 3.1: functions over rows, and every construct of SELECT. */
export const QUERIES: readonly (readonly [query: string, rows: (string | null)[][]])[] = [
  ['SELECT percentile(x, 0.5) FROM (SELECT explode(array(1, 2, 4)) AS x) t', [['2.0']]],
  ['SELECT percentile(x, array(0.0, 1.0)) FROM (SELECT explode(array(1, 2, 4)) AS x) t', [['[1.0,4.0]']]],
  ['SELECT percentile_approx(x, 0.5) FROM (SELECT explode(array(1, 2, 3)) AS x) t', [['2.0']]],
  ['SELECT size(collect_set(x)) FROM (SELECT explode(array(1, 1, 3)) AS x) t', [['2']]],
  [
    "SELECT concat_ws(',', sort_array(collect_list(x))) FROM (SELECT explode(array('b', 'a', 'b')) AS x) t",
    [['a,b,b']],
  ],
  ['SELECT count(*), count(x), count(DISTINCT x) FROM (SELECT explode(array(1, 1, null)) AS x) t', [['3', '2', '1']]],
  ['SELECT count(DISTINCT x, y) FROM (SELECT 1 x, 2 y UNION ALL SELECT 1, 2 UNION ALL SELECT 1, null) t', [['1']]],
  ['SELECT sum(x), avg(x), min(x), max(x) FROM (SELECT explode(array(1, 2)) AS x) t', [['3', '1.5', '1', '2']]],
  ["SELECT sum(x) FROM (SELECT explode(array('1', '2.5')) AS x) t", [['3.5']]],
  ['SELECT sum(x) FROM (SELECT 1 x) t WHERE x > 5', [[null]]],
  [
    'SELECT sum(x), avg(x) FROM (SELECT explode(array(cast(1.5 AS decimal(5,2)), cast(2 AS decimal(5,2)))) AS x) t',
    [['3.50', '1.750000']],
  ],
  [
    'SELECT stddev(x), variance(x), stddev_samp(x), std(x), stddev_pop(x) FROM (SELECT explode(array(1, 3)) AS x) t',
    [['1.0', '1.0', '1.4142135623730951', '1.0', '1.0']],
  ],
  ['SELECT var_pop(x), var_samp(x) FROM (SELECT explode(array(1, 3)) AS x) t', [['1.0', '2.0']]],
  [
    'SELECT corr(x, x), covar_pop(x, x), covar_samp(x, x) FROM (SELECT explode(array(1, 3)) AS x) t',
    [['1.0', '1.0', '2.0']],
  ],
  [
    'SELECT x, row_number() OVER (ORDER BY x DESC), rank() OVER (ORDER BY x), dense_rank() OVER (ORDER BY x) FROM (SELECT explode(array(1, 1, 2)) AS x) t ORDER BY x DESC',
    [
      ['2', '1', '3', '2'],
      ['1', '2', '1', '1'],
      ['1', '3', '1', '1'],
    ],
  ],
  [
    'SELECT x, lag(x) OVER (ORDER BY x), lead(x, 1, 0) OVER (ORDER BY x), ntile(2) OVER (ORDER BY x) FROM (SELECT explode(array(1, 2)) AS x) t ORDER BY x',
    [
      ['1', null, '2', '1'],
      ['2', '1', '0', '2'],
    ],
  ],
  [
    'SELECT percent_rank() OVER (ORDER BY x), cume_dist() OVER (ORDER BY x) FROM (SELECT explode(array(1, 2)) AS x) t ORDER BY 2',
    [
      ['0.0', '0.5'],
      ['1.0', '1.0'],
    ],
  ],
  [
    'SELECT first_value(x) OVER w, last_value(x, true) OVER w FROM (SELECT explode(array(1, null)) AS x) t WINDOW w AS (ORDER BY x DESC ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)',
    [
      ['1', '1'],
      ['1', '1'],
    ],
  ],
  [
    'SELECT sum(x) OVER (ORDER BY x ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) s FROM (SELECT explode(array(1, 2, 3)) AS x) t ORDER BY s',
    [['1'], ['3'], ['5']],
  ],
  ["SELECT y FROM (SELECT cast(null AS string) y UNION ALL SELECT 'a') t ORDER BY y", [[null], ['a']]],
  ["SELECT y FROM (SELECT cast(null AS string) y UNION ALL SELECT 'a') t ORDER BY y DESC", [['a'], [null]]],
  ["SELECT y FROM (SELECT cast(null AS string) y UNION ALL SELECT 'a') t ORDER BY y ASC NULLS LAST", [['a'], [null]]],
  [
    'SELECT a, grouping__id, count(*) FROM (SELECT 1 a, 2 b) t GROUP BY a, b GROUPING SETS ((a, b), (a), ()) ORDER BY grouping__id',
    [
      ['1', '0', '1'],
      ['1', '1', '1'],
      [null, '3', '1'],
    ],
  ],
  [
    'SELECT a, b, grouping(b), count(*) FROM (SELECT 1 a, 2 b) t GROUP BY a, b WITH ROLLUP ORDER BY a, b',
    [
      [null, null, '1', '1'],
      ['1', null, '1', '1'],
      ['1', '2', '0', '1'],
    ],
  ],
  [
    'SELECT a, b FROM (SELECT 1 a, 2 b) t GROUP BY CUBE(a, b) ORDER BY a, b',
    [
      [null, null],
      [null, '2'],
      ['1', null],
      ['1', '2'],
    ],
  ],
  [
    "SELECT s, x FROM (SELECT 'a,b' s) t LATERAL VIEW explode(split(s, ',')) e AS x ORDER BY x",
    [
      ['a,b', 'a'],
      ['a,b', 'b'],
    ],
  ],
  [
    "SELECT i, x FROM (SELECT 'a,b' s) t LATERAL VIEW posexplode(split(s, ',')) e AS i, x ORDER BY i",
    [
      ['0', 'a'],
      ['1', 'b'],
    ],
  ],
  [
    'SELECT count(*), count(x) FROM (SELECT cast(null AS array<int>) s) t LATERAL VIEW OUTER explode(s) e AS x',
    [['1', '0']],
  ],
  ['SELECT count(*) FROM (SELECT cast(null AS array<int>) s) t LATERAL VIEW explode(s) e AS x', [['0']]],
  [
    "SELECT k, v FROM (SELECT map('a', 1, 'b', 2) m) t LATERAL VIEW explode(m) e AS k, v ORDER BY k",
    [
      ['a', '1'],
      ['b', '2'],
    ],
  ],
  [
    "SELECT inline(array(struct(1, 'x'), struct(2, 'y')))",
    [
      ['1', 'x'],
      ['2', 'y'],
    ],
  ],
  [
    "SELECT stack(2, 1, 'x', 2, 'y') AS (a, b)",
    [
      ['1', 'x'],
      ['2', 'y'],
    ],
  ],
  [
    'SELECT a, b FROM (SELECT \'{"a":1,"b":"x"}\' j) t LATERAL VIEW json_tuple(j, \'a\', \'b\') e AS a, b',
    [['1', 'x']],
  ],
  ['SELECT count(*) FROM (SELECT 1 a) t LEFT SEMI JOIN (SELECT 1 a UNION ALL SELECT 1) u ON t.a = u.a', [['1']]],
  [
    'SELECT t.a, u.a FROM (SELECT 1 a UNION ALL SELECT 2) t LEFT JOIN (SELECT 1 a) u ON t.a = u.a ORDER BY t.a',
    [
      ['1', '1'],
      ['2', null],
    ],
  ],
  [
    'SELECT t.a, u.a FROM (SELECT 1 a) t FULL OUTER JOIN (SELECT 2 a) u ON t.a = u.a ORDER BY t.a',
    [
      [null, '2'],
      ['1', null],
    ],
  ],
  ['SELECT count(*) FROM (SELECT 1 a) t, (SELECT explode(array(1, 2)) AS b) u', [['2']]],
  ['SELECT a FROM (SELECT 1 a UNION ALL SELECT 2) t WHERE a IN (SELECT 2 AS b)', [['2']]],
  [
    'SELECT a FROM (SELECT 1 a UNION ALL SELECT 2) t WHERE NOT EXISTS (SELECT 1 FROM (SELECT 2 b) u WHERE u.b = t.a)',
    [['1']],
  ],
  ['SELECT (SELECT max(x) FROM (SELECT 3 x) u) AS m', [['3']]],
  ['WITH a AS (SELECT 1 x), b AS (SELECT x + 1 AS y FROM a) SELECT y FROM b', [['2']]],
  ['SELECT 1 AS x UNION ALL SELECT 2.5 ORDER BY x', [['1.0'], ['2.5']]],
  ['SELECT x FROM (SELECT 1 x UNION SELECT 1) t', [['1']]],
  ['SELECT 1 INTERSECT SELECT 1', [['1']]],
  ['SELECT 1 MINUS SELECT 2', [['1']]],
  ['SELECT DISTINCT x FROM (SELECT explode(array(2, 1, 2)) AS x) t ORDER BY x', [['1'], ['2']]],
  ['SELECT x AS y FROM (SELECT explode(array(2, 1)) AS x) t ORDER BY x', [['1'], ['2']]],
  ['SELECT x FROM (SELECT explode(array(2, 1, 3)) AS x) t ORDER BY -x LIMIT 2', [['3'], ['2']]],
  ['SELECT x FROM (SELECT explode(array(2, 1, 3)) AS x) t ORDER BY x LIMIT 1, 1', [['2']]],
  [
    'SELECT x % 2 AS p, count(*) AS n FROM (SELECT explode(array(2, 1, 3)) AS x) t GROUP BY x % 2 HAVING n > 1',
    [['1', '2']],
  ],
  [
    'SET hive.groupby.position.alias=true; SELECT x, count(*) FROM (SELECT explode(array(1, 1)) AS x) t GROUP BY 1',
    [['1', '2']],
  ],
  ['FROM (SELECT 1 x) t SELECT x + 1', [['2']]],
  ['SELECT `x y` FROM (SELECT 1 `x y`) t', [['1']]],
  ['SELECT T.X FROM (SELECT 1 AS x) t', [['1']]],
  ["SET hivevar:a=1; SET hivevar:b=${a}2; SELECT ${b}, '${hivevar:a}'", [['12', '1']]],
  ['SET x.y=z; SET x.y; SELECT "${hiveconf:x.y}"', [['x.y=z'], ['z']]],
]
