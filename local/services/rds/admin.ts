/** Statements that the local RDS itself runs on the server, as its administrator. */
import type { Connection } from 'mysql2/promise'
import type { ServerAddress } from './upstream.ts'

/** @throws Error of the server */
export async function runAsAdmin(address: ServerAddress, statements: readonly string[]): Promise<void> {
  const { createConnection } = await import('mysql2/promise')
  const connection: Connection = await createConnection({
    ...(address.socketPath
      ? { socketPath: address.socketPath }
      : { host: address.host ?? '127.0.0.1', port: address.port ?? 3306 }),
    user: address.admin.user,
    password: address.admin.password,
  })
  try {
    for (const statement of statements) await connection.query(statement)
  } finally {
    connection.destroy()
  }
}

/** What RDS gives its master user: everything but SUPER, FILE and SHUTDOWN. */
const MASTER_PRIVILEGES = [
  'SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, PROCESS, REFERENCES, INDEX, ALTER, SHOW DATABASES',
  'CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, CREATE VIEW, SHOW VIEW, CREATE ROUTINE, ALTER ROUTINE, CREATE USER, EVENT, TRIGGER',
].join(', ')

/** The master account and the first database of an instance; can be run again. */
export function instanceStatements(master: string, password: string, database: string | undefined): string[] {
  const account = `'${master.replaceAll("'", "''")}'@'%'`
  return [
    `CREATE USER IF NOT EXISTS ${account} IDENTIFIED BY '${password}'`,
    `ALTER USER ${account} IDENTIFIED BY '${password}'`,
    `GRANT ${MASTER_PRIVILEGES} ON *.* TO ${account} WITH GRANT OPTION`,
    ...(database ? [`CREATE DATABASE IF NOT EXISTS \`${database.replaceAll('`', '``')}\` CHARACTER SET utf8mb4`] : []),
  ]
}
