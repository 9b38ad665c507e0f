/** Tags of jobs, models, configurations and endpoints. */
import type { Operation } from '../../gateway/service.ts'
import type { Store } from './store.ts'

interface Tag {
  Key?: string
  Value?: string
}

export function putTags(store: Store, arn: string, tags: Tag[] | undefined): void {
  if (!tags?.length) return
  const added = Object.fromEntries(tags.map(({ Key = '', Value = '' }) => [Key, Value]))
  store.tags.put(arn, { ...store.tags.get(arn), ...added })
}

const list = (tags: Record<string, string> | undefined) =>
  Object.entries(tags ?? {}).map(([Key, Value]) => ({ Key, Value }))

export function tagOperations(store: Store): Record<string, Operation> {
  return {
    AddTags({ ResourceArn, Tags }) {
      putTags(store, ResourceArn, Tags)
      return { Tags: list(store.tags.get(ResourceArn)) }
    },
    ListTags: ({ ResourceArn }) => ({ Tags: list(store.tags.get(ResourceArn)) }),
    DeleteTags({ ResourceArn, TagKeys = [] }) {
      const tags = { ...store.tags.get(ResourceArn) }
      for (const key of TagKeys) delete tags[key]
      store.tags.put(ResourceArn, tags)
      return {}
    },
  }
}
