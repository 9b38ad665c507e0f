import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stepwell } from './run-command.ts'
import { type SmallCloud, startSmallCloud } from './small-cloud.ts'

let small: SmallCloud
const inputs = join(tmpdir(), `stepwell-input-${process.pid}`)
beforeAll(async () => {
  small = await startSmallCloud()
  await writeFile(`${inputs}-good.json`, JSON.stringify({ quarters: ['1999Q1', '1999Q2'] }))
  await writeFile(`${inputs}-bad.json`, JSON.stringify({ quarters: ['1999Q1'], fail: true }))
  await writeFile(`${inputs}-rejecting.json`, JSON.stringify({ quarters: ['1999Q1', '1999Q2'], reject: true }))
  await writeFile(`${inputs}-once.json`, JSON.stringify({ quarters: ['1999Q1'], once: 'a' }))
  await writeFile(`${inputs}-twice.json`, JSON.stringify({ quarters: ['1999Q1'], twice: true }))
})
afterAll(() => small.close())

const run = (which: 'good' | 'bad' | 'rejecting' | 'twice' | 'once', ...more: string[]) =>
  stepwell('run', 'batch', '--input', `${inputs}-${which}.json`, '--endpoint', small.url, ...more)

describe('run', () => {
  it('follows an execution state by state and ends with its summary', async () => {
    const { code, objects } = await run('good', '--json')
    expect(code).toBe(0)
    const states = objects.filter(({ type, status }) => type === 'state' && status === 'succeeded')
    expect(states.map(({ state }) => state)).toEqual(['CollectQuarter', 'CollectQuarter'])
    expect(states.map(({ result }) => result)).toEqual(
      expect.arrayContaining([
        { quarter: '1999Q1', records: 1234 },
        { quarter: '1999Q2', records: 1234 },
      ]),
    )
    const summary = objects.at(-1)
    expect(summary).toEqual({
      type: 'summary',
      workflows: {
        batch: {
          status: 'SUCCEEDED',
          executionArn: expect.stringMatching(/^arn:aws:states:.*:execution:Small-Batch:/),
          seconds: expect.any(Number),
          counts: { origination: { raw: 10, rejected: 1, processed: 9, mysql: null, redshift: 9 } },
        },
      },
      urls: expect.objectContaining({
        console: `${small.url}/_stepwell/`,
        batchReport: expect.stringContaining('/reports/batch/x/report.html?'),
      }),
    })
  })

  it('tells people the same in lines, without drawing over any', async () => {
    const { out } = await run('good')
    expect(out).toMatch(/✓ CollectQuarter +\d+\.\d s {2}quarter 1999Q1, records 1,234\n/)
    expect(out).toMatch(/✓ batch succeeded in/)
    expect(out).toMatch(/raw {2}rejected {2}processed {2}mysql {2}redshift/)
    expect(out).not.toContain('\x1b')
    expect(out).not.toContain('\r')
  })

  it('says of a failed execution its state, error, cause, log and the next command, and exits with 1', async () => {
    const { code, out, objects } = await run('bad', '--json')
    expect(code).toBe(1)
    expect(out).not.toContain('errorMessage')
    const failure = objects.find(({ type }) => type === 'failure')
    expect(failure).toMatchObject({
      workflow: 'batch',
      status: 'FAILED',
      state: 'CollectQuarter',
      error: 'SourceLoginError',
      cause: 'The site refused the login of "loader".',
      log: expect.stringMatching(/^npx stepwell logs \S+ CollectQuarter --endpoint http:\S+$/),
      next: `npx stepwell run batch --input '${inputs}-bad.json' --endpoint ${small.url}`,
    })
    expect(objects.at(-1)).toMatchObject({ type: 'summary', workflows: { batch: { status: 'FAILED' } } })
    const plain = await run('bad')
    for (const line of [
      'state  CollectQuarter',
      'error  SourceLoginError',
      'cause  The site refused',
      'log    npx',
      'next   npx',
    ]) {
      expect(plain.out).toContain(line)
    }
    expect(plain.out).toMatch(/✗ CollectQuarter .* SourceLoginError\n/)
    expect(plain.out).not.toContain('tried again')
  })

  it('tells of a retry', async () => {
    const { code, out } = await run('twice')
    expect(code).toBe(0)
    expect(out).toMatch(/↻ CollectQuarter +TransientError: tried again/)
  })

  it('says of an execution that failed after its report which state decided so, and what it has reported', async () => {
    const { code, objects } = await run('rejecting', '--json')
    expect(code).toBe(1)
    expect(objects.find(({ type }) => type === 'failure')).toMatchObject({
      state: 'IsAnyArchiveRejected',
      error: 'ArchivesRejected',
      cause: 'State IsAnyArchiveRejected: 1 of 2 archives',
    })
    expect(objects.at(-1)).toMatchObject({
      workflows: { batch: { status: 'FAILED', counts: { origination: { raw: 10 } } } },
      urls: { batchReport: expect.stringContaining('/reports/batch/x/report.html?') },
    })
    expect((await run('rejecting')).out).toMatch(/! CollectQuarter .* error ArchiveCorrupt\n/)
  })

  it('names the workflows that there are', async () => {
    const { code, err } = await stepwell('run', 'nonsense', '--endpoint', small.url)
    expect([code, err]).toEqual([1, 'stepwell: There is no workflow "nonsense". Deployed are: batch.\n'])
  })

  it('refuses an input that is no object', async () => {
    await writeFile(`${inputs}-list.json`, '[1]')
    const { code, err } = await stepwell('run', 'batch', '--input', `${inputs}-list.json`, '--endpoint', small.url)
    expect(code).toBe(1)
    expect(err).toContain('must hold one JSON object')
    expect((await stepwell('run', 'batch', '--input', '/no/such', '--endpoint', small.url)).err).toContain(
      'cannot be read',
    )
  })
})

