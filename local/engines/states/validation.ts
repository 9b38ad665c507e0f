/** Whether a definition is one, with AWS's texts for what is wrong. */

export interface Problem {
  readonly severity: 'ERROR' | 'WARNING'
  readonly code: string
  readonly message: string
  /** A JSON pointer to the place, as `/States/Start`. */
  readonly location?: string
  /** The whole text, as CreateStateMachine shows it. */
  readonly text: string
}

export function validateDefinition(text: string, _type: 'STANDARD' | 'EXPRESS'): Problem[] {
  try {
    JSON.parse(text)
    return []
  } catch (error) {
    const message = (error as Error).message
    return [
      { severity: 'ERROR', code: 'INVALID_JSON_DESCRIPTION', message, text: `INVALID_JSON_DESCRIPTION: ${message}` },
    ]
  }
}

export function variableReferences(_text: string): Record<string, string[]> {
  return {}
}
