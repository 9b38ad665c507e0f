/** The Data API: statements in the background, batches as one transaction, results by pages, events, permissions and restarts. */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Service } from '../../../local/gateway/service.ts'
import { createRedshiftData } from '../../../local/services/redshift-data/index.ts'
import { Namespaces } from '../../../local/services/redshift-data/namespaces.ts'
import { Warehouses } from '../../../local/services/redshift-data/warehouses.ts'
import { failure, type TestCloud, testCloud } from '../../support/cloud.ts'

let cloud: TestCloud
let events: any[]
let service: Service
const ROLE = 'arn:aws:iam::000000000000:role/CopyRole'
const TARGET = { WorkgroupName: 'stepwell', Database: 'loans' }

async function boot(with_: TestCloud): Promise<TestCloud> {
  service = with_.add(createRedshiftData(with_))
  with_.fake('events', {
    PutEvents({ Entries }) {
      events.push(...Entries.map((entry: any) => ({ ...entry, Detail: JSON.parse(entry.Detail) })))
      return { FailedEntryCount: 0 }
    },
  })
  await with_.deploy('AWS::RedshiftServerless::Namespace', 'Namespace', {
    NamespaceName: 'stepwell',
    DbName: 'loans',
    IamRoles: [ROLE],
    DefaultIamRoleArn: ROLE,
  })
  await with_.deploy('AWS::RedshiftServerless::Workgroup', 'Workgroup', {
    WorkgroupName: 'stepwell',
    NamespaceName: 'stepwell',
  })
  return with_
}

beforeEach(async () => {
  events = []
  cloud = await boot(testCloud())
})
afterEach(() => cloud.dispose())

const api = (operation: string, input: object = {}, principal = cloud.admin) =>
  cloud.as<any>('redshift-data', operation, input, principal)

/** Starts a statement and waits for its end. */
async function run(input: { Sql?: string; Sqls?: string[]; [key: string]: unknown }) {
  const operation = input.Sqls ? 'BatchExecuteStatement' : 'ExecuteStatement'
  const { Id } = await api(operation, { ...(input.SessionId ? {} : TARGET), ...input })
  for (;;) {
    const described = await api('DescribeStatement', { Id, WaitTimeSeconds: 5 })
    if (['FINISHED', 'FAILED', 'ABORTED'].includes(described.Status)) return described
  }
}

async function rows(Sql: string) {
  const { Id, Status, Error: error } = await run({ Sql })
  if (Status !== 'FINISHED') throw new Error(error)
  return (await api('GetStatementResult', { Id })).Records.map((record: any[]) =>
    record.map((field) => Object.values(field)[0]),
  )
}

