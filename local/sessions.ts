/** The access keys that the local cloud gave to role sessions: by them the gateway knows who calls. */
import { createHash, randomBytes } from 'node:crypto'
import type { Collection, RoleSession } from './cloud.ts'
import type { Principal } from './gateway/principal.ts'

export interface SessionRecord {
  roleArn: string
  sessionName: string
}

type Credentials = Omit<RoleSession, 'principal'>

const KEY_LETTERS = 16

export class Sessions {
  readonly #records: Collection<SessionRecord>
  readonly #open = new Map<string, Credentials>()

  constructor(records: Collection<SessionRecord>) {
    this.#records = records
  }

  /**
   * One key for a role and session name: opening it again gives the same credentials, so nothing piles up. A key is
   * made when it is first read: the sessions that only call inside the process never need one.
   */
  open(principal: Principal, sessionName: string): RoleSession {
    const credentials = () => this.#credentials(principal, sessionName)
    return {
      principal,
      get accessKeyId() {
        return credentials().accessKeyId
      },
      get secretAccessKey() {
        return credentials().secretAccessKey
      },
      get sessionToken() {
        return credentials().sessionToken
      },
    }
  }

  find(accessKeyId: string): SessionRecord | undefined {
    return this.#records.get(accessKeyId)
  }

  #credentials(principal: Principal, sessionName: string): Credentials {
    const accessKeyId = keyOf(principal.arn)
    const known = this.#open.get(accessKeyId)
    if (known) return known
    this.#records.put(accessKeyId, { roleArn: principal.roleArn!, sessionName })
    const secretAccessKey = randomBytes(20).toString('hex')
    const made = { accessKeyId, secretAccessKey, sessionToken: randomBytes(32).toString('base64url') }
    this.#open.set(accessKeyId, made)
    return made
  }
}

function keyOf(arn: string): string {
  const digest = createHash('sha256').update(arn).digest('hex').toUpperCase()
  return `ASIA${digest.slice(0, KEY_LETTERS)}`
}
