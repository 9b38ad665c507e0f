/** Tags of state machines and activities. */
import { AwsError } from '../../gateway/aws-error.ts'
import type { Operation } from '../../gateway/service.ts'
import { splitArn } from './arns.ts'
import type { Rows } from './rows.ts'

type Tag = { key: string; value: string }

export function tagOperations(rows: Rows): Record<string, Operation> {
  const tagged = (arn: unknown): { tags: Tag[]; save(tags: Tag[]): void } => {
    const parts = splitArn(arn, 'stateMachine|activity')
    const missing = new AwsError('ResourceNotFound', `Resource not found: '${String(arn)}'`)
    if (parts[5] === 'activity') {
      const row = rows.activities.get(parts[6]!)
      if (!row) throw missing
      return { tags: row.tags, save: (tags) => rows.activities.put(row.name, { ...row, tags }) }
    }
    const row = rows.machines.get(parts[6]!)
    if (!row) throw missing
    return { tags: row.tags, save: (tags) => rows.machines.put(row.name, { ...row, tags }) }
  }

  return {
    ListTagsForResource: (input) => ({ tags: tagged(input.resourceArn).tags }),

    TagResource(input) {
      const { tags, save } = tagged(input.resourceArn)
      const byKey = new Map(tags.map((tag) => [tag.key, tag]))
      for (const tag of input.tags ?? []) byKey.set(tag.key, tag)
      save([...byKey.values()])
      return {}
    },

    UntagResource(input) {
      const { tags, save } = tagged(input.resourceArn)
      const keys = new Set<string>(input.tagKeys ?? [])
      save(tags.filter((tag) => !keys.has(tag.key)))
      return {}
    },
  }
}
