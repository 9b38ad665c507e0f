import { existsSync } from 'node:fs'
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
    Decide: { Type: 'Choice', Choices: [{ Condition: '{% $states.input.good %}', Next: 'Fine' }], Default: 'EachItem' },
    Fine: { Type: 'Pass', Output: { said: 'fine' }, End: true },
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

describe.skipIf(!executablePath)('the console, in a real browser', () => {
  let wire: Wire
  let browser: Browser
  let page: Page
  const problems: string[] = []

  beforeAll(async () => {
    wire = await startWire({ Machine: machineRole.resource })
    const states = new SFNClient(wire.options)
    await states.send(new CreateStateMachineCommand({ name: 'Shown', definition, roleArn: machineRole.arn }))
    const s3 = new S3Client(wire.options)
    await s3.send(new CreateBucketCommand({ Bucket: 'shown-bucket' }))
    await s3.send(
      new PutObjectCommand({
        Bucket: 'shown-bucket',
        Key: 'a folder/1 & 2.txt',
        Body: 'hello',
        ContentType: 'text/plain',
      }),
    )
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
  })

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
    const link = page.getByRole('link', { name: '1 & 2.txt' })
    const [opened] = await Promise.all([page.waitForEvent('popup'), link.click()])
    await opened.waitForLoadState()
    expect(await opened.textContent('body')).toBe('hello')
  })
})
