/** Who is signed in. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

export interface Session {
  acceptedTerms: boolean
}

const COOKIE = 'PHPSESSID'
// More sessions than this are more than a few pipelines need: the oldest go.
const MOST = 1_000

export class Sessions {
  readonly #username: string
  readonly #password: string
  readonly #milliseconds: number
  readonly #sessions = new Map<string, Session & { expires: number }>()

  constructor({ username, password, sessionSeconds }: { username: string; password: string; sessionSeconds: number }) {
    this.#username = username
    this.#password = password
    this.#milliseconds = sessionSeconds * 1000
  }

  /** The cookie of a new session, or undefined when the credentials are wrong. */
  signIn(username: string, password: string): string | undefined {
    // Both are compared whatever the other says: the time it takes tells nothing.
    const right = [same(username, this.#username), same(password, this.#password)]
    if (right.includes(false)) return undefined
    const id = randomBytes(16).toString('hex')
    this.#sessions.set(id, { acceptedTerms: false, expires: Date.now() + this.#milliseconds })
    if (this.#sessions.size > MOST) this.#sessions.delete(this.#sessions.keys().next().value!)
    return `${COOKIE}=${id}; Path=/; HttpOnly; SameSite=Lax`
  }

  /** The session that a request's cookie names, which lives on from now; undefined when there is none or it has expired. */
  find(cookies: string | undefined): Session | undefined {
    const id = new RegExp(`(?:^|;\\s*)${COOKIE}=([0-9a-f]{32})(?:;|$)`).exec(cookies ?? '')?.[1]
    const session = id ? this.#sessions.get(id) : undefined
    if (!id || !session) return undefined
    if (session.expires <= Date.now()) {
      this.#sessions.delete(id)
      return undefined
    }
    session.expires = Date.now() + this.#milliseconds
    return session
  }

  /** Ends every session. */
  clear(): void {
    this.#sessions.clear()
  }
}

function same(given: string, wanted: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(wanted))
}
