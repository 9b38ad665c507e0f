/**
 * MySQL's client/server protocol as far as signing in needs it.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase.html
 */
import type { Duplex } from 'node:stream'

export const Capability = {
  LONG_PASSWORD: 1 << 0,
  CONNECT_WITH_DB: 1 << 3,
  COMPRESS: 1 << 5,
  LOCAL_FILES: 1 << 7,
  PROTOCOL_41: 1 << 9,
  SSL: 1 << 11,
  SECURE_CONNECTION: 1 << 15,
  PLUGIN_AUTH: 1 << 19,
  CONNECT_ATTRS: 1 << 20,
  PLUGIN_AUTH_LENENC_CLIENT_DATA: 1 << 21,
  SESSION_TRACK: 1 << 23,
} as const

/** Bits 26 to 31 (zstd, query attributes, second factors, ...) change what follows signing in, or have no counterpart in MariaDB. */
const NEW_BITS = 0b111111 << 26

/** What the proxy offers: all that the server behind it can, but for compression and the newest bits. */
export function offered(server: number): number {
  const masked = server & ~(Capability.COMPRESS | NEW_BITS)
  const own = Capability.LONG_PASSWORD | Capability.SSL | Capability.PROTOCOL_41 | Capability.SECURE_CONNECTION
  return (masked | own | Capability.PLUGIN_AUTH | Capability.PLUGIN_AUTH_LENENC_CLIENT_DATA) >>> 0
}

interface Waiting {
  resolve(payload: Buffer): void
  reject(error: Error): void
}

/** One end of a connection during signing in: whole packets in, whole packets out, sequence numbers kept. */
export class PacketStream {
  readonly stream: Duplex
  #buffered: Buffer = Buffer.alloc(0)
  #sequence = 0
  #waiting: Waiting | undefined
  #failure: Error | undefined

  constructor(stream: Duplex, sequence = 0) {
    this.stream = stream
    this.#sequence = sequence
    stream.on('readable', this.#read)
    stream.on('error', this.#fail)
    stream.on('close', this.#closed)
  }

  get sequence(): number {
    return this.#sequence
  }

  /** The next packet's payload. @throws Error when the other side hangs up */
  next(): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
      this.#read()
    })
  }

  send(payload: Buffer): void {
    const header = Buffer.alloc(4)
    header.writeUIntLE(payload.length, 0, 3)
    header[3] = this.#sequence
    this.#sequence = (this.#sequence + 1) & 0xff
    this.stream.write(Buffer.concat([header, payload]))
  }

