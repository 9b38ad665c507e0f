/** Fields that may be a number or text, a path to one, or an expression: how they are read, and AWS's texts when they do not fit. */
import type { Setting } from './definition.ts'
import { EvaluationFailure, RuntimeFailure } from './errors.ts'
import type { Frame } from './frame.ts'
import { type Json, textOf } from './json.ts'
import { wrongType } from './jsonata.ts'
import type { Scope } from './template.ts'

/** The value of a setting in a scope, by default the state's input. */
export async function readSetting(frame: Frame, setting: Setting, scope?: Scope): Promise<Json> {
  return setting.template.fill(scope ?? frame.scope(frame.effectiveInput()))
}

/** A text (Error and Cause of Fail). */
export async function readText(frame: Frame, setting: Setting): Promise<string> {
  const value = await readSetting(frame, setting)
  if (typeof value === 'string') return value
  if (setting.template.expression !== undefined)
    throw wrongType(setting.template.expression, setting.field, 'string', value)
  throw new RuntimeFailure(
    `The ${setting.field} field refers to value "${shown(value)}" which is not a string: ${setting.path?.text ?? ''}`,
  )
}

const bounds: Record<string, { min: number; text: string }> = {
  MaxConcurrency: { min: 0, text: 'MaxConcurrency cannot be negative.' },
  ToleratedFailureCount: { min: 0, text: 'ToleratedFailureCount cannot be negative.' },
}

/** A whole number of at least `least`. */
export async function readInteger(frame: Frame, setting: Setting, least = 0, scope?: Scope): Promise<number> {
  return checkedNumber(setting, await readSetting(frame, setting, scope), 'integer', least)
}

/** A percentage, with fractions. */
export async function readPercentage(frame: Frame, setting: Setting): Promise<number> {
  const value = checkedNumber(setting, await readSetting(frame, setting), 'float', Number.NEGATIVE_INFINITY)
  if (value < 0 || value > 100) throw failed(setting, `${plainName(setting)} must be between 0 and 100.`)
  return value
}

function plainName(setting: Setting): string {
  return setting.field.replace(/Path$/, '')
}

function checkedNumber(setting: Setting, given: Json, type: 'integer' | 'float', least: number): number {
  // What a path leads to may be a number's text.
  const value =
    setting.path && typeof given === 'string' && given.trim() !== '' && !Number.isNaN(Number(given))
      ? Number(given)
      : given
  if (typeof value !== 'number' || (type === 'integer' && !Number.isInteger(value))) {
    if (setting.template.expression !== undefined || setting.path === undefined)
      throw wrongType(setting.template.expression, setting.field, type === 'float' ? 'number' : type, value)
    throw new RuntimeFailure(
      `The ${setting.field} field refers to value "${shown(value)}" which is not a valid ${type}: ${setting.path.text}`,
    )
  }
  if (value < least) {
    const bound = bounds[plainName(setting)]
    throw failed(setting, bound?.text ?? `The ${setting.field} field must be at least ${least}, but was: ${value}`)
  }
  return value
}

function failed(setting: Setting, cause: string): Error {
  return setting.template.expression === undefined
    ? new RuntimeFailure(cause)
    : new EvaluationFailure(cause, setting.field, true)
}

function shown(value: Json): string {
  return typeof value === 'string' ? value : textOf(value)
}
