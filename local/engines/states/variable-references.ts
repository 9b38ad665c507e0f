/** Which variables each state of a definition reads, as DescribeStateMachine tells. */
import { parseExpression, pathsOf } from './intrinsic-expression.ts'
import { isObject } from './json.ts'
import { compileJsonata, isJsonata, jsonataText } from './jsonata.ts'

/** By state name; states that read none are left out. */
export function variableReferences(text: string): Record<string, string[]> {
  const found: Record<string, string[]> = {}
  let definition: any
  try {
    definition = JSON.parse(text)
  } catch {
    return found
  }
  visit(definition, definition.QueryLanguage ?? 'JSONPath', found)
  return found
}

function visit(program: any, language: string, found: Record<string, string[]>): void {
  for (const [name, state] of Object.entries<any>(program?.States ?? {})) {
    const names = new Set<string>()
    collect(state, state.QueryLanguage ?? language, names)
    if (names.size > 0) found[name] = [...names].sort()
    for (const inner of [state.ItemProcessor, state.Iterator, ...(state.Branches ?? [])]) visit(inner, language, found)
  }
}

function collect(value: any, language: string, names: Set<string>, key = ''): void {
  if (typeof value === 'string') {
    if (language === 'JSONata') {
      if (isJsonata(value)) fromJsonata(jsonataText(value), names)
    } else if (key.endsWith('.$') || key.endsWith('Path') || key === 'Variable') fromPath(value, names)
  } else if (Array.isArray(value)) for (const item of value) collect(item, language, names, key)
  else if (isObject(value))
    for (const [member, inner] of Object.entries(value))
      if (!['ItemProcessor', 'Iterator', 'Branches'].includes(member)) collect(inner, language, names, member)
}

function fromPath(text: string, names: Set<string>): void {
  try {
    for (const path of pathsOf(parseExpression(text))) if (path.root === 'variable') names.add(path.variable)
  } catch {
    // Not a path: validation tells.
  }
}

function fromJsonata(text: string, names: Set<string>): void {
  try {
    walk(compileJsonata(text).expression.ast(), new Set(['', '$', 'states']), names)
  } catch {
    // Not an expression: validation tells.
  }
}

/** `bound` are the names that the expression itself binds; functions are called, not read. */
function walk(node: any, bound: Set<string>, names: Set<string>): void {
  if (typeof node !== 'object' || node === null) return
  if (Array.isArray(node)) {
    for (const item of node) walk(item, bound, names)
    return
  }
  if (node.type === 'variable') {
    if (!bound.has(node.value)) names.add(node.value)
    for (const part of [node.predicate, node.group, node.stages]) walk(part, bound, names)
    return
  }
  if (node.type === 'bind') {
    walk(node.rhs, bound, names)
    bound.add(node.lhs.value)
    return
  }
  if (node.type === 'lambda') {
    walk(node.body, new Set([...bound, ...node.arguments.map((argument: any) => argument.value)]), names)
    return
  }
  if (node.type === 'function' || node.type === 'partial') {
    if (node.procedure?.type !== 'variable') walk(node.procedure, bound, names)
    walk(node.arguments, bound, names)
    return
  }
  const inner = node.type === 'block' ? new Set(bound) : bound
  for (const [key, member] of Object.entries(node)) if (key !== 'position') walk(member, inner, names)
}
