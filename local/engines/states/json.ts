/**
 * JSON values as an execution passes them on. A value is never changed after it was made, so its text can be kept with it:
 * what came in as text goes out as the very same text (AWS keeps the white space of an input that a state passes through),
 * and a value that many events show is written out once.
 */

export type Json = null | boolean | number | string | Json[] | JsonObject
export interface JsonObject {
  [key: string]: Json
}

/** What a state may hand on, in bytes of UTF-8 (https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html). */
export const maxPayloadBytes = 262_144

const texts = new WeakMap<object, string>()

/** Parses JSON text and remembers the text of the value. @throws SyntaxError for text that is no JSON */
export function parseJson(text: string): Json {
  const value = JSON.parse(text) as Json
  if (typeof value === 'object' && value !== null) texts.set(value, text)
  return value
}

/** The JSON text of a value. */
export function textOf(value: Json): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  let text = texts.get(value)
  if (text === undefined) {
    text = JSON.stringify(value)
    texts.set(value, text)
  }
  return text
}

/** Whether a text is longer than a payload may be. Most are far shorter, so bytes are counted only near the limit. */
export function exceedsPayload(text: string): boolean {
  if (text.length * 3 <= maxPayloadBytes) return false
  return text.length > maxPayloadBytes || Buffer.byteLength(text) > maxPayloadBytes
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** AWS's name of a value's type, as its error texts use it. */
export function typeName(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  return typeof value
}

/** Whether two values are equal as JSON. */
export function equalJson(a: Json, b: Json): boolean {
  if (a === b) return true
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((x, i) => equalJson(x, b[i]!))
  if (!isObject(a) || !isObject(b)) return false
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => key in b && equalJson(a[key]!, b[key]!))
}

/** A copy without prototypes, functions or `undefined`, deep; members named `__proto__` stay members. */
export function copyJson(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value
  return JSON.parse(JSON.stringify(value)) as Json
}
