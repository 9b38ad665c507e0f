/** The local RDS with the real server of this machine: signing in, loading files with sql/mysql, restarts. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { Connection, ResultSetHeader } from 'mysql2/promise'
import { createConnection } from 'mysql2/promise'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { ORIGINATION } from '../../../data/loans/columns.ts'
import { findMysqlServer } from '../../../local/services/rds/index.ts'
import { PrivateServer } from '../../../local/services/rds/server.ts'
import { quotedList, render, statements } from '../../../tasks/script.ts'
import { failure, type TestCloud, testCloud } from '../../support/cloud.ts'
import { asMaster, asUser, bootDatabase, type Database } from './database.ts'

const program = await findMysqlServer()
if (!program)
  console.warn('No mariadbd or mysqld on this machine: the tests of the local RDS with a real server are skipped.')

let cloud: TestCloud
let database: Database
const KEY = 'ASIALOADER'

const script = async (name: string, values: Record<string, string>) =>
  statements(render(await readFile(new URL(`../../../sql/mysql/${name}.sql`, import.meta.url), 'utf8'), values))
const opened = async (connection: Promise<Connection>) => {
  const open = await connection
  onTestFinished(() => open.destroy())
  return open
}
const loader = (options?: object) => opened(asUser(cloud, database, 'loader', KEY, options))
const master = (options?: object) => opened(asMaster(cloud, database, options))
const rows = async (connection: Connection, sql: string) => (await connection.query({ sql, rowsAsArray: true }))[0]

describe.runIf(program)('the local RDS', { timeout: 60_000 }, () => {
  beforeAll(async () => {
    cloud = testCloud()
    const task = cloud.role('LoadMysql')
    cloud.principalOf = (key) => (key === KEY ? task : undefined)
    database = await bootDatabase(cloud)
    const connection = await asMaster(cloud, database)
    for (const statement of await script('create-tables', { DATABASE: 'loans', LOADER: 'loader' }))
      await connection.query(statement)
    await connection.end()
  }, 60_000)
  afterAll(() => cloud.dispose())

  describe('lets in', () => {
    it('the master by its password, to the database of the template', async () => {
      const connection = await master({ database: 'loans' })

      expect(await rows(connection, 'SELECT CURRENT_USER(), DATABASE()')).toEqual([['admin@%', 'loans']])
    })

    it('the loader by a token, when its role may connect', async () => {
      const asked: string[] = []
      cloud.decide = (principal, { action, resource }) => {
        asked.push(`${principal.arn} ${action} ${resource}`)
        return true
      }

      const connection = await loader()

      expect(await rows(connection, 'SELECT CURRENT_USER()')).toEqual([['loader@%']])
      const resourceId = database.resource.attributes?.DbiResourceId
      expect(resourceId).toMatch(/^db-[A-Z2-7]{26}$/)
      expect(asked).toEqual([
        `arn:aws:sts::000000000000:assumed-role/LoadMysql/session rds-db:connect arn:aws:rds-db:us-east-1:000000000000:dbuser:${resourceId}/loader`,
      ])
    })

    it('another account by its own password', async () => {
      const connection = await master()
      await connection.query("CREATE USER IF NOT EXISTS analyst IDENTIFIED BY 'words'")

      const analyst = await master({ user: 'analyst', password: 'words' })

      expect(await rows(analyst, 'SELECT CURRENT_USER()')).toEqual([['analyst@%']])
    })
  })

  describe('refuses', () => {
    it('a wrong master password', async () => {
      const error = await failure(() => asMaster(cloud, database, { password: 'wrong' }))

      expect(error).toMatchObject({
        code: 'ER_ACCESS_DENIED_ERROR',
        errno: 1045,
        message: "Access denied for user 'admin'@'127.0.0.1' (using password: YES)",
      })
    })

    it('a loader whose role may not connect, naming role, action and resource', async () => {
      cloud.decide = (_, { action }) => action !== 'rds-db:connect'

      const error = await failure(() => asUser(cloud, database, 'loader', KEY)).finally(() => {
        cloud.decide = () => true
      })

      expect(error).toMatchObject({ errno: 1045 })
      expect(error.message).toContain(
        'assumed-role/LoadMysql/session is not authorized to perform: rds-db:connect on resource: arn:aws:rds-db:',
      )
    })

    it('a password in place of a token, and a token for another endpoint', async () => {
      const password = await failure(() => asUser(cloud, database, 'loader', KEY, { password: 'secret' }))
      const elsewhere = await failure(() =>
        asUser(cloud, { ...database, port: 3306 }, 'loader', KEY, { port: database.port }),
      )

      expect(password.message).toContain('the password is no authentication token of RDS')
      expect(elsewhere.message).toContain('the token is for 127.0.0.1:3306')
    })

    it('clients without TLS, and clients that trust another authority', async () => {
      const { host, port } = database
      const plain = await failure(() => createConnection({ host, port, user: 'admin', password: 'x' }))
      const foreign = await failure(() => asMaster(cloud, database, { ssl: { minVersion: 'TLSv1.2' } }))

      expect(plain.message).toContain('insecure transport')
      expect(foreign.message).toMatch(/certificate/)
    })
  })

  describe('sql/mysql', () => {
    const line = (loan: number, seller = 'BÄNK') =>
      ORIGINATION.map(({ name, kind }) => {
        if (name === 'loan_identifier') return `F99Q1${String(loan).padStart(7, '0')}`
        if (name === 'seller_name') return seller
        if (name === 'pre_harp_loan_identifier') return '\\N'
        return { date: '1999-03-01', integer: '7', money: '180000.50', rate: '6.875' }[kind as string] ?? 'Y'
      })
        .concat('r47')
        .join('|')
    const load = async (connection: Connection, file: string, quarter: string, lines: string[]) => {
      await connection.beginTransaction()
      let result: ResultSetHeader | undefined
      for (const sql of await script('load-origination', { FILE: file, QUARTER: quarter })) {
        const [answer] = await connection.query<ResultSetHeader>({
          sql,
          infileStreamFactory: () => Readable.from([Buffer.from(lines.map((text) => `${text}\n`).join(''))]),
        } as never)
        result = answer
      }
      await connection.commit()
      return result as ResultSetHeader
    }
    /** As PrepareMysql does before each load. */
    const prepare = async () => {
      const admin = await master()
      for (const statement of await script('create-tables', { DATABASE: 'loans', LOADER: 'loader' }))
        await admin.query(statement)
    }
    /** As SwapMysql does: a connection of its own, closed right after the commit. */
    const swap = async (quarter: string) => {
      const connection = await asUser(cloud, database, 'loader', KEY)
      try {
        await connection.beginTransaction()
        for (const sql of await script('swap-origination', { QUARTER: quarter })) await connection.query(sql)
        await connection.commit()
      } finally {
        connection.destroy()
      }
    }
    const counts = async (connection: Connection, ...quarters: string[]) => {
      const sql = `SELECT 'origination', quarter, COUNT(*) FROM origination WHERE quarter IN (${quotedList(quarters)})
        GROUP BY quarter ORDER BY quarter`
      return rows(connection, sql)
    }

    it('has the canonical columns in the files’ order, then layout and quarter', async () => {
      const names = await rows(
        await loader(),
        "SELECT COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = 'loans' AND TABLE_NAME = 'origination' ORDER BY ORDINAL_POSITION",
      )

      expect((names as string[][]).flat()).toEqual([...ORIGINATION.map((column) => column.name), 'layout', 'quarter'])
    })

    it('loads files in parallel, one twice, and swaps quarters in, replacing what was there', async () => {
      const part = (from: number, count: number) => Array.from({ length: count }, (_, index) => line(from + index))
      const [one, two, three] = [await loader(), await loader(), await loader()]
      await Promise.all([
        load(one, 'a/0', '1999Q1', part(0, 500)),
        load(two, 'a/1', '1999Q1', part(500, 400)),
        load(three, 'b/0', '1999Q2', part(5000, 30)),
      ])
      const again = await load(one, 'a/0', '1999Q1', part(0, 500))
      await Promise.all([swap('1999Q1'), swap('1999Q2')])

      expect(again.info).toContain('Records: 500')
      expect(again.info).toContain('Skipped: 0  Warnings: 0')
      expect(await counts(one, '1999Q1', '1999Q2')).toEqual([
        ['origination', '1999Q1', 900],
        ['origination', '1999Q2', 30],
      ])

      await prepare()
      await load(two, 'a/0', '1999Q1', [line(1, 'pipe \\| slash \\\\ end')])
      // Twice, as when the answer to the first was lost.
      for (let times = 0; times < 2; times++) await swap('1999Q1')

      expect(await counts(one, '1999Q1', '1999Q2')).toEqual([
        ['origination', '1999Q1', 1],
        ['origination', '1999Q2', 30],
      ])
      const [first] = (await rows(
        one,
        "SELECT seller_name, pre_harp_loan_identifier, original_upb, original_interest_rate, layout FROM origination WHERE quarter = '1999Q1'",
      )) as unknown[][]
      expect(first).toEqual(['pipe | slash \\ end', null, '180000.50', '6.875', 'r47'])
    })

    it('does not let a value pass that does not fit: the server refuses it, or warns', async () => {
      const connection = await loader()

      const [outcome] = await Promise.allSettled([load(connection, 'c/0', '2001Q1', [line(1).replace('6.875', 'six')])])

      const said = outcome.status === 'rejected' ? (outcome.reason as Error).message : outcome.value.info
      expect(said).toMatch(/Incorrect decimal value: 'six'|Warnings: 1/)
    })

    it('can be prepared again, which empties staging and keeps the rows', async () => {
      const connection = await loader()
      await load(connection, 'd/0', '2002Q1', [line(9001)])
      await swap('2002Q1')
      await load(connection, 'd/0', '2002Q1', [line(9002)])

      await prepare()

      expect(await counts(connection, '2002Q1')).toEqual([['origination', '2002Q1', 1]])
      expect(await rows(connection, 'SELECT COUNT(*) FROM origination_staging')).toEqual([[0]])
    })
  })

  const pidFile = () => join(cloud.dataDir, 'mysql', database.resource.ref, 'mysql.pid')
  const isAlive = (pid: number) => {
    try {
      return process.kill(pid, 0)
    } catch {
      return false
    }
  }
  /** The same data, as a new boot of the local cloud sees it. */
  const bootAgain = async () => {
    const { principalOf } = cloud
    cloud = cloud.restart()
    cloud.principalOf = principalOf
    database = await bootDatabase(cloud)
  }

  it('keeps data, accounts and port over a restart, and stops its server cleanly', async () => {
    const connection = await asMaster(cloud, database, { database: 'loans' })
    await connection.query('CREATE TABLE kept (n INT PRIMARY KEY)')
    await connection.query('INSERT INTO kept VALUES (42)')
    await connection.end()
    const pid = Number(await readFile(pidFile(), 'utf8'))
    const { port } = database

    await database.service.close?.()
    const stopped = !isAlive(pid)
    await bootAgain()

    expect(stopped).toBe(true)
    expect(database.port).toBe(port)
    expect(await rows(await loader(), 'SELECT n FROM kept')).toEqual([[42]])
  })

  it('ends the server that a killed local cloud left running', async () => {
    const { service } = database
    const pid = Number(await readFile(pidFile(), 'utf8'))

    await bootAgain()
    const answer = await rows(await loader(), 'SELECT n FROM kept')

    expect(answer).toEqual([[42]])
    expect(isAlive(pid)).toBe(false)
    await service.close?.()
  })
})

