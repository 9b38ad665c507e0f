/** Reads a definition as the tests look at it: its states flattened, with where each one leads and who catches for it. */
import { readFileSync } from 'node:fs'

export interface State {
  Type: string
  Resource?: string
  Arguments?: { FunctionName: string; Payload: Record<string, unknown> }
  TimeoutSeconds?: number
  HeartbeatSeconds?: number
  Retry?: { ErrorEquals: string[]; JitterStrategy?: string; MaxDelaySeconds?: number; MaxAttempts?: number }[]
  Catch?: { ErrorEquals: string[]; Next: string }[]
  Choices?: { Next: string }[]
  Default?: string
  Next?: string
  End?: boolean
  ItemProcessor?: Machine
  Branches?: Machine[]
}

export interface Machine {
  StartAt: string
  States: Record<string, State>
}

export interface Definition extends Machine {
  QueryLanguage: string
  TimeoutSeconds: number
}

/** A state, and the states that enclose it from the inside out. */
export interface Placed {
  name: string
  state: State
  around: State[]
}

export function readDefinition(name: string): { text: string; definition: Definition } {
  const text = readFileSync(new URL(`../../../definitions/${name}.asl.json`, import.meta.url), 'utf8')
  return { text, definition: JSON.parse(text) }
}

export const inner = (state: State): Machine[] => [
  ...(state.ItemProcessor ? [state.ItemProcessor] : []),
  ...(state.Branches ?? []),
]

/** All states, those inside Map and Parallel too. */
export function allStates(machine: Machine, around: State[] = []): Placed[] {
  return Object.entries(machine.States).flatMap(([name, state]) => [
    { name, state, around },
    ...inner(state).flatMap((part) => allStates(part, [state, ...around])),
  ])
}

/** Every machine of the definition: itself, and what is inside Map and Parallel. */
export function machines(machine: Machine): Machine[] {
  return [machine, ...Object.values(machine.States).flatMap((state) => inner(state).flatMap(machines))]
}

/** Where a state may lead. */
export function next(state: State, withCatch = true): string[] {
  const caught = withCatch ? (state.Catch ?? []).map((catcher) => catcher.Next) : []
  const chosen = (state.Choices ?? []).map((choice) => choice.Next)
  return [state.Next, state.Default, ...chosen, ...caught].filter((name) => name !== undefined)
}

/** The states that can be reached from one, itself included, without passing through those that are left out. */
export function reachable(
  machine: Machine,
  from: string,
  options: { without?: string[]; withCatch?: boolean } = {},
): Set<string> {
  const seen = new Set<string>()
  const open = [from]
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const state = machine.States[name]
    if (!state || seen.has(name) || options.without?.includes(name)) continue
    seen.add(name)
    open.push(...next(state, options.withCatch))
  }
  return seen
}

/** The JSONata expressions of a definition's text. */
export function expressions(value: unknown): string[] {
  if (typeof value === 'string')
    return value.startsWith('{%') && value.endsWith('%}') ? [value.slice(2, -2).trim()] : []
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(expressions)
}
