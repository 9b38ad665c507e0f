/** Asynchronous invocations: accepted means done some time, also when the process ends in between. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createLambda } from '../../../local/services/lambda/index.ts'
import { type TestCloud, testCloud } from '../../support/cloud.ts'

let cloud: TestCloud
let clouds: TestCloud[]
/** Where the function notes what it got. */
let notes: string

beforeEach(async () => {
  cloud = testCloud()
  clouds = [cloud]
  notes = join(cloud.dataDir, 'notes.txt')
  const folder = join(cloud.dataDir, 'code')
  mkdirSync(folder)
  // It begins, waits as long as the event says, and ends; its second try is quick.
  const code = `import { appendFileSync, readFileSync } from 'node:fs'
    export const handler = async ({ id, millis = 0 }) => {
      const again = readFileSync(${JSON.stringify(notes)}, 'utf8').includes('begin ' + id)
      appendFileSync(${JSON.stringify(notes)}, 'begin ' + id + '\\n')
      if (!again) await new Promise((resolve) => setTimeout(resolve, millis))
      appendFileSync(${JSON.stringify(notes)}, 'end ' + id + '\\n')
    }`
  writeFileSync(join(folder, 'index.mjs'), code)
  writeFileSync(notes, '')
  cloud.assets.set('assets/code', folder)
  start(cloud)
  const Code = { S3Bucket: 'assets', S3Key: 'code' }
  const properties = { FunctionName: 'note', Code, Handler: 'index.handler', Role: 'role', Timeout: 60 }
  await cloud.deploy('AWS::Lambda::Function', 'Note', properties)
})
afterEach(async () => {
  for (const one of clouds.reverse()) await one.dispose()
})

function start(on: TestCloud) {
  on.fake('logs', { CreateLogStream: () => ({}), PutLogEvents: () => ({}) })
  on.fake('monitoring', { PutMetricData: () => ({}) })
  return on.add(createLambda(on))
}
const send = (event: object) =>
  cloud.as('lambda', 'Invoke', {
    FunctionName: 'note',
    InvocationType: 'Event',
    Payload: Buffer.from(JSON.stringify(event)),
  })
const noted = () => readFileSync(notes, 'utf8').trim().split('\n')
/** A new process over the same data; the old one is not closed, as after a kill, or was closed before. */
async function reboot() {
  cloud = cloud.restart()
  clouds.push(cloud)
  await start(cloud).start?.()
}

describe('an asynchronous invocation', () => {
  it('is waited for by whoever drains the service', async () => {
    const lambda = start(cloud)
    await send({ id: 'a', millis: 150 })
    expect(await lambda.drain?.()).toBe(true)
    expect(noted()).toEqual(['begin a', 'end a'])
    expect(await lambda.drain?.()).toBe(false)
  })

  it('that closing cut off is made again by the next process, once', async () => {
    const lambda = start(cloud)
    await send({ id: 'a', millis: 60_000 })
    await expect.poll(noted).toEqual(['begin a'])
    await lambda.close?.()

    await reboot()
    await expect.poll(noted).toEqual(['begin a', 'begin a', 'end a'])
    await cloud.add(createLambda(cloud)).close?.()

    await reboot()
    await send({ id: 'b' })
    await expect.poll(noted).toEqual(['begin a', 'begin a', 'end a', 'begin b', 'end b'])
  })

  it('that a killed process had accepted is made by the next', async () => {
    await send({ id: 'a', millis: 60_000 })
    await expect.poll(noted).toEqual(['begin a'])
    await reboot()
    await expect.poll(noted).toEqual(['begin a', 'begin a', 'end a'])
  })

  it('of a function that is no more is dropped', async () => {
    await send({ id: 'a', millis: 60_000 })
    await cloud.undeploy('Note')
    await reboot()
    expect(cloud.collection('lambda.queue').entries()).toEqual([])
  })
})