describe('statements', () => {
  it('answers at once and tells of the end by DescribeStatement', async () => {
    const started = await api('ExecuteStatement', { ...TARGET, Sql: 'SELECT 1 AS one', StatementName: 'first' })

    expect(started).toMatchObject({
      Id: expect.any(String),
      CreatedAt: expect.any(Date),
      WorkgroupName: 'stepwell',
      Database: 'loans',
    })
    const described = await api('DescribeStatement', { Id: started.Id, WaitTimeSeconds: 5 })
    expect(described).toMatchObject({
      Status: 'FINISHED',
      HasResultSet: true,
      ResultRows: 1,
      QueryString: 'SELECT 1 AS one',
    })
    expect(described.Duration).toBeGreaterThanOrEqual(0)
    expect(described.RedshiftQueryId).toBeGreaterThan(0)
  })

  it('gives typed fields and column metadata', async () => {
    const { Id } = await run({
      Sql: "SELECT 7::smallint AS n, 2.50::numeric(6,2) AS d, 1.5::float8 AS f, 'x' AS s, true AS b, NULL::int AS nothing, DATE '1999-03-01' AS day",
    })

    const result = await api('GetStatementResult', { Id })

    expect(result.Records).toEqual([
      [
        { longValue: 7 },
        { stringValue: '2.50' },
        { doubleValue: 1.5 },
        { stringValue: 'x' },
        { booleanValue: true },
        { isNull: true },
        { stringValue: '1999-03-01' },
      ],
    ])
    expect(result.ColumnMetadata.map((column: any) => [column.name, column.typeName])).toEqual([
      ['n', 'int2'],
      ['d', 'numeric'],
      ['f', 'float8'],
      ['s', 'varchar'],
      ['b', 'bool'],
      ['nothing', 'int4'],
      ['day', 'date'],
    ])
    expect(result.TotalNumRows).toBe(1)
  })

  it('pages through large results', async () => {
    const { Id } = await run({ Sql: "SELECT i, 'ä' || i FROM generate_series(1, 2500) t(i) ORDER BY i" })

    const seen: number[] = []
    let NextToken: string | undefined
    do {
      const page = await api('GetStatementResult', { Id, ...(NextToken && { NextToken }) })
      seen.push(...page.Records.map((record: any[]) => record[0].longValue))
      NextToken = page.NextToken
    } while (NextToken)

    expect(seen).toEqual(Array.from({ length: 2500 }, (_, index) => index + 1))
  })

  it('fails with Redshift’s message and position', async () => {
    expect(await run({ Sql: 'SELECT *\nFROM nowhere' })).toMatchObject({
      Status: 'FAILED',
      Error: 'ERROR: relation "nowhere" does not exist\n  Position: 15',
      HasResultSet: false,
    })
    expect(await run({ Sql: 'SELECT 1; SELECT 2' })).toMatchObject({
      Error: 'ERROR: cannot insert multiple commands into a prepared statement',
    })
    expect(await run({ Sql: 'SELECT 1', Database: 'nothing' })).toMatchObject({
      Status: 'FAILED',
      Error: 'FATAL: database "nothing" does not exist',
    })
  })

  it('fills in named parameters, and minds missing and unused ones', async () => {
    const Parameters = [{ name: 'quarter', value: "1999'Q1" }]

    const { Id } = await run({ Sql: 'SELECT :quarter', Parameters })
    const unused = await failure(() => api('ExecuteStatement', { ...TARGET, Sql: 'SELECT 1', Parameters }))
    const missing = await failure(() => api('ExecuteStatement', { ...TARGET, Sql: 'SELECT :other' }))

    expect((await api('GetStatementResult', { Id })).Records).toEqual([[{ stringValue: "1999'Q1" }]])
    expect(unused).toMatchObject({
      name: 'ValidationException',
      message: 'Parameters list contains unused parameters. Unused parameters: [quarter]',
    })
    expect(missing).toMatchObject({ name: 'ValidationException', message: 'Cannot find parameter: other' })
  })

  it('starts a client token’s statement once, and no other with the same token', async () => {
    await run({ Sql: 'CREATE TABLE t (n INT)' })
    const insert = { ...TARGET, Sql: 'INSERT INTO t VALUES (1)', ClientToken: 'token-1' }

    const first = await api('ExecuteStatement', insert)
    const second = await api('ExecuteStatement', insert)
    const other = await failure(() => api('ExecuteStatement', { ...insert, Sql: 'INSERT INTO t VALUES (2)' }))

    expect(second.Id).toBe(first.Id)
    expect(other.name).toBe('ValidationException')
    await api('DescribeStatement', { Id: first.Id, WaitTimeSeconds: 5 })
    expect(await rows('SELECT COUNT(*) FROM t')).toEqual([[1]])
  })

  it('cancels what runs', async () => {
    const { Id } = await api('ExecuteStatement', {
      ...TARGET,
      WithEvent: true,
      Sql: 'SELECT COUNT(*) FROM generate_series(1, 3000000) a(x), generate_series(1, 3000) b(y) WHERE x + y < 0',
    })
    await new Promise((resolve) => setTimeout(resolve, 300))

    await expect(api('CancelStatement', { Id })).resolves.toEqual({ Status: true })

    expect(await api('DescribeStatement', { Id, WaitTimeSeconds: 5 })).toMatchObject({ Status: 'ABORTED' })
    expect(events[0].Detail.state).toBe('ABORTED')
    expect(await failure(() => api('CancelStatement', { Id }))).toMatchObject({ name: 'ValidationException' })
  })

  it.each<[string, string, object, string]>([
    ['DescribeStatement', 'ResourceNotFoundException', { Id: 'none' }, 'Query does not exist.'],
    [
      'ExecuteStatement',
      'ValidationException',
      { Sql: 'SELECT 1', Database: 'loans', WorkgroupName: 'none' },
      "Redshift endpoint doesn't exist in this region.",
    ],
    [
      'ExecuteStatement',
      'ValidationException',
      { Sql: 'SELECT 1', Database: 'loans' },
      'Either ClusterIdentifier or WorkgroupName',
    ],
    ['ExecuteStatement', 'ValidationException', { ...TARGET, Sql: ' ' }, 'Sql has to be a statement'],
    ['BatchExecuteStatement', 'ValidationException', { ...TARGET, Sqls: [] }, 'Sqls has to hold 1 to 40 statements'],
    [
      'ExecuteStatement',
      'ValidationException',
      { SessionId: 'none', Sql: 'SELECT 1' },
      'Session is not available: none',
    ],
  ])('%s answers %s to %o', async (operation, name, input, message) => {
    expect(await failure(() => api(operation, input))).toMatchObject({
      name,
      message: expect.stringContaining(message),
    })
  })
})

