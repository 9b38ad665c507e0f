/** Whether a definition is one, with AWS's texts for what is wrong. */

import { isComparison } from './choice-rule.ts'
import type { Language } from './definition.ts'
import { parseExpression } from './intrinsic-expression.ts'
import { isObject } from './json.ts'
import { isReferencePath, parsePath } from './json-path.ts'
import { findJsonProblem } from './json-problem.ts'
import { compileJsonata, isJsonata, jsonataText, topLevelReferences } from './jsonata.ts'
import { labelProblem } from './map-label.ts'
import { resourceProblems } from './resource-problems.ts'
import { stateTypes, takesField } from './state-fields.ts'
import { parseTimestamp } from './timestamp.ts'

export { variableReferences } from './variable-references.ts'

export interface Problem {
  readonly severity: 'ERROR' | 'WARNING'
  readonly code: string
  readonly message: string
  /** Where, as `/States/Start`; for texts that are no JSON the place in the text. */
  readonly location?: string
  /** What CreateStateMachine puts into its message. */
  readonly text: string
  /** The message of CreateStateMachine as a whole, where it has another form. */
  readonly whole?: string
}

const schema = 'SCHEMA_VALIDATION_FAILED'
const maxDefinition = 1_048_576

/** All problems of a definition's text, in the order of the text. */
export function validateDefinition(text: string, type: 'STANDARD' | 'EXPRESS'): Problem[] {
  if (text.length > maxDefinition) return [problem(schema, `Definition exceeds the maximum length of ${maxDefinition}`)]
  if (text.trim() === '') return [problem(schema, 'Definition must be a valid JSON object')]
  let definition: unknown
  try {
    definition = JSON.parse(text)
  } catch (error) {
    const { message, location } = findJsonProblem(text) ?? { message: (error as Error).message, location: '/' }
    const code = 'INVALID_JSON_DESCRIPTION'
    return [{ severity: 'ERROR', code, message, location, text: `${code}: ${message}` }]
  }
  if (!isObject(definition)) return [problem(schema, 'Definition must be a valid JSON object')]
  return new Validation(type, text).machine(definition)
}

/** The problems of one state, under the name that TestState gives it. */
export function validateState(state: unknown, name: string): Problem[] {
  return new Validation('STANDARD', JSON.stringify(state)).alone(state, name)
}

function problem(code: string, message: string, location?: string): Problem {
  const text = location === undefined ? `${code}: ${message}` : `${code}: ${message} at ${location}`
  return { severity: 'ERROR', code, message, text, ...(location !== undefined && { location }) }
}

class Validation {
  readonly #express: boolean
  readonly #text: string
  readonly #problems: Problem[] = []
  readonly #names = new Set<string>()

  constructor(type: 'STANDARD' | 'EXPRESS', text: string) {
    this.#express = type === 'EXPRESS'
    this.#text = text
  }

  machine(definition: any): Problem[] {
    const language = this.#language(definition, 'JSONPath', '')
    this.#program(definition, language, '')
    if (definition.TimeoutSeconds !== undefined) this.#number(definition.TimeoutSeconds, '/TimeoutSeconds', 1)
    return this.#problems
  }

  alone(state: unknown, name: string): Problem[] {
    this.#state(state, name, 'JSONPath', '', new Set())
    return this.#problems
  }

