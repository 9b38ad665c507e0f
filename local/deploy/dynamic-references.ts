/** `{{resolve:secretsmanager:ARN:SecretString:key::}}` (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references-secretsmanager.html). */
import type { Cloud } from '../cloud.ts'

const REFERENCE = /\{\{resolve:secretsmanager:(.+?):SecretString:([^:}]*)(?::[^:}]*)?(?::[^}]*)?\}\}/g

/** A copy of the properties with every dynamic reference replaced by the secret's value. */
export async function resolveDynamicReferences<T>(cloud: Cloud, value: T): Promise<T> {
  if (typeof value === 'string') return (await resolveText(cloud, value)) as T
  if (Array.isArray(value)) return (await Promise.all(value.map((item) => resolveDynamicReferences(cloud, item)))) as T
  if (value === null || typeof value !== 'object') return value
  const entries = Object.entries(value).map(async ([key, child]) => [key, await resolveDynamicReferences(cloud, child)])
  return Object.fromEntries(await Promise.all(entries))
}

async function resolveText(cloud: Cloud, text: string): Promise<string> {
  if (!text.includes('{{resolve:secretsmanager:')) return text
  let resolved = text
  for (const [reference, secretId, key] of text.matchAll(REFERENCE)) {
    const { SecretString } = await cloud.call(cloud.admin, 'secretsmanager', 'GetSecretValue', { SecretId: secretId! })
    resolved = resolved.replace(reference, () => (key ? String(JSON.parse(SecretString)[key]) : SecretString))
  }
  return resolved
}