describe('batches', () => {
  it('run as one transaction, with the state of each part', async () => {
    await run({ Sql: 'CREATE TABLE t (n INT)' })

    const done = await run({ Sqls: ['INSERT INTO t VALUES (1), (2)', 'SELECT n FROM t ORDER BY n'] })
    const failed = await run({ Sqls: ['INSERT INTO t VALUES (3)', 'SELECT nothing', 'INSERT INTO t VALUES (4)'] })

    expect(done.SubStatements.map((part: any) => [part.Id, part.Status, part.ResultRows])).toEqual([
      [`${done.Id}:1`, 'FINISHED', 2],
      [`${done.Id}:2`, 'FINISHED', 2],
    ])
    expect((await api('GetStatementResult', { Id: `${done.Id}:2` })).Records).toEqual([
      [{ longValue: 1 }],
      [{ longValue: 2 }],
    ])
    expect(failed).toMatchObject({
      Status: 'FAILED',
      Error: expect.stringContaining('Query #2 failed with ERROR: column "nothing" does not exist'),
    })
    expect(failed.SubStatements.map((part: any) => part.Status)).toEqual(['FINISHED', 'FAILED', 'ABORTED'])
    expect(await rows('SELECT COUNT(*) FROM t')).toEqual([[2]])
  })

  it('commit each part alone with AUTO_COMMIT', async () => {
    await run({ Sql: 'CREATE TABLE t (n INT)' })

    await run({ Sqls: ['INSERT INTO t VALUES (3)', 'SELECT nothing'], ExecutionMode: 'AUTO_COMMIT' })

    expect(await rows('SELECT COUNT(*) FROM t')).toEqual([[1]])
  })
})

describe('sessions', () => {
  it('keep temporary tables and transactions between statements', async () => {
    const first = await run({ Sql: 'CREATE TEMP TABLE t (n INT)', SessionKeepAliveSeconds: 60 })
    const { SessionId } = first

    await run({ SessionId, Sql: 'INSERT INTO t VALUES (1)' })
    const { Id } = await run({ SessionId, Sql: 'SELECT n FROM t' })

    expect((await api('GetStatementResult', { Id })).Records).toEqual([[{ longValue: 1 }]])
    expect(await run({ Sql: 'SELECT n FROM t' })).toMatchObject({ Status: 'FAILED' })
  })
})

