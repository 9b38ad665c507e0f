/** Secrets with their versions: one file each that only its owner may read, outside of the rows that tools may show. */
import { createHash, randomBytes } from 'node:crypto'
import { chmodSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Cloud } from '../../cloud.ts'
import { AwsError } from '../../gateway/aws-error.ts'
import type { PolicyDocument } from '../../gateway/principal.ts'

export interface SecretVersion {
  id: string
  stages: string[]
  /** ISO 8601. */
  created: string
  string?: string
  /** Base64. */
  binary?: string
}

export interface Secret {
  arn: string
  name: string
  created: string
  changed: string
  description?: string
  /** Newest first. */
  versions: SecretVersion[]
  tags?: { Key: string; Value: string }[]
  policy?: PolicyDocument
  /** When DeleteSecret was called; it stays until its recovery window has passed. */
  deleted?: string
}

export interface SecretValue {
  string?: string
  binary?: string
}

export interface Store {
  readonly cloud: Cloud
  /** By name, ARN, or ARN without its random end. */
  find(id: string): Secret | undefined
  /** @throws AwsError ResourceNotFoundException */
  secret(id: string): Secret
  /** @throws AwsError ResourceNotFoundException, InvalidRequestException for one that is marked deleted */
  live(id: string): Secret
  all(): Secret[]
  create(name: string, about?: Partial<Secret>): Secret
  save(secret: Secret): void
  remove(secret: Secret): void
}

export function createStore(cloud: Cloud): Store {
  const folder = () => {
    const at = cloud.folder('secrets')
    chmodSync(at, 0o700)
    return at
  }
  const fileOf = (name: string) => join(folder(), `${createHash('sha256').update(name).digest('hex')}.json`)
  const read = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as Secret

  const store: Store = {
    cloud,

    find(id) {
      const [, named] = /^arn:aws:secretsmanager:[^:]*:\d*:secret:(.+)$/.exec(id) ?? []
      for (const name of named === undefined ? [id] : [named.replace(/-\w{6}$/, ''), named]) {
        const path = fileOf(name)
        const secret = existsSync(path) ? read(path) : undefined
        if (secret && (named === undefined || secret.arn === id || secret.name === named)) return secret
      }
      return undefined
    },

    secret(id) {
      const secret = store.find(id)
      if (!secret) throw notFound("Secrets Manager can't find the specified secret.")
      return secret
    },

    live(id) {
      const secret = store.secret(id)
      if (secret.deleted)
        throw new AwsError(
          'InvalidRequestException',
          "You can't perform this operation on the secret because it was marked for deletion.",
        )
      return secret
    },

    all: () =>
      readdirSync(folder())
        .filter((name) => name.endsWith('.json'))
        .map((name) => read(join(folder(), name)))
        .sort((a, b) => (a.name < b.name ? -1 : 1)),

    create(name, about = {}) {
      const now = new Date().toISOString()
      const arn = cloud.arn('secretsmanager', `secret:${name}-${suffix()}`)
      return { arn, name, created: now, changed: now, versions: [], ...about }
    },

    save(secret) {
      const path = fileOf(secret.name)
      const staged = `${path}.${randomBytes(4).toString('hex')}`
      writeFileSync(staged, JSON.stringify({ ...secret, changed: new Date().toISOString() }), { mode: 0o600 })
      renameSync(staged, path)
    },

    remove: (secret) => rmSync(fileOf(secret.name), { force: true }),
  }
  return store
}

/**
 * Adds a version under the labels. A label moves from the version that had it, the former AWSCURRENT becomes AWSPREVIOUS, and
 * versions without labels are forgotten.
 */
export function addVersion(secret: Secret, id: string, value: SecretValue, stages = ['AWSCURRENT']): Secret {
  const former = secret.versions.find((version) => version.stages.includes('AWSCURRENT'))
  const moved = new Set(stages)
  const previous = stages.includes('AWSCURRENT') && former && former.id !== id ? former.id : undefined
  if (previous) moved.add('AWSPREVIOUS')
  const rest = secret.versions
    .filter((version) => version.id !== id)
    .map((version) => ({
      ...version,
      stages: [
        ...version.stages.filter((stage) => !moved.has(stage)),
        ...(version.id === previous ? ['AWSPREVIOUS'] : []),
      ],
    }))
    .filter((version) => version.stages.length > 0)
  return { ...secret, versions: [{ id, stages, created: new Date().toISOString(), ...value }, ...rest] }
}

export const notFound = (message: string) => new AwsError('ResourceNotFoundException', message)

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const suffix = () => [...randomBytes(6)].map((byte) => letters[byte % letters.length]).join('')
