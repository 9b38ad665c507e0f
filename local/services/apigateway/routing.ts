/** Which resource of an API a path means. */
import type { Resource } from './store.ts'

export interface Route {
  resource: Resource
  /** What the path has in the place of `{name}` and `{name+}`. */
  parameters: Record<string, string>
}

/** Names win over `{parameters}`, these over `{proxy+}`, from left to right. */
export function routeTo(resources: Resource[], path: string): Route | undefined {
  const parts = partsOf(path)
  let best: { route: Route; rank: number[] } | undefined
  for (const resource of resources) {
    const route = match(resource, parts)
    if (route && (!best || compare(route.rank, best.rank) < 0)) best = route
  }
  return best?.route
}

function match(resource: Resource, parts: string[]): { route: Route; rank: number[] } | undefined {
  const template = partsOf(resource.path)
  const parameters: Record<string, string> = {}
  const rank: number[] = []
  for (const [i, part] of template.entries()) {
    const [, name, greedy] = /^\{([^}+]+)(\+?)\}$/.exec(part) ?? []
    if (name === undefined) {
      if (parts[i] !== part) return undefined
      rank.push(0)
    } else if (greedy) {
      if (i >= parts.length) return undefined
      parameters[name] = parts.slice(i).join('/')
      return { route: { resource, parameters }, rank: [...rank, 2] }
    } else {
      if (parts[i] === undefined) return undefined
      parameters[name] = parts[i]
      rank.push(1)
    }
  }
  return template.length === parts.length ? { route: { resource, parameters }, rank } : undefined
}

function compare(a: number[], b: number[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

const partsOf = (path: string) =>
  path
    .split('/')
    .filter((part) => part !== '')
    .map(decoded)

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
