/** What a target gets: the event, a part of it, a constant, or a text made of its parts. */
import type { Target } from './store.ts'

export interface Rule {
  arn: string
  name: string
}

/** The JSON text that goes to the target (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html). */
export function inputOf({ Input, InputPath, InputTransformer }: Target, event: any, rule: Rule): string {
  if (Input !== undefined) return Input
  if (InputPath !== undefined) return JSON.stringify(at(event, InputPath) ?? null)
  if (!InputTransformer) return JSON.stringify(event)
  const values = new Map<string, unknown>([
    ['aws.events.rule-arn', rule.arn],
    ['aws.events.rule-name', rule.name],
    ['aws.events.event.ingestion-time', event.time],
    ['aws.events.event', withoutDetail(event)],
    ['aws.events.event.json', event],
  ])
  for (const [name, path] of Object.entries(InputTransformer.InputPathsMap ?? {})) values.set(name, at(event, path))
  return fill(InputTransformer.InputTemplate, values)
}

/** Inside quotes a value comes as text, outside as JSON; a path that leads nowhere gives an empty text. */
function fill(template: string, values: Map<string, unknown>): string {
  let output = ''
  let quoted = false
  for (let i = 0; i < template.length; i++) {
    const letter = template[i]!
    if (letter === '\\' && quoted) {
      output += letter + (template[++i] ?? '')
      continue
    }
    if (letter === '"') quoted = !quoted
    const [placeholder, name] = letter === '<' ? (/^<([\w.-]+)>/.exec(template.slice(i)) ?? []) : []
    if (placeholder === undefined || !values.has(name!)) {
      output += letter
      continue
    }
    const value = values.get(name!) ?? ''
    if (quoted) output += JSON.stringify(typeof value === 'string' ? value : JSON.stringify(value)).slice(1, -1)
    else output += JSON.stringify(value)
    i += placeholder.length - 1
  }
  return output
}

/** `$`, `$.detail.name`, `$.resources[0]`, `$.detail['a key']`: the paths that EventBridge takes. */
function at(event: unknown, path: string): unknown {
  let value: any = event
  for (const [, name, index, quoted] of path.matchAll(/\.([^.[\]]+)|\[(\d+)\]|\['([^']+)'\]/g))
    value = value?.[name ?? quoted ?? Number(index)]
  return value
}

function withoutDetail({ detail: _detail, ...rest }: any) {
  return rest
}
