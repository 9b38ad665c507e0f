/** The parts of the local RDS that need no server: tokens, statements on accounts, resources. */
import { X509Certificate } from 'node:crypto'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Signer } from '@aws-sdk/rds-signer'
import { describe, expect, it } from 'vitest'
import { StatementTranslator, translateStatement } from '../../../local/services/rds/accounts.ts'
import { certificatesIn } from '../../../local/services/rds/certificates.ts'
import { readToken, tokenFault } from '../../../local/services/rds/token.ts'

describe('tokens', () => {
  const endpoint = { host: '127.0.0.1', port: 40123 }
  const credentials = { accessKeyId: 'ASIAEXAMPLE', secretAccessKey: 'secret', sessionToken: 'session' }
  const make = async () => {
    const signer = new Signer({
      hostname: endpoint.host,
      port: endpoint.port,
      username: 'loader',
      region: 'us-east-1',
      credentials,
    })
    return readToken(await signer.getAuthToken())!
  }

  it('tell host, port, user, key and time', async () => {
    const token = await make()

    expect(token).toMatchObject({ ...endpoint, user: 'loader', accessKeyId: 'ASIAEXAMPLE', region: 'us-east-1' })
    expect(token.expiresAt.getTime() - token.signedAt.getTime()).toBe(900_000)
    expect(tokenFault(token, endpoint, 'loader')).toBeUndefined()
  })

  it('are good for one user at one endpoint, for 15 minutes', async () => {
    const token = await make()

    expect(tokenFault(token, endpoint, 'other')).toBe('the token is for the user loader')
    expect(tokenFault(token, { ...endpoint, port: 1 }, 'loader')).toBe('the token is for 127.0.0.1:40123')
    expect(tokenFault(token, endpoint, 'loader', new Date(Date.now() + 901_000))).toMatch(/^the token expired at /)
  })

  it('are not any password', () => {
    expect(readToken('secret')).toBeUndefined()
    expect(readToken('')).toBeUndefined()
    expect(readToken('host:1/?Action=connect&DBUser=loader')).toBeUndefined()
  })
})

describe('statements on accounts', () => {
  it.each<[string, string, string[]]>([
    [
      "CREATE USER IF NOT EXISTS 'loader'@'%' IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS'",
      "CREATE USER IF NOT EXISTS 'loader'@'%' IDENTIFIED BY 'pw'",
      ['loader'],
    ],
    [
      "create user loader identified with AWSAuthenticationPlugin as 'RDS' require ssl",
      "create user loader IDENTIFIED BY 'pw' REQUIRE NONE",
      ['loader'],
    ],
    [
      'ALTER USER `a b`@localhost IDENTIFIED WITH \'AWSAuthenticationPlugin\' AS "RDS"',
      "ALTER USER `a b`@localhost IDENTIFIED BY 'pw'",
      ['a b'],
    ],
    ["ALTER USER 'loader'@'%' REQUIRE SSL", "ALTER USER 'loader'@'%' REQUIRE NONE", []],
    ["CREATE USER x IDENTIFIED BY 'own'", "CREATE USER x IDENTIFIED BY 'own'", []],
    [
      "SELECT 'REQUIRE SSL', 'IDENTIFIED WITH AWSAuthenticationPlugin'",
      "SELECT 'REQUIRE SSL', 'IDENTIFIED WITH AWSAuthenticationPlugin'",
      [],
    ],
  ])('%s', (sql, expected, users) => {
    expect(translateStatement(sql, 'pw')).toEqual({ sql: expected, iamUsers: users })
  })

  it('are found in the stream of packets however it is cut; everything else passes as it is', async () => {
    const packet = (sequence: number, payload: Buffer) => {
      const header = Buffer.alloc(4)
      header.writeUIntLE(payload.length, 0, 3)
      header[3] = sequence
      return Buffer.concat([header, payload])
    }
    const query = (sql: string) => packet(0, Buffer.from(`\x03${sql}`))
    const file = [packet(2, Buffer.alloc(70_000, 'x')), packet(3, Buffer.alloc(0))]
    const other = [query('SELECT 1'), ...file, packet(0, Buffer.of(1))]
    const input = Buffer.concat([
      ...other,
      query("CREATE USER u IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS'"),
      ...other,
    ])
    const wanted = Buffer.concat([...other, query("CREATE USER u IDENTIFIED BY 'pw'"), ...other])

    for (const size of [1, 3, 1000, input.length]) {
      const users: string[] = []
      const translator = new StatementTranslator('pw', (user) => users.push(user))
      const out: Buffer[] = []
      translator.on('data', (chunk) => out.push(chunk))
      for (let at = 0; at < input.length; at += size) translator.write(input.subarray(at, at + size))
      translator.end()
      await new Promise((resolve) => translator.once('end', resolve))

      expect(Buffer.concat(out).equals(wanted)).toBe(true)
      expect(users).toEqual(['u'])
    }
  })
})

describe('certificates', () => {
  it('are made once: an authority, and a server for 127.0.0.1 whose key nobody else reads', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'stepwell-rds-'))

    const made = await certificatesIn(folder)
    const read = await certificatesIn(folder)

    const ca = new X509Certificate(made.ca)
    const server = new X509Certificate(made.certificate)
    expect(read).toEqual(made)
    expect(ca.ca).toBe(true)
    expect(server.verify(ca.publicKey)).toBe(true)
    expect(server.checkIP('127.0.0.1')).toBe('127.0.0.1')
    expect(server.checkHost('localhost')).toBe('localhost')
    expect((await stat(join(folder, 'server-key.pem'))).mode & 0o777).toBe(0o600)
    await rm(folder, { recursive: true })
  })
})
