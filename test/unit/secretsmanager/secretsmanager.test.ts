import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createSecretsManager } from '../../../local/services/secretsmanager/index.ts'
import { randomPassword } from '../../../local/services/secretsmanager/passwords.ts'
import { failure, type TestCloud, testCloud } from '../../support/cloud.ts'

let cloud: TestCloud
const call = (operation: string, input: object = {}) => cloud.as('secretsmanager', operation, input)
const secretString = async (SecretId: string, more: object = {}) =>
  (await call('GetSecretValue', { SecretId, ...more })).SecretString

beforeEach(() => {
  cloud = testCloud()
  cloud.add(createSecretsManager(cloud))
})
afterEach(() => cloud.dispose())

describe('a secret', () => {
  it('is found by its name, its ARN, and its ARN without the random end', async () => {
    const { ARN } = await call('CreateSecret', { Name: 'site/login', SecretString: 's3cret' })

    expect(ARN).toMatch(/^arn:aws:secretsmanager:us-east-1:000000000000:secret:site\/login-\w{6}$/)
    for (const id of ['site/login', ARN, ARN.slice(0, -7)]) expect(await secretString(id)).toBe('s3cret')
    const error = await failure(() => secretString('none'))
    expect(error).toMatchObject({
      name: 'ResourceNotFoundException',
      message: "Secrets Manager can't find the specified secret.",
    })
  })

  it('lies in a file that only its owner may read', async () => {
    await call('CreateSecret', { Name: 's', SecretString: 'x' })

    const folder = join(cloud.dataDir, 'secrets')
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    expect(readdirSync(folder).map((name) => statSync(join(folder, name)).mode & 0o777)).toEqual([0o600])
  })

  it('keeps the version before the current one', async () => {
    await call('CreateSecret', { Name: 's', SecretString: '1' })
    await call('PutSecretValue', { SecretId: 's', SecretString: '2' })
    await call('UpdateSecret', { SecretId: 's', SecretBinary: new Uint8Array([3]) })

    expect((await call('GetSecretValue', { SecretId: 's' })).SecretBinary).toEqual(new Uint8Array([3]))
    expect(await secretString('s', { VersionStage: 'AWSPREVIOUS' })).toBe('2')
    const { VersionIdsToStages } = await call('DescribeSecret', { SecretId: 's' })
    expect(Object.values(VersionIdsToStages)).toEqual([['AWSCURRENT'], ['AWSPREVIOUS']])
  })

  it('takes a repeated request once, and refuses another value under the same token', async () => {
    const input = { Name: 's', SecretString: '1', ClientRequestToken: 'token-of-at-least-32-characters!!' }

    const first = await call('CreateSecret', input)
    const second = await call('CreateSecret', input)
    const other = await failure(() => call('CreateSecret', { ...input, SecretString: '2' }))
    const again = await failure(() => call('CreateSecret', { Name: 's', SecretString: '1' }))

    expect(second).toEqual(first)
    expect([other.name, again.name]).toEqual(['ResourceExistsException', 'ResourceExistsException'])
  })

  it('that was deleted can be restored, until it is deleted by force', async () => {
    await call('CreateSecret', { Name: 's', SecretString: '1' })
    await call('DeleteSecret', { SecretId: 's' })
    expect((await failure(() => secretString('s'))).name).toBe('InvalidRequestException')
    expect((await call('ListSecrets')).SecretList).toEqual([])

    await call('RestoreSecret', { SecretId: 's' })
    expect(await secretString('s')).toBe('1')
    await call('DeleteSecret', { SecretId: 's', ForceDeleteWithoutRecovery: true })
    expect((await failure(() => secretString('s'))).name).toBe('ResourceNotFoundException')
  })

  it('is listed without its value', async () => {
    await call('CreateSecret', { Name: 'a', SecretString: 'hidden', Description: 'one' })
    await call('CreateSecret', { Name: 'b', SecretString: 'hidden' })

    const { SecretList } = await call('ListSecrets', { Filters: [{ Key: 'name', Values: ['a'] }] })

    expect(SecretList).toMatchObject([{ Name: 'a', Description: 'one' }])
    expect(JSON.stringify(SecretList)).not.toContain('hidden')
  })
})

describe('a secret of the template', () => {
  const generated = {
    Name: 'db',
    GenerateSecretString: {
      SecretStringTemplate: '{"username":"admin"}',
      GenerateStringKey: 'password',
      ExcludePunctuation: true,
      PasswordLength: 40,
    },
  }

  it('is generated once and kept', async () => {
    const first = await cloud.deploy('AWS::SecretsManager::Secret', 'Db', generated)
    const value = await secretString('db')
    const second = await cloud.deploy('AWS::SecretsManager::Secret', 'Db', { ...generated, Description: 'changed' })

    expect(JSON.parse(value)).toMatchObject({ username: 'admin', password: expect.stringMatching(/^[A-Za-z0-9]{40}$/) })
    expect(await secretString('db')).toBe(value)
    expect(second.ref).toBe(first.ref)
  })

  it('with a given value follows the template', async () => {
    await cloud.deploy('AWS::SecretsManager::Secret', 'S', { Name: 's', SecretString: '1' })
    await call('PutSecretValue', { SecretId: 's', SecretString: 'by hand' })
    await cloud.deploy('AWS::SecretsManager::Secret', 'S', { Name: 's', SecretString: '1' })
    expect(await secretString('s')).toBe('by hand')

    await cloud.deploy('AWS::SecretsManager::Secret', 'S', { Name: 's', SecretString: '2' })

    expect(await secretString('s')).toBe('2')
  })

  it('gets the address of the database it is attached to', async () => {
    cloud.fake('rds', {
      DescribeDBInstances: ({ DBInstanceIdentifier }) => ({
        DBInstances: [{ DBInstanceIdentifier, Engine: 'mysql', Endpoint: { Address: '127.0.0.1', Port: 3306 } }],
      }),
    })
    const { ref } = await cloud.deploy('AWS::SecretsManager::Secret', 'Db', generated)
    const attachment = { SecretId: ref, TargetId: 'loans', TargetType: 'AWS::RDS::DBInstance' }

    const attached = await cloud.deploy('AWS::SecretsManager::SecretTargetAttachment', 'A', attachment)

    expect(attached.ref).toBe(ref)
    expect(JSON.parse(await secretString('db'))).toMatchObject({ username: 'admin', host: '127.0.0.1', port: 3306 })
  })
})

describe('passwords', () => {
  it('hold one character of each type, and none that is excluded', () => {
    for (let i = 0; i < 50; i++) {
      const password = randomPassword({ PasswordLength: 8, ExcludeCharacters: 'abc"@/\\', IncludeSpace: true })
      expect(password).toHaveLength(8)
      expect(password).toMatch(/[a-z]/)
      expect(password).toMatch(/[A-Z]/)
      expect(password).toMatch(/[0-9]/)
      expect(password).toMatch(/ /)
      expect(password).not.toMatch(/[abc"@/\\]/)
    }
  })

  it('cannot be made of nothing', async () => {
    const none = { ExcludeLowercase: true, ExcludeUppercase: true, ExcludeNumbers: true, ExcludePunctuation: true }

    expect((await failure(() => randomPassword(none))).name).toBe('InvalidParameterException')
  })
})