describe.runIf(program)('a data directory with a long path and spaces in it', () => {
  it('keeps its socket where the path is short enough', { timeout: 30_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), `stepwell rds ${'long-'.repeat(20)}`))
    const server = new PrivateServer(join(folder, 'mysql'), () => {})
    onTestFinished(() => rm(folder, { recursive: true }))

    const address = await server.ready()
    await server.close()

    expect(address.socketPath?.length).toBeLessThan(104)
  })
})

/** For this test, MYSQL_URL names a server that is not there. */
function withoutServer() {
  const before = process.env.MYSQL_URL
  process.env.MYSQL_URL = 'mysql://nobody:nothing@127.0.0.1:1'
  onTestFinished(() => {
    if (before === undefined) delete process.env.MYSQL_URL
    else process.env.MYSQL_URL = before
  })
}

describe('without a server', () => {
  it('tells how to install one', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'stepwell-rds-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const server = new PrivateServer(
      folder,
      () => {},
      async () => undefined,
    )

    expect(await failure(() => server.ready())).toMatchObject({
      name: 'NoMysqlServer',
      message: expect.stringContaining('apt-get install mariadb-server'),
    })
  })

  it('makes the instance all the same, and tells who connects why nobody answers', async () => {
    const bare = testCloud()
    withoutServer()
    onTestFinished(() => bare.dispose())

    const instance = await bootDatabase(bare)
    const error = await failure(() => asMaster(bare, instance))

    expect(instance.port).toBeGreaterThan(0)
    expect(error.message).toContain('ECONNREFUSED')
  })
})

