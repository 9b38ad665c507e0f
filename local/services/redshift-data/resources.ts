/** AWS::RedshiftServerless::Namespace and ::Workgroup. */
import { z } from 'zod'
import type { Cloud } from '../../cloud.ts'
import type { ResourceType } from '../../gateway/service.ts'
import type { Namespaces } from './namespaces.ts'
import type { Warehouses } from './warehouses.ts'

const name = z.string().regex(/^[a-z0-9-]{3,64}$/, 'has 3 to 64 lower case letters, digits and hyphens')

const NamespaceProperties = z.object({
  NamespaceName: name,
  DbName: z
    .string()
    .regex(/^[a-z_][a-z0-9_$]{0,126}$/, 'is a database name in lower case')
    .default('dev'),
  IamRoles: z.array(z.string()).default([]),
  DefaultIamRoleArn: z.string().optional(),
})
const WorkgroupProperties = z.object({ WorkgroupName: name, NamespaceName: z.string().optional() })

export function redshiftResources(
  cloud: Cloud,
  namespaces: Namespaces,
  warehouses: Warehouses,
): Record<string, ResourceType> {
  const host = new URL(cloud.url).hostname
  return {
    'AWS::RedshiftServerless::Namespace': {
      apply({ properties }) {
        const given = NamespaceProperties.parse(properties)
        const namespace = namespaces.putNamespace({
          name: given.NamespaceName,
          database: given.DbName,
          roles: given.IamRoles,
          ...(given.DefaultIamRoleArn ? { defaultRole: given.DefaultIamRoleArn } : {}),
        })
        return {
          ref: namespace.name,
          attributes: {
            'Namespace.NamespaceArn': namespace.arn,
            'Namespace.NamespaceId': namespace.id,
            'Namespace.NamespaceName': namespace.name,
            'Namespace.DbName': namespace.database,
            'Namespace.DefaultIamRoleArn': namespace.defaultRole ?? '',
            'Namespace.Status': 'AVAILABLE',
          },
        }
      },
      async remove({ ref }) {
        await warehouses.remove(ref)
        namespaces.removeNamespace(ref)
      },
    },
    'AWS::RedshiftServerless::Workgroup': {
      apply({ properties }) {
        const given = WorkgroupProperties.parse(properties)
        const workgroup = namespaces.putWorkgroup(given.WorkgroupName, given.NamespaceName ?? given.WorkgroupName)
        return {
          ref: workgroup.name,
          attributes: {
            'Workgroup.WorkgroupArn': workgroup.arn,
            'Workgroup.WorkgroupId': workgroup.id,
            'Workgroup.WorkgroupName': workgroup.name,
            'Workgroup.NamespaceName': workgroup.namespace,
            // Nothing listens there: the Data API is the only way in.
            'Workgroup.Endpoint.Address': host,
            'Workgroup.Endpoint.Port': '5439',
            'Workgroup.Status': 'AVAILABLE',
          },
        }
      },
      remove({ ref }) {
        namespaces.removeWorkgroup(ref)
      },
    },
  }
}
