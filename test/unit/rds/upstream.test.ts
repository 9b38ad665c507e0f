/** Signing in behind the proxy, to a scripted server that asks for what MySQL 8 asks for: caching_sha2_password, fast, with the public key, and by a switch. */
import { constants, createHash, generateKeyPairSync, privateDecrypt, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import {
  authMoreData,
  authSwitch,
  Capability,
  PacketStream,
  readSignIn,
  type SignIn,
  writeError,
  writeGreeting,
} from '../../../local/services/rds/packets.ts'
import { Upstream } from '../../../local/services/rds/upstream.ts'

const OK = Buffer.of(0, 0, 0, 2, 0, 0, 0)
const PASSWORD = 'päss'
const capabilities =
  Capability.PROTOCOL_41 |
  Capability.SECURE_CONNECTION |
  Capability.PLUGIN_AUTH |
  Capability.CONNECT_WITH_DB |
  Capability.LOCAL_FILES
const signIn: SignIn = {
  capabilities: capabilities | Capability.SSL,
  maxPacket: 1 << 24,
  charset: 45,
  user: 'proxied',
  authentication: Buffer.alloc(0),
  database: 'loans',
  plugin: '',
  attributes: Buffer.alloc(0),
}

/** A server whose end of the conversation is `talk`. */
async function serve(plugin: string, talk: (packets: PacketStream, scramble: Buffer) => Promise<void>) {
  const scramble = Buffer.from(randomBytes(20).map((byte) => (byte % 94) + 33))
  const failures: unknown[] = []
  const server = createServer((socket) => {
    const packets = new PacketStream(socket)
    packets.send(
      writeGreeting({ version: '8.4.10', threadId: 7, scramble, capabilities, charset: 45, status: 2, plugin }),
    )
    talk(packets, scramble).catch((error) => {
      failures.push(error)
      socket.destroy()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    expect(failures).toEqual([])
  })
  const upstream = await Upstream.open({
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    admin: { user: '', password: '' },
  })
  onTestFinished(() => void upstream.socket.destroy())
  return upstream
}

const sha256 = (...parts: Buffer[]) => createHash('sha256').update(Buffer.concat(parts)).digest()
const xor = (one: Buffer, other: Buffer) => Buffer.from(one.map((byte, index) => byte ^ other[index % other.length]!))

describe('signing in behind the proxy', () => {
  it('reads the greeting', async () => {
    const upstream = await serve('caching_sha2_password', async () => {})

    expect(upstream.greeting).toMatchObject({
      version: '8.4.10',
      threadId: 7,
      capabilities,
      plugin: 'caching_sha2_password',
    })
    expect(upstream.greeting.scramble).toHaveLength(20)
  })

  it('proves the password to a server that knows it, with the client’s capabilities but TLS', async () => {
    let seen: SignIn | undefined
    const upstream = await serve('caching_sha2_password', async (packets, scramble) => {
      seen = readSignIn(await packets.next())
      const single = sha256(Buffer.from(PASSWORD))
      const proof = xor(single, sha256(sha256(single), scramble))
      packets.send(seen.authentication.equals(proof) ? authMoreData(Buffer.of(3)) : Buffer.of(0xff))
      packets.send(OK)
    })

    const welcome = await upstream.signIn(signIn, 'loader', PASSWORD)

    expect(welcome.equals(OK)).toBe(true)
    expect(seen).toMatchObject({
      user: 'loader',
      database: 'loans',
      charset: 45,
      capabilities,
      plugin: 'caching_sha2_password',
    })
  })

  it('hides the password by the server’s public key when the server wants it whole', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    let received = ''
    const upstream = await serve('caching_sha2_password', async (packets, scramble) => {
      await packets.next()
      packets.send(authMoreData(Buffer.of(4)))
      expect(await packets.next()).toEqual(Buffer.of(2))
      packets.send(authMoreData(Buffer.from(publicKey.export({ type: 'spki', format: 'pem' }) as string)))
      const hidden = privateDecrypt(
        { key: privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' },
        await packets.next(),
      )
      received = xor(hidden, scramble).toString()
      packets.send(OK)
    })

    await upstream.signIn(signIn, 'loader', PASSWORD)

    expect(received).toBe(`${PASSWORD}\0`)
  })

  it('follows a switch to another plugin, and hands on a refusal as it came', async () => {
    const refusal = writeError({ code: 1045, sqlState: '28000', message: 'Access denied' })
    const upstream = await serve('caching_sha2_password', async (packets) => {
      await packets.next()
      packets.send(authSwitch('mysql_native_password', Buffer.from('abcdefghijklmnopqrst')))
      expect(await packets.next()).toHaveLength(20)
      packets.send(refusal)
    })

    const error = await upstream.signIn(signIn, 'loader', PASSWORD).catch((thrown) => thrown)

    expect(error).toMatchObject({ name: 'UpstreamRefusal', message: 'Access denied' })
    expect(error.payload.equals(refusal)).toBe(true)
  })
})
