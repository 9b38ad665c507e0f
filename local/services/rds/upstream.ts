/** The connection to the server behind the proxy: a private one on its socket, or the one of MYSQL_URL. */
import { constants, createHash, publicEncrypt } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import {
  type Greeting,
  PacketStream,
  readAuthSwitch,
  readError,
  readGreeting,
  type SignIn,
  writeSignIn,
} from './packets.ts'

/** Where the server is, and the account that may do everything. */
export interface ServerAddress {
  socketPath?: string
  host?: string
  port?: number
  admin: { user: string; password: string }
}

/** The server has refused: its own error packet. */
export class UpstreamRefusal extends Error {
  override name = 'UpstreamRefusal'
  readonly payload: Buffer

  constructor(payload: Buffer) {
    super(readError(payload).message)
    this.payload = payload
  }
}

export class Upstream {
  readonly socket: Socket
  readonly greeting: Greeting
  readonly #packets: PacketStream
  readonly #isLocal: boolean

  private constructor(socket: Socket, packets: PacketStream, greeting: Greeting, isLocal: boolean) {
    this.socket = socket
    this.greeting = greeting
    this.#packets = packets
    this.#isLocal = isLocal
  }

  /** @throws Error when nothing answers */
  static async open(address: ServerAddress): Promise<Upstream> {
    const socket = address.socketPath
      ? connect(address.socketPath)
      : connect({ host: address.host ?? '127.0.0.1', port: address.port ?? 3306 })
    await once(socket, 'connect')
    socket.setNoDelay(true)
    const packets = new PacketStream(socket)
    try {
      const greeting = readGreeting(await packets.next())
      return new Upstream(socket, packets, greeting, address.socketPath !== undefined)
    } catch (error) {
      socket.destroy()
      throw error
    }
  }

  /**
   * Signs in under a password, with the client's capabilities, so that what follows can be passed on as it is.
   *
   * @returns the server's OK packet
   * @throws UpstreamRefusal
   */
  async signIn(signIn: SignIn, user: string, password: string): Promise<Buffer> {
    let { plugin, scramble } = this.greeting
    this.#packets.send(writeSignIn({ ...signIn, user, plugin, authentication: answer(plugin, password, scramble) }))
    for (;;) {
      const payload = await this.#packets.next()
      switch (payload[0]) {
        case 0x00:
          this.#packets.release()
          return payload
        case 0xff:
          this.socket.destroy()
          throw new UpstreamRefusal(payload)
        case 0xfe: {
          const change = readAuthSwitch(payload)
          plugin = change.plugin
          scramble = change.data
          this.#packets.send(answer(plugin, password, scramble))
          break
        }
        case 0x01:
          this.#more(payload.subarray(1), password, scramble)
          break
        default:
          this.socket.destroy()
          throw new Error(`The MySQL server answers signing in with an unknown packet (0x${payload[0]?.toString(16)}).`)
      }
    }
  }

  /** caching_sha2_password: 3 the server knows the password, 4 it wants it whole, else its public key. */
  #more(data: Buffer, password: string, scramble: Buffer): void {
    if (data[0] === 3) return
    if (data[0] === 4) this.#packets.send(this.#isLocal ? Buffer.from(`${password}\0`) : Buffer.of(2))
    else {
      const key = data.toString()
      const hidden = Buffer.from(`${password}\0`).map(
        (byte, index) => byte ^ (scramble[index % scramble.length] as number),
      )
      this.#packets.send(publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' }, hidden))
    }
  }
}

/** What a client answers to a plugin's scramble. @throws Error for a plugin that is not known here */
function answer(plugin: string, password: string, scramble: Buffer): Buffer {
  if (password === '') return Buffer.alloc(0)
  const hash = (name: string, ...parts: Buffer[]) => createHash(name).update(Buffer.concat(parts)).digest()
  if (plugin === 'mysql_native_password') {
    const single = hash('sha1', Buffer.from(password))
    return xor(single, hash('sha1', scramble, hash('sha1', single)))
  }
  if (plugin === 'caching_sha2_password') {
    const single = hash('sha256', Buffer.from(password))
    return xor(single, hash('sha256', hash('sha256', single), scramble))
  }
  if (plugin === 'mysql_clear_password') return Buffer.from(`${password}\0`)
  throw new Error(`The MySQL server wants the authentication plugin ${plugin}, which the local RDS does not know.`)
}

function xor(one: Buffer, other: Buffer): Buffer {
  return Buffer.from(one.map((byte, index) => byte ^ (other[index] as number)))
}
