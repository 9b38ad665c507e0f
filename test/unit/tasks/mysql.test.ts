/** The tasks that load MySQL, on the real server of this machine behind the local RDS: TLS, tokens, LOAD DATA, transactions. */
import { join } from 'node:path'
import type { RowDataPacket } from 'mysql2/promise'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ORIGINATION } from '../../../data/loans/columns.ts'
import { findMysqlServer } from '../../../local/services/rds/index.ts'
import { handler as loadMysql } from '../../../tasks/batch/load-mysql.ts'
import { handler as measureMysql } from '../../../tasks/batch/measure-mysql.ts'
import { partsOf } from '../../../tasks/batch/mysql/part-lines.ts'
import { handler as prepareMysql } from '../../../tasks/batch/prepare-mysql.ts'
import { handler as swapMysql } from '../../../tasks/batch/swap-mysql.ts'
import { failure } from '../../support/cloud.ts'
import { asMaster, bootDatabase, type Database, MASTER } from '../rds/database.ts'
import { bucket, execution, heldLock, invoke, startAws, type TestAws } from './aws.ts'

const program = await findMysqlServer()

/** One exported line, in the canonical columns' order. */
function line(loan: number, change: Record<string, string> = {}): string {
  const usual = { date: '1999-03-01', integer: '7', money: '180000.50', rate: '6.875' } as Record<string, string>
  const fields = ORIGINATION.map(({ name, kind }) => {
    if (name === 'loan_identifier') return `F99Q1${String(loan).padStart(7, '0')}`
    return change[name] ?? usual[kind as string] ?? 'Y'
  })
  return `${[...fields, 'r47'].join('|')}\n`
}

