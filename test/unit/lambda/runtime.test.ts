import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { FunctionSpec } from '../../../local/engines/lambda/function.ts'
import { LambdaRuntime } from '../../../local/engines/lambda/runtime.ts'

let root: string
let runtime: LambdaRuntime
const lines: string[] = []

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'stepwell-lambda-'))
  runtime = new LambdaRuntime()
  lines.length = 0
})
afterEach(async () => {
  await runtime.close()
  rmSync(root, { recursive: true, force: true })
})

function define(name: string, source: string, options: Partial<FunctionSpec> = {}): FunctionSpec {
  const folder = join(root, name)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'index.mjs'), source)
  return {
    name,
    arn: `arn:aws:lambda:us-east-1:000000000000:function:${name}`,
    folder,
    handler: 'index.handler',
    memoryMb: 128,
    timeoutSeconds: 5,
    environment: {},
    temp: join(root, 'tmp'),
    log: (line) => lines.push(line),
    ...options,
  }
}

let serial = 0
const invoke = (spec: FunctionSpec, event: unknown = {}) =>
  runtime.invoke(spec, { requestId: `r${++serial}`, event: JSON.stringify(event) })

describe('an invocation', () => {
  it('gives the event and the context to the handler and its value back', async () => {
    const spec = define(
      'echo',
      `export const handler = async (event, context) => ({ event, name: context.functionName, left: context.getRemainingTimeInMillis() > 4000 })`,
    )
    const result = await invoke(spec, { a: 1 })
    expect(JSON.parse(result.payload)).toEqual({ event: { a: 1 }, name: 'echo', left: true })
    expect(result.initMs).toBeGreaterThan(0)
  })

  it('uses a warm sandbox again, and a second one for a second call at the same time', async () => {
    const spec = define(
      'count',
      `let n = 0; export const handler = async () => { await new Promise((r) => setTimeout(r, 30)); return ++n }`,
    )
    expect((await invoke(spec)).payload).toBe('1')
    expect((await invoke(spec)).payload).toBe('2')
    const both = await Promise.all([invoke(spec), invoke(spec)])
    expect(both.map((result) => result.payload).sort()).toEqual(['1', '3'])
  })

  it('leaves its compiled code to the sandboxes to come, and runs other code anew', async () => {
    // Prepare
    const compileCache = join(root, 'compiled')
    const version = (name: string) => define('code', `export const handler = async () => '${name}'`, { compileCache })
    const entries = () =>
      readdirSync(compileCache, { recursive: true, encoding: 'utf8' }).filter((one) => /[0-9a-f]{8}$/.test(one))

    // Act
    await invoke(version('one'))
    await runtime.recycle('code')
    const left = entries()
    const again = await invoke(version('one'))
    await runtime.recycle('code')
    const other = await invoke(version('two'))

    // Assess
    expect(left).not.toEqual([])
    expect(again.payload).toBe('"one"')
    expect(other.payload).toBe('"two"')
    expect(entries()).toEqual(left)
  })

  it('gives null for undefined', async () => {
    expect((await invoke(define('nothing', `export const handler = async () => {}`))).payload).toBe('null')
  })

  it('sees only its own environment', async () => {
    const spec = define('env', `export const handler = async () => Object.keys(process.env).sort()`, {
      environment: { TABLE: 't' },
      compileCache: join(root, 'compiled'),
    })
    expect(JSON.parse((await invoke(spec)).payload)).toEqual(['TABLE', 'TMPDIR'])
  })

  it('writes its lines to the log', async () => {
    await invoke(define('talk', `export const handler = async () => { console.log('one'); console.error('two') }`))
    await expect.poll(() => lines).toEqual(expect.arrayContaining(['one', 'two']))
  })
})

