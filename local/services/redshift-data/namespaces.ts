/** Namespaces (databases and roles) and workgroups (endpoints) of Redshift Serverless. */
import { createHash } from 'node:crypto'
import type { Cloud, Collection } from '../../cloud.ts'
import { AwsError } from '../../gateway/aws-error.ts'

export interface Namespace {
  id: string
  name: string
  arn: string
  database: string
  /** Roles that COPY and UNLOAD may name. */
  roles: string[]
  /** What `IAM_ROLE default` means. */
  defaultRole?: string
}

export interface Workgroup {
  id: string
  name: string
  arn: string
  namespace: string
}

export class Namespaces {
  readonly #cloud: Cloud
  readonly #namespaces: Collection<Namespace>
  readonly #workgroups: Collection<Workgroup>

  constructor(cloud: Cloud) {
    this.#cloud = cloud
    this.#namespaces = cloud.collection('redshift-serverless.namespaces')
    this.#workgroups = cloud.collection('redshift-serverless.workgroups')
  }

  putNamespace(given: Pick<Namespace, 'name' | 'database' | 'roles' | 'defaultRole'>): Namespace {
    const id = idOf('namespace', given.name)
    const namespace = { ...given, id, arn: this.#cloud.arn('redshift-serverless', `namespace/${id}`) }
    this.#namespaces.put(given.name, namespace)
    return namespace
  }

  putWorkgroup(name: string, namespace: string): Workgroup {
    const id = idOf('workgroup', name)
    const workgroup = { id, name, namespace, arn: this.#cloud.arn('redshift-serverless', `workgroup/${id}`) }
    this.#workgroups.put(name, workgroup)
    return workgroup
  }

  namespace(name: string): Namespace | undefined {
    return this.#namespaces.get(name)
  }

  findWorkgroup(name: string): Workgroup | undefined {
    // The Data API takes the workgroup's ARN too.
    const found = this.#workgroups.get(name)
    return found ?? this.#workgroups.entries().find(([, workgroup]) => workgroup.arn === name)?.[1]
  }

  /** @throws AwsError ValidationException as the Data API answers for an endpoint that does not exist */
  workgroup(name: string): Workgroup {
    const workgroup = this.findWorkgroup(name)
    if (!workgroup) {
      const message = `Redshift endpoint doesn't exist in this region. There is no workgroup "${name}".`
      throw new AwsError('ValidationException', message)
    }
    return workgroup
  }

  removeNamespace(name: string): void {
    this.#namespaces.delete(name)
  }

  removeWorkgroup(name: string): void {
    this.#workgroups.delete(name)
  }
}

/** The same name has the same id at every boot, so that ARNs in policies stay. */
function idOf(kind: string, name: string): string {
  const hex = createHash('sha256').update(`${kind} ${name}`).digest('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `a${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  )
}
