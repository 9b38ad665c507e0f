/** Condition blocks of IAM policies (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html). */
import { matches, type RequestContext, substitute } from './policy.ts'

type Test = (wanted: string, actual: string) => boolean

const equal: Test = (wanted, actual) => wanted === actual
const sameLetters: Test = (wanted, actual) => wanted.toLowerCase() === actual.toLowerCase()
const like: Test = (wanted, actual) => matches(wanted, actual)
/** Each of an ARN's six parts by itself: `*` does not reach into the next one. */
const likeArn: Test = (wanted, actual) => {
  const [pattern, parts] = [arnParts(wanted), arnParts(actual)]
  return pattern.length === parts.length && pattern.every((part, i) => matches(part, parts[i]!))
}
const arnParts = (arn: string) => {
  const parts = arn.split(':')
  return [...parts.slice(0, 5), ...(parts.length > 5 ? [parts.slice(5).join(':')] : [])]
}
const time = (text: string) => (/^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text))

const tests: Record<string, Test> = {
  StringEquals: equal,
  StringEqualsIgnoreCase: sameLetters,
  StringLike: like,
  ArnEquals: likeArn,
  ArnLike: likeArn,
  Bool: sameLetters,
  NumericEquals: (wanted, actual) => Number(actual) === Number(wanted),
  NumericLessThan: (wanted, actual) => Number(actual) < Number(wanted),
  NumericLessThanEquals: (wanted, actual) => Number(actual) <= Number(wanted),
  NumericGreaterThan: (wanted, actual) => Number(actual) > Number(wanted),
  NumericGreaterThanEquals: (wanted, actual) => Number(actual) >= Number(wanted),
  DateEquals: (wanted, actual) => time(actual) === time(wanted),
  DateLessThan: (wanted, actual) => time(actual) < time(wanted),
  DateLessThanEquals: (wanted, actual) => time(actual) <= time(wanted),
  DateGreaterThan: (wanted, actual) => time(actual) > time(wanted),
  DateGreaterThanEquals: (wanted, actual) => time(actual) >= time(wanted),
}

/** The negated operators hold where the plain one does not, and for keys that are absent. */
const negations: Record<string, string> = {
  StringNotEquals: 'StringEquals',
  StringNotEqualsIgnoreCase: 'StringEqualsIgnoreCase',
  StringNotLike: 'StringLike',
  ArnNotEquals: 'ArnEquals',
  ArnNotLike: 'ArnLike',
  NumericNotEquals: 'NumericEquals',
  DateNotEquals: 'DateEquals',
}

export class UnknownConditionOperatorError extends Error {
  override readonly name = 'UnknownConditionOperatorError'
  constructor(operator: string) {
    super(`The IAM condition operator "${operator}" is not known to the local cloud; add it to policy-condition.ts.`)
  }
}

/** @throws UnknownConditionOperatorError rather than letting a condition pass unseen */
export function conditionsHold(
  conditions: Record<string, Record<string, unknown>> | undefined,
  context: RequestContext,
): boolean {
  if (!conditions) return true
  return Object.entries(conditions).every(([operator, keys]) =>
    Object.entries(keys).every(([key, wanted]) =>
      conditionHolds(operator, wanted, contextValue(context, key), context),
    ),
  )
}

function conditionHolds(
  operator: string,
  wanted: unknown,
  actual: string | string[] | undefined,
  context: RequestContext,
): boolean {
  const [, quantifier, name, ifExists] = /^(?:(ForAnyValue|ForAllValues):)?(\w+?)(IfExists)?$/.exec(operator) ?? []
  const wantedValues = (Array.isArray(wanted) ? wanted : [wanted]).map((value) => substitute(String(value), context))
  if (name === 'Null') return wantedValues.includes(String(actual === undefined))
  const negated = negations[name ?? '']
  const test = tests[negated ?? name ?? '']
  if (!test) throw new UnknownConditionOperatorError(operator)
  if (actual === undefined && quantifier === 'ForAnyValue') return Boolean(ifExists)
  if (actual === undefined) return Boolean(ifExists) || Boolean(negated) || quantifier === 'ForAllValues'
  const actualValues = Array.isArray(actual) ? actual : [actual]
  const holds = (value: string) => wantedValues.some((one) => test(one, value)) !== Boolean(negated)
  return quantifier === 'ForAnyValue' || (!quantifier && !negated)
    ? actualValues.some(holds)
    : actualValues.every(holds)
}

/** Condition keys are compared without regard to case. */
function contextValue(context: RequestContext, key: string): string | string[] | undefined {
  if (key in context) return context[key]
  const lower = key.toLowerCase()
  const found = Object.keys(context).find((name) => name.toLowerCase() === lower)
  return found === undefined ? undefined : context[found]
}