describe('commands about executions', () => {
  it('status lists workflows and executions, the newest first', async () => {
    await run('good')
    const { objects } = await stepwell('status', '--json', '--endpoint', small.url)
    expect(objects.filter(({ type }) => type === 'workflow').map(({ name }) => name)).toEqual(['batch'])
    const executions = objects.filter(({ type }) => type === 'execution')
    expect(executions[0]).toMatchObject({ workflow: 'batch', status: 'SUCCEEDED' })
    const times = executions.map(({ startDate }) => startDate)
    expect(times).toEqual([...times].sort().reverse())
    expect((await stepwell('status', '--endpoint', small.url)).out).toContain(executions[0].name)
  })

  it('history prints every event, with the state that it belongs to', async () => {
    await run('bad')
    const { out } = await stepwell('history', 'latest', '--endpoint', small.url)
    expect(out).toMatch(/ 1 +0\.000 s +ExecutionStarted/)
    expect(out).toMatch(/TaskFailed +CollectQuarter +SourceLoginError: The site refused the login/)
    expect(out).toMatch(/ExecutionFailed/)
    const { objects } = await stepwell('history', 'latest', '--json', '--endpoint', small.url)
    expect(objects.map(({ id }) => id)).toEqual(objects.map((_, i) => i + 1))
  })

  it('logs shows what the functions of a state wrote', async () => {
    await run('good')
    await expect
      .poll(async () => (await stepwell('logs', 'latest', 'CollectQuarter', '--endpoint', small.url)).out)
      .toMatch(/INFO +Collecting quarter=1999Q2/)
    const { objects } = await stepwell('logs', 'latest', '--json', '--endpoint', small.url)
    const quarters = objects.filter(({ message }) => message === 'Collecting').map(({ quarter }) => quarter)
    expect(quarters.sort()).toEqual(['1999Q1', '1999Q2'])
  })

  it('logs names the states that have some when asked for another', async () => {
    await run('good')
    const { code, err } = await stepwell('logs', 'latest', 'Nowhere', '--endpoint', small.url)
    expect(code).toBe(1)
    expect(err).toContain('no function in a state "Nowhere". States with logs: CollectQuarter.')
  })

  it('redrive says what cannot be redriven', async () => {
    await run('good')
    const { code, err } = await stepwell('redrive', 'latest', '--endpoint', small.url)
    expect(code).toBe(1)
    expect(err).toContain('cannot be redriven')
  })

  it('redrive runs an uncaught failure on from where it stopped, and tells only of what it does', async () => {
    const failed = await run('once', '--json')
    const { failure } = Object.fromEntries(failed.objects.map((object) => [object.type, object])) as any
    const name = failed.objects
      .find(({ type }) => type === 'execution')
      .executionArn.split(':')
      .at(-1)
    expect(failure).toMatchObject({
      state: 'CollectQuarter',
      error: 'DiskFull',
      next: `npx stepwell redrive ${name} --endpoint ${small.url}`,
    })
    const { code, objects } = await stepwell('redrive', name, '--json', '--endpoint', small.url)
    expect(code).toBe(0)
    const told = objects.filter(({ type, status }) => type === 'state' && status !== 'running')
    expect(told).toMatchObject([{ state: 'CollectQuarter', status: 'succeeded', result: { quarter: '1999Q1' } }])
    expect(objects.at(-1).workflows.batch.status).toBe('SUCCEEDED')
  })

  it('an unknown or ambiguous name is an error', async () => {
    expect((await stepwell('history', 'no-such', '--endpoint', small.url)).err).toContain(
      'There is no execution "no-such"',
    )
    expect((await stepwell('history', '', '--endpoint', small.url)).err).toContain('Write more of the name')
  })
})

describe('a cloud that is not up', () => {
  it.each(['', '127.0.0.1:4566', 'localhost:4566'])(
    'is not looked for at %j, which is no address',
    async (endpoint) => {
      const { code, err } = await stepwell('status', `--endpoint=${endpoint}`)
      expect(code).toBe(1)
      expect(err).toContain(`"${endpoint}" is no address. `)
      expect(err).not.toContain('    at ')
    },
  )

  it.each([['status'], ['run', 'batch'], ['history', 'x'], ['logs', 'x'], ['redrive', 'x']])(
    '%s says how to start one',
    async (...words) => {
      const { code, err } = await stepwell(...words, '--endpoint', 'http://127.0.0.1:1')
      expect(code).toBe(1)
      expect(err).toContain('No local cloud answers at http://127.0.0.1:1. Start one with "npm start"')
    },
  )
})
