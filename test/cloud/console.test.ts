import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { CreateStateMachineCommand, SFNClient } from '@aws-sdk/client-sfn'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { machineRole, startWire, type Wire } from '../support/wire.ts'

const executablePath = ['/usr/bin/chromium', '/usr/bin/google-chrome', '/usr/bin/chromium-browser'].find(existsSync)

/** A machine with a branch that succeeds, a Catch and a failure inside of a Map. */
const definition = JSON.stringify({
  QueryLanguage: 'JSONata',
  StartAt: 'Decide',
  States: {
    Decide: { Type: 'Choice', Choices: [{ Condition: '{% $states.input.good %}', Next: 'Fine' }], Default: 'Report' },
    Fine: { Type: 'Pass', Output: { said: 'fine' }, End: true },
    Report: { Type: 'Pass', Output: { html: 's3://shown-bucket/report.html' }, Next: 'EachItem' },
    EachItem: {
      Type: 'Map',
      Items: [1, 2],
      ItemProcessor: {
        StartAt: 'Break',
        States: { Break: { Type: 'Fail', Error: 'Broken', Cause: 'Nothing holds.' } },
      },
      Next: 'Fine',
    },
  },
})

const warehouse = {
  Namespace: {
    Type: 'AWS::RedshiftServerless::Namespace',
    Properties: { NamespaceName: 'stepwell', DbName: 'loans' },
  },
  Workgroup: {
    Type: 'AWS::RedshiftServerless::Workgroup',
    Properties: { WorkgroupName: 'stepwell', NamespaceName: { Ref: 'Namespace' } },
  },
}

