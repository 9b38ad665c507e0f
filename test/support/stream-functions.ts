/** The functions of the stream workflow, called one by one as its states call them, with and without each of their grants. */
import { setTimeout as sleep } from 'node:timers/promises'
import { InvokeCommand } from '@aws-sdk/client-lambda'
import { type Grant, grantsOf, roleName, watchDenials, without } from './grants.ts'
import { notExercisedByStream } from './not-exercised.ts'
import type { RunningStream } from './stream.ts'

export interface Answer {
  /** What the function gave, or undefined where it failed. */
  result?: any
  error?: string
}

export interface StreamFunctions {
  /** Calls the function of a state. @param id the beginning of its logical id in the template, such as `StreamReport` */
  call(id: string, payload: object): Promise<Answer>
  /**
   * Calls the function once without each of its grants.
   * @param actions these; all that have no reason to be missed by nobody where it is left out
   * @returns the actions that the function did not miss
   */
  needless(id: string, payload: object, actions?: readonly string[]): Promise<string[]>
  /** Takes an action from a role until the cloud's log says that it was denied. @returns whether it was, in some seconds */
  missed(role: string, action: string, meanwhile?: () => Promise<unknown>): Promise<boolean>
  /** Every grant that was missed: `<role> <action>`. */
  readonly tested: ReadonlySet<string>
}

const POLL_MS = 50
const WAIT_MS = 30_000

export function streamFunctions(stream: RunningStream): StreamFunctions {
  const { cloud, clients } = stream
  const tested = new Set<string>()
  const deployed = cloud.cloud.collection<{ type: string; ref: string }>('cloudformation.Stepwell').entries()
  const nameOf = (id: string) =>
    deployed.find(([logical, { type }]) => type === 'AWS::Lambda::Function' && logical.startsWith(`${id}Function`))![1]
      .ref
  const own = (id: string, actions: readonly string[] | undefined) =>
    grantsOf(cloud, new RegExp(`^${id}Role`)).filter(({ role, action }) =>
      actions ? actions.includes(action) : !notExercisedByStream(role, action),
    )
  const note = ({ role, action }: Grant) => tested.add(`${role} ${action}`)

  async function call(id: string, payload: object): Promise<Answer> {
    const { FunctionError, Payload } = await clients.lambda.send(
      new InvokeCommand({ FunctionName: nameOf(id), Payload: Buffer.from(JSON.stringify(payload)) }),
    )
    const answer = JSON.parse(Buffer.from(Payload!).toString())
    return FunctionError ? { error: answer.errorMessage } : { result: answer }
  }

  return {
    call,
    tested,
    async needless(id, payload, actions) {
      const found: string[] = []
      for (const grant of own(id, actions)) {
        const restore = without(cloud, `${id}Role`, grant.action)
        const { error = '' } = await call(id, payload)
        restore()
        if (error.includes(`not authorized to perform: ${grant.action} `)) note(grant)
        else found.push(`${grant.action}: ${error || 'it succeeded'}`)
      }
      return found
    },
    async missed(id, action, meanwhile = async () => {}) {
      const [grant] = grantsOf(cloud, new RegExp(`^${id}`)).filter((one) => one.action === action)
      const denied = watchDenials(cloud, roleName(cloud, grant!.role), action)
      const restore = without(cloud, id, action)
      try {
        for (const deadline = Date.now() + WAIT_MS; Date.now() < deadline; await sleep(POLL_MS)) {
          await meanwhile()
          if (!denied()) continue
          note(grant!)
          return true
        }
        return false
      } finally {
        restore()
      }
    },
  }
}