describe('resources', () => {
  it('describe instances and parameter groups', async () => {
    const small = testCloud()
    onTestFinished(() => small.dispose())
    withoutServer()
    const instance = await bootDatabase(small)
    await small.deploy('AWS::RDS::DBParameterGroup', 'Group', {
      Family: 'mysql8.4',
      Description: 'd',
      Parameters: { local_infile: 1 },
    })

    const { DBInstances } = await small.as('rds', 'DescribeDBInstances')
    const { DBParameterGroups } = await small.as('rds', 'DescribeDBParameterGroups')

    expect(DBInstances).toMatchObject([
      {
        Engine: 'mysql',
        Endpoint: { Address: '127.0.0.1', Port: instance.port },
        IAMDatabaseAuthenticationEnabled: true,
      },
    ])
    expect(DBParameterGroups).toMatchObject([{ DBParameterGroupFamily: 'mysql8.4' }])
    expect(await failure(() => small.as('rds', 'DescribeDBInstances', { DBInstanceIdentifier: 'none' }))).toMatchObject(
      { name: 'DBInstanceNotFoundFault' },
    )
  })

  it('never keep the master password', async () => {
    const small = testCloud()
    onTestFinished(() => small.dispose())
    withoutServer()

    await bootDatabase(small)

    expect(JSON.stringify([small.collection('rds.instances').entries(), small.lines])).not.toContain("master's secret")
  })
})
