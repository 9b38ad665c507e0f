import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { isTransient, TaskError, TransientError, typed } from '../../../tasks/errors.ts'
import { required, task } from '../../../tasks/task.ts'
import { failure } from '../../support/cloud.ts'
import { invoke } from './aws.ts'

const greet = task({
  name: 'Greet',
  input: z.object({ who: z.string() }),
  environment: z.object({ GREETING: required }),
  run: async ({ input, env }) => ({ text: `${env.GREETING} ${input.who}` }),
})

function failing(error: unknown) {
  return task({
    name: 'Failing',
    input: z.unknown(),
    environment: z.object({}),
    run: async () => {
      throw error
    },
  })
}

describe('a task', () => {
  it('gets its input and its environment checked, and gives its result', async () => {
    expect(await invoke(greet, { who: 'Ada' }, { GREETING: 'Hello' })).toEqual({ text: 'Hello Ada' })
  })

  it('refuses an input that does not fit with ValidationError, naming the field', async () => {
    const error = await failure(() => invoke(greet, { who: 7 }, { GREETING: 'Hello' }))
    expect(error).toMatchObject({ name: 'ValidationError' })
    expect(error.message).toContain('who')
  })

  it('refuses to work without a variable with ConfigurationError, naming it', async () => {
    const error = await failure(() => invoke(greet, { who: 'Ada' }, {}))
    expect(error).toMatchObject({ name: 'ConfigurationError' })
    expect(error.message).toContain('GREETING')
  })

  it('lets errors out under their own name', async () => {
    const denied = Object.assign(new Error('no'), { name: 'AccessDeniedException', $metadata: { httpStatusCode: 400 } })
    expect(await failure(() => invoke(failing(denied), {}, {}))).toBe(denied)
  })

  it.each([
    ['ER_ACCESS_DENIED_ERROR', 'MysqlError', { sqlState: '28000' }],
    ['ENOSPC', 'SystemError', {}],
  ])('names an error that is only called Error by its kind: %s', async (code, name, more) => {
    const error = await failure(() => invoke(failing(Object.assign(new Error('refused'), { code, ...more })), {}, {}))
    expect(error).toMatchObject({ name, message: `${code}: refused` })
  })

  it('lets what may pass out as TransientError', async () => {
    const reset = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })
    const error = await failure(() => invoke(failing(reset), {}, {}))
    expect(error).toBeInstanceOf(TransientError)
    expect(error.message).toContain('ECONNRESET')
  })

  it('ends in TaskTimedOut, its signal aborted, a second before its function would be ended', async () => {
    let aborted = false
    const slow = task({
      name: 'Slow',
      input: z.unknown(),
      environment: z.object({}),
      run: ({ signal }) =>
        new Promise<void>((resolve) => {
          signal.addEventListener('abort', () => {
            aborted = true
            resolve()
          })
        }),
    })
    const error = await failure(() => invoke(slow, {}, {}, 1_050))
    expect(error).toMatchObject({ name: 'TaskTimedOut' })
    expect(aborted).toBe(true)
  })
})

describe('isTransient', () => {
  it.each([
    ['throttling', { name: 'ThrottlingException', $metadata: { httpStatusCode: 400 } }, true],
    ['an answer of 503', { name: 'Unknown', $metadata: { httpStatusCode: 503 } }, true],
    ['an answer of 429', { name: 'Unknown', $metadata: { httpStatusCode: 429 } }, true],
    [
      'an operation that is not there',
      { name: 'UnknownOperationException', $metadata: { httpStatusCode: 501 } },
      false,
    ],
    ['a denied call', { name: 'AccessDenied', $metadata: { httpStatusCode: 403 } }, false],
    ['a fetch whose connection was refused', { name: 'TypeError', cause: { code: 'ECONNREFUSED' } }, true],
    ['a deadlock of MySQL', { code: 'ER_LOCK_DEADLOCK' }, true],
    ['a wrong statement', { code: 'ER_PARSE_ERROR' }, false],
    ['nothing', undefined, false],
  ])('%s: %s', (_, error, expected) => {
    expect(isTransient(error)).toBe(expected)
  })

  it('tells of a failed fetch why it failed, and of whom', () => {
    const cause = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:9'), { code: 'ECONNREFUSED' })
    const error = typed(new TypeError('fetch failed', { cause }))
    expect(error).toMatchObject({
      name: 'TransientError',
      message: 'TypeError: fetch failed: connect ECONNREFUSED 127.0.0.1:9',
    })
  })

  it('leaves an error of ours as it is, whatever caused it', () => {
    const cause = Object.assign(new Error('reset'), { code: 'ECONNRESET' })
    const error = new TaskError('ArchiveCorrupt', 'damaged', { cause })
    expect(typed(error)).toBe(error)
  })
})
