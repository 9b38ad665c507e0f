/** The permissions of DynamoDB's operations (https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html). */
import type { Cloud } from '../../cloud.ts'
import type { Permission } from '../../gateway/service.ts'

export function createMay(cloud: Cloud) {
  const arnOf = (table: string) => (table.startsWith('arn:') ? table : cloud.arn('dynamodb', `table/${table}`))

  return function may(operation: string, input: any): Permission[] {
    const action = `dynamodb:${operation}`
    if (operation === 'BatchGetItem' || operation === 'BatchWriteItem')
      return Object.keys(input.RequestItems ?? {}).map((table) => ({ action, resource: arnOf(table) }))
    const table: string | undefined = input.TableName ?? input.ResourceArn
    if (table === undefined) return [{ action, resource: '*' }]
    return [{ action, resource: input.IndexName ? `${arnOf(table)}/index/${input.IndexName}` : arnOf(table) }]
  }
}