describe('sandboxes', () => {
  const counting = (name: string) => define(name, `let n = 0; export const handler = async () => ++n`)

  it.each([
    [1, ['1', '1', '1']],
    [2, ['1', '1', '2']],
  ])('are kept while there are no more than %i of all functions', async (sandboxes, expected) => {
    await runtime.close()
    runtime = new LambdaRuntime({ sandboxes, idleMs: 60_000 })
    const [one, two] = [counting('one'), counting('two')]
    const answers = [await invoke(one), await invoke(two), await invoke(one)]
    expect(answers.map(({ payload }) => payload)).toEqual(expected)
  })

  it('that nobody needs end when they have idled', async () => {
    await runtime.close()
    runtime = new LambdaRuntime({ sandboxes: 2, idleMs: 0 })
    const spec = counting('idle')
    expect((await invoke(spec)).payload).toBe('1')
    await expect.poll(async () => (await invoke(spec)).payload, { interval: 1500 }).toBe('1')
  })
})

describe('failures have the form of Lambda', () => {
  it('an error thrown by the handler keeps its name, and the sandbox stays', async () => {
    const spec = define(
      'throws',
      `let n = 0; export const handler = async () => { n++; if (n === 1) throw Object.assign(new Error('try later'), { name: 'TransientError' }); return n }`,
    )
    const failed = await invoke(spec)
    expect(failed.error).toBe('Unhandled')
    expect(JSON.parse(failed.payload)).toMatchObject({
      errorType: 'TransientError',
      errorMessage: 'try later',
      trace: expect.any(Array),
    })
    expect((await invoke(spec)).payload).toBe('2')
  })

  it('a timeout', async () => {
    const spec = define('slow', `export const handler = () => new Promise(() => {})`, { timeoutSeconds: 0.2 })
    expect(JSON.parse((await invoke(spec)).payload)).toMatchObject({
      errorType: 'Sandbox.Timedout',
      errorMessage: expect.stringMatching(/^RequestId: r\d+ Error: Task timed out after 0.20 seconds$/),
    })
  })

  it('an endless loop ends with its timeout', async () => {
    const spec = define('spin', `export const handler = () => { for (;;); }`, { timeoutSeconds: 0.3 })
    expect(JSON.parse((await invoke(spec)).payload).errorType).toBe('Sandbox.Timedout')
  })

  it('process.exit', async () => {
    const spec = define('exit', `export const handler = () => process.exit(3)`)
    expect(JSON.parse((await invoke(spec)).payload)).toMatchObject({
      errorType: 'Runtime.ExitError',
      errorMessage: expect.stringContaining('exit status 3'),
    })
  })

  it('more heap than the function has', async () => {
    const spec = define(
      'hungry',
      `export const handler = () => { const kept = []; for (;;) kept.push(new Array(1e5).fill({})) }`,
      {
        memoryMb: 32,
        timeoutSeconds: 20,
      },
    )
    expect(JSON.parse((await invoke(spec)).payload)).toMatchObject({ errorType: 'Runtime.ExitError' })
  })

  it('a bundle that cannot be loaded', async () => {
    const failed = await invoke(define('broken', `throw new Error('no config')`))
    expect(JSON.parse(failed.payload)).toMatchObject({ errorType: 'Error', errorMessage: 'no config' })
  })

  it('a handler that is not exported', async () => {
    const failed = await invoke(define('missing', `export const other = 1`))
    expect(JSON.parse(failed.payload)).toMatchObject({
      errorType: 'Runtime.HandlerNotFound',
      errorMessage: 'handler is undefined or not exported',
    })
  })

  it('an error after the answer ends the sandbox, and the next invocation gets another one', async () => {
    const spec = define(
      'later',
      `let n = 0; export const handler = async () => { setTimeout(() => { throw new Error('too late') }, 5); return ++n }`,
    )
    expect((await invoke(spec)).payload).toBe('1')
    await new Promise((resolve) => setTimeout(resolve, 60))
    expect((await invoke(spec)).payload).toBe('1')
  })
})
