/** A look into a Parquet file: no browser reads that format, and no AWS protocol shows it. */
import type { Cloud } from '../cloud.ts'

const ROWS = 100

export interface ParquetLook {
  columns: string[]
  types: string[]
  /** The first rows; what JSON has no type for is text. */
  rows: unknown[][]
  /** How many rows the file has. */
  total: number
}

/** @throws AwsError as S3 answers, Error when the file is no Parquet */
export async function lookIntoParquet(cloud: Cloud, bucket: string, key: string): Promise<ParquetLook> {
  const path = await cloud.locate(cloud.admin, `s3://${bucket}/${key}`, 'read')
  const { DuckDBInstance } = await import('@duckdb/node-api')
  const instance = await DuckDBInstance.create(':memory:', { threads: '1', memory_limit: '512MB' })
  const connection = await instance.connect()
  try {
    // The columns of the file alone: `quarter=1999Q1` in its path is none of them.
    const file = `select * from read_parquet($1, hive_partitioning = false) limit ${ROWS}`
    const reader = await connection.runAndReadAll(file, [path])
    const counted = await connection.runAndReadAll('select sum(num_rows) from parquet_file_metadata($1)', [path])
    return {
      columns: reader.columnNames(),
      types: reader.columnTypes().map(String),
      rows: reader.getRowsJson(),
      total: Number(counted.getRows()[0]![0]),
    }
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}
