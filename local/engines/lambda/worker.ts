/** Runs inside a worker thread: loads the function's bundle and answers its invocations one at a time. */
import { pathToFileURL } from 'node:url'
import { parentPort, workerData } from 'node:worker_threads'
import type { LambdaError } from './function.ts'

interface Work {
  requestId: string
  event: string
  deadline: number
  context: Record<string, unknown>
}

// Node.js has read it: the function, and what it starts, has nothing to do with it.
delete process.env.NODE_COMPILE_CACHE

const port = parentPort!
const { entry, handlerName } = workerData as { entry: string; handlerName: string }
let current: string | undefined

function form(thrown: unknown): LambdaError {
  const error = thrown as { name?: string; message?: string; stack?: string } | undefined
  const isError = thrown instanceof Error || (typeof thrown === 'object' && thrown !== null)
  return {
    errorType: isError ? (error?.name ?? 'Error') : typeof thrown,
    errorMessage: isError ? (error?.message ?? '') : String(thrown),
    trace: isError && error?.stack ? error.stack.split('\n') : [],
  }
}

/** An error outside of the handler's promise ends the sandbox, as it ends Lambda's. */
process.on('uncaughtException', (thrown) => {
  port.postMessage({ dying: form(thrown), requestId: current })
  // The message must leave the thread before it ends.
  setImmediate(() => process.exit(1))
})

let handler: ((event: unknown, context: unknown) => unknown) | undefined
try {
  handler = (await import(pathToFileURL(entry).href))[handlerName]
  if (typeof handler !== 'function') {
    const error: LambdaError = {
      errorType: 'Runtime.HandlerNotFound',
      errorMessage: `${handlerName} is undefined or not exported`,
    }
    port.postMessage({ init: error })
  } else port.postMessage({ ready: true })
} catch (thrown) {
  port.postMessage({ init: form(thrown) })
}

port.on('message', async ({ requestId, event, deadline, context }: Work) => {
  current = requestId
  port.postMessage({ accepted: requestId })
  try {
    const value = await handler!(JSON.parse(event), {
      ...context,
      getRemainingTimeInMillis: () => deadline - Date.now(),
    })
    port.postMessage({ requestId, result: JSON.stringify(value === undefined ? null : value) })
  } catch (thrown) {
    port.postMessage({ requestId, error: form(thrown) })
  } finally {
    current = undefined
  }
})
