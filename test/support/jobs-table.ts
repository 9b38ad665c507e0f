/** The table of the jobs that tasks wait for, as a template has it. */
export const jobsTable = {
  TableName: 'jobs',
  BillingMode: 'PAY_PER_REQUEST',
  AttributeDefinitions: [
    { AttributeName: 'jobId', AttributeType: 'S' },
    { AttributeName: 'executionArn', AttributeType: 'S' },
  ],
  KeySchema: [{ AttributeName: 'jobId', KeyType: 'HASH' }],
  GlobalSecondaryIndexes: [
    {
      IndexName: 'byExecution',
      KeySchema: [{ AttributeName: 'executionArn', KeyType: 'HASH' }],
      Projection: { ProjectionType: 'ALL' },
    },
  ],
}