describe('events', () => {
  it('announce the end of a statement that asks for it', async () => {
    const { Id } = await run({ Sql: 'SELECT 1', WithEvent: true, StatementName: 'loud' })
    await run({ Sql: 'SELECT 2' })

    expect(events).toEqual([
      {
        Source: 'aws.redshift-data',
        DetailType: 'Redshift Data Statement Status Change',
        Resources: [expect.stringMatching(/^arn:aws:redshift-serverless:us-east-1:000000000000:workgroup\//)],
        Detail: {
          principal: 'arn:aws:iam::000000000000:root',
          statementName: 'loud',
          statementId: Id,
          redshiftQueryId: expect.any(Number),
          state: 'FINISHED',
          rows: 1,
          expireAt: expect.any(Number),
        },
      },
    ])
  })
})

describe('permissions', () => {
  it('are asked for the workgroup and its credentials, and for statements as such', async () => {
    const asked: string[] = []
    cloud.decide = (_, { action, resource }) => {
      asked.push(`${action} ${resource.replace(/[0-9a-f-]{36}/, 'ID')}`)
      return true
    }
    const { Id } = await api('ExecuteStatement', { ...TARGET, Sql: 'SELECT 1' }, cloud.role('Task'))
    await api('DescribeStatement', { Id }, cloud.role('Task'))

    expect(asked).toEqual([
      'redshift-data:ExecuteStatement arn:aws:redshift-serverless:us-east-1:000000000000:workgroup/ID',
      'redshift-serverless:GetCredentials arn:aws:redshift-serverless:us-east-1:000000000000:workgroup/ID',
      'redshift-data:DescribeStatement *',
    ])
  })

  it('of COPY are missed by name', async () => {
    await run({ Sql: 'CREATE TABLE t (n INT)' })
    cloud.decide = (principal, { action }) => !(principal.roleArn === ROLE && action === 's3:GetBucketLocation')

    const denied = await run({ Sql: "COPY t FROM 's3://lake/in/' IAM_ROLE default" })

    expect(denied.Error).toContain(
      'S3ServiceException:User: arn:aws:sts::000000000000:assumed-role/CopyRole/RedshiftIamRoleSession is not authorized to perform: s3:GetBucketLocation on resource: arn:aws:s3:::lake',
    )
    expect(denied.Error).toContain('Status 403')
  })

  it('of COPY are those of the namespace’s role', async () => {
    const located: string[] = []
    const locate = cloud.locate
    cloud.locate = async (principal, uri, access) => {
      located.push(`${principal.arn} ${access} ${uri}`)
      return locate(principal, uri, access)
    }
    const file = join(cloud.dataDir, 's3/lake/in/a.txt')
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, '1\n')
    await run({ Sql: 'CREATE TABLE t (n INT)' })

    const done = await run({ Sql: "COPY t FROM 's3://lake/in/' IAM_ROLE default" })
    const foreign = await run({ Sql: "COPY t FROM 's3://lake/in/' IAM_ROLE 'arn:aws:iam::000000000000:role/Other'" })

    expect(done).toMatchObject({ Status: 'FINISHED', ResultRows: 1 })
    expect(located[0]).toBe('arn:aws:sts::000000000000:assumed-role/CopyRole/RedshiftIamRoleSession list s3://lake/in/')
    expect(foreign.Error).toContain('is not authorized to assume IAM Role arn:aws:iam::000000000000:role/Other')
  })
})

describe('after a restart', () => {
  it('keeps tables, statements and results, and fails what was running', async () => {
    await run({ Sqls: ['CREATE TABLE t (n INT)', 'INSERT INTO t VALUES (1)'] })
    const { Id } = await run({ Sql: 'SELECT n FROM t' })
    const statements = cloud.collection<any>('redshift-data.statements')
    const record = statements.get(Id)
    statements.put('orphan', { ...record, id: 'orphan', status: 'STARTED', withEvent: true })

    // The old process has let the database file go.
    await service.close?.()
    cloud = await boot(cloud.restart())
    await service.start?.()

    expect((await api('GetStatementResult', { Id })).Records).toEqual([[{ longValue: 1 }]])
    expect(await rows('SELECT n FROM t')).toEqual([[1]])
    expect(await api('DescribeStatement', { Id: 'orphan' })).toMatchObject({
      Status: 'FAILED',
      Error: expect.stringContaining('was stopped while the statement ran'),
    })
    expect(events.at(-1).Detail).toMatchObject({ statementId: 'orphan', state: 'FAILED' })
  })
})

describe('a database that nobody asks', () => {
  it('is closed, and opened again by the next statement', async () => {
    const namespaces = new Namespaces(cloud)
    const warehouses = new Warehouses(cloud, namespaces, 20)
    const first = await warehouses.open('stepwell', 'dev')
    await first.execute('CREATE TABLE t AS SELECT 1 AS n')
    await new Promise((resolve) => setTimeout(resolve, 60))

    const second = await warehouses.open('stepwell', 'dev')

    expect(second).not.toBe(first)
    expect((await second.execute('SELECT n FROM t')).rows).toEqual([[1]])
    await warehouses.close()
  })
})

describe('the catalogue', () => {
  it('lists databases, schemas, tables and columns', async () => {
    await run({
      Sqls: ['CREATE TABLE loans (id CHAR(12) NOT NULL, upb DECIMAL(14,2))', 'CREATE VIEW big AS SELECT * FROM loans'],
    })

    expect(await api('ListDatabases', TARGET)).toEqual({ Databases: ['dev', 'loans'] })
    expect(await api('ListSchemas', TARGET)).toEqual({ Schemas: ['public'] })
    expect((await api('ListTables', { ...TARGET, TablePattern: 'l%' })).Tables).toEqual([
      { name: 'loans', type: 'TABLE', schema: 'public' },
    ])
    const described = await api('DescribeTable', { ...TARGET, Table: 'loans' })
    expect(
      described.ColumnList.map((column: any) => [column.name, column.typeName, column.length, column.nullable]),
    ).toEqual([
      ['id', 'bpchar', 12, 0],
      ['upb', 'numeric', 14, 1],
    ])
  })

  it('lists statements by name, state and role', async () => {
    await run({ Sql: 'SELECT 1', StatementName: 'load#1' })
    await run({ Sql: 'SELECT nothing', StatementName: 'load#2' })

    const failed = await api('ListStatements', { StatementName: 'load#', Status: 'FAILED' })

    expect(failed.Statements).toMatchObject([
      { StatementName: 'load#2', QueryString: 'SELECT nothing', IsBatchStatement: false },
    ])
  })
})

describe('resources', () => {
  it('give what the template asks for', async () => {
    const workgroup = await cloud.deploy('AWS::RedshiftServerless::Workgroup', 'Workgroup', {
      WorkgroupName: 'stepwell',
      NamespaceName: 'stepwell',
    })

    expect(workgroup.ref).toBe('stepwell')
    expect(workgroup.attributes).toMatchObject({
      'Workgroup.WorkgroupArn': expect.stringContaining(':workgroup/'),
      'Workgroup.Endpoint.Port': '5439',
    })
  })
})
