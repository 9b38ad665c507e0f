/** The operations of Secrets Manager. */
import { randomUUID } from 'node:crypto'
import { AwsError } from '../../gateway/aws-error.ts'
import type { Operation } from '../../gateway/service.ts'
import { randomPassword } from './passwords.ts'
import { addVersion, notFound, type Secret, type SecretValue, type SecretVersion, type Store } from './store.ts'

const recoveryDays = 30
const dayMillis = 24 * 3600 * 1000

export function createOperations(store: Store): Record<string, Operation> {
  /** Adds the version, unless a retry of the same request already did. */
  function put(
    secret: Secret,
    token: string | undefined,
    value: SecretValue,
    stages?: string[],
  ): [Secret, SecretVersion] {
    const id = token ?? randomUUID()
    const known = secret.versions.find((version) => version.id === id)
    if (known) {
      if (known.string !== value.string || known.binary !== value.binary)
        throw new AwsError(
          'ResourceExistsException',
          `A resource with the ID you requested already exists: version ${id} has another value.`,
        )
      return [secret, known]
    }
    const changed = addVersion(secret, id, value, stages)
    store.save(changed)
    return [changed, changed.versions[0]!]
  }

  return {
    CreateSecret(input) {
      const { Name, Description, Tags } = input
      const existing = store.find(Name)
      const value = valueIn(input)
      if (existing && !existing.versions.some((version) => version.id === input.ClientRequestToken))
        throw existing.deleted
          ? new AwsError(
              'InvalidRequestException',
              "You can't create this secret because a secret with this name is already scheduled for deletion.",
            )
          : new AwsError('ResourceExistsException', `The operation failed because the secret ${Name} already exists.`)
      const secret = existing ?? store.create(Name, { description: Description, tags: Tags })
      if (!value) {
        store.save(secret)
        return { ARN: secret.arn, Name }
      }
      const [, version] = put(secret, input.ClientRequestToken, value)
      return { ARN: secret.arn, Name, VersionId: version.id }
    },

    GetSecretValue({ SecretId, VersionId, VersionStage = 'AWSCURRENT' }) {
      const secret = store.live(SecretId)
      const version = secret.versions.find((one) =>
        VersionId === undefined ? one.stages.includes(VersionStage) : one.id === VersionId,
      )
      if (!version) {
        const wanted = VersionId === undefined ? `staging label: ${VersionStage}` : `VersionId: ${VersionId}`
        throw notFound(`Secrets Manager can't find the specified secret value for ${wanted}`)
      }
      return {
        ARN: secret.arn,
        Name: secret.name,
        VersionId: version.id,
        VersionStages: version.stages,
        CreatedDate: new Date(version.created),
        ...(version.string !== undefined && { SecretString: version.string }),
        ...(version.binary !== undefined && { SecretBinary: new Uint8Array(Buffer.from(version.binary, 'base64')) }),
      }
    },

    PutSecretValue(input) {
      const secret = store.live(input.SecretId)
      const value = valueIn(input)
      if (!value) throw new AwsError('InvalidRequestException', 'You must provide either SecretString or SecretBinary.')
      const [, version] = put(secret, input.ClientRequestToken, value, input.VersionStages)
      return { ARN: secret.arn, Name: secret.name, VersionId: version.id, VersionStages: version.stages }
    },

    UpdateSecret(input) {
      const found = store.live(input.SecretId)
      const secret = input.Description === undefined ? found : { ...found, description: input.Description }
      if (secret !== found) store.save(secret)
      const value = valueIn(input)
      if (!value) return { ARN: secret.arn, Name: secret.name }
      const [, version] = put(secret, input.ClientRequestToken, value)
      return { ARN: secret.arn, Name: secret.name, VersionId: version.id }
    },

    DescribeSecret({ SecretId }) {
      const secret = store.secret(SecretId)
      return {
        ...listed(secret),
        VersionIdsToStages: stagesOf(secret),
      }
    },

    ListSecrets({ MaxResults = 100, NextToken, Filters = [], IncludePlannedDeletion = false }) {
      const all = store
        .all()
        .filter((secret) => IncludePlannedDeletion || !secret.deleted)
        .filter((secret) => Filters.every((filter: any) => passes(secret, filter)))
        .filter((secret) => NextToken === undefined || secret.name > NextToken)
      const page = all.slice(0, MaxResults)
      return {
        SecretList: page.map((secret) => ({ ...listed(secret), SecretVersionsToStages: stagesOf(secret) })),
        ...(all.length > page.length && { NextToken: page.at(-1)!.name }),
      }
    },

    ListSecretVersionIds({ SecretId }) {
      const { arn, name, versions } = store.secret(SecretId)
      return {
        ARN: arn,
        Name: name,
        Versions: versions.map(({ id, stages, created }) => ({
          VersionId: id,
          VersionStages: stages,
          CreatedDate: new Date(created),
        })),
      }
    },

    DeleteSecret({ SecretId, ForceDeleteWithoutRecovery = false, RecoveryWindowInDays = recoveryDays }) {
      const secret = store.find(SecretId)
      if (!secret && ForceDeleteWithoutRecovery) return { ARN: SecretId, Name: SecretId, DeletionDate: new Date() }
      const { arn, name } = secret ?? store.secret(SecretId)
      const now = new Date()
      if (ForceDeleteWithoutRecovery) store.remove(secret!)
      else store.save({ ...secret!, deleted: now.toISOString() })
      const days = ForceDeleteWithoutRecovery ? 0 : RecoveryWindowInDays
      return { ARN: arn, Name: name, DeletionDate: new Date(now.getTime() + days * dayMillis) }
    },

    RestoreSecret({ SecretId }) {
      const { deleted: _deleted, ...secret } = store.secret(SecretId)
      store.save(secret)
      return { ARN: secret.arn, Name: secret.name }
    },

    GetRandomPassword: (input) => ({ RandomPassword: randomPassword(input) }),
  }
}