  /** Lets the stream go; what was read too much is put back. */
  release(): void {
    this.stream.off('readable', this.#read)
    this.stream.off('error', this.#fail)
    this.stream.off('close', this.#closed)
    if (this.#buffered.length > 0) this.stream.unshift(this.#buffered)
    this.#buffered = Buffer.alloc(0)
  }

  readonly #read = (): void => {
    if (!this.#waiting) return
    const failure = this.#failure
    if (failure) {
      this.#settle((waiting) => waiting.reject(failure))
      return
    }
    // Only what one packet needs is taken, so that a TLS handshake right behind it stays in the stream.
    while (this.#waiting) {
      const wanted = this.#buffered.length < 4 ? 4 : 4 + this.#buffered.readUIntLE(0, 3)
      if (this.#buffered.length >= 4 && this.#buffered.length >= wanted) {
        const payload = this.#buffered.subarray(4, wanted)
        this.#sequence = ((this.#buffered[3] as number) + 1) & 0xff
        this.#buffered = this.#buffered.subarray(wanted)
        this.#settle((waiting) => waiting.resolve(payload))
        return
      }
      const missing = wanted - this.#buffered.length
      const length = Math.min(missing, this.stream.readableLength)
      const chunk = length > 0 ? (this.stream.read(length) as Buffer | null) : null
      if (!chunk) {
        // Asking for nothing makes the stream fetch more.
        this.stream.read(0)
        return
      }
      this.#buffered = Buffer.concat([this.#buffered, chunk])
    }
  }

  readonly #fail = (error: Error): void => {
    this.#failure = error
    this.#settle((waiting) => waiting.reject(error))
  }

  readonly #closed = (): void => {
    this.#fail(this.#failure ?? new Error('The other side hung up while signing in.'))
  }

  #settle(how: (waiting: Waiting) => void): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    if (waiting) how(waiting)
  }
}

export interface Greeting {
  version: string
  threadId: number
  scramble: Buffer
  capabilities: number
  charset: number
  status: number
  plugin: string
}

/** @throws Error when the packet is an error or another protocol */
export function readGreeting(payload: Buffer): Greeting {
  if (payload[0] === 0xff) throw new Error(readError(payload).message)
  if (payload[0] !== 10) throw new Error(`The server speaks protocol ${payload[0]}, not 10.`)
  const versionEnd = payload.indexOf(0, 1)
  let at = versionEnd + 1
  const threadId = payload.readUInt32LE(at)
  const first = payload.subarray(at + 4, at + 12)
  const low = payload.readUInt16LE(at + 13)
  const charset = payload[at + 15] as number
  const status = payload.readUInt16LE(at + 16)
  const high = payload.readUInt16LE(at + 18)
  const length = payload[at + 20] as number
  at += 31
  const second = payload.subarray(at, at + Math.max(13, length - 8) - 1)
  at += Math.max(13, length - 8)
  const plugin = payload.subarray(at, payload.indexOf(0, at) < 0 ? undefined : payload.indexOf(0, at)).toString()
  const version = payload.subarray(1, versionEnd).toString()
  return {
    version,
    threadId,
    scramble: Buffer.concat([first, second]),
    capabilities: (low | (high << 16)) >>> 0,
    charset,
    status,
    plugin,
  }
}

export function writeGreeting(greeting: Greeting): Buffer {
  const rest = Buffer.alloc(31)
  rest.writeUInt32LE(greeting.threadId, 0)
  greeting.scramble.copy(rest, 4, 0, 8)
  rest.writeUInt16LE(greeting.capabilities & 0xffff, 13)
  rest[15] = greeting.charset
  rest.writeUInt16LE(greeting.status, 16)
  rest.writeUInt16LE(greeting.capabilities >>> 16, 18)
  rest[20] = greeting.scramble.length + 1
  return Buffer.concat([
    Buffer.of(10),
    zeroEnded(greeting.version),
    rest,
    greeting.scramble.subarray(8),
    Buffer.of(0),
    zeroEnded(greeting.plugin),
  ])
}

export interface SignIn {
  capabilities: number
  maxPacket: number
  charset: number
  user: string
  authentication: Buffer
  database?: string
  plugin: string
  /** The connection's attributes as they came. */
  attributes: Buffer
}

/** The short packet before TLS begins: HandshakeResponse41 up to the user's name. */
export function asksForTls(payload: Buffer): boolean {
  return payload.length >= 4 && (payload.readUInt32LE(0) & Capability.SSL) !== 0
}

export function readSignIn(payload: Buffer): SignIn {
  const capabilities = payload.readUInt32LE(0)
  const has = (bit: number) => (capabilities & bit) !== 0
  let at = 32
  const text = () => {
    const end = payload.indexOf(0, at)
    const value = payload.subarray(at, end < 0 ? payload.length : end).toString()
    at = end < 0 ? payload.length : end + 1
    return value
  }
  const user = text()
  let length = payload[at] ?? 0
  if (has(Capability.PLUGIN_AUTH_LENENC_CLIENT_DATA) && length === 0xfc) {
    length = payload.readUInt16LE(at + 1)
    at += 2
  }
  const authentication = payload.subarray(at + 1, at + 1 + length)
  at += 1 + length
  const database = has(Capability.CONNECT_WITH_DB) ? text() : ''
  const plugin = has(Capability.PLUGIN_AUTH) ? text() : ''
  return {
    capabilities,
    maxPacket: payload.readUInt32LE(4),
    charset: payload[8] as number,
    user,
    authentication,
    plugin,
    attributes: has(Capability.CONNECT_ATTRS) ? payload.subarray(at) : Buffer.alloc(0),
    ...(database ? { database } : {}),
  }
}

export function writeSignIn(signIn: SignIn): Buffer {
  const head = Buffer.alloc(32)
  let capabilities = signIn.capabilities & ~Capability.SSL & ~Capability.PLUGIN_AUTH_LENENC_CLIENT_DATA
  capabilities = signIn.database
    ? capabilities | Capability.CONNECT_WITH_DB
    : capabilities & ~Capability.CONNECT_WITH_DB
  head.writeUInt32LE((capabilities | Capability.SECURE_CONNECTION | Capability.PLUGIN_AUTH) >>> 0, 0)
  head.writeUInt32LE(signIn.maxPacket, 4)
  head[8] = signIn.charset
  return Buffer.concat([
    head,
    zeroEnded(signIn.user),
    Buffer.of(signIn.authentication.length),
    signIn.authentication,
    signIn.database ? zeroEnded(signIn.database) : Buffer.alloc(0),
    zeroEnded(signIn.plugin),
    signIn.attributes,
  ])
}

/** Asks the client to answer for another authentication plugin. */
export function authSwitch(plugin: string, data: Buffer): Buffer {
  return Buffer.concat([Buffer.of(0xfe), zeroEnded(plugin), data, Buffer.of(0)])
}

export function readAuthSwitch(payload: Buffer): { plugin: string; data: Buffer } {
  const end = payload.indexOf(0, 1)
  const data = payload.subarray(end + 1)
  return { plugin: payload.subarray(1, end).toString(), data: data.at(-1) === 0 ? data.subarray(0, -1) : data }
}

export const authMoreData = (data: Buffer): Buffer => Buffer.concat([Buffer.of(1), data])

export interface MysqlError {
  code: number
  sqlState: string
  message: string
}

export function writeError({ code, sqlState, message }: MysqlError): Buffer {
  const head = Buffer.alloc(3)
  head[0] = 0xff
  head.writeUInt16LE(code, 1)
  return Buffer.concat([head, Buffer.from(`#${sqlState}${message}`)])
}

export function readError(payload: Buffer): MysqlError {
  const hasState = payload[3] === 0x23
  return {
    code: payload.readUInt16LE(1),
    sqlState: hasState ? payload.subarray(4, 9).toString() : 'HY000',
    message: payload.subarray(hasState ? 9 : 3).toString(),
  }
}

function zeroEnded(text: string): Buffer {
  return Buffer.from(`${text}\0`)
}
