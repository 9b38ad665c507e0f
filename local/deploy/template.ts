/** What a CloudFormation template says, and the order in which its resources can be made. */

export interface TemplateResource {
  Type: string
  Properties?: Record<string, unknown>
  DependsOn?: string | string[]
  Condition?: string
}

export interface Template {
  Resources: Record<string, TemplateResource>
  Parameters?: Record<string, { Type: string; Default?: string; AllowedValues?: string[] }>
  Conditions?: Record<string, unknown>
  Mappings?: Record<string, Record<string, Record<string, unknown>>>
  Outputs?: Record<string, { Value: unknown; Export?: { Name: unknown }; Description?: string }>
}

export class CircularDependencyError extends Error {
  override readonly name = 'CircularDependencyError'
  constructor(path: string[]) {
    super(`The template's resources depend on each other in a circle: ${path.join(' -> ')}.`)
  }
}

/** Logical ids in an order in which each comes after what Ref, GetAtt, Sub and DependsOn of it name. @throws CircularDependencyError */
export function dependencyOrder({ Resources }: Template): string[] {
  const order: string[] = []
  const state = new Map<string, 'open' | 'done'>()
  const visit = (id: string, path: string[]): void => {
    if (state.get(id) === 'done') return
    if (state.get(id) === 'open') throw new CircularDependencyError([...path.slice(path.indexOf(id)), id])
    state.set(id, 'open')
    const { DependsOn = [], Properties } = Resources[id]!
    const named = new Set([...(Array.isArray(DependsOn) ? DependsOn : [DependsOn]), ...namesIn(Properties)])
    for (const need of named) if (need in Resources) visit(need, [...path, id])
    state.set(id, 'done')
    order.push(id)
  }
  for (const id of Object.keys(Resources)) visit(id, [])
  return order
}

function* namesIn(value: unknown): Generator<string> {
  if (value === null || typeof value !== 'object') return
  const node = value as Record<string, any>
  if (typeof node.Ref === 'string') yield node.Ref
  const attribute = node['Fn::GetAtt']
  if (attribute) yield Array.isArray(attribute) ? attribute[0] : String(attribute).split('.')[0]!
  const sub = node['Fn::Sub']
  const text = Array.isArray(sub) ? sub[0] : sub
  if (typeof text === 'string') for (const [, name] of text.matchAll(/\$\{([^!}][^}.]*)/g)) yield name!
  for (const child of Object.values(node)) yield* namesIn(child)
}
