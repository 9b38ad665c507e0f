import { describe, expect, it } from 'vitest'
import { quotedList, render, statements } from '../../../tasks/script.ts'

describe('render', () => {
  it('fills placeholders in, each time they stand there', () => {
    const script = "DELETE FROM t WHERE quarter = '${QUARTER}'; COPY t FROM '${PROCESSED}/t/quarter=${QUARTER}/'"
    expect(render(script, { QUARTER: '1999Q1', PROCESSED: 's3://b' })).toBe(
      "DELETE FROM t WHERE quarter = '1999Q1'; COPY t FROM 's3://b/t/quarter=1999Q1/'",
    )
  })

  it('takes a list of quoted words', () => {
    expect(render('IN (${QUARTERS})', { QUARTERS: quotedList(['1999Q1', '1999Q2']) })).toBe("IN ('1999Q1','1999Q2')")
  })

  it('refuses a placeholder that nobody gives', () => {
    expect(() => render('${UNKNOWN}', { QUARTER: '1999Q1' })).toThrow(/\$\{UNKNOWN\}.*QUARTER/)
  })

  it.each(["x'; DROP TABLE t; --", 'a;b', "it's", 'back\\slash', "'a',b'"])('refuses %s as a value', (value) => {
    expect(() => render("'${QUARTER}'", { QUARTER: value })).toThrow(/may not stand in SQL/)
  })
})

describe('statements', () => {
  it('cuts at semicolons that end a line, and drops comment lines', () => {
    const script = `-- first; of all
CREATE TABLE t (a int); -- small
INSERT INTO t
-- between
VALUES (1), (';');

`
    expect(statements(script)).toEqual(['CREATE TABLE t (a int)', "INSERT INTO t\nVALUES (1), (';')"])
  })
})
