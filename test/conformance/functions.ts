/** The functions that recorded cases call, by the behaviour that each case names. */
import { randomUUID } from 'node:crypto'
import { AwsError } from '../../local/gateway/aws-error.ts'
import type { Operation } from '../../local/gateway/service.ts'

/** What a behaviour answers to a payload's JSON text: the result's text, or a function error. */
export async function behave(behaviour: string, payload: string): Promise<{ body: string; error?: boolean }> {
  const failure = (errorType: string, errorMessage: string) => ({
    body: JSON.stringify({ errorMessage, errorType, requestId: randomUUID(), stackTrace: [] }),
    error: true,
  })
  if (behaviour === 'identity') return { body: payload }
  const raised = /^raise (\w+) "(.*)"$/.exec(behaviour)
  if (raised) return failure(raised[1]!, raised[2]!)
  // Every recording of this function shows that its bytes arrive as text.
  if (behaviour.startsWith('return bytes')) return { body: '"HelloWorld!"' }
  const returned = /^return (\{.*\})$/.exec(behaviour)
  if (returned) return { body: returned[1]! }
  if (/257\*1024/.test(behaviour)) return { body: JSON.stringify('a'.repeat(257 * 1024)) }
  const slept = /^sleep (\d+) s, then identity$/.exec(behaviour)
  if (slept) {
    await new Promise((resume) => setTimeout(resume, Number(slept[1]) * 1000).unref())
    return { body: payload }
  }
  throw new Error(`The behaviour '${behaviour}' is unknown.`)
}

/** A Lambda service that knows Invoke only, for runs in process. */
export function fakeLambda(): {
  define(functions: { name: string; behaviour: string }[]): void
  operations: Record<string, Operation>
} {
  const behaviours = new Map<string, string>()
  return {
    define(functions) {
      for (const { name, behaviour } of functions) behaviours.set(name, behaviour)
    },
    operations: {
      async Invoke(input) {
        const name = String(input.FunctionName)
          .split(':')
          .slice(-1)[0]!
          .replace(/^\$LATEST$/, '')
        const behaviour = behaviours.get(name)
        if (behaviour === undefined)
          throw new AwsError(
            'ResourceNotFoundException',
            `Function not found: ${input.FunctionName}`,
            { Type: 'User' },
            404,
          )
        const payload = input.Payload === undefined ? '{}' : Buffer.from(input.Payload).toString()
        const { body, error } = await behave(behaviour, payload)
        return {
          StatusCode: 200,
          ExecutedVersion: '$LATEST',
          Payload: Buffer.from(body),
          ...(error && { FunctionError: 'Unhandled' }),
          ...(input.LogType === 'Tail' && { LogResult: Buffer.from('START').toString('base64') }),
        }
      },
    },
  }
}
