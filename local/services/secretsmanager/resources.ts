/** Secrets of the template. A value is made once and kept through every boot. */
import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { AwsError } from '../../gateway/aws-error.ts'
import type { PolicyDocument } from '../../gateway/principal.ts'
import type { ResourceType } from '../../gateway/service.ts'
import { passwordRules, randomPassword } from './passwords.ts'
import { addVersion, type Store } from './store.ts'

const secretProperties = z.object({
  Name: z.string().optional(),
  Description: z.string().optional(),
  SecretString: z.string().optional(),
  GenerateSecretString: passwordRules
    .partial()
    .extend({ SecretStringTemplate: z.string().optional(), GenerateStringKey: z.string().optional() })
    .optional(),
  Tags: z.array(z.object({ Key: z.string(), Value: z.string() })).optional(),
})

const attachmentProperties = z.object({ SecretId: z.string(), TargetId: z.string(), TargetType: z.string() })

export function secretResources(store: Store): Record<string, ResourceType> {
  const { cloud } = store
  return {
    'AWS::SecretsManager::Secret': {
      apply({ properties, previous, physicalName }) {
        const given = secretProperties.parse(properties)
        const name = given.Name ?? physicalName({ max: 512 })
        const existing = store.find(name)
        const about = { description: given.Description, tags: given.Tags }
        const { deleted: _deleted, ...kept } = existing ?? store.create(name)
        const secret = { ...kept, ...about }
        const setAnew = given.SecretString !== undefined && given.SecretString !== previous?.properties?.SecretString
        if (secret.versions.length === 0 || setAnew) {
          const string = given.SecretString ?? generated(given.GenerateSecretString ?? {})
          store.save(addVersion(secret, randomUUID(), { string }))
        } else if (JSON.stringify(secret) !== JSON.stringify(existing)) store.save(secret)
        return { ref: secret.arn, attributes: { Id: secret.arn } }
      },
      remove({ ref }) {
        const secret = store.find(ref)
        if (secret) store.remove(secret)
      },
    },

    'AWS::SecretsManager::SecretTargetAttachment': {
      async apply({ properties }) {
        const { SecretId, TargetId, TargetType } = attachmentProperties.parse(properties)
        const secret = store.live(SecretId)
        const current = secret.versions.find((version) => version.stages.includes('AWSCURRENT'))
        const value = JSON.parse(current?.string ?? '{}') as Record<string, unknown>
        const completed = { ...value, ...(await connectionOf(TargetType, TargetId)) }
        if (JSON.stringify(completed) !== JSON.stringify(value))
          store.save(addVersion(secret, randomUUID(), { string: JSON.stringify(completed) }))
        return { ref: secret.arn }
      },
      remove() {
        // What was added stays in the secret, as a last known address.
      },
    },

    'AWS::SecretsManager::ResourcePolicy': {
      apply({ properties }) {
        const secret = store.live(properties.SecretId)
        store.save({ ...secret, policy: properties.ResourcePolicy as PolicyDocument })
        return { ref: secret.arn, attributes: { Id: secret.arn } }
      },
      remove({ ref }) {
        const secret = store.find(ref)
        if (!secret) return
        const { policy: _policy, ...rest } = secret
        store.save(rest)
      },
    },
  }

  /** What the attachment adds to a database's secret (https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html). */
  async function connectionOf(type: string, id: string): Promise<Record<string, unknown>> {
    if (type !== 'AWS::RDS::DBInstance')
      throw new Error(
        `A secret can be attached to AWS::RDS::DBInstance, not to ${type}: the local cloud knows no other.`,
      )
    try {
      const input = { DBInstanceIdentifier: id }
      const { DBInstances } = await cloud.call(cloud.admin, 'rds', 'DescribeDBInstances', input)
      const { Engine, Endpoint, DBName } = DBInstances[0]
      return {
        engine: Engine,
        host: Endpoint?.Address,
        port: Endpoint?.Port,
        ...(DBName && { dbname: DBName }),
        dbInstanceIdentifier: id,
      }
    } catch (error) {
      if (!(error instanceof AwsError) || error.name !== 'UnknownOperationException') throw error
      cloud.log('warn', `The secret of the database ${id} has no host and port, since no service here describes it.`)
      return { dbInstanceIdentifier: id }
    }
  }
}

function generated({ SecretStringTemplate, GenerateStringKey, ...rules }: Record<string, any>): string {
  const password = randomPassword(rules)
  if (GenerateStringKey === undefined) return password
  return JSON.stringify({ ...JSON.parse(SecretStringTemplate ?? '{}'), [GenerateStringKey]: password })
}
