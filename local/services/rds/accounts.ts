/**
 * Accounts that sign in with IAM. On RDS they are made by `CREATE USER x IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS'`, a plugin that no other server has:
 * here the proxy checks the token, so the statement reaches the server with a private password in its place, and the account is remembered.
 */
import { Transform, type TransformCallback } from 'node:stream'
import type { Collection } from '../../cloud.ts'

export interface Accounts {
  usesIam(user: string): boolean
  remember(user: string): void
}

export function iamAccounts(collection: Collection<{ user: string }>, instance: string): Accounts {
  const key = (user: string) => `${instance}/${user}`
  return {
    usesIam: (user) => collection.get(key(user)) !== undefined,
    remember: (user) => collection.put(key(user), { user }),
  }
}

const PLUGIN = /\bIDENTIFIED\s+WITH\s+(['"`]?)AWSAuthenticationPlugin\1(?:\s+AS\s+(?:'RDS'|"RDS"))?/gi
const ACCOUNT = /('(?:[^'\\]|''|\\.)+'|`[^`]+`|"[^"]+"|[\w$]+)(?:\s*@\s*(?:'[^']*'|`[^`]*`|"[^"]*"|[\w.%-]+))?\s*$/

/**
 * A statement as the server behind can run it, and the accounts it makes. `REQUIRE SSL` goes too: the way from the proxy to the server is a
 * socket, and the proxy itself lets nobody in without TLS.
 *
 * @param password what the accounts sign in with behind the proxy
 */
export function translateStatement(sql: string, password: string): { sql: string; iamUsers: string[] } {
  if (!/^\s*(?:\/\*.*?\*\/\s*)*(?:CREATE|ALTER)\s+USER\b/is.test(sql)) return { sql, iamUsers: [] }
  const iamUsers: string[] = []
  for (const match of sql.matchAll(PLUGIN)) {
    const account = ACCOUNT.exec(sql.slice(0, match.index))
    if (account) iamUsers.push((account[1] as string).replace(/^(['"`])(.*)\1$/s, '$2'))
  }
  const translated = sql
    .replace(PLUGIN, `IDENTIFIED BY '${password}'`)
    .replace(/\bREQUIRE\s+(?:SSL|X509)\b/gi, 'REQUIRE NONE')
  return { sql: translated, iamUsers }
}

const QUERY = 3
const PREPARE = 0x16
/** Longer statements are data, not accounts. */
const LONGEST = 1 << 20

/** Passes the client's packets on, translating statements on accounts. Only commands (sequence number 0) are looked into. */
export class StatementTranslator extends Transform {
  readonly #password: string
  readonly #onAccount: (user: string) => void
  #rest: Buffer = Buffer.alloc(0)
  /** Bytes of a packet that is passed on without a look. */
  #passing = 0

  constructor(password: string, onAccount: (user: string) => void) {
    super()
    this.#password = password
    this.#onAccount = onAccount
  }

  override _transform(chunk: Buffer, _: BufferEncoding, done: TransformCallback): void {
    let data = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk
    this.#rest = Buffer.alloc(0)
    while (data.length > 0) {
      if (this.#passing > 0) {
        const part = data.subarray(0, this.#passing)
        this.#passing -= part.length
        data = data.subarray(part.length)
        this.push(part)
        continue
      }
      const length = data.length >= 4 ? 4 + data.readUIntLE(0, 3) : 0
      const isCommand =
        data.length >= 5 && data[3] === 0 && (data[4] === QUERY || data[4] === PREPARE) && length <= LONGEST
      if (data.length >= 5 && !isCommand) {
        this.#passing = length
      } else if (data.length >= 5 && data.length >= length) {
        this.push(this.#translate(data.subarray(0, length)))
        data = data.subarray(length)
      } else if (length === 4) {
        // An empty packet: the end of a file that the client streams.
        this.#passing = 4
      } else {
        this.#rest = data
        break
      }
    }
    done()
  }

  #translate(packet: Buffer): Buffer {
    const before = packet.subarray(5).toString()
    const { sql, iamUsers } = translateStatement(before, this.#password)
    for (const user of iamUsers) this.#onAccount(user)
    if (sql === before) return packet
    const payload = Buffer.concat([packet.subarray(4, 5), Buffer.from(sql)])
    const header = Buffer.alloc(4)
    header.writeUIntLE(payload.length, 0, 3)
    return Buffer.concat([header, payload])
  }
}
