/**
 * An application's code: a zip with main.py, the SQL script and lib/, on S3 or among the CDK app's assets. Of it, only the script runs here;
 * main.py is the same for every script, and what it does with the properties is done here too.
 */
import { readFile } from 'node:fs/promises'
import { join, normalize } from 'node:path'
import { buffer } from 'node:stream/consumers'
import yauzl from 'yauzl'
import type { Cloud } from '../../cloud.ts'
import type { Principal } from '../../gateway/principal.ts'
import type { ApplicationRecord, PropertyGroups } from './store.ts'

/** Sentences for the one who started the application. */
export class CodeError extends Error {
  override readonly name = 'CodeError'
}

const RUN_OPTIONS = 'kinesis.analytics.flink.run.options'
const DEFAULT_SCRIPT = 'job.sql'
const MAX_SCRIPT_BYTES = 10 * 1024 * 1024

/** The script with its variables filled in. @throws CodeError, AwsError when the role may not read the code */
export async function readScript(
  cloud: Cloud,
  { code, properties }: ApplicationRecord,
  principal: Principal,
): Promise<string> {
  const { python } = properties[RUN_OPTIONS] ?? {}
  if (!python) throw new CodeError(`The property group ${RUN_OPTIONS} names no "python": the runner, such as main.py.`)
  const name = properties.sql?.script ?? DEFAULT_SCRIPT
  const open = await openCode(cloud, code, principal)
  if ((await open(python)) === undefined) throw new CodeError(`The code has no ${python}, which ${RUN_OPTIONS} names.`)
  const script = await open(name)
  if (script === undefined)
    throw new CodeError(`The code has no ${name}: name the script as "script" in the property group "sql".`)
  return substitute(script.toString(), properties)
}

/** `${NAME}` from the property group `sql.vars`, quotes doubled, as main.py does it. */
export function substitute(script: string, properties: PropertyGroups): string {
  const variables = properties['sql.vars'] ?? {}
  return script.replace(/\$\{(\w+)\}/g, (_found, name: string) => {
    const value = variables[name]
    if (value === undefined)
      throw new CodeError(`The script uses \${${name}}, which the property group "sql.vars" does not give.`)
    return value.replaceAll("'", "''")
  })
}

type Open = (name: string) => Promise<Buffer | undefined>

async function openCode(cloud: Cloud, { bucket, key }: ApplicationRecord['code'], principal: Principal): Promise<Open> {
  const asset = cloud.asset(bucket, key)
  if (asset !== undefined && !asset.endsWith('.zip'))
    return (name) => readFile(inside(asset, name)).catch(() => undefined)
  const bytes = asset === undefined ? await fetchObject(cloud, bucket, key, principal) : await readFile(asset)
  return (name) => fromZip(bytes, name)
}

function inside(folder: string, name: string): string {
  const path = normalize(join(folder, name))
  if (!path.startsWith(folder)) throw new CodeError(`The name "${name}" leads out of the code.`)
  return path
}

async function fetchObject(cloud: Cloud, Bucket: string, Key: string, principal: Principal): Promise<Buffer> {
  const { Body } = await cloud.call(principal, 's3', 'GetObject', { Bucket, Key })
  return buffer(Body)
}

async function fromZip(bytes: Buffer, name: string): Promise<Buffer | undefined> {
  const zip = await yauzl.fromBufferPromise(bytes, { lazyEntries: true }).catch((error: Error) => {
    throw new CodeError(`The code is no zip: ${error.message}.`)
  })
  for await (const entry of zip.eachEntry()) {
    if (entry.fileName !== name) continue
    if (entry.uncompressedSize > MAX_SCRIPT_BYTES)
      throw new CodeError(`${name} has ${entry.uncompressedSize} bytes; up to ${MAX_SCRIPT_BYTES} are read.`)
    return buffer(await zip.openReadStreamPromise(entry))
  }
  return undefined
}