describe.skipIf(!executablePath)('the console, in a real browser', () => {
  let wire: Wire
  let browser: Browser
  let page: Page
  let s3: S3Client
  let folder: string
  const problems: string[] = []

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stepwell-console-'))
    wire = await startWire({ Machine: machineRole.resource, ...warehouse })
    const states = new SFNClient(wire.options)
    await states.send(new CreateStateMachineCommand({ name: 'Shown', definition, roleArn: machineRole.arn }))
    s3 = new S3Client(wire.options)
    await s3.send(new CreateBucketCommand({ Bucket: 'shown-bucket' }))
    await put('a folder/1 & 2.txt', 'hello', 'text/plain')
    const args = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking']
    browser = await chromium.launch({ executablePath: executablePath!, args })
    page = await browser.newPage()
    page.on('pageerror', (error) => problems.push(error.message))
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text())
    })
  })
  afterAll(async () => {
    await browser?.close()
    await wire?.close()
    await rm(folder, { recursive: true })
  })

  async function put(Key: string, Body: string | Uint8Array, ContentType?: string): Promise<void> {
    await s3.send(new PutObjectCommand({ Bucket: 'shown-bucket', Key, Body, ContentType }))
  }

  async function start(input: string): Promise<void> {
    await page.goto(`${wire.cloud.url}/`)
    await page.getByRole('button', { name: 'Start execution…' }).click()
    await page.getByLabel('Input (JSON)').fill(input)
    await page.getByRole('button', { name: 'Start', exact: true }).click()
  }

  it('starts an execution, draws its graph and shows what a state got and gave', async () => {
    await start('{"good": true}')
    await page.locator('.badge.SUCCEEDED').first().waitFor()
    await page.getByRole('button', { name: 'Fine: succeeded' }).click()
    await page.getByText('"said": "fine"').first().waitFor()
    expect(await page.locator('svg.graph .state.waiting').count()).toBeGreaterThan(0)
    expect(problems).toEqual([])
  })

  it('leads to what failed, inside of a Map too', async () => {
    await start('{"good": false}')
    await page.locator('.badge.FAILED').first().waitFor()
    await page.getByRole('button', { name: 'Break: failed' }).waitFor()
    await page.getByRole('alert').getByText('Broken').waitFor()
    // What it has reported before it failed.
    expect(await page.getByRole('link', { name: 'Report' }).getAttribute('href')).toContain('shown-bucket/report.html')
    expect(await page.locator('tr.bad').count()).toBeGreaterThan(0)
  })

  it('says what is wrong with an input that is no JSON', async () => {
    await start('{"good":')
    await page
      .getByRole('alert')
      .getByText(/Invalid/)
      .waitFor()
  })

  it('leads through buckets and folders to an object', async () => {
    await page.goto(`${wire.cloud.url}/_stepwell/#/s3`)
    await page.getByRole('link', { name: 'shown-bucket' }).click()
    await page.getByRole('link', { name: 'a folder/' }).click()
    await page.getByRole('link', { name: '1 & 2.txt' }).click()
    await page.locator('pre').getByText('hello').waitFor()
    const link = page.getByRole('link', { name: 'Open' })
    const [opened] = await Promise.all([page.waitForEvent('popup'), link.click()])
    await opened.waitForLoadState()
    expect(await opened.textContent('body')).toBe('hello')
  })

  it('looks into a Parquet file, and into the beginning of a gzip', async () => {
    const { DuckDBInstance } = await import('@duckdb/node-api')
    const file = join(folder, 'loans.parquet')
    const connection = await (await DuckDBInstance.create()).connect()
    await connection.run(
      `copy (select 'F' || i as loan, null::date as period, i::bigint as upb from range(250) t(i)) to '${file}'`,
    )
    connection.closeSync()
    const lines = gzipSync(Array.from({ length: 50_000 }, (_, i) => `{"user": "${Math.sin(i)}"}\n`).join(''))
    await put('quarter=1999Q1/part-0', await readFile(file))
    await put('users.gz', lines)

    await page.goto(`${wire.cloud.url}/_stepwell/#/s3/shown-bucket/quarter%3D1999Q1/part-0`)
    await page.getByText('The first 100 of 250 rows, 3 columns').waitFor()
    const row = await page.locator('tbody tr').nth(1).locator('td').allTextContents()
    await page.goto(`${wire.cloud.url}/_stepwell/#/s3/shown-bucket/users.gz`)
    await page.locator('pre').getByText('{"user": "0"}').waitFor()

    expect(row).toEqual(['F1', 'NULL', '1'])
  })

  it('runs SQL in the warehouse, and says what is wrong with it', async () => {
    await page.goto(`${wire.cloud.url}/_stepwell/#/query`)
    await page.getByLabel('SQL').fill('select 42::int as answer, null as nothing')
    await page.getByRole('button', { name: 'Run' }).click()
    await page.locator('tbody').getByText('42').waitFor()
    const row = await page.locator('tbody td').allTextContents()
    await page.getByLabel('SQL').fill('select * from nowhere')
    await page.getByLabel('SQL').press('Control+Enter')
    await page.getByRole('alert').getByText('nowhere').waitFor()

    expect(row).toEqual(['42', 'NULL'])
  })

  it('shows the executions of one status only', async () => {
    await page.goto(`${wire.cloud.url}/_stepwell/`)
    await page.locator('.badge.SUCCEEDED').first().waitFor()
    await page.getByLabel('Show').selectOption('FAILED')
    await page.locator('.badge.SUCCEEDED').first().waitFor({ state: 'detached' })
    expect(await page.locator('.badge.FAILED').count()).toBe(1)
  })

  it('is worked with the keyboard', async () => {
    await start('{"good": false}')
    await page.getByRole('button', { name: 'Break: failed' }).waitFor()
    await page.getByRole('button', { name: 'Decide: succeeded' }).focus()
    await page.keyboard.press('Space')
    await page.getByRole('heading', { name: 'Decide' }).waitFor()
    await page.getByLabel('Show').selectOption('failures')
    expect(await page.locator('.events tbody tr:not(.bad)').count()).toBe(0)
  })
})
