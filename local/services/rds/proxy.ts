/**
 * What clients connect to: TLS in front, who may sign in, then the server behind. After signing in both sockets are joined and nothing is
 * looked at, but for statements on accounts of the master user.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { pipeline } from 'node:stream'
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls'
import { type Accounts, StatementTranslator } from './accounts.ts'
import type { Certificates } from './certificates.ts'
import {
  asksForTls,
  authMoreData,
  authSwitch,
  type MysqlError,
  offered,
  PacketStream,
  readSignIn,
  type SignIn,
  writeError,
  writeGreeting,
} from './packets.ts'
import { type ServerAddress, Upstream, UpstreamRefusal } from './upstream.ts'

const CACHING_SHA2 = 'caching_sha2_password'
const CLEAR = 'mysql_clear_password'
const SIGN_IN_SECONDS = 60

export interface ProxySettings {
  certificates: Certificates
  /** The server behind, once it is ready. */
  server(): Promise<ServerAddress>
  master: { user: string; password: string }
  accounts: Accounts
  /** @returns why this token does not let the user in, or undefined */
  checkToken(token: string, user: string): string | undefined
  log(level: 'info' | 'warn', message: string, fields?: Record<string, unknown>): void
}

/** The client is told this, as MySQL would. */
class SignInRefused extends Error {
  override name = 'SignInRefused'
  readonly error: MysqlError

  constructor(code: number, sqlState: string, message: string) {
    super(message)
    this.error = { code, sqlState, message }
  }
}

export class MysqlProxy {
  readonly #settings: ProxySettings
  readonly #context: SecureContext
  readonly #open = new Set<Socket>()

  constructor(settings: ProxySettings) {
    this.#settings = settings
    const { certificate, key } = settings.certificates
    this.#context = createSecureContext({ cert: certificate, key, minVersion: 'TLSv1.2' })
  }

  /** How many clients are connected. */
  get connections(): number {
    return this.#open.size
  }

  /** Serves one connection to its end. */
  accept(socket: Socket): void {
    this.#open.add(socket)
    socket.once('close', () => this.#open.delete(socket))
    socket.on('error', () => socket.destroy())
    socket.setNoDelay(true)
    this.#serve(socket).catch((error) => {
      this.#settings.log('warn', 'A MySQL connection failed', { error: (error as Error).message })
      socket.destroy()
    })
  }

  close(): void {
    for (const socket of this.#open) socket.destroy()
  }

  async #serve(socket: Socket): Promise<void> {
    let packets = new PacketStream(socket)
    let upstream: Upstream | undefined
    const timer = setTimeout(() => socket.destroy(), SIGN_IN_SECONDS * 1000)
    try {
      const address = await this.#settings.server().catch((error: Error) => {
        throw new SignInRefused(1105, 'HY000', error.message)
      })
      upstream = await Upstream.open(address)
      socket.once('close', () => upstream?.socket.destroy())
      const scramble = Buffer.from(randomBytes(20).map((byte) => (byte % 94) + 33))
      const { greeting } = upstream
      packets.send(
        writeGreeting({ ...greeting, scramble, capabilities: offered(greeting.capabilities), plugin: CACHING_SHA2 }),
      )
      packets = await this.#secure(socket, packets)
      const signIn = readSignIn(await packets.next())
      const behind = await this.#authenticate(packets, signIn, scramble, address)
      const welcome = await upstream.signIn(signIn, behind.user, behind.password)
      packets.send(welcome)
      packets.release()
      this.#join(packets.stream as Socket, upstream.socket, signIn.user, address.admin.password)
    } catch (error) {
      upstream?.socket.destroy()
      if (error instanceof SignInRefused) {
        this.#settings.log('warn', 'A MySQL client was refused', { reason: error.message })
        packets.send(writeError(error.error))
      } else if (error instanceof UpstreamRefusal) packets.send(error.payload)
      else throw error
      packets.stream.end()
    } finally {
      clearTimeout(timer)
    }
  }

  /** The parameter group of the stack requires TLS; without it nobody gets in. */
  async #secure(socket: Socket, plain: PacketStream): Promise<PacketStream> {
    const request = await plain.next()
    if (!asksForTls(request)) {
      throw new SignInRefused(
        3159,
        'HY000',
        'Connections using insecure transport are prohibited while --require_secure_transport=ON.',
      )
    }
    plain.release()
    const secure = new TLSSocket(socket, { isServer: true, secureContext: this.#context })
    await once(secure, 'secure')
    return new PacketStream(secure, plain.sequence)
  }

  /** @returns the account to sign in with behind @throws SignInRefused */
  async #authenticate(
    packets: PacketStream,
    signIn: SignIn,
    scramble: Buffer,
    address: ServerAddress,
  ): Promise<{ user: string; password: string }> {
    const { master, accounts } = this.#settings
    const { user } = signIn
    if (accounts.usesIam(user)) {
      const token = await askInClear(packets, signIn)
      const fault = this.#settings.checkToken(token, user)
      if (fault !== undefined) throw denied(user, token !== '', fault)
      return { user, password: address.admin.password }
    }
    const password = await askPassword(packets, signIn, scramble)
    if (user !== master.user) return { user, password }
    if (!same(password, master.password)) throw denied(user, password !== '')
    // Another's server (MYSQL_URL) need not let us make a master account: its own administrator stands for it.
    return address.socketPath ? { user, password: address.admin.password } : address.admin
  }

  #join(client: Socket, server: Socket, user: string, password: string): void {
    const { master, accounts } = this.#settings
    const ended = () => {
      client.destroy()
      server.destroy()
    }
    if (user === master.user) {
      pipeline(client, new StatementTranslator(password, (account) => accounts.remember(account)), server, ended)
    } else pipeline(client, server, ended)
    pipeline(server, client, ended)
  }
}

/** The token, which only travels inside TLS. */
async function askInClear(packets: PacketStream, signIn: SignIn): Promise<string> {
  if (signIn.plugin === CLEAR && signIn.authentication.length > 0) return withoutZero(signIn.authentication)
  packets.send(authSwitch(CLEAR, Buffer.alloc(0)))
  return withoutZero(await packets.next())
}

/** The password itself, by the full authentication of caching_sha2_password, which sends it inside TLS. */
async function askPassword(packets: PacketStream, signIn: SignIn, scramble: Buffer): Promise<string> {
  if (signIn.plugin === CLEAR) return withoutZero(signIn.authentication)
  let answer = signIn.authentication
  if (signIn.plugin !== CACHING_SHA2) {
    packets.send(authSwitch(CACHING_SHA2, scramble))
    answer = await packets.next()
  }
  if (answer.length <= 1) return ''
  packets.send(authMoreData(Buffer.of(4)))
  return withoutZero(await packets.next())
}

/** RDS says no more than the first sentence; the local one tells why. */
function denied(user: string, usingPassword: boolean, reason?: string): SignInRefused {
  const message = `Access denied for user '${user}'@'127.0.0.1' (using password: ${usingPassword ? 'YES' : 'NO'})`
  return new SignInRefused(1045, '28000', reason ? `${message}: ${reason}` : message)
}

function withoutZero(bytes: Buffer): string {
  return (bytes.at(-1) === 0 ? bytes.subarray(0, -1) : bytes).toString()
}

function same(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)]
  return a.length === b.length && timingSafeEqual(a, b)
}