  #add(message: string, location: string, code = schema) {
    this.#problems.push(problem(code, message, location === '' ? '/' : location))
  }

  #language(holder: any, inherited: Language, at: string): Language {
    const given = holder.QueryLanguage
    if (given === undefined) return inherited
    if (given !== 'JSONata' && given !== 'JSONPath') {
      this.#add("The field 'QueryLanguage' should have one of these values: [JSONPath, JSONata]", `${at}/QueryLanguage`)
      return inherited
    }
    if (given === 'JSONPath' && inherited === 'JSONata')
      this.#add("'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine", at)
    return given
  }

  /** A machine, a branch or a processor: StartAt and States. */
  #program(program: any, language: Language, at: string) {
    const missing = ['States', 'StartAt'].filter((field) => program[field] === undefined)
    if (missing.length > 0) this.#add(`These fields are required: [${missing.join(', ')}]`, at)
    if (program.States === undefined) return
    if (!isObject(program.States)) return this.#add('Expected value of type Object', `${at}/States`)
    const names = Object.keys(program.States)
    if (names.length === 0) return this.#add('Value cannot be empty', `${at}/States`)
    const targets = new Set<string>()
    const known = new Set(names)
    for (const name of names) {
      if (name.length > 80) this.#add('State name must be at most 80 characters long', `${at}/States/${name}`)
      if (this.#names.has(name))
        this.#add(`Duplicate state name: ${name}`, `${at}/States/${name}`, 'DUPLICATE_STATE_NAME')
      this.#names.add(name)
      this.#state((program.States as any)[name], name, language, `${at}`, targets, known)
    }
    if (typeof program.StartAt === 'string') {
      if (!known.has(program.StartAt))
        this.#add(`Missing 'StartAt' target: ${program.StartAt}`, `${at}/StartAt`, 'MISSING_TRANSITION_TARGET')
      targets.add(program.StartAt)
    } else if (program.StartAt !== undefined) this.#add('Expected value of type String', `${at}/StartAt`)
    if (program.StartAt === undefined) return
    if (!Object.values<any>(program.States).some(ends)) {
      this.#problems.push(problem('MISSING_END_STATE', 'Workflow has no terminal state'))
      return
    }
    for (const name of names)
      if (!targets.has(name))
        this.#add(`State "${name}" is not reachable.`, `${at}/States/${name}`, 'MISSING_TRANSITION_TARGET')
  }

  #target(value: unknown, at: string, targets: Set<string>, names: Set<string> | undefined) {
    if (typeof value !== 'string') return this.#add('Expected value of type String', at)
    targets.add(value)
    // AWS says 'Next' for targets of Default, Choices and Catch as well.
    if (names && !names.has(value)) this.#add(`Missing 'Next' target: ${value}`, at, 'MISSING_TRANSITION_TARGET')
  }

  #state(state: any, name: string, inherited: Language, outer: string, targets: Set<string>, names?: Set<string>) {
    const at = `${outer}/States/${name}`
    if (!isObject(state)) return this.#add('Expected value of type Object', at)
    const type: any = state.Type
    if (type === undefined) return this.#add('These fields are required: [Type]', at)
    if (!stateTypes.includes(type))
      return this.#add(`The field 'Type' should have one of these values: [${stateTypes.join(', ')}]`, `${at}/Type`)
    const language = this.#language(state, inherited, at)
    for (const field of Object.keys(state))
      if (!takesField(type, language, field)) {
        const other = language === 'JSONata' ? 'JSONPath' : 'JSONata'
        this.#add(
          takesField(type, other, field)
            ? `The QueryLanguage is set to '${language}', but field '${field}' is only supported for the '${other}' QueryLanguage`
            : `Field '${field}' is not supported`,
          at,
        )
      }
    this.#flow(state, type, at, targets, names)
    if (language === 'JSONPath') this.#paths(state, at)
    else this.#expressions(state, at)
    this.#assign(state, at, language)
    switch (type) {
      case 'Task':
        this.#task(state, at, language)
        break
      case 'Wait':
        this.#wait(state, at, language)
        break
      case 'Choice':
        this.#choice(state, at, language, targets, names)
        break
      case 'Parallel':
        this.#branches(state, at, inherited)
        break
      case 'Map':
        this.#map(state, at, inherited, language)
    }
    if (Array.isArray(state.Retry))
      for (const [i, retrier] of state.Retry.entries()) this.#retrier(retrier, `${at}/Retry[${i}]`)
    if (Array.isArray(state.Catch))
      for (const [i, catcher] of state.Catch.entries())
        this.#catcher(catcher, `${at}/Catch[${i}]`, language, targets, names)
    this.#allLast(state.Retry, `${at}/Retry`)
    this.#allLast(state.Catch, `${at}/Catch`)
  }

  #flow(state: any, type: string, at: string, targets: Set<string>, names: Set<string> | undefined) {
    if (type === 'Choice' || type === 'Succeed' || type === 'Fail') return
    const ends = state.End === true
    if (state.Next !== undefined) this.#target(state.Next, `${at}/Next`, targets, names)
    // A state that is tested alone may leave out where it goes on.
    else if (!ends && names) this.#add('Either Next or End is required', at)
    if (ends && state.Next !== undefined) this.#add('Next and End cannot be used together', at)
  }

  #paths(state: any, at: string) {
    for (const field of ['InputPath', 'OutputPath', 'ItemsPath'])
      if (typeof state[field] === 'string') this.#path(state[field], `${at}/${field}`)
    if (typeof state.ResultPath === 'string' && !isReference(state.ResultPath))
      this.#add('Value is not a Reference Path', `${at}/ResultPath`)
    for (const field of ['Parameters', 'ResultSelector', 'ItemSelector', 'Assign'])
      if (state[field] !== undefined) this.#template(state[field], `${at}/${field}`)
    for (const field of Object.keys(state))
      if (/^(Seconds|Timestamp|TimeoutSeconds|HeartbeatSeconds|MaxConcurrency|ToleratedFailure\w+)Path$/.test(field))
        this.#path(state[field], `${at}/${field}`)
  }

  #path(value: unknown, at: string) {
    if (typeof value !== 'string' || !parses(() => parseExpression(value)))
      this.#add('Value is not a valid JSONPath', at)
  }

  #template(value: any, at: string) {
    if (Array.isArray(value)) for (const [i, item] of value.entries()) this.#template(item, `${at}[${i}]`)
    if (!isObject(value)) return
    for (const [key, member] of Object.entries(value)) {
      if (key.endsWith('.$')) {
        if (typeof member !== 'string' || !parses(() => parseExpression(member)))
          this.#add(`The value for the field '${key}' must be a valid JSONPath or a valid intrinsic function call`, at)
      } else this.#template(member, `${at}/${key}`)
    }
  }

  #expressions(value: any, at: string) {
    if (isJsonata(value)) {
      try {
        for (const name of topLevelReferences(compileJsonata(jsonataText(value))))
          this.#add(`Reference to '${name}' at the top level is not supported.`, at, 'UNSUPPORTED_JSONATA_EXPRESSION')
      } catch (error) {
        this.#add((error as Error).message, at, 'INVALID_JSONATA_EXPRESSION')
      }
    } else if (Array.isArray(value)) for (const [i, item] of value.entries()) this.#expressions(item, `${at}[${i}]`)
    else if (isObject(value))
      for (const [key, member] of Object.entries(value))
        if (!['ItemProcessor', 'Iterator', 'Branches'].includes(key)) this.#expressions(member, `${at}/${key}`)
  }

  #assign(holder: any, at: string, _language: Language) {
    if (holder.Assign === undefined) return
    if (!isObject(holder.Assign)) return this.#add('Expected value of type Object', `${at}/Assign`)
    for (const key of Object.keys(holder.Assign)) {
      const name = key.replace(/\.\$$/, '')
      if (!/^[\p{ID_Start}][\p{ID_Continue}]{0,79}$/u.test(name) || name === 'states')
        this.#add(`Variable name '${name}' is not valid`, `${at}/Assign`)
    }
  }

  #task(state: any, at: string, language: Language) {
    if (state.Resource === undefined) this.#add('These fields are required: [Resource]', at)
    else if (typeof state.Resource !== 'string') this.#add('Expected value of type String', `${at}/Resource`)
    else this.#resource(state.Resource, `${at}/Resource`)
    if (state.Credentials !== undefined) {
      const role = isObject(state.Credentials)
        ? (state.Credentials.RoleArn ?? (language === 'JSONPath' ? state.Credentials['RoleArn.$'] : undefined))
        : undefined
      if (role === undefined && !isJsonata(state.Credentials))
        this.#add("The field 'RoleArn' is required but was missing", `${at}/Credentials`)
    }
    for (const field of ['TimeoutSeconds', 'HeartbeatSeconds'])
      if (state[field] !== undefined && !isJsonata(state[field])) this.#number(state[field], `${at}/${field}`, 1)
    if (
      typeof state.TimeoutSeconds === 'number' &&
      typeof state.HeartbeatSeconds === 'number' &&
      state.HeartbeatSeconds >= state.TimeoutSeconds
    )
      this.#add('HeartbeatSeconds must be smaller than TimeoutSeconds', `${at}/HeartbeatSeconds`)
  }

  #resource(resource: string, at: string) {
    for (const message of resourceProblems(resource, this.#express)) this.#add(message, at)
  }

  #wait(state: any, at: string, language: Language) {
    const given = ['Seconds', 'SecondsPath', 'Timestamp', 'TimestampPath'].filter((field) => state[field] !== undefined)
    if (given.length !== 1)
      this.#add('Exactly one of these fields is required: [Seconds, SecondsPath, Timestamp, TimestampPath]', at)
    const { Timestamp, Seconds } = state
    if (Timestamp !== undefined && !(language === 'JSONata' && isJsonata(Timestamp)))
      if (typeof Timestamp !== 'string' || parseTimestamp(Timestamp) === undefined)
        this.#add('String does not match RFC3339 timestamp', `${at}/Timestamp`)
    if (Seconds !== undefined && !(language === 'JSONata' && isJsonata(Seconds)))
      this.#number(Seconds, `${at}/Seconds`, 0)
  }

  #choice(state: any, at: string, language: Language, targets: Set<string>, names: Set<string> | undefined) {
    if (state.Default !== undefined) this.#target(state.Default, `${at}/Default`, targets, names)
    if (state.Choices === undefined) return this.#add('These fields are required: [Choices]', at)
    if (!Array.isArray(state.Choices)) return this.#add('Expected value of type Array', `${at}/Choices`)
    if (state.Choices.length === 0) return this.#add('Value cannot be empty', `${at}/Choices`)
    for (const [i, rule] of state.Choices.entries() as IterableIterator<[number, any]>) {
      const here = `${at}/Choices[${i}]`
      if (!isObject(rule)) {
        this.#add('Expected value of type Object', here)
        continue
      }
      if (rule.Next === undefined) this.#add('These fields are required: [Next]', here)
      else this.#target(rule.Next, `${here}/Next`, targets, names)
      if (language === 'JSONata') {
        if (rule.Condition === undefined) this.#add('These fields are required: [Condition]', here)
      } else this.#rule(rule, here)
      this.#assign(rule, here, language)
    }
  }

  #rule(rule: any, at: string): void {
    if (!isObject(rule)) this.#add('Expected value of type Object', at)
    else if (Array.isArray(rule.And) || Array.isArray(rule.Or)) {
      const field = Array.isArray(rule.And) ? 'And' : 'Or'
      for (const [i, part] of (rule[field] as any[]).entries()) this.#rule(part, `${at}/${field}[${i}]`)
    } else if (rule.Not !== undefined) this.#rule(rule.Not, `${at}/Not`)
    else if (rule.Variable === undefined) this.#add('These fields are required: [Variable]', at)
    else this.#comparison(rule, at)
  }

  #comparison(rule: any, at: string) {
    this.#path(rule.Variable, `${at}/Variable`)
    const operators = Object.keys(rule).filter(isComparison)
    if (operators.length !== 1) return this.#add('Exactly one comparison operator is required', at)
    const [operator] = operators as [string]
    if (operator.endsWith('Path')) this.#path(rule[operator], `${at}/${operator}`)
    if (/^Timestamp.*(Equals|Than)$/.test(operator) && parseTimestamp(String(rule[operator])) === undefined)
      this.#add('String does not match RFC3339 timestamp', `${at}/${operator}`)
  }

  #branches(state: any, at: string, inherited: Language) {
    if (state.Branches === undefined) return this.#add('These fields are required: [Branches]', at)
    if (!Array.isArray(state.Branches)) return this.#add('Expected value of type Array', `${at}/Branches`)
    if (state.Branches.length === 0) return this.#add('Value cannot be empty', `${at}/Branches`)
    state.Branches.forEach((branch: any, i: number) => {
      if (isObject(branch)) this.#program(branch, inherited, `${at}/Branches[${i}]`)
      else this.#add('Expected value of type Object', `${at}/Branches[${i}]`)
    })
  }

  #map(state: any, at: string, inherited: Language, language: Language) {
    const field = state.ItemProcessor !== undefined ? 'ItemProcessor' : 'Iterator'
    const processor = state[field]
    if (processor === undefined) return this.#add('These fields are required: [ItemProcessor]', at)
    if (!isObject(processor)) return this.#add('Expected value of type Object', `${at}/${field}`)
    if (processor.QueryLanguage !== undefined) this.#add("Field 'QueryLanguage' is not supported", `${at}/${field}`)
    this.#program(processor, inherited, `${at}/${field}`)
    const mode = (processor.ProcessorConfig as any)?.Mode
    if (mode !== undefined && mode !== 'INLINE' && mode !== 'DISTRIBUTED')
      this.#add(
        "The field 'Mode' should have one of these values: [INLINE, DISTRIBUTED]",
        `${at}/${field}/ProcessorConfig/Mode`,
      )
    if (mode === 'DISTRIBUTED' && this.#express)
      this.#add('Express state machine does not support distributed Map state', at)
    for (const limit of ['MaxConcurrency', 'ToleratedFailureCount'])
      if (state[limit] !== undefined && !(language === 'JSONata' && isJsonata(state[limit])))
        this.#number(state[limit], `${at}/${limit}`, 0)
    if (state.Label !== undefined) this.#label(state.Label, at)
  }

  #label(label: unknown, at: string) {
    if (typeof label !== 'string') return this.#add('Expected value of type String', `${at}/Label`)
    if (label.length > 40) this.#add('Label cannot exceed 40 characters', `${at}/Label`)
    const found = labelProblem(label, this.#text)
    if (found) this.#problems.push({ ...problem(schema, found.message, `${at}/Label`), whole: found.whole })
  }

  #retrier(retrier: any, at: string) {
    this.#errorEquals(retrier, at)
    if (retrier?.IntervalSeconds !== undefined) this.#number(retrier.IntervalSeconds, `${at}/IntervalSeconds`, 1)
    if (retrier?.MaxAttempts !== undefined) this.#number(retrier.MaxAttempts, `${at}/MaxAttempts`, 0)
    if (retrier?.BackoffRate !== undefined && !(Number(retrier.BackoffRate) >= 1))
      this.#add('Value must be greater than or equal to 1.0', `${at}/BackoffRate`)
    if (retrier?.JitterStrategy !== undefined && !['FULL', 'NONE'].includes(retrier.JitterStrategy))
      this.#add("The field 'JitterStrategy' should have one of these values: [FULL, NONE]", `${at}/JitterStrategy`)
  }

  #catcher(catcher: any, at: string, language: Language, targets: Set<string>, names: Set<string> | undefined) {
    this.#errorEquals(catcher, at)
    if (catcher?.Next === undefined) this.#add('These fields are required: [Next]', at)
    else this.#target(catcher.Next, `${at}/Next`, targets, names)
    if (typeof catcher?.ResultPath === 'string' && !isReference(catcher.ResultPath))
      this.#add('Value is not a Reference Path', `${at}/ResultPath`)
    if (isObject(catcher)) this.#assign(catcher, at, language)
  }

  #errorEquals(handler: any, at: string) {
    if (!isObject(handler)) return this.#add('Expected value of type Object', at)
    if (!Array.isArray(handler.ErrorEquals)) return this.#add('These fields are required: [ErrorEquals]', at)
    if (handler.ErrorEquals.length === 0) this.#add('Value cannot be empty', `${at}/ErrorEquals`)
    if (handler.ErrorEquals.includes('States.ALL') && handler.ErrorEquals.length > 1)
      this.#add('The States.ALL error name must appear alone', `${at}/ErrorEquals`)
  }

  #allLast(handlers: any, at: string) {
    if (!Array.isArray(handlers)) return
    handlers.slice(0, -1).forEach((handler, i) => {
      if (handler?.ErrorEquals?.includes?.('States.ALL'))
        this.#add('The States.ALL error name must be in the last element', `${at}[${i}]/ErrorEquals`)
    })
  }

  #number(value: unknown, at: string, least: number) {
    if (typeof value !== 'number' || !Number.isInteger(value)) return this.#add('Expected value of type Integer', at)
    if (value < least) this.#add(`Value must be greater than or equal to ${least}`, at)
  }
}

/** Whether a state can end its program. */
function ends(state: any): boolean {
  return state?.End === true || state?.Type === 'Succeed' || state?.Type === 'Fail'
}

function isReference(path: string): boolean {
  let reference = false
  return parses(() => {
    reference = isReferencePath(parsePath(path))
  })
    ? reference
    : false
}

function parses(parse: () => unknown): boolean {
  try {
    parse()
    return true
  } catch {
    return false
  }
}