/** @throws AwsError InvalidParameterException for both kinds of values at once */
function valueIn({ SecretString, SecretBinary }: any): SecretValue | undefined {
  if (SecretString !== undefined && SecretBinary !== undefined)
    throw new AwsError('InvalidParameterException', "You can't specify both SecretString and SecretBinary.")
  if (SecretString !== undefined) return { string: SecretString }
  if (SecretBinary !== undefined) return { binary: Buffer.from(SecretBinary).toString('base64') }
  return undefined
}

const stagesOf = (secret: Secret) => Object.fromEntries(secret.versions.map(({ id, stages }) => [id, stages]))

const listed = (secret: Secret) => ({
  ARN: secret.arn,
  Name: secret.name,
  ...(secret.description !== undefined && { Description: secret.description }),
  CreatedDate: new Date(secret.created),
  LastChangedDate: new Date(secret.changed),
  ...(secret.deleted && { DeletedDate: new Date(secret.deleted) }),
  Tags: secret.tags ?? [],
})

/** A value that begins with `!` excludes; names and descriptions are compared by their beginning. */
function passes(secret: Secret, { Key, Values = [] }: { Key: string; Values: string[] }) {
  const texts: Record<string, string[]> = {
    name: [secret.name],
    description: [secret.description ?? ''],
    'tag-key': (secret.tags ?? []).map((tag) => tag.Key),
    'tag-value': (secret.tags ?? []).map((tag) => tag.Value),
    all: [secret.name, secret.description ?? ''],
  }
  const found = texts[Key]
  if (!found) throw new AwsError('InvalidParameterException', `The filter ${Key} is not served locally.`)
  return Values.some((value) =>
    value.startsWith('!')
      ? !found.some((one) => one.startsWith(value.slice(1)))
      : found.some((one) => one.startsWith(value)),
  )
}
