import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LocalCloud } from '../../../local/local-cloud.ts'
import { DataDirInUseError, lockDataDir } from '../../../local/lock.ts'
import { Store } from '../../../local/store.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stepwell-store-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('collections', () => {
  it('keep rows by key through a restart, in the order of their bytes', () => {
    const file = join(folder, 'a.sqlite')
    const store = new Store(file)
    const jobs = store.collection<{ n: number }>('jobs')
    for (const key of ['b/2', 'a', 'b/1', 'bä', 'b', 'c']) jobs.put(key, { n: 1 })
    jobs.put('a', { n: 2 })
    store.close()

    const again = new Store(file)
    const found = again.collection<{ n: number }>('jobs')
    expect(found.entries().map(([key]) => key)).toEqual(['a', 'b', 'b/1', 'b/2', 'bä', 'c'])
    expect(found.entries('b/').map(([key]) => key)).toEqual(['b/1', 'b/2'])
    expect(found.get('a')).toEqual({ n: 2 })
    expect(found.delete('a')).toBe(true)
    expect(found.delete('a')).toBe(false)
    expect(again.collection('other').entries()).toEqual([])
    again.close()
  })
})

describe('the data directory', () => {
  it('is its owner’s alone, whatever the umask', () => {
    const before = process.umask(0o022)
    try {
      const dataDir = join(folder, 'new')
      const cloud = new LocalCloud({ dataDir, url: 'http://127.0.0.1' })
      cloud.collection<number>('x').put('a', 1)
      const mode = (path: string) => (statSync(path).mode & 0o777).toString(8)
      expect([dataDir, cloud.folder('states')].map(mode)).toEqual(['700', '700'])
      expect(['cloud.sqlite', 'cloud.sqlite-wal'].map((file) => mode(join(dataDir, file)))).toEqual(['600', '600'])
      cloud.close()
    } finally {
      process.umask(before)
    }
  })

  it('serves one cloud at a time, and again when its owner is gone', () => {
    const unlock = lockDataDir(folder)
    expect(() => lockDataDir(folder)).toThrow(DataDirInUseError)
    unlock()
    lockDataDir(folder)()
  })

  it('is never left by a folder that a service asks for', () => {
    const cloud = new LocalCloud({ dataDir: folder, url: 'http://127.0.0.1' })
    expect(() => cloud.folder('../elsewhere')).toThrow(/outside of the data directory/)
    cloud.close()
  })
})

describe('the one door', () => {
  const statement = {
    Effect: 'Allow' as const,
    Action: 'sns:Publish',
    Resource: 'arn:aws:sns:us-east-1:000000000000:good',
  }

  function cloudWithRole(): LocalCloud {
    const cloud = new LocalCloud({ dataDir: folder, url: 'http://127.0.0.1' })
    const trust = {
      Statement: { Effect: 'Allow' as const, Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' },
    }
    const arn = 'arn:aws:iam::000000000000:role/Notify'
    cloud
      .collection('iam.roles')
      .put('Notify', { arn, name: 'Notify', trust, inline: { own: { Statement: statement } }, managed: [] })
    cloud.services.set('sns', {
      name: 'sns',
      schemas: async () => ({}),
      operations: { Publish: () => ({ MessageId: '1' }) },
      may: (operation, input) => [{ action: `sns:${operation}`, resource: input.TopicArn }],
    })
    return cloud
  }

  it('lets a role do what its policies allow, and names role, action and resource otherwise', async () => {
    const cloud = cloudWithRole()
    const { principal, accessKeyId } = cloud.assumeRole(
      'arn:aws:iam::000000000000:role/Notify',
      'lambda.amazonaws.com',
      'f',
    )
    expect(cloud.principalOf(accessKeyId)?.arn).toBe(principal.arn)
    await expect(cloud.call(principal, 'sns', 'Publish', { TopicArn: statement.Resource })).resolves.toEqual({
      MessageId: '1',
    })
    await expect(cloud.call(principal, 'sns', 'Publish', { TopicArn: 'arn:other' })).rejects.toMatchObject({
      name: 'AuthorizationError',
      message:
        'User: arn:aws:sts::000000000000:assumed-role/Notify/f is not authorized to perform: sns:Publish on resource: arn:other because no identity-based policy allows the sns:Publish action',
    })
    cloud.close()
  })

  it('refuses to let a service assume a role that does not trust it', () => {
    const cloud = cloudWithRole()
    expect(() => cloud.assumeRole('arn:aws:iam::000000000000:role/Notify', 'ec2.amazonaws.com', 's')).toThrow(
      /does not name it/,
    )
    expect(() => cloud.assumeRole('arn:aws:iam::000000000000:role/Nobody', 'ec2.amazonaws.com', 's')).toThrow(
      /cannot be found/,
    )
    cloud.close()
  })

  it('answers 501 for an operation that is not served', async () => {
    const cloud = cloudWithRole()
    await expect(cloud.call(cloud.admin, 'sns', 'Fly', {})).rejects.toMatchObject({
      name: 'UnknownOperationException',
      status: 501,
    })
    cloud.close()
  })
})
