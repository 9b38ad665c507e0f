/** What authors of definitions are told beyond AWS's own checks: the house's rules for tasks that run unattended. */
import { validateDefinition } from '../validation.ts'

export interface Finding {
  readonly severity: 'error' | 'warning'
  readonly message: string
  /** As `/States/Work`. */
  readonly location: string
}

export interface LintOptions {
  readonly type: 'STANDARD' | 'EXPRESS'
  /** Names that CloudFormation puts in the place of `${Name}`; undefined when nobody knows. */
  readonly substitutions?: ReadonlySet<string>
}

const placeholder = /\$\{([^}]*)\}/g

/** All findings about a definition's text. */
export function lintDefinition(text: string, options: LintOptions): Finding[] {
  const findings: Finding[] = []
  for (const problem of validateDefinition(resolved(text), options.type))
    findings.push({
      severity: problem.severity === 'ERROR' ? 'error' : 'warning',
      message: problem.message,
      location: problem.location ?? '/',
    })
  findings.push(...unresolved(text, options.substitutions))
  try {
    visit(JSON.parse(text), '', false, findings)
  } catch {
    // No JSON: told above.
  }
  return findings
}

/** The text with something in the place of its placeholders, so that ARNs made of them have the form of ARNs. */
function resolved(text: string): string {
  return text.replace(placeholder, (_, name: string) => name.replace(/\W/g, '') || 'empty')
}

function unresolved(text: string, known: ReadonlySet<string> | undefined): Finding[] {
  const findings: Finding[] = []
  for (const name of new Set([...text.matchAll(placeholder)].map((match) => match[1]!))) {
    const location = '/'
    if (!/^[A-Za-z0-9_]+$/.test(name))
      findings.push({ severity: 'error', message: `\${${name}} is no name that CloudFormation substitutes.`, location })
    else if (known && !known.has(name))
      findings.push({
        severity: 'error',
        message: `\${${name}} stays unresolved: the state machine's DefinitionSubstitutions do not name it.`,
        location,
      })
  }
  return findings
}

/** `caught` says that a state around these ones has a Catch. */
function visit(program: any, at: string, caught: boolean, findings: Finding[]): void {
  for (const [name, state] of Object.entries<any>(program?.States ?? {})) {
    const location = `${at}/States/${name}`
    const handled = caught || (state.Catch?.length ?? 0) > 0
    if (state.Type === 'Task') {
      const lacks = (message: string) => findings.push({ severity: 'error', message, location })
      if (state.TimeoutSeconds === undefined && state.TimeoutSecondsPath === undefined)
        lacks('A Task needs TimeoutSeconds: without it, a lost answer is waited for a year.')
      if ((state.Retry?.length ?? 0) === 0) lacks('A Task needs Retry for what can pass.')
      if (!handled) lacks('A Task needs Catch, or a Map or Parallel around it that has one.')
    }
    for (const [field, inner] of [
      ['ItemProcessor', state.ItemProcessor],
      ['Iterator', state.Iterator],
      ...(state.Branches ?? []).map((branch: unknown, index: number) => [`Branches[${index}]`, branch]),
    ])
      if (inner) visit(inner, `${location}/${field}`, handled, findings)
  }
}