describe.runIf(program)('the tasks that load MySQL', { timeout: 60_000 }, () => {
  let aws: TestAws
  let database: Database
  let environment: Record<string, string>

  beforeAll(async () => {
    aws = await startAws()
    await bucket(aws.cloud, 'processed')
    const task = aws.cloud.role('LoadMysql')
    aws.cloud.principalOf = (key) => (key === 'ASIATEST' ? task : undefined)
    database = await bootDatabase(aws.cloud)
    const secret = { username: MASTER.user, password: MASTER.password }
    const { ARN } = await aws.cloud.as('secretsmanager', 'CreateSecret', {
      Name: 'master',
      SecretString: JSON.stringify(secret),
    })
    environment = {
      DB_HOST: database.host,
      DB_PORT: String(database.port),
      DB_NAME: 'loans',
      DB_USER: 'loader',
      DB_CA_FILE: join(aws.cloud.dataDir, 'rds', 'ca.pem'),
      DB_MASTER_SECRET_ARN: ARN,
      PROCESSED_BUCKET: 'processed',
      LOCKS_TABLE: await heldLock(aws.cloud),
    }
  }, 60_000)
  afterAll(() => aws.close())
  beforeEach(() => prepare())

  const prepare = () => invoke(prepareMysql, { execution: execution(), quarters: ['1999Q1'] }, environment)
  const swap = (quarter = '1999Q1') =>
    invoke<{ rows: number }>(swapMysql, { execution: execution(), quarter }, environment)
  const measure = async (quarters: string[]) =>
    (await invoke<{ measures: Record<string, string> }>(measureMysql, { quarters }, environment)).measures
  async function put(name: string, lines: string[], quarter = '1999Q1') {
    const key = `export/origination/quarter=${quarter}/${name}`
    const Body = Buffer.from(lines.join(''))
    await aws.cloud.as('s3', 'PutObject', { Bucket: 'processed', Key: key, Body })
    return { quarter, key, from: 0, to: Body.length, size: Body.length }
  }
  const loadParts = (...parts: Awaited<ReturnType<typeof put>>[]) =>
    invoke<{ records: number }>(loadMysql, { execution: execution(), load: { parts } }, environment)
  const load = async (name: string, lines: string[], quarter?: string) => loadParts(await put(name, lines, quarter))
  async function select(sql: string): Promise<RowDataPacket[]> {
    const connection = await asMaster(aws.cloud, database, { database: 'loans' })
    try {
      return (await connection.query<RowDataPacket[]>(sql))[0]
    } finally {
      connection.destroy()
    }
  }
  const staged = async () => (await select('SELECT COUNT(*) AS n FROM origination_staging'))[0]?.n

  it('prepare again and again, and leave staging empty', async () => {
    await load('000000_0', [line(1)])
    expect(await staged()).toBe(1)
    await prepare()
    expect(await staged()).toBe(0)
  })

  it('load each file once however often it is tried, and swap the quarter in', async () => {
    const many = Array.from({ length: 2_000 }, (_, i) => line(i))
    expect(await load('000000_0', many)).toEqual({ records: 2_000 })
    expect(await load('000000_0', many)).toEqual({ records: 2_000 })
    expect(await load('000001_0', [line(5_000, { seller_name: 'BÄNK \\| & CO', msa_md: '\\N' })])).toEqual({
      records: 1,
    })

    expect(await swap()).toEqual({ quarter: '1999Q1', rows: 2001 })
    expect(await measure(['1999Q1', '1999Q3'])).toMatchObject({
      '1999Q1': expect.stringMatching(/^2001\|/),
      '1999Q3': expect.stringMatching(/^0\|0\|\\N/),
    })

    expect(await select("SELECT seller_name, msa_md FROM origination WHERE loan_identifier = 'F99Q10005000'")).toEqual([
      { seller_name: 'BÄNK | & CO', msa_md: null },
    ])
  })

  it('load a file in parts, each line once, also when a part is tried again', async () => {
    // Prepare
    const file = await put(
      '000000_0',
      Array.from({ length: 1_000 }, (_, i) => line(i)),
    )
    const cuts = partsOf(file.size, 30_000)

    // Act
    const loaded = await Promise.all(cuts.map((cut) => loadParts({ ...file, ...cut })))
    const again = await loadParts({ ...file, ...cuts[1]! })

    // Assess
    expect(cuts.length).toBeGreaterThan(3)
    expect(loaded.reduce((sum, { records }) => sum + records, 0)).toBe(1_000)
    expect(again).toEqual(loaded[1])
    expect(await staged()).toBe(1_000)
  })

  it('load small files of several quarters together, all or none of them', async () => {
    // Prepare
    const good = await put('000000_0', [line(1), line(2)])
    const other = await put('000000_0', [line(3)], '1999Q2')
    const bad = await put('000001_0', [line(4, { property_state: 'CALIFORNIA' })], '1999Q2')

    // Act
    const loaded = await loadParts(good, other)
    await prepare()
    const error = await failure(() => loadParts(good, bad))

    // Assess
    expect(loaded).toEqual({ records: 3 })
    expect(error).toMatchObject({ name: 'MysqlLoadRefused' })
    expect(error.message).toContain('quarter=1999Q2/000001_0')
    expect(await staged()).toBe(0)
  })

  it('replace exactly their quarter', async () => {
    await load('000000_0', [line(90_001), line(90_002)], '1999Q2')
    await swap('1999Q2')
    await prepare()
    await load('000000_0', [line(1)])

    expect(await swap()).toEqual({ quarter: '1999Q1', rows: 1 })
    expect(await select('SELECT quarter, COUNT(*) AS n FROM origination GROUP BY quarter ORDER BY quarter')).toEqual([
      { quarter: '1999Q1', n: 1 },
      { quarter: '1999Q2', n: 2 },
    ])
  })

  it('swap a quarter again when the answer was lost, and leave the same rows', async () => {
    // Prepare
    await load('000000_0', [line(1), line(2)])
    await swap()
    const before = await select('SELECT * FROM origination ORDER BY loan_identifier')

    // Act
    const again = await swap()

    // Assess
    expect(again).toEqual({ quarter: '1999Q1', rows: 2 })
    expect(await select('SELECT * FROM origination ORDER BY loan_identifier')).toEqual(before)
  })

  it.each([
    ['a value of another type', { original_interest_rate: 'six' }],
    ['a date that is none', { first_payment_date: '1999-13-01' }],
    ['a text that is too long', { property_state: 'CALIFORNIA' }],
  ])('refuse a file with %s, and keep nothing of it', async (_, change) => {
    const error = await failure(() => load('000000_0', [line(1), line(2, change), line(3)]))
    expect(error).toMatchObject({ name: 'MysqlLoadRefused' })
    expect(error.message).toContain('export/origination/quarter=1999Q1/000000_0')
    expect(await staged()).toBe(0)
  })

  it('refuse a file with a field too few', async () => {
    const error = await failure(() => load('000000_0', [line(1), line(2).replace(/^[^|]*\|/, '')]))
    expect(error).toMatchObject({ name: 'MysqlLoadRefused' })
    expect(error.message).toContain('export/origination/quarter=1999Q1/000000_0')
    expect(await staged()).toBe(0)
  })

  it('end in a named error when the account may not connect', async () => {
    aws.cloud.decide = (_, { action }) => action !== 'rds-db:connect'
    try {
      const error = await failure(() => swap())
      expect(error).toMatchObject({ name: 'MysqlError' })
      expect(error.message).toContain('rds-db:connect')
    } finally {
      aws.cloud.decide = () => true
    }
  })

  it('call a server that is down transient', async () => {
    const error = await failure(() =>
      invoke(swapMysql, { execution: execution(), quarter: '1999Q1' }, { ...environment, DB_PORT: '9' }),
    )
    expect(error).toMatchObject({ name: 'TransientError' })
  })
})
