/** The schema of JSON records: every path with its types, whether it may be missing or null, and a sample. */
import { z } from 'zod'

const fieldSchema = z.object({
  path: z.string(),
  /** How many records had which type there. */
  types: z.record(z.string(), z.number()),
  nullable: z.boolean(),
  sample: z.string(),
})

/** What schema.json holds. */
export const schemaSchema = z.object({
  /** Records read, and those that are JSON objects. */
  records: z.number(),
  objects: z.number(),
  fields: z.array(fieldSchema),
})

export type Field = z.output<typeof fieldSchema>
export type Schema = z.output<typeof schemaSchema>

const MAX_SAMPLE = 80

/** Elements of arrays share the path `name[]`. */
export function inferSchema(texts: string[]): Schema {
  const fields = new Map<string, Field & { seen: number }>()
  let objects = 0
  for (const text of texts) {
    const value = parse(text)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) continue
    objects++
    const paths = new Set<string>()
    walk(value, '', (path, leaf) => {
      const field = fields.get(path) ?? { path, types: {}, nullable: false, sample: '', seen: 0 }
      fields.set(path, field)
      const type = typeOf(leaf)
      field.types[type] = (field.types[type] ?? 0) + 1
      if (leaf === null) field.nullable = true
      else field.sample ||= JSON.stringify(leaf).slice(0, MAX_SAMPLE)
      if (!paths.has(path)) field.seen++
      paths.add(path)
    })
  }
  const list = [...fields.values()].map(({ seen, ...field }) => ({
    ...field,
    nullable: field.nullable || seen < objects,
  }))
  return { records: texts.length, objects, fields: list.sort((a, b) => (a.path < b.path ? -1 : 1)) }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function walk(value: unknown, path: string, visit: (path: string, leaf: unknown) => void): void {
  if (Array.isArray(value)) for (const element of value) walk(element, `${path}[]`, visit)
  else if (typeof value === 'object' && value !== null)
    for (const [name, part] of Object.entries(value)) walk(part, path === '' ? name : `${path}.${name}`, visit)
  else visit(path, value)
}

function typeOf(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number'
  return typeof value
}

/** What sql/flink/users.sql reads, and as what. */
export const expectedFields: Record<string, string> = {
  'results[].login.uuid': 'string',
  'results[].name.first': 'string',
  'results[].name.last': 'string',
  'results[].gender': 'string',
  'results[].dob.age': 'integer',
  'results[].location.country': 'string',
  'results[].location.coordinates.latitude': 'string',
  'results[].location.coordinates.longitude': 'string',
  'results[].nat': 'string',
  ts: 'string',
}

/** Sentences on fields that most records lack or have in another type; single bad records are the script's business. */
export function drift({ objects, fields }: Schema): string[] {
  return Object.entries(expectedFields).flatMap(([path, type]) => {
    const found = fields.find((field) => field.path === path)
    const fitting = found?.types[type] ?? 0
    if (fitting * 2 >= objects) return []
    const types = found ? Object.entries(found.types).map(([name, count]) => `${name} in ${count}`) : []
    return [
      `${path} should be ${type}, and is ${types.length > 0 ? types.join(', ') : 'missing'} of ${objects} records`,
    ]
  })
}
