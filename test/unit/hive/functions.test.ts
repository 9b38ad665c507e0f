/** Every function and construct means what it means in Hive 3.1. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FUNCTION_NAMES } from '../../../local/engines/hive/compile/functions/index.ts'
import { TABLE } from './expressions/index.ts'
import { QUERIES } from './queries.ts'
import { type TestHive, testHive } from './session.ts'

let hive: TestHive
beforeAll(async () => {
  hive = await testHive()
})
afterAll(() => hive.close())

describe.each(Object.entries(TABLE))('%s', (_, cases) => {
  it.each(cases)('%s', async (expression, printed) => {
    const [[value] = []] = await hive.rows(`SELECT ${expression};`)
    expect(value).toBe(printed)
  })
})

describe('queries', () => {
  it.each(QUERIES)('%s', async (query, rows) => {
    expect(await hive.rows(`${query};`)).toEqual(rows)
  })
})

describe('the table of functions', () => {
  const written = JSON.stringify([TABLE, QUERIES]).toLowerCase()
  // They answer with what to write instead.
  const REFUSED = ['conv', 'parse_url', 'width_bucket']
  it.each(FUNCTION_NAMES.filter((name) => !REFUSED.includes(name)))('has a case for %s', (name) => {
    expect(new RegExp(`\\b${name}\\b`).test(written)).toBe(true)
  })
})
