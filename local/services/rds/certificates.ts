/** The certificate authority of the local RDS, made once; clients trust it by `ca.pem`, as they trust Amazon's by the file in Lambda's runtime. */
import { webcrypto } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface Certificates {
  ca: string
  certificate: string
  key: string
}

const YEARS = 10
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

/** Reads the certificates of a folder, or makes them there: `ca.pem`, `server.pem` and `server-key.pem` (0600). The authority's own key is thrown away. */
export async function certificatesIn(folder: string): Promise<Certificates> {
  if (!existsSync(join(folder, 'ca.pem'))) await makeCertificates(folder)
  const [ca, certificate, key] = await Promise.all(
    ['ca.pem', 'server.pem', 'server-key.pem'].map((name) => readFile(join(folder, name), 'utf8')),
  )
  return { ca: ca as string, certificate: certificate as string, key: key as string }
}

async function makeCertificates(folder: string): Promise<void> {
  // The library's dependency injection wants the metadata API first.
  await import('reflect-metadata')
  const x509 = await import('@peculiar/x509')
  x509.cryptoProvider.set(webcrypto as unknown as Crypto)
  const notBefore = new Date(Date.now() - 24 * 3600 * 1000)
  const notAfter = new Date(notBefore)
  notAfter.setFullYear(notAfter.getFullYear() + YEARS)
  const keys = () =>
    webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']) as unknown as Promise<CryptoKeyPair>

  const caKeys = await keys()
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=Stepwell local RDS CA',
    serialNumber: '01',
    keys: caKeys,
    signingAlgorithm: ALGORITHM,
    notBefore,
    notAfter,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    ],
  })
  const serverKeys = await keys()
  const server = await x509.X509CertificateGenerator.create({
    subject: 'CN=localhost',
    issuer: ca.subject,
    serialNumber: '02',
    publicKey: serverKeys.publicKey,
    signingKey: caKeys.privateKey,
    signingAlgorithm: ALGORITHM,
    notBefore,
    notAfter,
    extensions: [
      new x509.BasicConstraintsExtension(false),
      new x509.ExtendedKeyUsageExtension(['1.3.6.1.5.5.7.3.1']),
      new x509.SubjectAlternativeNameExtension([
        { type: 'dns', value: 'localhost' },
        { type: 'ip', value: '127.0.0.1' },
      ]),
    ],
  })
  const pkcs8 = Buffer.from(
    await webcrypto.subtle.exportKey('pkcs8', serverKeys.privateKey as unknown as webcrypto.CryptoKey),
  )
  const key = `-----BEGIN PRIVATE KEY-----\n${pkcs8.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END PRIVATE KEY-----\n`

  await mkdir(folder, { recursive: true })
  // ca.pem comes last: where it is, the others are.
  const files: [string, string, number][] = [
    ['server-key.pem', key, 0o600],
    ['server.pem', `${server.toString('pem')}\n`, 0o644],
    ['ca.pem', `${ca.toString('pem')}\n`, 0o644],
  ]
  for (const [name, text, mode] of files) {
    const path = join(folder, name)
    await rm(`${path}.partial`, { force: true })
    await writeFile(`${path}.partial`, text, { mode })
    await rename(`${path}.partial`, path)
  }
}
